"""Trousers, shorts and skirts."""
from vasily_fashion.synthetic.fabrics import contrast, make_fabric, shade
from vasily_fashion.synthetic.geometry import ellipse, lerp, limb, smooth
from vasily_fashion.synthetic.part import Frame, Part

import numpy as np

_STOPS = np.array([0., .5, 1., 1.35, 2.])


def sample_pants(rng):
    """The cut and cloth of random trousers, as a dict."""
    kind = str(rng.choice(['skinny', 'straight', 'wide', 'flare', 'jogger',
                           'culotte', 'chino'],
                          p=(.34, .2, .12, .07, .08, .07, .12)))
    c = _sample_legs(rng, kind, .45)
    c['reach'] = {'culotte': 1.45, 'jogger': 1.92}.get(
        kind, float(rng.choice([1.75, 1.95, 2.02], p=(.2, .4, .4))))
    c['knee'], c['cuff_w'] = {
        'skinny': (.15, .2), 'straight': (.9, 1.3), 'wide': (2.2, 3.6),
        'flare': (.4, 3.2), 'jogger': (1.4, .4), 'culotte': (2.4, 3.6),
        'chino': (.7, .7)}[kind]
    c['rip'] = bool(c['denim'] and rng.random() < .25)
    c['band'] = bool(kind == 'jogger' and rng.random() < .6)
    return c


def sample_shorts(rng):
    """The cut and cloth of random shorts, as a dict."""
    kind = str(rng.choice(['denim', 'tailored', 'bermuda', 'loose']))
    c = _sample_legs(rng, kind, .95 if kind == 'denim' else .1)
    c['reach'] = {'bermuda': rng.uniform(.8, 1.)}.get(
        kind, rng.uniform(.26, .58))
    c['knee'] = c['cuff_w'] = {'loose': 2.4}.get(kind, rng.uniform(.6, 1.4))
    c['band'] = c['rip'] = False
    return c


def _sample_legs(rng, kind, denim_p):
    denim = bool(rng.random() < denim_p) and kind != 'jogger'
    plain = None if rng.random() < .4 else 'plain'
    fabric = make_fabric(rng, 'denim' if denim else (
        'leather' if kind == 'skinny' and rng.random() < .15 else 'cloth'),
        plain)
    return {'kind': kind, 'fabric': fabric, 'denim': denim,
            'rise': rng.uniform(.56, .72), 'phase': float(rng.random()),
            'press': bool(not denim and rng.random() < .4),
            'turn_up': bool(rng.random() < .25),
            'stripe': contrast(fabric.rgb, rng) if rng.random() < .1 else
            None, 'pocket': bool(rng.random() < .7)}


def build_pants(c, body):
    """Lay trousers or shorts on a body: dict of slot -> list of Part."""
    fabric, dark = c['fabric'], c['fabric'].dark
    stitch = (196, 146, 86) if c['denim'] else dark
    ts = np.linspace(c['rise'], 1.0, 6)
    w = body.width(ts) + .35
    crotch = body.at(1.07, 0)
    hips = smooth(np.concatenate([
        body.at(ts, -w), [lerp(body.hip[0], body.knee[0], .12)
                          - (body.thigh * .9, 0), crotch,
                          lerp(body.hip[1], body.knee[1], .12)
                          + (body.thigh * .9, 0)],
        body.at(ts, w)[::-1]]), 3)
    # a straight waist: the spline must not round it
    hips = np.concatenate([hips, body.at(
        np.full(5, c['rise']), np.linspace(1, -1, 5) * w[0])
        + np.array([0., .35]) * (1 - np.linspace(-1, 1, 5)[:, None] ** 2)])
    legs = [_leg(c, body, k, stitch) for k in (0, 1)]
    front = body.frame(.9)
    band_t = c['rise'] + .055
    x = np.linspace(-1, 1, 9)
    wb = np.interp(band_t, ts, w)
    lines = [(body.at(np.full(9, band_t), x * wb)
              + np.array([0, .35]) * (1 - x[:, None] ** 2), .18, stitch)]
    zip_to = body.at(.98, 0)
    lines.append((smooth([body.at(c['rise'], 0), body.at(.9, .2), zip_to,
                          crotch], 4), .22, dark))
    if c['pocket']:
        for s in (-1, 1):
            lines.append((smooth([
                body.at(band_t, s * wb * .5),
                body.at(band_t + .08, s * wb * .62),
                body.at(band_t + .13, s * wb * 1.05)], 4), .22, stitch))
    if c['denim'] or c['pocket']:
        lines.append((ellipse(*body.at(c['rise'] + .028, 0), .5, .5, n=10),
                      0, (190, 170, 120)))
    if c['denim']:
        lines.append((smooth([body.at(band_t, 1.5), body.at(.9, 1.5),
                              body.at(.97, .2)], 4), .16, stitch))
    creases = [(np.array([crotch, lerp(crotch, body.at(.9, s * 6), .7)]), .7,
                .32) for s in (-1, 1)]
    creases += [(np.array([crotch - (0, .3 + i), lerp(
        crotch, body.hip[k], .8) + (0, 1.5 - 2 * i)]), .5, .2)
        for k in (0, 1) for i in (0, 1)]
    creases += [q for leg in legs for q in leg['creases']]
    if c['reach'] < 1.1:
        # short legs touch: the line between them tells shorts from a skirt
        low = lerp(legs[0]['inner'], legs[1]['inner'], .5)
        lines.append((np.array([crotch - (0, 1.), low + (0, 1.)]), .4, dark))
        creases.append((np.array([crotch - (0, 2.), low + (0, 1.)]), 1.1,
                        .5))
    if body.legs_overlap:
        f = body.front_leg
        far = legs[1 - f]
        # the leg behind first, darker: the front leg's shadow is on it
        slots = [Part(far['pieces'], fabric, radius=2.4, depth=.34,
                      lines=far['lines'], creases=far['creases'], gain=.86)]
        near = legs[f]
        slots.append(Part([(hips, front)] + near['pieces'], fabric,
                          radius=2.4, depth=.34, shadow=.35,
                          creases=creases, lines=lines + near['lines']))
    else:
        pieces = [(hips, front)] + legs[0]['pieces'] + legs[1]['pieces']
        inner = [(np.array([crotch, lerp(body.knee[0], body.knee[1], .5)]),
                  .9, .3)]
        slots = [Part(pieces, fabric, radius=2.4, depth=.34, shadow=.2,
                      creases=creases + inner, lines=lines
                      + legs[0]['lines'] + legs[1]['lines'])]
    return {'legs': slots}


def _leg(c, body, k, stitch):
    points, radii = body.leg_chain(k)
    reach = c['reach']
    keep = [q for q in (0., .3, .5, .75, 1., 1.2, 1.35, 1.7, 2.)
            if q < reach - .05] + [reach]
    keep = np.array(keep)
    inside = np.minimum(keep, 2.)
    axis = np.stack([np.interp(inside, _STOPS, points[:, i])
                     for i in (0, 1)], 1)
    if reach > 2:
        axis[-1] = axis[-1] + (axis[-1] - points[2]) * (reach - 2.) / 1.
    r = np.interp(inside, _STOPS, radii)
    r = r + .3 + np.interp(keep, [0, .4, 1., max(reach, 1.01)],
                           [0., c['knee'] * .4, c['knee'], c['cuff_w']])
    if reach < 1.05:
        r = np.interp(inside, _STOPS, radii) + .3 + c['cuff_w'] * np.clip(
            keep / reach, 0, 1)
    poly, mid, left, right = limb(axis, r, 4)
    frame = Frame.along(points[0], points[2], 14.)
    if reach < 1.1:
        frame = body.frame(.9)          # shorts: no seam at the hips
    pieces = [(poly, frame)]
    if reach > 1.1:
        m = int(len(mid) / reach)
        pieces.append((np.concatenate([left[m:], right[m:][::-1]]),
                       Frame.along(points[2], points[4], 36.)))
    lines, creases = [], []
    n = max(2, len(mid) // 14)
    if c['turn_up']:
        band = np.concatenate([left[-n - 1:], right[-n - 1:][::-1]])
        lines.append((band, 0, shade(c['fabric'].rgb, 1.3)))
    if c['band']:
        band = np.concatenate([left[-n:], right[-n:][::-1]])
        lines.append((band, 0, shade(c['fabric'].rgb, .7)))
    lines.append((np.array([left[-2], right[-2]]), .16, stitch))
    if c['press']:
        creases.append((mid[4:], .3, .25))
    outer = left if (left[len(left) // 2] - mid[len(mid) // 2])[0] * (
        -1 if k == 0 else 1) > 0 else right
    if c['stripe']:
        lines.append((lerp(outer, mid, .12), .9, c['stripe']))
    if reach > 1.1:
        m = int(len(mid) / reach)
        for i, off in enumerate((-2, 0, 2)):
            j = min(max(m + off, 0), len(mid) - 1)
            edge = outer[j] if (i + k) % 2 else lerp(outer[j], mid[j], 2.)
            creases.append((np.array([edge, lerp(edge, mid[j], .9)
                                      + (0, .6)]), .5, .28))
        if c['kind'] in ('skinny', 'straight', 'chino') and reach > 1.8:
            for i in range(3):
                j = len(mid) - 2 - 2 * i
                edge = outer[j] if i % 2 else lerp(outer[j], mid[j], 2.)
                creases.append((np.array([edge, mid[j] + (0, .5)]), .45,
                                .22))
        if c['rip'] and k == int(c['phase'] * 2):
            q = mid[m]
            lines.append((ellipse(q[0], q[1], 1.8, .7, n=12), 0,
                          (224, 216, 204)))
    inner = right if outer is left else left
    return {'pieces': pieces, 'lines': lines, 'creases': creases,
            'inner': inner[-1]}


def sample_skirt(rng):
    """The cut and cloth of a random skirt, as a dict."""
    kind = str(rng.choice(['pencil', 'a_line', 'pleated', 'circle', 'mini',
                           'maxi', 'denim', 'wrap'],
                          p=(.17, .18, .16, .15, .1, .1, .06, .08)))
    cloth = 'denim' if kind == 'denim' else 'leather' if (
        kind in ('mini', 'pencil') and rng.random() < .2) else 'cloth'
    c = {'kind': kind, 'fabric': make_fabric(rng, cloth),
         'rise': rng.uniform(.56, .68), 'phase': float(rng.random())}
    c.update(skirt_cut(rng, kind))
    c['waistband'] = contrast(c['fabric'].rgb, rng) if (
        rng.random() < .2) else None
    c['hem_rgb'] = contrast(c['fabric'].rgb, rng) if (
        rng.random() < .15) else None
    return c


def skirt_cut(rng, kind):
    """Length, flare and folds of a skirt of one kind."""
    t_hem = {'mini': (1.2, 1.3), 'denim': (1.2, 1.35), 'maxi': (1.95, 2.15),
             'pencil': (1.45, 1.75)}.get(kind, (1.25, 1.8))
    flare = {'pencil': (-.6, .2), 'mini': (.2, 1.), 'denim': (.4, 1.2),
             'a_line': (2., 4.), 'pleated': (2., 5.), 'circle': (4.5, 9.),
             'maxi': (1.5, 5.), 'wrap': (.5, 2.5)}[kind]
    return {'t_hem': float(rng.uniform(*t_hem)),
            'flare': float(rng.uniform(*flare)),
            'folds': {'pencil': 0, 'mini': 1, 'denim': 0, 'a_line': 3,
                      'pleated': 10, 'circle': 7, 'maxi': 6,
                      'wrap': 3}[kind],
            'slant': float(rng.uniform(-2, 2)) if kind in (
                'circle', 'wrap', 'maxi') else 0.}


def skirt_shape(c, body, t0, ease=.4):
    """The outline of a skirt that begins at height t0.

    Returns:
        poly, hem (left to right), width (function of t), folds (creases).
    """
    t_hem, flare = c['t_hem'], c['flare']
    spread = abs(body.knee[1][0] - body.knee[0][0]) / 2 + body.shank
    hip = body.width(.95) + ease

    def width(t):
        t = np.asarray(t, float)
        own = body.width(np.minimum(t, .95)) + ease
        w = own + flare * np.clip((t - .62) / (t_hem - .62), 0, 1) ** .85
        # at the knees the cloth must go around both legs
        reach = np.clip((t - 1.05) / .5, 0, 1)
        need = hip * (1 - reach) + max(spread * .97, 0) * reach
        return np.where(t > .95, np.maximum(w, np.minimum(need, w + 4)), w)

    ts = np.linspace(t0, t_hem, 10)
    w = width(ts)
    left, right = smooth(body.at(ts, -w), 3), smooth(body.at(ts, w), 3)
    n = max(c['folds'], 2)
    x = np.linspace(-1, 1, 8 * n + 1)
    wave = (np.cos(x * np.pi * n + c['phase'] * 6) * .6
            + .5 * np.cos(x * 5.3 + c['phase'] * 9)) * min(.12 * max(
                flare, 0), .6) * (1 if c['folds'] else 0)
    hem = body.at(t_hem, x * w[-1]) + np.stack(
        [0 * x, wave + 1.4 * (1 - x ** 2) + c['slant'] * x], 1)
    q = np.linspace(1, -1, 7)
    waist = body.at(np.full(7, t0), q * w[0]) + np.stack(
        [0 * q, .5 * (1 - q ** 2)], 1)
    poly = np.concatenate([left, hem, right[::-1], waist])
    folds = []
    for i in range(c['folds']):
        f = ((i + .5) / c['folds']) * 2 - 1
        start = t0 + (.03 if c['folds'] > 8 else .12 + .12 * (
            (i * .37 + c['phase']) % 1))
        line = [body.at(start, f * width(start) * .9),
                body.at((start + t_hem) / 2, f * width(
                    (start + t_hem) / 2) * .93),
                body.at(t_hem + .03, f * w[-1] * .96)]
        folds.append((np.array(line), .5 if c['folds'] > 8 else .9,
                      .34 if c['folds'] > 8 else .3))
    return poly, hem, width, folds


def build_skirt(c, body):
    """Lay a skirt on a body: dict of slot -> list of Part."""
    fabric, dark = c['fabric'], c['fabric'].dark
    poly, hem, width, folds = skirt_shape(c, body, c['rise'])
    lines = []
    t = c['rise'] + .06
    x = np.linspace(-1, 1, 9)
    seam = body.at(np.full(9, t), x * width(t)) + np.stack(
        [0 * x, .5 * (1 - x ** 2)], 1)
    if c['waistband']:
        top = body.at(np.full(9, c['rise'] - .02), x * width(t) * 1.05)
        lines.append((np.concatenate([seam, top[::-1]]), 0, c['waistband']))
    lines.append((seam, .18, dark))
    if c['hem_rgb']:
        lines.append((np.concatenate([hem, hem[::-1] - (0, 1.8)]), 0,
                      c['hem_rgb']))
    lines.append((hem - (0, .8), .14, dark))
    if c['kind'] == 'denim':
        lines.append((np.array([body.at(c['rise'], 0),
                                body.at(c['t_hem'], 0)]), .2,
                      (196, 146, 86)))
        for i in range(5):
            lines.append((ellipse(*body.at(c['rise'] + .06 + .12 * i, .9),
                                  .45, .45, n=10), 0, (196, 166, 110)))
    if c['kind'] == 'wrap':
        lines.append((smooth([body.at(c['rise'], 3), body.at(1.05, 2),
                              body.at(c['t_hem'] + .05, -2)], 5), .3, dark))
    if c['kind'] == 'pencil':
        folds = folds + [(np.array([body.at(1.0, s * 1.),
                                    body.at(.97, s * 7.)]), .6, .2)
                         for s in (-1, 1)]
    return {'skirt': [Part([(poly, body.frame(.8))], fabric, radius=3.,
                           depth=.34, creases=folds, lines=lines,
                           shadow=.5)]}
