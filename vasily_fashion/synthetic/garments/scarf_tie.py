"""Scarves, neckerchiefs, ties and bow ties."""
from vasily_fashion.synthetic.fabrics import contrast, make_fabric
from vasily_fashion.synthetic.geometry import lerp, limb, smooth
from vasily_fashion.synthetic.part import Frame, Part

import numpy as np

KINDS = ('wrap', 'long', 'loop', 'kerchief', 'tie', 'bow')


def sample_scarf_tie(rng):
    """The cut and cloth of a random scarf or tie, as a dict."""
    kind = str(rng.choice(KINDS, p=(.26, .2, .18, .12, .18, .06)))
    cloth = 'knit' if kind in ('wrap', 'loop') and rng.random() < .5 else (
        'silk' if kind in ('kerchief', 'tie', 'bow') else 'cloth')
    pattern = None if rng.random() < .5 else str(rng.choice(
        ['plain', 'stripe', 'check', 'dot', 'floral']))
    return {'kind': kind, 'fabric': make_fabric(rng, cloth, pattern),
            'long': float(rng.uniform(.75, 1.3)), 'fat': float(
                rng.uniform(.85, 1.3)), 'fringe': bool(rng.random() < .5),
            'side': int(rng.choice([-1, 1])), 'other': contrast(
                (128, 128, 128), rng), 'phase': float(rng.random())}


def _ring(c, body, rx, drop, r):
    """The turn around the neck."""
    n = body.at(0, 0)
    axis = [n + (-rx, -2.2), n + (-rx * .8, .6 + drop * .4),
            n + (0, 1.6 + drop), n + (rx * .8, .6 + drop * .4),
            n + (rx, -2.2)]
    poly, mid, left, right = limb(axis, [r * .6, r, r * 1.12, r, r * .6], 6)
    creases = [(lerp(left, right, f)[2:-2], .6, .34)
               for f in (.25, .5, .78)]
    return Part([(poly, Frame.along(axis[1], axis[3]))], c['fabric'],
                radius=1.6, depth=.5, upright=1., fold=.2, creases=creases, shadow=.5)


def _end(c, body, x0, t0, t1, w, sway=0.):
    """A hanging end from height t0 to t1."""
    axis = [body.at(t0, x0), body.at((t0 + t1) / 2, x0 * 1.15 + sway * .4),
            body.at(t1, x0 * 1.2 + sway)]
    poly, mid, left, right = limb(axis, [w * .7, w, w * 1.05], 5)
    creases = [(lerp(left, right, f)[1:], .5, .28) for f in (.35, .7)]
    lines = []
    pieces = [(poly, Frame.along(axis[0], axis[-1]))]
    if c['fringe']:
        low = lerp(left[-1], right[-1], np.linspace(0, 1, 9)[:, None])
        for p in low:
            pieces.append((np.array([p + (-.16, -.3), p + (.16, -.3),
                                     p + (.2, 2.), p + (-.05, 2.)]),
                           pieces[0][1]))
    return Part(pieces, c['fabric'], radius=1.3, depth=.45, upright=1., fold=.16,
                creases=creases, lines=lines, shadow=.5)


def build_scarf_tie(c, body):
    """Lay a scarf or tie on a body: dict of slot -> list of Part."""
    kind, s, fat, long = c['kind'], c['side'], c['fat'], c['long']
    if kind == 'wrap':
        return {'over': [_end(c, body, s * 2.6, .1, .45 * long + .1,
                              2.6 * fat),
                         _ring(c, body, 5., 1.2, 2.6 * fat),
                         _ring(c, body, 4.4, -.8, 1.8 * fat)]}
    if kind == 'long':
        n = body.at(0, 0)
        lapels = []
        for k in (-1, 1):
            axis = [n + (k * 2.6, -2.4), body.at(.1, k * 4.2),
                    body.at(.35, k * 4.4),
                    body.at(.55 * long + .12 * (k * s), k * 4.4)]
            poly, mid, left, right = limb(axis, np.array(
                [1., 1.9, 2.2, 2.4]) * fat, 5)
            pieces = [(poly, Frame.along(axis[1], axis[3]))]
            if c['fringe']:
                for f in np.linspace(.05, .95, 8):
                    p = lerp(left[-1], right[-1], f)
                    pieces.append((np.array([
                        p + (-.16, -.3), p + (.16, -.3), p + (.2, 2.),
                        p + (-.05, 2.)]), pieces[0][1]))
            lapels.append(Part(pieces, c['fabric'], radius=1.3, depth=.45, upright=1.,
                               fold=.16, shadow=.5, creases=[
                                   (lerp(left, right, .5)[2:], .6, .3)]))
        nape = limb([n + (-2.6, -2.2), n + (0, -3.4), n + (2.6, -2.2)],
                    np.array([1.1, 1.3, 1.1]) * fat, 5)[0]
        return {'over': lapels, 'back': [
            Part([(nape, Frame.along(n - (2, 0), n + (2, 0)))], c['fabric'],
                 radius=1., depth=.4, upright=1., gain=.7)]}
    if kind == 'loop':
        return {'over': [_ring(c, body, 5.4, 5.2 * long, 2.2 * fat),
                         _ring(c, body, 4.6, 1.4, 2.2 * fat)]}
    if kind == 'kerchief':
        n = body.at(0, 0)
        point = smooth([n + (-3.4, -1.4), n + (0, .2), n + (3.4, -1.4),
                        n + (2.4, 2.2), n + (s * .8, 5.4 * long),
                        n + (-2.4, 2.2)], 4, True)
        tri = Part([(point, body.frame())], c['fabric'], radius=1., depth=.45, upright=1.,
                   fold=.2, shadow=.45)
        return {'over': [tri, _ring(c, body, 3.4, -1.2, .9 * fat)]}
    if kind == 'bow':
        m = body.at(.03, 0)
        wings = [(smooth([m + (k * .4, -.4), m + (k * 3.2, -1.5 * fat),
                          m + (k * 3.4, 0), m + (k * 3.2, 1.5 * fat),
                          m + (k * .4, .4)], 4, True), body.frame())
                 for k in (-1, 1)]
        knot = np.array([m + (-.7, -.8), m + (.7, -.8), m + (.7, .8),
                         m + (-.7, .8)])
        return {'neck': [Part(wings, c['fabric'], radius=.8, shadow=.4,
                              fold=.05),
                         Part([(knot, body.frame())], c['fabric'], radius=.5,
                              fold=0., gain=.92)]}
    a, b = body.at(.05, 0), body.at(.5 * long + .12, 0)
    w = 1.5 * fat
    d = b - a
    n = np.array([d[1], -d[0]]) / np.linalg.norm(d)
    blade = np.array([a + n * .8, lerp(a, b, .85) + n * w, b + d * .06,
                      lerp(a, b, .85) - n * w, a - n * .8])
    knot = np.array([a + n * 1.2 - d * .1, a - n * 1.2 - d * .1,
                     a - n * .7 + d * .02, a + n * .7 + d * .02])
    frame = Frame(a, (n + d / np.linalg.norm(d)) / 2 ** .5,
                  (d / np.linalg.norm(d) - n) / 2 ** .5)
    return {'neck': [Part([(blade, frame)], c['fabric'], radius=.8, depth=.35, upright=1.,
                          fold=.03, shadow=.4),
                     Part([(knot, frame)], c['fabric'], radius=.6, depth=.3, upright=1.,
                          fold=0., shadow=.4)]}
