"""Skin, face and hair of a figure."""
from vasily_fashion.synthetic.fabrics import jitter, pick_colour, plain, shade
from vasily_fashion.synthetic.geometry import ellipse, limb, rounded, smooth
from vasily_fashion.synthetic.part import Frame, Part

import numpy as np

_SKINS = [(242, 208, 186), (230, 188, 160), (214, 166, 132), (186, 134, 98),
          (140, 92, 64), (96, 62, 44)]
_HAIRS = [(28, 22, 20), (52, 36, 28), (84, 56, 36), (128, 88, 50),
          (196, 158, 98), (224, 200, 150), (136, 58, 32), (170, 166, 164)]
HAIR = ('long', 'bob', 'bun', 'short', 'ponytail', 'curly')


def sample_person(rng, man):
    """Skin, hair and legwear of a person, as a dict."""
    style = str(rng.choice(HAIR, p=(.36, .2, .14, .1, .1, .1)))
    if man:
        style = 'short' if rng.random() < .85 else 'curly'
    return {'skin': plain(jitter(_SKINS[rng.choice(
        6, p=(.26, .26, .18, .12, .1, .08))], rng, 6)),
        'hair': plain(jitter(_HAIRS[rng.integers(len(_HAIRS))], rng, 8),
                      1.8, float(rng.random())),
        'style': style, 'length': float(rng.uniform(.6, 1.5)),
        'parting': float(rng.uniform(-2.4, 2.4)),
        'lips': jitter((178, 84, 82), rng, 16), 'beard': bool(
            man and rng.random() < .4),
        'tights': plain(jitter((34, 32, 36), rng, 8)) if (
            rng.random() < .3) else None,
        'socks': plain(pick_colour(rng)) if rng.random() < .2 else None,
        'smile': float(rng.uniform(-.3, .7))}


def _axes(body):
    a = np.radians(body.head_tilt)
    return np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])


def hair_behind(p, body):
    """Hair behind neck and shoulders."""
    axes, h = _axes(body), body.head
    style = p['style']
    if style == 'long':
        d = 8 + 9 * p['length']
        shape = [(-4.9, -2), (-5.4, 4), (-5.8, d * .75), (-4., d), (0, d * .9),
                 (4., d), (5.8, d * .75), (5.4, 4), (4.9, -2), (0, -6)]
    elif style == 'bob':
        shape = [(-5., -2), (-5.6, 3), (-5.2, 7.4), (-2, 8.2), (2, 8.2),
                 (5.2, 7.4), (5.6, 3), (5., -2), (0, -6)]
    elif style == 'ponytail':
        s = 1 if body.facing <= 0 else -1
        shape = [(0, -6), (s * 4.6, -3.), (s * 7., 3), (s * 6.4, 13),
                 (s * 4.4, 15), (s * 3.6, 6), (0, 0)]
    elif style == 'curly':
        shape = ellipse(0, -.6, 7.2, 7.4, n=14) * (
            1 + .08 * np.cos(np.arange(14) * 2.4))[:, None]
    elif style == 'bun':
        shape = ellipse(p['parting'] * .5, -8., 2.7, 2.4, n=12)
    else:
        return []
    poly = smooth(shape, 5, True) @ axes + h
    return [Part([(poly, Frame(h, axes[0], axes[1]))], p['hair'], radius=2.,
                 depth=.5, upright=1., fold=.3, gain=.82)]


def head(p, body):
    """Neck, face, features and the hair in front: list of Part."""
    axes, h, f = _axes(body), body.head, body.facing
    frame = Frame(h, axes[0], axes[1])
    skin, hair = p['skin'], p['hair']

    def q(points):
        return np.asarray(points, float) @ axes + h

    wide = 4.5 if body.man else 4.2
    face = smooth([(-wide * .98, -2.6), (-wide, .6), (-wide * .82, 3.6),
                   (-1.7 + f * .3, 6.1), (f * .4, 6.5), (1.7 + f * .3, 6.1),
                   (wide * .82, 3.6), (wide, .6), (wide * .98, -2.6),
                   (2.6, -5.6), (0, -6.2), (-2.6, -5.6)], 4, True)
    dark, light = shade(skin.rgb, .62), shade(skin.rgb, .82)
    ink = tuple((a + b) // 2 for a, b in zip(
        shade(hair.rgb, .6), dark, strict=True))
    lines, x0 = [], f * 1.15
    squash = 1 - .14 * abs(f)
    for s in (-1, 1):
        ex = x0 + s * 1.85 * squash
        lines += [
            (q(ellipse(ex, .35, .85 * squash, .36, n=14)), 0,
             (240, 236, 232)),
            (q(ellipse(ex, .36, .4, .4, n=10)), 0, (46, 34, 28)),
            (q(smooth([(ex - .95 * squash, .3), (ex, -.1),
                       (ex + .95 * squash, .3)], 4)), .2, (40, 30, 28)),
            (q(smooth([(ex - 1.1 * squash, -.95), (ex, -1.3),
                       (ex + 1.1 * squash, -1.)], 4)), .26, ink)]
    nose = x0 * 1.15
    lines += [(q(smooth([(nose + .1, .8), (nose + .55, 2.3), (nose - .5, 2.5)],
                        4)), .22, light),
              (q(smooth([(nose - .6, 2.55), (nose, 2.75), (nose + .6, 2.55)],
                        3)), .24, dark)]
    m, mw = x0 * 1.02, 1.15 * squash
    lines += [(q(smooth([(m - mw, 4. - p['smile'] * .3), (m, 3.75),
                         (m + mw, 4. - p['smile'] * .3),
                         (m, 4.65)], 4, True)), 0, p['lips']),
              (q(smooth([(m - mw, 4. - p['smile'] * .3), (m, 4.12),
                         (m + mw, 4. - p['smile'] * .3)], 4)), .16,
               shade(p['lips'], .55))]
    for s in (-1, 1):
        cheek = q(ellipse(x0 + s * 2.5, 2.3, 1., .7, n=10))
        lines.insert(0, (cheek, 0, tuple(int(a * .86 + b * .14) for a, b in
                                         zip(skin.rgb, (226, 92, 92),
                                             strict=True))))
    if p['beard']:
        lines.insert(0, (q(smooth([(-wide, 1.5), (-2.4, 2.9), (0, 2.9),
                                   (2.4, 2.9), (wide, 1.5), (wide, 7.5),
                                   (-wide, 7.5)], 3, True)), 0,
                         tuple(int(a * .45 + b * .55) for a, b in zip(
                             skin.rgb, hair.rgb, strict=True))))
    n = body.at(0, 0)
    neck = limb([h + (0, 2.), (h + n) / 2 + (0, 1.6), n + (0, 2.)],
                np.array([2.3, 2.2, 2.9]) * (1.15 if body.man else 1.), 4)[0]
    parts = [Part([(neck, Frame.along(h, n))], skin, radius=1.2, depth=.3,
                  upright=.05, fold=0., gain=.92)]
    for s in (-1, 1):
        if s * f < .6:
            parts.append(Part([(q(ellipse(s * wide * 1.0, .9, .75, 1.2,
                                          n=12)), frame)], skin, radius=.6,
                              depth=.3, upright=1., fold=0., gain=.92))
    parts.append(Part([(q(face), frame)], skin, radius=2., depth=.3, upright=1., fold=0.,
                      lines=lines, shadow=.45))
    return parts


def hair_front(p, body):
    """The hair on the head, over forehead and temples."""
    axes, h, f = _axes(body), body.head, body.facing
    x = p['parting'] + f
    style = p['style']
    if style == 'short':
        shape = [(-4.9, .4), (-4.9, -3.4), (-2.8, -6.8), (1., -7.3),
                 (3.8, -6.), (4.9, -2.8), (4.8, .4), (4.2, -1.4),
                 (3.2, -3.2), (x * .4, -2.9 - .5 * abs(x)), (-3., -2.7),
                 (-4.2, -1.2)]
    elif style == 'curly':
        shape = [(-5.4, 2.4), (-6., -2.6), (-3.6, -7.2), (.6, -8.),
                 (4.2, -6.8), (6., -2.4), (5.4, 2.6), (4.3, .2),
                 (3., -2.8), (0, -3.6), (-3., -2.8), (-4.3, .2)]
    elif style in ('bun', 'ponytail'):
        shape = [(-4.7, .8), (-4.8, -3.), (-2.8, -6.4), (0, -7.),
                 (2.8, -6.4), (4.8, -3.), (4.7, .8), (4., -1.8),
                 (2.4, -3.9), (0, -4.5), (-2.4, -3.9), (-4., -1.8)]
    else:
        low = 8.5 if style == 'bob' else 6.8 + 4 * p['length']
        shape = [(-5.2, low), (-5.5, 1.), (-4.9, -3.4), (-2.8, -6.8),
                 (.4, -7.3), (2.8, -6.8), (4.9, -3.4), (5.5, 1.),
                 (5.2, low), (4., low - 1.), (4.1, 2.2), (3.2, -1.8),
                 (x, -4.3), (-3.2, -1.8), (-4.1, 2.2), (-4., low - 1.)]
    poly = smooth(shape, 4, True) @ axes + h
    strands = []
    for k in np.linspace(-4, 4, 6):
        line = smooth([(x * .6, -6.6), (k * .9, -5.2), (k * 1.2, -1.),
                       (k * 1.25, 6)], 4) @ axes + h
        strands.append((line, .4, .3))
    return [Part([(poly, Frame(h, axes[0], axes[1]))], p['hair'], radius=1.6,
                 depth=.5, upright=1., fold=.3, creases=strands, shadow=.35)]


def trunk_skin(p, body):
    """The bare trunk (seen at neck, midriff, shoulders)."""
    t = np.array([-.02, .03, .08, .16, .27, .4, .585, .8, 1.02])
    w = body.width(t)
    w[:2] = (2.8, body.width(.07) * .55)
    left, right = smooth(body.at(t, -w), 4), smooth(body.at(t, w), 4)
    lines = []
    c = shade(p['skin'].rgb, .84)
    for s in (-1, 1):                                       # collar bones
        lines.append((smooth([body.at(.075, s * .8), body.at(.06, s * 3.6),
                              body.at(.045, s * 6.5)], 4), .3, c))
    return [Part([(np.concatenate([left, right[::-1]]), body.frame())],
                 p['skin'], radius=2.6, depth=.36, upright=.6, fold=0., lines=lines)]


def arm_skin(p, body, k):
    """One bare arm."""
    points, radii = body.arm_chain(k)
    poly = limb(points, radii, 4)[0]
    cap = ellipse(*points[0], radii[0], radii[0], n=14)
    frame = Frame.along(points[0], points[2])
    return [Part([(cap, frame), (poly, frame)], p['skin'], radius=1.3,
                 depth=.4, upright=1., fold=0., shadow=.35)]


def hand(p, body, k):
    """One hand, unless a pocket or the hip hides it."""
    if body.grip[k] == 'pocket':
        return []
    w = body.wrist[k]
    d = body.hand[k] - w
    d = d / max(np.linalg.norm(d), 1e-6)
    n = np.array([d[1], -d[0]]) * (1 if k == 0 else -1)
    rot = np.array([n, d])

    def q(points):
        return np.asarray(points, float) @ rot + w

    palm = smooth([(-1.1, -.4), (-1.4, 2.), (-1.2, 4.2), (-.3, 5.9),
                   (.6, 5.4), (1.1, 3.4), (1.2, -.3)], 4, True)
    thumb = rounded([(.7, .6), (1.7, 2.), (1.9, 3.8), (1.2, 3.6),
                     (.7, 2.4)], .3)
    frame = Frame.along(w, body.hand[k])
    c = shade(p['skin'].rgb, .72)
    lines = [(q([(-.5, 3.4), (-.35, 5.4)]), .16, c),
             (q([(.25, 3.3), (.3, 5.2)]), .16, c)]
    return [Part([(q(palm), frame), (q(thumb), frame)], p['skin'], radius=.8,
                 depth=.4, upright=1., fold=0., lines=lines, shadow=.3)]


def leg_skin(p, body, k):
    """One leg, bare or in tights, with a sock if there is one."""
    points, radii = body.leg_chain(k)
    # the ankle goes on into the shoe
    points = np.concatenate([points, points[-1:] + (0, 2.6)])
    radii = np.append(radii, 1.8)
    poly, mid, left, right = limb(points, radii, 5)
    cloth = p['tights'] or p['skin']
    frame = Frame.along(points[0], points[2])
    lines, creases = [], []
    if p['tights'] is None:
        knee = points[2]
        creases = [(ellipse(*knee, 1.5, 1.3, n=10, start=20, stop=160), .5,
                    .16)]
    if p['socks'] is not None:
        n = len(mid) * 4 // 5
        lines.append((np.concatenate([left[n:], right[n:][::-1]]), 0,
                      p['socks'].rgb))
    gain = .9 if body.legs_overlap and k != body.front_leg else 1.
    return [Part([(poly, frame)], cloth, radius=2., depth=.4, upright=1., fold=0.,
                 lines=lines, creases=creases, gain=gain)]
