"""Shoes and boots, as little solids that can be turned."""
from vasily_fashion.synthetic.fabrics import contrast, make_fabric, shade
from vasily_fashion.synthetic.geometry import lerp, limb
from vasily_fashion.synthetic.part import Frame, Part

import cv2
import numpy as np

KINDS = ('sneaker', 'high_top', 'ankle_boot', 'tall_boot', 'pump', 'sandal',
         'loafer', 'flat')
_S = np.array([0., .12, .28, .45, .6, .75, .9, 1.])     # heel to toe
_LONG = 10.5
_ANGLES = np.linspace(0, 2 * np.pi, 10, endpoint=False)


def sample_footwear(rng):
    """The cut and material of random shoes, as a dict."""
    kind = str(rng.choice(KINDS, p=(.19, .08, .21, .1, .16, .12, .07, .07)))
    if kind in ('sneaker', 'high_top'):
        fabric = make_fabric(rng, 'cloth', 'plain' if rng.random() < .85
                             else None)
        heel, sole = .6, (242, 240, 236)
        if rng.random() < .2:
            sole = contrast(fabric.rgb, rng)
    else:
        fabric = make_fabric(rng, 'leather') if rng.random() < .85 else (
            make_fabric(rng, 'cloth'))
        heel = {'pump': rng.uniform(3., 6.), 'sandal': float(rng.choice(
            [.4, 3., 5.5])), 'loafer': .9, 'flat': .4}.get(
            kind, float(rng.choice([1., 2.4, 4.8])))
        sole = shade(fabric.rgb, .45) if rng.random() < .6 else (
            118, 80, 52)
    return {'kind': kind, 'fabric': fabric, 'heel': float(heel),
            'sole': tuple(int(x) for x in sole),
            'platform': float(rng.choice([.5, .8, 1.8], p=(.6, .25, .15))),
            'block': bool(rng.random() < .5 or kind in (
                'ankle_boot', 'tall_boot', 'loafer')),
            'toe': float(rng.uniform(.5, 1.)), 'straps': int(
                rng.integers(2, 5)), 'other': contrast(
                fabric.rgb, rng, 'leather'), 'shaft': float(rng.uniform(
                    .3, .9) if kind == 'tall_boot' else rng.uniform(
                    .08, .2)), 'mark': int(rng.integers(4)),
            'phase': float(rng.random())}


def _sections(c, top=1.):
    """Half-width, bottom and top of a shoe's cross-sections, heel to toe."""
    heel, plat = c['heel'], c['platform']
    w = np.array([1.6, 1.9, 1.75, 1.85, 2.3, 2.4, 2. - .5 * c['toe'],
                  1.05 - .6 * c['toe']])
    low = plat + heel * np.interp(_S, [0, .3, .62, 1], [1, .8, 0., .0])
    low[-1] += .3
    height = np.array([3.6, 3.7, 3.1, 2.6, 2.3, 1.9, 1.5, .9]) * top
    return np.maximum(w, .2), low, low + height


def _project(ankle, heel, yaw, x, y, z):
    """A shoe's point in the picture.

    x runs from the heel to the toe, y to the side, z up; the shoe is turned
    by yaw and seen a little from above.
    """
    x = x - _LONG * .22
    depth = x * np.cos(yaw) - y * np.sin(yaw)
    side = x * np.sin(yaw) + y * np.cos(yaw)
    ground = ankle[1] + 5.
    return np.stack([ankle[0] + side, ground + heel - z + depth * .38], -1)


def _solid(ankle, yaw, w, low, high, heel, s0=0., s1=1.):
    """Convex pieces of the picture of a loft of elliptic cross-sections."""
    stops = np.unique(np.concatenate([[s0], _S[(_S > s0) & (_S < s1)],
                                      [s1]]))
    rings = []
    for s in stops:
        ww, a, b = (np.interp(s, _S, q) for q in (w, low, high))
        y = ww * np.cos(_ANGLES)
        z = (a + b) / 2 + (b - a) / 2 * np.sin(_ANGLES)
        rings.append(_project(ankle, heel, yaw, s * _LONG, y, z))
    return [cv2.convexHull(np.concatenate([p, q]).astype(np.float32))[:, 0]
            for p, q in zip(rings[:-1], rings[1:], strict=True)]


def _shoe(c, body, k, ankle, yaw, shin):
    fabric, heel = c['fabric'], c['heel']
    kind = c['kind']
    w, low, high = _sections(c, .82 if kind in ('pump', 'flat') else 1.)
    rise = low[1] - .4              # the heel lifts the whole foot
    frame = Frame.along(ankle, ankle + (np.sin(yaw) + 1e-3, np.cos(yaw)))
    parts = []

    def solid(lo, hi, s0=0., s1=1., grow=0.):
        return [(p.astype(float), frame) for p in _solid(
            ankle, yaw, w + grow, lo, hi, rise, s0, s1)]

    sole = type(fabric)(c['sole'])
    flat = np.maximum(low - c['platform'], 0)
    if kind in ('sneaker', 'high_top'):
        parts.append(Part(solid(flat, low + .5, grow=.22), sole, radius=.6,
                          depth=.3, upright=1., fold=0.))
    else:
        parts.append(Part(solid(flat, low + .25, grow=.05), sole, radius=.5,
                          depth=.3, upright=1., fold=0.))
        if heel > .8:
            size = .95 if c['block'] else .38
            zs, ring = np.array([0., low[0] + .3]), []
            for z, r in zip(zs, (size * .9, size * 1.25), strict=True):
                ring.append(_project(
                    ankle, rise, yaw, .9 + r * np.cos(_ANGLES),
                    r * np.sin(_ANGLES), np.full(10, z)))
            hull = cv2.convexHull(np.concatenate(ring).astype(np.float32))
            # the heel stands behind the sole unless the foot is sideways
            parts.insert(0, Part([(hull[:, 0].astype(float), frame)], sole,
                                 radius=.5, depth=.4, upright=1., fold=0.))
    lines = []

    def across(s, z=.96):
        ww, a, b = (np.interp(s, _S, q) for q in (w, low, high))
        t = np.linspace(.12, .88, 7) * np.pi
        return _project(ankle, rise, yaw, s * _LONG, ww * np.cos(t),
                        a + (b - a) * (.5 + .5 * np.sin(t) * z))

    if kind == 'sandal':
        bands = [(s, s + .085) for s in np.linspace(.44, .82, c['straps'])]
        bands.append((.03, .11))
        for s0, s1 in bands:
            parts.append(Part(solid(low, low + (high - low) * .97, s0, s1,
                                    .06), fabric, radius=.5, depth=.4, upright=1.,
                              fold=0., shadow=.3))
    elif kind in ('pump', 'flat', 'loafer'):
        s_open = .62 if kind != 'loafer' else .45
        parts.append(Part(solid(low, low + (high - low) * .55, 0, .7),
                          fabric, radius=.9, depth=.45, upright=1., fold=.04))
        if kind == 'loafer':
            lines += [(across(.5), .6, shade(fabric.rgb, .6)),
                      (across(.58), .5, c['other'])]
        if kind == 'flat' and c['mark'] > 1:
            lines.append((across(.72), .7, c['other']))
        parts.append(Part(solid(low, high, s_open, 1.), fabric, radius=.9,
                          depth=.45, upright=1., fold=.04, lines=lines))
        if kind == 'pump' and c['mark'] == 1:               # an instep strap
            parts.append(Part(solid(low, high, .34, .42, .05), fabric,
                              radius=.4, fold=0.))
    else:
        if kind in ('sneaker', 'high_top'):
            for s in (.42, .5, .58, .66):
                lines.append((across(s), .3, (244, 244, 240)))
            if c['mark'] == 0:
                lines.append((_project(
                    ankle, rise, yaw, np.array([2.2, 4.2, 6.]),
                    np.full(3, 1.8 * np.sign(np.sin(yaw) + 1e-6) * -1),
                    np.interp([2.2, 4.2, 6.], _S * _LONG, low) + (
                        .8, 1.8, 2.4)), .5, c['other']))
            if c['mark'] == 1:
                lines.append((across(.97), 1.2, c['other']))
        else:
            lines.append((across(.62, .98), .16, fabric.dark))
        upper = solid(low, high)
        if kind != 'sneaker':
            top = lerp(ankle, shin, c['shaft'])
            room = {'high_top': .5, 'ankle_boot': .6, 'tall_boot': .7}[kind]
            radii = np.array([1.9, 1.75, np.interp(
                c['shaft'], [0, .5, 1], [1.8, body.shank, body.shank])])
            axis = [ankle + (0, 2.4), ankle, top]
            poly = limb(axis, radii + room, 4)[0]
            # the instep: from the shaft down to the middle of the foot
            wide = radii[1] + room
            hull = np.concatenate([
                across(.08), across(.5),
                [ankle + (-wide, -1.2), ankle + (wide, -1.2)]])
            hull = cv2.convexHull(hull.astype(np.float32))[:, 0]
            upper += [(hull.astype(float), frame),
                      (poly, Frame.along(top, ankle))]
            edge = np.array([top + (-radii[-1] - room, 0),
                             top + (0, .5), top + (radii[-1] + room, 0)])
            lines.append((edge, .3, fabric.dark))
            if kind == 'high_top':
                for z in (.0, 1.2, 2.4):
                    q = ankle + (np.sin(yaw) * .8, z)
                    lines.append((np.array([q - (1., 0), q + (1., 0)]), .3,
                                  (244, 244, 240)))
            elif c['mark'] == 0:                            # a zip
                lines.append((np.array([ankle + (.9, 3), top + (.9, 0)]),
                              .25, (190, 186, 176)))
            elif c['mark'] == 1:                            # elastic
                q = ankle + (np.sign(np.sin(yaw) + 1e-6) * -.7, .6)
                lines.append((np.array([q + (-.8, -1.8), q + (.8, -1.8),
                                        q + (.5, 2.), q + (-.5, 2.)]), 0,
                              fabric.dark))
            elif c['mark'] == 2:                            # a buckled strap
                a = lerp(ankle, (top), .1)
                lines += [(np.array([a + (-3, .8), a + (3, .4)]), .7,
                           fabric.dark),
                          (np.array([a + (1, .3), a + (1.8, .2)]), .8,
                           (206, 190, 140))]
        creases = [(across(.55), .5, .25)]
        parts.append(Part(upper, fabric, radius=1.1, depth=.45, upright=1., fold=.05,
                          lines=lines, creases=creases, shadow=.25))
    return parts


def _opening(c, ankle, yaw):
    """The dark inside of an empty low shoe."""
    if c['kind'] not in ('sneaker', 'loafer', 'pump', 'flat'):
        return []
    slim = c['kind'] in ('pump', 'flat')
    w, low, high = _sections(c, .82 if slim else 1.)
    end, up = {'sneaker': (.4, .97), 'loafer': (.47, .6)}.get(
        c['kind'], (.64, .6))
    s = np.concatenate([[.05, .07], np.linspace(.12, end - .03, 5), [end]])
    side = np.interp(s, _S, w) * np.sin(
        np.pi * np.linspace(.12, .9, len(s))) ** .5 * .86
    z = np.interp(s, _S, low) + up * np.interp(s, _S, high - low)
    rise = low[1] - .4
    hole = np.concatenate([
        _project(ankle, rise, yaw, s * _LONG, side, z),
        _project(ankle, rise, yaw, s * _LONG, -side, z)[::-1]])
    lining = type(c['fabric'])(shade(c['fabric'].rgb, .42))
    return [Part([(hole, Frame.along(ankle, ankle + (0, 1)))], lining,
                 radius=.8, depth=.3, upright=1., fold=0.)]


def foot_skin(c, body, k, skin):
    """The bare foot (or stocking) that a shoe shows: list of Part."""
    w, low, high = _sections(c, .82)
    ankle, yaw = body.ankle[k], body.yaw[k]
    rise = low[1] - .4
    frame = Frame.along(ankle, ankle + (0, 1))
    pieces = [(p.astype(float), frame) for p in _solid(
        ankle, yaw, w * .92, low, low + (high - low) * .93, rise, .04, .97)]
    return [Part(pieces, skin, radius=1., depth=.4, upright=1., fold=0.)]


def build_footwear(c, body):
    """Lay shoes on a body's feet: dict of slot -> list of Part."""
    return {f'foot{k}': _shoe(c, body, k, body.ankle[k], body.yaw[k],
                              body.knee[k]) for k in (0, 1)}


def footwear_pair(c, body):
    """The pair as a shop shows it: turned sideways, side by side."""
    parts = []
    high = c['kind'] in ('ankle_boot', 'tall_boot', 'high_top')
    apart = 5.2 if high else 1.6
    for k, (dx, dy, yaw) in enumerate(((-apart, -1.6, 70.),
                                       (apart, 3.6, 56.))):
        ankle = np.array([dx, 95. + dy])
        parts += _shoe(c, body, k, ankle, np.radians(yaw),
                       ankle - (0, 21.))
        parts += _opening(c, ankle, np.radians(yaw))
    return parts
