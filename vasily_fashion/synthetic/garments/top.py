"""T-shirts, shirts, blouses, knitwear, tanks."""
from vasily_fashion.synthetic.fabrics import contrast, make_fabric, shade
from vasily_fashion.synthetic.garments.emblem import emblem_lines, sample_emblem
from vasily_fashion.synthetic.garments.trunk import (
    half_width,
    hang_creases,
    inner_back,
    sleeve,
    trunk_outline,
    waist_creases,
)
from vasily_fashion.synthetic.geometry import ellipse, lerp, smooth
from vasily_fashion.synthetic.part import Part

import numpy as np

KINDS = ('tee', 'shirt', 'blouse', 'sweater', 'tank', 'cami', 'polo',
         'turtleneck', 'hoodie')


def sample_top(rng):
    """The cut and cloth of a random top, as a dict."""
    kind = KINDS[rng.choice(len(KINDS), p=(
        .22, .18, .15, .16, .08, .06, .05, .06, .04))]
    knit = kind in ('sweater', 'turtleneck')
    cloth = 'knit' if knit else 'silk' if kind in (
        'blouse', 'cami') else 'cloth'
    if kind == 'shirt' and rng.random() < .15:
        cloth = 'denim'
    c = {'kind': kind, 'fabric': make_fabric(rng, cloth), 'strap': 0.,
         'ease': rng.uniform(.1, 1.6), 'boxy': rng.uniform(.2, 1.),
         't_hem': rng.choice([.68, .8, .92, 1.0]) + rng.normal(0, .03),
         'flare': rng.choice([0., 0., .6, 1.8]), 'hem_curve': 0.,
         'bell': 0., 'puff': 0., 'cuff': None, 'emblem': None, 'trim': None,
         'pockets': int(rng.integers(3)), 'phase': float(rng.random())}
    base = c['fabric'].rgb
    c['neck'] = {'shirt': 'shirt', 'polo': 'shirt', 'turtleneck': 'turtle',
                 'tank': 'scoop', 'cami': 'strap', 'hoodie': 'crew'}.get(
        kind, str(rng.choice(['crew', 'scoop', 'v', 'boat', 'square'],
                             p=(.4, .2, .2, .12, .08))))
    c['reach'] = {'tank': 0., 'cami': 0., 'shirt': 2., 'hoodie': 2.,
                  'turtleneck': 2., 'polo': .6}.get(
        kind, float(rng.choice([0., .3, .6, 1., 1.55, 2.],
                               p=(.08, .1, .42, .1, .1, .2))))
    if knit or (kind == 'shirt' and rng.random() < .75):
        c['reach'] = float(rng.choice([1.55, 2., 2.]))
    if kind in ('tank', 'cami'):
        c['strap'] = rng.uniform(.35, .7) if kind == 'cami' else (
            rng.uniform(1.4, 2.6))
    if kind == 'blouse':
        c['bell'] = float(rng.choice([0., 0., 1.6, 2.6]))
        c['puff'] = float(rng.choice([0., 0., 1.4]))
        c['ruffle'] = bool(rng.random() < .3)
        c['bow'] = bool(rng.random() < .25)
    if kind in ('shirt', 'blouse') and rng.random() < .5:
        c['hem_curve'] = rng.uniform(.8, 2.)
    if kind in ('tee', 'sweater', 'hoodie', 'tank') and (
            c['fabric'].tile.std((0, 1)).max() < 16 and rng.random() < .5):
        c['emblem'] = sample_emblem(rng, base)
        c['emblem_size'] = float(rng.uniform(2.4, 5.2))
        c['emblem_t'] = float(rng.uniform(.3, .42))
    if rng.random() < .3 or kind in ('sweater', 'hoodie'):
        c['trim'] = contrast(base, rng) if rng.random() < .4 else (
            shade(base, .8))
    if kind in ('sweater', 'hoodie', 'polo') and c['trim']:
        c['cuff'] = c['trim']
    if kind == 'sweater':
        c['ease'] += .8
    if kind == 'hoodie':
        c['ease'] += 1.2
    c['raglan'] = bool(kind in ('tee', 'sweater') and rng.random() < .12)
    c['other'] = contrast(base, rng)
    return c


def build_top(c, body, tucked=False):
    """Lay a top on a body: dict of slot -> list of Part."""
    fabric = c['fabric']
    t_hem = .66 if tucked else c['t_hem']
    flare = 0. if tucked else c['flare']
    ease = c['ease'] * (.7 if tucked else 1.)
    o = trunk_outline(body, t_hem, c['neck'], ease, c['boxy'], flare,
                      c['reach'] == 0, c['strap'],
                      0. if tucked else c['hem_curve'])
    lines, creases = [], waist_creases(body, c['phase'])

    def width(t):
        return half_width(body, t, ease, c['boxy'], flare, t_hem)

    if c['boxy'] > .5:
        creases += hang_creases(body, .35, t_hem, width, 4, .2, c['phase'])
    kind = c['kind']
    neck = o['neck']
    dark = fabric.dark
    if c['emblem']:
        lines += emblem_lines(body, c['emblem'], c['emblem_t'], 0,
                              c['emblem_size'])
    if c['trim'] and c['neck'] != 'turtle':
        lines.append((neck, 1.1, c['trim']))
        if not tucked and kind in ('sweater', 'hoodie'):
            band = np.concatenate([o['hem'], o['hem'][::-1] - (0, 2.2)])
            lines.append((band, 0, c['trim']))
    elif c['neck'] != 'turtle':
        lines.append((neck, .7, dark))
    if not c['strap'] and c['reach']:
        for side in ('left', 'right'):                      # arm-hole seams
            lines.append((o[side][5:14], .16, dark))
    lines.append((o['hem'] - (0, .8), .14, dark))
    extra = []
    if kind in ('shirt', 'polo') or c.get('bow'):
        low = .42 if kind == 'polo' else t_hem
        a, b = body.at(.07, 0), body.at(low, 0)
        lines.append((np.array([a + (.8, 0), b + (.8, 0)]), .16, dark))
        lines.append((np.array([a - (.8, 0), b - (.8, 0)]), .16, dark))
        for t in np.arange(.14, low - .02, .115):
            lines.append((ellipse(*body.at(t, 0), .42, .42, n=10), 0,
                          c['other']))
    if kind == 'shirt':
        for s in (-1, 1)[:c['pockets']]:
            p = body.at(.3, s * 4.2)
            lines.append((np.array([
                p + (-1.8, 0), p + (1.8, 0), p + (1.8, 3.4), p + (0, 4.2),
                p + (-1.8, 3.4), p + (-1.8, 0)]), .18, dark))
    if kind in ('shirt', 'polo'):
        extra += _collar(body, fabric)
    if kind == 'hoodie':
        p = [body.at(t, x) for t, x in (
            (.62, -3), (.62, 3), (.74, 5.4), (.84, 5.4), (.84, -5.4),
            (.74, -5.4), (.62, -3))]
        if not tucked:
            lines.append((np.array(p), .25, dark))
        hood = [body.at(.0, -4.8), body.at(-.06, -4.), body.at(.03, 0.),
                body.at(-.06, 4.), body.at(.0, 4.8), body.at(.13, 2.2),
                body.at(.17, 0), body.at(.13, -2.2)]
        extra.append(Part([(smooth(hood, 4, True), body.frame())], fabric,
                          radius=1.2, depth=.5, shadow=.3))
        for s in (-1, 1):
            lines.append((np.array([body.at(.15, s * 1.4),
                                    body.at(.34, s * 1.7)]), .3, c['other']))
    if c.get('ruffle'):
        for i in range(5):
            t = .12 + .09 * i
            lines.append((smooth([body.at(t, -1.6), body.at(t + .04, -.5),
                                  body.at(t, .6), body.at(t + .04, 1.7)], 4),
                          .35, dark))
    if c.get('bow'):
        m = body.at(.1, 0)
        for s in (-1, 1):
            loop = smooth([m, m + (s * 2.6, -1.6), m + (s * 3.2, .4),
                           m + (s * 1.8, 1.2)], 4, True)
            tail = smooth([m, m + (s * 1., 3.), m + (s * 1.6, 7.),
                           m + (s * .3, 6.8)], 4, True)
            extra.append(Part([(loop, body.frame()), (tail, body.frame())],
                              fabric, radius=.7, shadow=.3))
    if c['neck'] == 'turtle':
        for i in (0, 1):
            lines.append((body.at(np.full(5, -.045 + .03 * i),
                                  np.linspace(-3.4, 3.4, 5))
                          + np.array([0, .3])
                          * (1 - np.linspace(-1, 1, 5)[:, None] ** 2),
                          .2, dark))
    slots = {'trunk': [Part([(o['poly'], body.frame())], fabric, radius=3.,
                            depth=.34, creases=creases, lines=lines,
                            shadow=0. if tucked else .3)] + extra,
             'back': [inner_back(body, c['neck'], fabric)]}
    if c['reach']:
        cloth = fabric
        if c['raglan']:
            cloth = type(fabric)(c['other'], phase=c['phase'])
        for k in (0, 1):
            slots[f'arm{k}'] = sleeve(body, k, c['reach'], cloth,
                                      .35 + ease * .5, c['cuff'], c['bell'],
                                      c['puff'])
    return slots


def _collar(body, fabric):
    parts = []
    for s in (-1, 1):
        poly = [body.at(-.05, s * 3.1), body.at(-.045, s * 1.8),
                body.at(.085, s * .3), body.at(.14, s * 2.6),
                body.at(.045, s * 4.2)]
        parts.append(Part([(np.array(poly), body.frame())], fabric,
                          radius=.8, depth=.25, gain=1.06, shadow=.35,
                          lines=[(lerp(np.array(poly[1:4]), poly[0], .08),
                                  .14, fabric.dark)]))
    return parts
