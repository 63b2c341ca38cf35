"""Hats and caps."""
from vasily_fashion.synthetic.fabrics import contrast, make_fabric, shade
from vasily_fashion.synthetic.garments.emblem import sample_emblem
from vasily_fashion.synthetic.geometry import ellipse, smooth
from vasily_fashion.synthetic.part import Frame, Part

import numpy as np

KINDS = ('beanie', 'cap', 'fedora', 'wide', 'beret', 'bucket')


def sample_headwear(rng):
    """The cut and cloth of a random hat, as a dict."""
    kind = str(rng.choice(KINDS, p=(.24, .2, .2, .14, .12, .1)))
    plain = 'plain' if rng.random() < .75 else None
    fabric = make_fabric(rng, 'knit' if kind == 'beanie' else 'cloth', plain)
    return {'kind': kind, 'fabric': fabric, 'tall': rng.uniform(.9, 1.25),
            'brim': rng.uniform(.9, 1.2), 'band': contrast(fabric.rgb, rng),
            'pompon': bool(rng.random() < .35), 'cuff': bool(
                rng.random() < .6), 'tip': rng.uniform(-5, 5),
            'emblem': sample_emblem(rng, fabric.rgb) if rng.random() < .5
            else None, 'phase': float(rng.random())}


def build_headwear(c, body):
    """Put a hat on a body's head: dict of slot -> list of Part."""
    a = np.radians(body.head_tilt)
    axes = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return _hat(c, body.head + (0, -2.7), axes, body.facing)


def _hat(c, at, axes, facing):
    """The hat; `at` is the middle of the forehead."""
    fabric, dark = c['fabric'], c['fabric'].dark
    frame = Frame(np.asarray(at, float), axes[0], axes[1])
    tall = c['tall']

    def q(points):
        return np.asarray(points, float) @ axes + at

    def part(poly, lines=(), creases=(), **options):
        options = {'radius': 1.5, 'depth': .45, 'upright': 1., 'fold': .06, **options}
        return Part([(q(poly), frame)], fabric, lines=list(lines),
                    creases=list(creases), **options)

    kind = c['kind']
    f = facing * 1.1
    back, front = [], []
    if kind == 'beanie':
        dome = smooth([(-5., .6), (-5.1, -2.4), (-3.6, -6. * tall),
                       (0, -7.2 * tall), (3.6, -6. * tall), (5.1, -2.4),
                       (5., .6), (0, 1.2)], 5, True)
        lines = []
        if c['cuff']:
            edge = smooth([(-5.3, -2.2), (0, -1.6), (5.3, -2.2)], 6)
            lines.append((q(edge), .3, dark))
        else:
            lines.append((q(smooth([(-5.3, -.4), (0, .2), (5.3, -.4)], 6)),
                          .25, dark))
        if c['pompon']:
            front.append(Part([(q(ellipse(0, -8. * tall, 1.9, 1.8)), frame)],
                              type(fabric)(c['band'], phase=.4), radius=1.2,
                              depth=.6, upright=1., fold=.4))
        front.append(part(dome, lines))
    elif kind == 'cap':
        dome = smooth([(-4.9, .2), (-4.8, -2.6), (-3.2, -5.8 * tall),
                       (0, -6.5 * tall), (3.2, -5.8 * tall), (4.8, -2.6),
                       (4.9, .2), (0, .6)], 5, True)
        visor = smooth([(-4.6, -.4), (-3. + f, -1.3), (3. + f, -1.3),
                        (4.6, -.4), (4.3 + f * 2, 2.3), (0 + f * 2.5, 3.1),
                        (-4.3 + f * 2, 2.3)], 5, True)
        lines = [(q(smooth([(x, -.5), (x * .8, -4), (0, -6.4 * tall)], 5)),
                  .16, dark) for x in (-2.6, 2.6)]
        if c['emblem']:
            lines += [(q(np.asarray(p) * 1.6 + (f, -3.2)), 0, rgb)
                      for p, rgb in c['emblem']]
        front += [part(dome, lines), part(visor, [], gain=.92, shadow=.5)]
    elif kind in ('fedora', 'wide'):
        wide = (9.5 if kind == 'wide' else 7.4) * c['brim']
        brim = smooth([(-wide, -1. - c['phase']), (-wide * .5, .8),
                       (0, 1.5), (wide * .5, .8), (wide, -1. - c['phase']),
                       (wide * .55, -1.9), (-wide * .55, -1.9)], 5, True)
        crown = smooth([(-4.8, .1), (-4.7, -3.), (-3.7, -6.4 * tall),
                        (-1.4, -6.9 * tall), (0, -6.2 * tall),
                        (1.4, -6.9 * tall), (3.7, -6.4 * tall),
                        (4.7, -3.), (4.8, .1), (0, .7)], 4, True)
        if kind == 'wide':
            crown = smooth([(-4.8, .1), (-4.6, -3.6), (-2.6, -6. * tall),
                            (2.6, -6. * tall), (4.6, -3.6), (4.8, .1),
                            (0, .7)], 4, True)
        band = np.concatenate([smooth([(-6, -2.2), (0, -1.6), (6, -2.2)], 4),
                               smooth([(6, -.1), (0, .6), (-6, -.1)], 4)])
        crease = [(q([(0, -6 * tall), (0, -3.5)]), .7, .3)] if (
            kind == 'fedora') else []
        front += [part(brim, [], gain=.95, shadow=.5),
                  part(crown, [(q(band), 0, c['band'])], crease)]
    elif kind == 'beret':
        lean = np.sign(c['tip'] or 1)
        puff = smooth([(-4.9, -.6), (-5.6 - .6 * (lean < 0), -3.4),
                       (-2.5, -5.6), (2.5, -5.8), (5.6 + .6 * (lean > 0),
                                                  -3.4),
                       (4.9, -.6), (0, -.2)], 5, True)
        rim = np.concatenate([smooth([(-5, -1.2), (0, -.9), (5, -1.2)], 4),
                              smooth([(5, .0), (0, .3), (-5, .0)], 4)])
        front.append(part(puff, [(q(rim), 0, dark)]))
        front.append(part([(-.25, -6.6), (.25, -6.6), (.3, -5.4),
                           (-.3, -5.4)], radius=.3))
    else:
        crown = smooth([(-4.7, -1.), (-4., -5.4 * tall), (0, -6. * tall),
                        (4., -5.4 * tall), (4.7, -1.), (0, -.4)], 4, True)
        brim = smooth([(-4.6, -1.8), (0, -1.2), (4.6, -1.8), (6.8, 1.6),
                       (3.4, 2.5), (0, 2.8), (-3.4, 2.5), (-6.8, 1.6)], 4,
                      True)
        rings = [(q(smooth([(-6 - i * .4, -.6 + .8 * i), (0, .1 + .8 * i),
                            (6 + i * .4, -.6 + .8 * i)], 5)), .14, dark)
                 for i in range(3)]
        front += [part(crown), part(brim, rings, gain=.95, shadow=.4)]
    if c['emblem'] and kind == 'beanie' and c['cuff']:
        front[-1].lines += [(q(np.asarray(p) * .9 + (0, -.6)), 0,
                             shade(rgb, 1.)) for p, rgb in c['emblem']]
    return {'hat_back': back, 'hat': front}


def hat_alone(c):
    """The hat as a shop shows it: list of Part."""
    slots = _hat(c, np.zeros(2), np.eye(2), .25)
    for p in slots['hat']:
        p.shadow = p.shadow * .6
    return slots['hat_back'] + slots['hat']
