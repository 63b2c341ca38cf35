"""Shapes that garments of the trunk share: outlines, necklines, sleeves."""
from vasily_fashion.synthetic.geometry import ellipse, lerp, limb, smooth
from vasily_fashion.synthetic.part import Frame, Part

import numpy as np

#: neckline: (half-width, depth in t, exponent of the curve, rise at the sides)
NECKLINES = {
    'crew': (3.6, .07, 2., 0.), 'scoop': (5., .2, 2.4, .01),
    'v': (3.8, .24, 1.05, 0.), 'boat': (7., .06, 2., .02),
    'turtle': (3.2, .03, 2., -.075), 'shirt': (3., .08, 1.1, -.01),
    'square': (4.8, .17, 8., .01), 'strap': (4.6, .2, 2.2, .01),
}


def half_width(body, t, ease, boxy, flare, t_hem):
    """Half of a garment's width at heights t: cut, ease, boxiness, flare."""
    t = np.asarray(t, float)
    own = body.width(t) + ease * body.turn
    chest = body.width(.3) + ease * body.turn
    wide = np.maximum(own, np.where(t > .3, chest, own))
    w = own * (1 - boxy) + wide * boxy
    return w + flare * np.clip((t - .5) / max(t_hem - .5, .1), 0, None)


def trunk_outline(body, t_hem, neckline='crew', ease=.5, boxy=.5, flare=0.,
                  sleeveless=False, strap=0., hem_curve=0., t_top=None):
    """The front of a garment, from the shoulders to its hem.

    Returns:
        dict: `poly`, `neck` (neckline, left to right), `hem` (left to
        right), `left` and `right` (sides, down), all (N, 2) arrays.
    """
    nw, depth, power, rise = NECKLINES[neckline]
    nw *= body.turn ** .5
    ts = np.linspace(.27, t_hem, 9)
    w = half_width(body, ts, ease, boxy, flare, t_hem)
    tip = body.width(.07) + (.3 if not sleeveless else -1.6)
    if strap:
        nw = min(nw, tip - 1)
    sides = []
    for s in (-1, 1):
        down = body.at(ts, s * w)
        if strap:                                           # cami, tank
            top = [body.at(.02, s * (nw + strap)),
                   body.at(.17, s * (nw + strap * .9 + .3))]
        elif sleeveless:
            top = [body.at(.045, s * tip), body.at(.16, s * (tip - .8))]
        else:
            # over the shoulder's round end, into the arm hole
            top = [body.at(.03, s * lerp(nw, tip, .55)),
                   body.at(.075, s * tip), body.at(.15, s * (tip + .2))]
        sides.append(smooth(np.concatenate([top, down]), 4))
    x = np.linspace(-1, 1, 17)
    t = rise + (depth - rise) * (1 - np.abs(x) ** power)
    if rise < 0:                                            # a standing collar
        t = rise + .03 * (1 - x ** 2)
    neck = body.at(t, x * nw)
    hem = smooth([sides[0][-1],
                  lerp(sides[0][-1], sides[1][-1], .25)
                  + (0, hem_curve * .7),
                  lerp(sides[0][-1], sides[1][-1], .5) + (0, hem_curve),
                  lerp(sides[0][-1], sides[1][-1], .75)
                  + (0, hem_curve * .7), sides[1][-1]], 5)
    poly = np.concatenate([sides[0], hem[1:-1], sides[1][::-1], neck[::-1]])
    return {'poly': poly, 'neck': neck, 'hem': hem, 'left': sides[0],
            'right': sides[1]}


def inner_back(body, neckline, fabric, strap=0.):
    """The inside of the garment's back, seen through the neck opening."""
    nw, _, _, rise = NECKLINES[neckline]
    x = np.linspace(-1, 1, 9)
    up = body.at(rise - .015 - .012 * (1 - x ** 2), x * nw)
    low = body.at(.2 + 0 * x, x * nw)
    return Part([(np.concatenate([up, low[::-1]]), body.frame())], fabric,
                gain=.62, depth=.2, radius=1.)


def sleeve(body, k, reach, fabric, ease=.7, cuff=None, bell=0., puff=0.,
           drop=0.):
    """One sleeve.

    Args:
        reach (float): Its length: 1 ends at the elbow, 2 at the wrist.
        ease (float): Room between arm and cloth at the shoulder.
        cuff: Colour of a cuff, or None.
        bell, puff (float): Extra width at its end, in its middle.

    Returns:
        list of Part
    """
    points, radii = body.arm_chain(k)
    stops = np.array([0, .5, 1., 1.4, 2.])
    keep = [s for s in (0., .35, .5, .75, 1., 1.2, 1.4, 1.7, 2.)
            if s < reach - .04] + [reach]
    axis = np.stack([np.interp(keep, stops, points[:, i]) for i in (0, 1)], 1)
    f = np.array(keep) / max(reach, .3)
    r = np.interp(keep, stops, radii) + bell * f ** 2 + ease * np.interp(
        f, [0, .25, 1.], [.45, 1., .7])
    r = r + puff * np.sin(np.pi * np.clip(f, 0, 1)) ** .7
    if len(axis) > 2:
        # a loose sleeve hangs: no elbow sharper than the cloth allows
        axis[1:-1] += .08 * (axis[:-2] + axis[2:] - 2 * axis[1:-1])
    poly, mid, left, right = limb(axis, r, 4)
    cap = ellipse(*axis[0], r[0], r[0], n=14)
    upper = Frame.along(points[0], points[2])
    pieces = [(cap, upper), (poly, upper)]
    if reach > 1.05:
        m = int(len(mid) * 1 / reach)
        low = np.concatenate([left[m:], right[m:][::-1]])
        pieces.append((low, Frame.along(points[2], points[4], 16.)))
    creases, lines = [], []
    bend = _angle(points)
    if reach > 1.05:
        e = points[2]
        for j in (-1, 0, 1):
            a = lerp(e, points[1 if j < 0 else 3], .35 * abs(j))
            side = left if body.elbow[k][0] < body.shoulder[k][0] else right
            near = side[np.argmin(np.abs(side - e).sum(1))]
            creases.append((np.array([a, lerp(a, near, .85)]), .5,
                            .22 + .3 * bend))
    end = np.array([left[-1], right[-1]])
    if cuff is not None:
        n = max(2, len(left) // 9)
        band = np.concatenate([left[-n:], right[-n:][::-1]])
        lines.append((band, 0, cuff))
    lines.append((lerp(end, mid[-2], .25), .18, fabric.dark))
    return [Part(pieces, fabric, radius=1.5, depth=.36, upright=.7,
                 creases=creases, lines=lines,
                 shadow=0. if body.flat else .3)]


def _angle(points):
    a, b = points[2] - points[0], points[4] - points[2]
    c = (a @ b) / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-6)
    return float(np.clip(np.arccos(np.clip(c, -1, 1)) / 2, 0, 1))


def hang_creases(body, t0, t1, width, count, strength, phase):
    """Soft folds that run down a hanging cloth from height t0 to t1."""
    out = []
    for i in range(count):
        x = ((i + .5 + .4 * np.sin(7 * phase + 2.4 * i)) / count) * 2 - 1
        top, low = t0 + (t1 - t0) * (.1 + .25 * ((i * .61 + phase) % 1)), t1
        out.append((np.array([body.at(top, x * width(top) * .8),
                              body.at((top + low) / 2,
                                      x * width((top + low) / 2) * .9),
                              body.at(low, x * width(low) * .97)]),
                    .7, strength))
    return out


def waist_creases(body, phase, strength=.22):
    """Short diagonal folds where a close garment bends at the waist."""
    out = []
    for i in range(3):
        s = -1 if (i + int(phase * 8)) % 2 else 1
        t = .44 + .09 * i
        w = body.width(t)
        out.append((smooth([body.at(t, s * w), body.at(t + .03, s * w * .55),
                            body.at(t + .035, s * w * .15)], 4), .6,
                    strength))
    return out
