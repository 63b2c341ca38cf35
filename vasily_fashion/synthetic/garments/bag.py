"""Bags: totes, handbags, clutches, shoulder and cross-body bags."""
from vasily_fashion.synthetic.fabrics import contrast, make_fabric, shade
from vasily_fashion.synthetic.garments.emblem import sample_emblem
from vasily_fashion.synthetic.geometry import ellipse, lerp, limb, rounded, smooth
from vasily_fashion.synthetic.part import Frame, Part

import numpy as np

_SIZE = {'tote': (8.2, 17.), 'handbag': (8., 11.5), 'clutch': (6.6, 7.2),
         'shoulder': (6.4, 9.5), 'cross': (5., 7.4), 'bucket': (6., 12.),
         'hobo': (9., 11.)}
KINDS = tuple(_SIZE)


def sample_bag(rng):
    """The cut and material of a random bag, as a dict."""
    kind = str(rng.choice(KINDS, p=(.17, .26, .13, .16, .12, .08, .08)))
    leather = rng.random() < (.35 if kind == 'tote' else .85)
    fabric = make_fabric(rng, 'leather' if leather else 'cloth')
    w, h = _SIZE[kind]
    return {'kind': kind, 'fabric': fabric, 'w': w * rng.uniform(.82, 1.15),
            'h': h * rng.uniform(.82, 1.15), 'taper': rng.uniform(-.1, .25),
            'round': rng.uniform(.06, .3), 'metal': tuple(
                int(v) for v in [(212, 178, 96), (206, 206, 212),
                                 (90, 86, 84)][rng.integers(3)]),
            'handle': shade(fabric.rgb, .7) if rng.random() < .6 else
            contrast(fabric.rgb, rng, 'leather'),
            'flap': float(rng.uniform(.35, .7)),
            'pocket': bool(rng.random() < .4),
            'quilt': bool(rng.random() < .18 and kind != 'tote'),
            'two_tone': contrast(fabric.rgb, rng, 'leather') if (
                rng.random() < .2) else None,
            'chain': bool(rng.random() < .3),
            'emblem': sample_emblem(rng, fabric.rgb) if (
                kind == 'tote' and rng.random() < .5) else None,
            'phase': float(rng.random())}


def _bag_body(c, top, angle=0.):
    """The bag itself, hanging from `top`, the middle of its upper edge."""
    w, h = c['w'], c['h']
    wt, wb = w * (1 - max(c['taper'], 0)), w * (1 + min(c['taper'], 0))
    ca, sa = np.cos(angle), np.sin(angle)
    rot = np.array([[ca, sa], [-sa, ca]])

    def q(points):
        return np.asarray(points, float) * 1. @ rot + top

    kind, fabric = c['kind'], c['fabric']
    frame = Frame(q([(0, 0)])[0], rot[0], rot[1])
    base = [(-wt, 0), (wt, 0), (wb, h), (-wb, h)]
    outline = rounded(base, c['round'] * .8)
    if kind == 'hobo':
        outline = smooth([(-wt * .8, 0), (-wt * .4, h * .1), (0, h * .13),
                          (wt * .4, h * .1), (wt * .8, 0), (wb, h * .62),
                          (wb * .6, h * .97), (0, h), (-wb * .6, h * .97),
                          (-wb, h * .62)], 5, True)
    elif kind == 'bucket':
        outline = smooth([(-wt * .75, 0), (wt * .75, 0), (wb, h * .8),
                          (wb * .7, h), (-wb * .7, h), (-wb, h * .8)], 5,
                         True)
    lines, dark = [], fabric.dark
    if c['two_tone']:
        lines.append((q([(-w * 2, h * .62), (w * 2, h * .62), (w * 2, h * 2),
                         (-w * 2, h * 2)]), 0, c['two_tone']))
    if c['quilt']:
        for i in np.arange(-12, 13) * 2.2:
            lines += [(q([(i, -1), (i + h, h + 1)]), .18, dark),
                      (q([(i, h + 1), (i + h, -1)]), .18, dark)]
    if kind in ('shoulder', 'cross', 'clutch'):
        y = h * c['flap']
        edge = smooth([(-wt * .99, 0), (-wt * .97, y * .6), (-wt * .6, y),
                       (0, y * 1.04), (wt * .6, y), (wt * .97, y * .6),
                       (wt * .99, 0)], 4)
        lines += [(q(edge) + (0, .25), .5, shade(fabric.rgb, .45)),
                  (q(edge - (0, .6)), .14, dark),
                  (q([(-.9, y - .6), (.9, y - .6), (.9, y + .8),
                      (-.9, y + .8)]), 0, c['metal'])]
    elif kind == 'handbag':
        lines += [(q([(-wt, h * .3), (wt, h * .3)]), .22, dark),
                  (q([(-wt * .6, 0), (-wt * .6, h)]), .2, dark),
                  (q([(wt * .6, 0), (wt * .6, h)]), .2, dark),
                  (q([(-.9, h * .24), (.9, h * .24), (.9, h * .4),
                      (-.9, h * .4)]), 0, c['metal'])]
    elif kind == 'tote':
        lines.append((q([(-w * 2, 1.), (w * 2, 1.)]), .18, dark))
        if c['emblem']:
            s = min(w, h * .5) * .6
            lines += [(q(np.asarray(p) * s + (0, h * .55)), 0, rgb)
                      for p, rgb in c['emblem']]
    elif kind == 'bucket':
        lines += [(q([(-w, 1.6), (w, 1.6)]), .4, c['handle']),
                  (q([(-.3, 1.6), (-.8, 5.)]), .35, c['handle'])]
    if c['pocket'] and kind in ('tote', 'handbag', 'hobo'):
        lines.append((q([(-w * .5, h * .5), (w * .5, h * .5),
                         (w * .45, h * .85), (-w * .45, h * .85),
                         (-w * .5, h * .5)]), .2, dark))
    creases = []
    if kind in ('tote', 'hobo', 'bucket'):
        creases = [(q([(x * w, h * .15), (x * w * .7, h * .6)]), .8, .22)
                   for x in (-.6, .1, .65)]
    return Part([(q(outline), frame)], fabric, radius=1.7, depth=.42, upright=1.,
                fold=.05, creases=creases, lines=lines, shadow=.5), q


def _strap(c, points, width=.5):
    poly = limb(points, np.full(len(points), width), 8)[0]
    strap = type(c['fabric'])(c['metal'] if c['chain'] else c['handle'])
    lines = []
    if c['chain']:
        way = smooth(points, 10)
        lines = [(ellipse(*p, .3, .3, n=7), 0, shade(c['metal'], .45))
                 for p in way[::2]]
    return Part([(poly, Frame.along(points[0], points[-1]))], strap,
                radius=.4, depth=.4, upright=1., fold=0., lines=lines, shadow=.35)


def _handles(c, q, rise, front=True):
    """The loop handles above a bag."""
    w = c['w'] * .45
    points = q(smooth([(-w, .8), (-w * .9, -rise * .6), (0, -rise),
                       (w * .9, -rise * .6), (w, .8)], 4))
    part = _strap({**c, 'chain': False}, points, .5 if c[
        'kind'] != 'tote' else .6)
    if not front:
        part.gain = .7
    return part


def build_bag(c, body, side=0):
    """Lay a bag on a body: dict of slot -> list of Part.

    `side` is the arm that carries it; slots are 'bag_strap' (over the
    clothes, under the arms), 'bag' (under the hand).
    """
    kind = c['kind']
    s = -1 if side == 0 else 1
    raised = body.hand[side][1] < 42
    if kind in ('cross', 'shoulder', 'hobo', 'bucket'):
        if kind == 'cross':
            top = body.at(.72, s * (body.width(.8) * .8))
            a = body.at(.02, -s * body.width(.07) * .62)
            mid = body.at(.3, -s * body.width(.3) * .1)
        else:
            top = body.at(.62 if kind == 'hobo' else .66,
                          s * (body.width(.85) + c['w'] * .35))
            a = body.at(.025, s * body.width(.07) * .82)
            mid = body.at(.3, s * body.width(.3) * 1.08)
        bag, q = _bag_body(c, top, s * .06)
        tie = q([(-s * c['w'] * .6, .6)])[0]
        points = [a, mid, tie]
        parts = [_strap(c, smooth(points, 4))]
        if kind != 'cross':
            tie2 = q([(s * c['w'] * .6, .6)])[0]
            parts.append(_strap(c, smooth([a, lerp(a, tie2, .55) + (
                s * .6, 0), tie2], 4)))
        return {'bag_strap': parts + [bag]}
    if kind == 'clutch':
        hand = body.hand[side]
        top = hand + (-s * 1.2, -2.8)
        bag, _ = _bag_body(c, top, s * (.12 + .25 * c['phase']))
        return {'bag': [bag]}
    rise = {'tote': 7.5, 'handbag': 4.6}[kind]
    fore = body.wrist[side] - body.elbow[side]
    bent = abs(fore[0]) > 7 or raised
    hold = lerp(body.elbow[side], body.wrist[side], .3) if bent else (
        body.hand[side] + (0, .8))
    if kind == 'tote' and not bent and c['phase'] < .6:
        # over the shoulder
        hold = body.at(.05, s * body.width(.07) * .9)
        top = body.at(.55, s * (body.width(.8) + c['w'] * .25))
        bag, q = _bag_body(c, top)
        w = c['w'] * .5
        ends = [q([(k * w, .8)])[0] for k in (-1, 1)]
        loops = [_strap({**c, 'chain': False}, smooth(
            [e, lerp(e, hold, .6) + (k * .8, 0), hold], 5), .55)
            for k, e in zip((-1, 1), ends, strict=True)]
        return {'bag_strap': loops + [bag]}
    top = hold + (0, rise)
    bag, q = _bag_body(c, top, s * .03)
    back, front = _handles(c, q, rise, False), _handles(c, q, rise)
    return {('bag_arm' if bent else 'bag'): [back, bag, front]}


def bag_alone(c):
    """The bag as a shop shows it: list of Part."""
    kind = c['kind']
    bag, q = _bag_body(c, np.array([0., 0.]))
    w = c['w']
    if kind == 'clutch':
        return [bag]
    if kind in ('tote', 'handbag'):
        rise = {'tote': 7.5, 'handbag': 4.6}[kind]
        return [_handles(c, lambda p: q(p) + (.5, -.5), rise, False), bag,
                _handles(c, q, rise)]
    rise = {'cross': 14., 'shoulder': 11., 'hobo': 8., 'bucket': 9.}[kind]
    strap = smooth([(-w * .6, .8), (-w * .55, -rise * .5), (0, -rise),
                    (w * .55, -rise * .5), (w * .6, .8)], 5)
    return [_strap(c, q(strap)), bag]
