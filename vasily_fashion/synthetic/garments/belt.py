"""Belts."""
from vasily_fashion.synthetic.fabrics import make_fabric, shade
from vasily_fashion.synthetic.geometry import ellipse
from vasily_fashion.synthetic.part import Frame, Part

import numpy as np


def sample_belt(rng):
    """The width, material and buckle of a random belt, as a dict."""
    fabric = make_fabric(rng, 'leather')
    return {'fabric': fabric, 'h': float(rng.choice(
        [1.0, 1.4, 2.2], p=(.3, .45, .25))) * rng.uniform(.9, 1.1),
        'buckle': str(rng.choice(['square', 'round', 'plate', 'double'])),
        'metal': tuple(int(v) for v in [(212, 178, 96), (206, 206, 212),
                                        (60, 56, 54)][rng.integers(3)]),
        'stitch': bool(rng.random() < .4), 'studs': bool(
            rng.random() < .15), 'phase': float(rng.random())}


def _buckle(c, p):
    """Lines of the buckle around the point p."""
    h, m = c['h'] * 1.25, c['metal']
    p = np.asarray(p, float)
    lines = []
    if c['buckle'] == 'round':
        lines.append((np.concatenate([ellipse(*p, h, h, n=16)] + [
            ellipse(*p, h, h, n=16)[:1]]), .5, m))
    elif c['buckle'] == 'plate':
        lines += [(ellipse(*p, h * 1.4, h * .95, n=18), 0, m),
                  (ellipse(*p, h * .9, h * .5, n=18), 0, shade(m, .75))]
    elif c['buckle'] == 'double':
        for dx in (-.8, .8):
            q = ellipse(p[0] + dx * h, p[1], h * .8, h * .8, n=16)
            lines.append((np.concatenate([q, q[:1]]), .45, m))
    else:
        q = np.array([(-h, -h), (h, -h), (h, h), (-h, h), (-h, -h)]) + p
        lines.append((q, .5, m))
    lines.append((np.array([p - (.1, 0), p + (h, 0)]), .3, m))
    return lines


def _band(c, mid, frame, gain=1.):
    """A band along the points `mid`."""
    h = c['h']
    lines = []
    n = len(mid)
    if c['stitch']:
        rgb = shade(c['fabric'].rgb, 1.6)
        lines += [(mid + (0, k * h * .7), .12, rgb) for k in (-1, 1)]
    if c['studs']:
        lines += [(ellipse(*q, .35, .35, n=8), 0, c['metal'])
                  for q in mid[1:-1:2]]
    for i in range(n * 5 // 8, n * 7 // 8):
        lines.append((ellipse(*mid[i], .18, .18, n=6), 0,
                      shade(c['fabric'].rgb, .4)))
    poly = np.concatenate([mid - (0, h), (mid + (0, h))[::-1]])
    return Part([(poly, frame)], c['fabric'], radius=.8, depth=.3, upright=1., fold=.02,
                gain=gain, lines=lines, shadow=.4)


def build_belt(c, body, t=.6):
    """Lay a belt around the waist at height t."""
    w = body.width(t) + .9
    x = np.linspace(-1, 1, 17)
    mid = body.at(np.full(17, t), x * w) + np.stack(
        [0 * x, .7 * (1 - x ** 2)], 1)
    band = _band(c, mid, body.frame(t))
    p = mid[8]
    h = c['h']
    plate = np.array([(-2 * h, -h), (2 * h, -h), (2 * h, h),
                      (-2 * h, h)]) + p
    hook = Part([(plate, body.frame(t))], c['fabric'], radius=.6, depth=.2, upright=1.,
                fold=0., lines=_buckle(c, p))
    return {'waist': [band, hook]}


def belt_alone(c):
    """The belt as a shop shows it: a closed loop, buckle in front."""
    frame = Frame(np.zeros(2), np.array([1., 0]), np.array([0, 1.]))
    x = np.linspace(-1, 1, 33)
    back = np.stack([x * 8.2, -2.4 * np.sqrt(np.maximum(1 - x ** 2, 0))], 1)
    front = np.stack([x * 8.2, 1.6 * np.sqrt(np.maximum(1 - x ** 2, 0))], 1)
    parts = [_band(c, back, frame, .62), _band(c, front, frame)]
    p = front[16]
    h = c['h']
    plate = np.array([(-2 * h, -h), (2 * h, -h), (2 * h, h),
                      (-2 * h, h)]) + p
    parts[0].shadow = 0.
    return parts + [Part([(plate, frame)], c['fabric'], radius=.6, depth=.2, upright=1.,
                         fold=0., lines=_buckle(c, p))]
