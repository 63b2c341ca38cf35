"""Sunglasses."""
from vasily_fashion.synthetic.fabrics import jitter, pick_colour, plain, shade
from vasily_fashion.synthetic.geometry import ellipse, rounded, smooth
from vasily_fashion.synthetic.part import Frame, Part

import numpy as np

KINDS = ('round', 'square', 'aviator', 'cat', 'oversize')


def sample_sunglasses(rng):
    """The shape and colours of random sunglasses, as a dict."""
    frame = jitter((24, 22, 22), rng, 8)
    r = rng.random()
    if r > .55:
        frame = [jitter((96, 60, 34), rng), jitter((206, 176, 100), rng),
                 jitter((196, 196, 200), rng), jitter((236, 234, 230), rng),
                 pick_colour(rng)][rng.integers(5)]
    lens = jitter((26, 26, 30), rng, 8)
    if rng.random() < .4:
        lens = [jitter((84, 56, 40), rng), jitter((44, 64, 60), rng),
                jitter((58, 66, 92), rng), jitter((120, 60, 84), rng)][
            rng.integers(4)]
    return {'kind': str(rng.choice(KINDS)), 'frame': frame, 'lens': lens,
            'rim': float(rng.uniform(.25, .55)), 'size': float(
                rng.uniform(.95, 1.15)), 'fade': bool(rng.random() < .5)}


def _lens(kind):
    """The right lens around the origin."""
    if kind == 'round':
        return ellipse(0, 0, 1.75, 1.75)
    if kind == 'aviator':
        return smooth([(-1.6, -1.1), (0, -1.4), (1.9, -1.1), (1.8, .6),
                       (.5, 1.9), (-.8, 1.5), (-1.6, .1)], 5, True)
    if kind == 'cat':
        return smooth([(-1.6, -.7), (.6, -1.3), (2.4, -2.), (2., .2),
                       (.8, 1.3), (-.9, 1.2), (-1.7, .2)], 5, True)
    if kind == 'oversize':
        return rounded([(-1.9, -1.8), (2.1, -1.9), (2., 1.6), (.2, 2.3),
                        (-1.6, 1.5)], .38, 5)
    return rounded([(-1.8, -1.3), (2.1, -1.4), (1.8, 1.3), (-1.5, 1.3)],
                   .28, 5)


def _pair(c, at, axes, squash, alone):
    lens = _lens(c['kind']) * c['size']
    grow = 1 + c['rim'] / 1.7
    frame = Frame(np.asarray(at, float), axes[0], axes[1])

    def q(points):
        return (np.asarray(points, float) * (squash, 1.)) @ axes + at

    gap = 2.2 if c['kind'] != 'oversize' else 2.3
    rims, glasses = [], []
    for s in (-1, 1):
        rims.append((q(lens * grow * (s, 1) + (s * gap, 0)), frame))
        glasses.append((q(lens * (s, 1) + (s * gap, 0)), frame))
    y = -.55
    bridge = smooth([(-.9, y + .25), (0, y - .1), (.9, y + .25),
                     (.9, y - .35), (0, y - .7), (-.9, y - .35)], 3, True)
    rims.append((q(bridge), frame))
    end = gap + lens[:, 0].max() * .9
    for s in (-1, 1):
        tip = 5. if not alone else 5.4
        rims.append((q([(s * end, -1.1), (s * tip, -1.2), (s * tip, -.6),
                        (s * end, -.4)]), frame))
    metal = plain(c['frame'])
    parts = []
    if alone:
        # the temples, folded behind
        legs = [(q([(s * 5.3, -1.2), (-s * 3.6, -1.9), (-s * 3.8, -1.4),
                    (s * 5.3, -.7)]), frame) for s in (-1, 1)]
        parts.append(Part(legs, metal, radius=.3, fold=0., gain=.85))
    parts.append(Part(rims, metal, radius=.3, depth=.25, upright=1., fold=0.,
                      shadow=.4 if not alone else 0.))
    lines = []
    for poly, _ in glasses:
        low, high = poly.min(0), poly.max(0)
        if c['fade']:
            mid = (low[1] * .3 + high[1] * .7)
            lines.append((np.array([(low[0], mid), (high[0], mid),
                                    (high[0], high[1] + 1),
                                    (low[0], high[1] + 1)]), 0,
                          shade(c['lens'], 1.35)))
        g = low + (high - low) * (.25, .2)
        lines.append((np.array([g + (0, 1.), g + (.9, -.1)]), .28,
                      shade(c['lens'], 1.9)))
    parts.append(Part(glasses, plain(c['lens']), radius=.8, depth=.15, upright=1.,
                      fold=0., lines=lines))
    return parts


def build_sunglasses(c, body):
    """Put sunglasses on a body's face: dict of slot -> list of Part."""
    a = np.radians(body.head_tilt)
    axes = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    at = body.head + (body.facing * 1.2, .2)
    return {'eyes': _pair(c, at, axes, 1 - .14 * abs(body.facing), False)}


def sunglasses_alone(c):
    """The sunglasses as a shop shows them: list of Part."""
    return _pair(c, np.zeros(2), np.eye(2), 1., True)
