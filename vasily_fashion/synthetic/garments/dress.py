"""Dresses: a bodice and a skirt cut in one."""
from vasily_fashion.synthetic.fabrics import contrast, make_fabric, shade
from vasily_fashion.synthetic.garments.lower import skirt_cut, skirt_shape
from vasily_fashion.synthetic.garments.trunk import (
    inner_back,
    sleeve,
    trunk_outline,
    waist_creases,
)
from vasily_fashion.synthetic.geometry import ellipse
from vasily_fashion.synthetic.part import Part

import numpy as np


def sample_dress(rng):
    """The cut and cloth of a random dress, as a dict."""
    pattern = None if rng.random() < .5 else str(rng.choice(
        ['plain', 'floral', 'print', 'dot', 'stripe'],
        p=(.3, .3, .15, .15, .1)))
    fabric = make_fabric(rng, 'silk' if rng.random() < .4 else 'cloth',
                         pattern)
    skirt = str(rng.choice(['pencil', 'a_line', 'pleated', 'circle', 'mini',
                            'maxi', 'wrap'],
                           p=(.18, .22, .1, .18, .12, .12, .08)))
    c = {'fabric': fabric, 'ease': rng.uniform(0., .8),
         'boxy': float(rng.choice([0., .15, .9], p=(.5, .25, .25))),
         'neck': str(rng.choice(['crew', 'scoop', 'v', 'boat', 'square',
                                 'strap', 'shirt'],
                                p=(.24, .2, .2, .1, .08, .12, .06))),
         'reach': float(rng.choice([0., .3, .6, 1.5, 2.],
                                   p=(.38, .14, .22, .1, .16))),
         'seam': bool(rng.random() < .6), 'phase': float(rng.random()),
         'strap': 0., 'skirt': skirt, 'bell': float(rng.choice([0, 0, 2.])),
         'sash': contrast(fabric.rgb, rng) if rng.random() < .2 else None,
         'buttons': bool(rng.random() < .15),
         'other': contrast(fabric.rgb, rng)}
    c['trim'] = c['other'] if rng.random() < .2 else None
    if c['neck'] == 'strap':
        c['strap'], c['reach'] = float(rng.uniform(.5, 1.5)), 0.
    if c['neck'] == 'shirt':
        c['buttons'] = True
    c.update(skirt_cut(rng, skirt))
    c['top_rgb'] = None
    if rng.random() < .12:
        c['top_rgb'] = contrast(fabric.rgb, rng)
    return c


def build_dress(c, body):
    """Lay a dress on a body: dict of slot -> list of Part."""
    fabric, dark = c['fabric'], c['fabric'].dark
    o = trunk_outline(body, .62, c['neck'], c['ease'], c['boxy'], 0.,
                      c['reach'] == 0, c['strap'])
    loose = c['ease'] + .2 + (1.6 if c['boxy'] > .5 else 0.)
    poly, hem, width, folds = skirt_shape(c, body, .585, loose)
    lines = [(o['neck'], 1. if c['trim'] else .6, c['trim'] or dark),
             (hem - (0, .8), .14, dark)]
    if c['trim']:
        lines.append((hem, 1.6, c['trim']))
    if c['reach'] and not c['strap']:
        lines += [(o[s][5:14], .16, dark) for s in ('left', 'right')]
    x = np.linspace(-1, 1, 9)
    curve = np.stack([0 * x, .6 * (1 - x ** 2)], 1)
    seam = body.at(np.full(9, .595), x * width(.6)) + curve
    if c['top_rgb']:
        lines.insert(0, (o['poly'], 0, c['top_rgb']))
    if c['sash'] is not None:
        up = body.at(np.full(9, .55), x * (width(.6) + 1)) + curve
        low = body.at(np.full(9, .65), x * (width(.65) + 1)) + curve
        lines.append((np.concatenate([up, low[::-1]]), 0, c['sash']))
        lines.append((low, .2, shade(c['sash'], .6)))
    elif c['seam']:
        lines.append((seam, .22, dark))
    if c['buttons']:
        end = c['t_hem'] if c['neck'] == 'shirt' else .58
        lines.append((np.array([body.at(.1, .9), body.at(end, .9)]), .16,
                      dark))
        for t in np.arange(.12, end - .03, .11):
            lines.append((ellipse(*body.at(t, 0), .45, .45, n=10), 0,
                          c['other']))
    creases = folds + waist_creases(body, c['phase'], .2)
    frame = body.frame(.3)
    slots = {'trunk': [Part([(o['poly'], frame), (poly, frame)], fabric,
                            radius=3., depth=.34, creases=creases,
                            lines=lines, shadow=.4)],
             'back': [inner_back(body, c['neck'], fabric)]}
    if c['reach']:
        for k in (0, 1):
            slots[f'arm{k}'] = sleeve(body, k, c['reach'], fabric,
                                      .5 + c['ease'] * .4, None, c['bell'])
    return slots
