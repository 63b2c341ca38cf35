"""Jackets, coats, cardigans, parkas."""
from vasily_fashion.synthetic.fabrics import contrast, jitter, make_fabric, shade
from vasily_fashion.synthetic.garments.trunk import half_width, hang_creases, sleeve
from vasily_fashion.synthetic.geometry import ellipse, smooth
from vasily_fashion.synthetic.part import Part

import numpy as np

KINDS = ('blazer', 'coat', 'trench', 'denim', 'bomber', 'biker', 'cardigan',
         'parka', 'vest')


def sample_outer(rng):
    """The cut and cloth of a random jacket or coat, as a dict."""
    kind = KINDS[rng.choice(len(KINDS), p=(
        .2, .2, .1, .1, .09, .12, .1, .06, .03))]
    cloth = {'denim': 'denim', 'biker': 'leather', 'cardigan': 'knit'}.get(
        kind, 'cloth')
    pattern = None if kind in ('blazer', 'coat', 'cardigan') and (
        rng.random() < .4) else 'plain'
    fabric = make_fabric(rng, cloth, pattern)
    if kind == 'trench' and rng.random() < .6:
        fabric = make_fabric(np.random.default_rng(rng.integers(1 << 30)),
                             'cloth', 'plain')
        tan = jitter((190, 160, 118), rng, 12)
        fabric = type(fabric)(tan, np.clip(
            fabric.tile.astype(int) - np.array(fabric.rgb) + tan, 0,
            255).astype(np.uint8), 8., 1., fabric.phase)
    t_hem = {'blazer': 1.02, 'denim': .76, 'bomber': .8, 'biker': .76,
             'cardigan': 1.05, 'parka': 1.35, 'trench': 1.55,
             'vest': .95}.get(kind, float(rng.choice([1.25, 1.5, 1.85])))
    c = {'kind': kind, 'fabric': fabric, 't_hem': t_hem + rng.normal(0, .05),
         'ease': rng.uniform(.9, 2.3), 'boxy': rng.uniform(.25, .95),
         'flare': float(rng.choice([0., .8, 2.5])) if t_hem > 1.1 else 0.,
         'gap': rng.uniform(.0, .8), 'reach': 0. if kind == 'vest' else
         float(rng.choice([1.6, 2., 2.], p=(.2, .4, .4))),
         'buttons': int(rng.integers(2, 5)), 'double': bool(
             kind == 'trench' or (kind in ('coat', 'blazer')
                                  and rng.random() < .35)),
         'button_rgb': contrast(fabric.rgb, rng) if rng.random() < .5 else
         shade(fabric.rgb, .55),
         'lining': contrast(fabric.rgb, rng) if rng.random() < .3 else
         shade(fabric.rgb, .62), 'phase': float(rng.random()),
         'belt': bool(kind == 'trench' or (kind == 'coat'
                                           and rng.random() < .25)),
         'fur': jitter((178, 150, 116), rng) if kind == 'parka' else None,
         'closed': bool(rng.random() < .35),
         'collar': {'blazer': 'lapel', 'coat': str(rng.choice(
             ['lapel', 'lapel', 'band', 'none'])), 'trench': 'lapel',
             'denim': 'shirt', 'biker': 'lapel', 'parka': 'fur',
             'bomber': 'rib'}.get(kind, 'none'),
         'lapel_w': float(rng.uniform(2.4, 4.2)),
         'cuff': None, 'rib': None}
    if kind == 'bomber':
        c['rib'] = contrast(fabric.rgb, rng) if rng.random() < .4 else (
            shade(fabric.rgb, .7))
        c['cuff'] = c['rib']
    return c


def build_outer(c, body):
    """Lay a jacket or coat on a body: dict of slot -> list of Part."""
    fabric, t_hem, dark = c['fabric'], c['t_hem'], c['fabric'].dark
    ease, boxy, flare = c['ease'], c['boxy'], c['flare']
    closed = c['closed']
    kind = c['kind']

    def width(t):
        return half_width(body, t, ease, boxy, flare, t_hem)

    meet = .3 if c['collar'] == 'lapel' else .12            # where fronts meet
    if kind in ('cardigan', 'vest'):
        meet = .4
    ts = np.linspace(.27, t_hem, 9)
    tip = body.width(.07) + .7
    parts, over = [], []
    nw = 3.4
    for s in (-1, 1):
        side = smooth(np.concatenate([
            [body.at(-.015, s * nw), body.at(.03, s * (nw + tip) * .5),
             body.at(.085, s * tip), body.at(.16, s * (tip + .2))],
            body.at(ts, s * width(ts))]), 4)
        # the front edge: from the neck down to where the fronts meet, then
        # apart by the gap (open) or one over the other (closed)
        low = np.linspace(meet, t_hem, 7)
        if closed:
            lap = 2.6 if c['double'] else .9
            x = np.full(7, -lap * s if s > 0 else lap)
            edge_x = np.concatenate([[nw * s, s * 1.8], x])
        else:
            gap = c['gap'] * (.25 if body.flat else 1.)
            open_to = (1.6 + gap * (width(low) - 3.)
                       * np.linspace(.45, 1., 7))
            edge_x = np.concatenate([[nw * s, s * 2.9], s * open_to])
        edge_t = np.concatenate([[-.015, meet * .5], low])
        edge = smooth(body.at(edge_t, edge_x), 4)
        hem = [edge[-1] + (0, .5)]
        poly = np.concatenate([side, hem, edge[::-1]])
        lines = [(edge, .18, dark), (side[6:15], .18, dark)]
        pocket_t = min(.82, t_hem - .12)
        x0, x1 = s * width(pocket_t) * .35, s * width(pocket_t) * .85
        if kind in ('blazer', 'coat', 'trench', 'parka', 'cardigan'):
            q = np.array([body.at(pocket_t, x0), body.at(pocket_t, x1),
                          body.at(pocket_t + .06, x1),
                          body.at(pocket_t + .06, x0),
                          body.at(pocket_t, x0)])
            lines.append((q, .2, dark))
        if kind == 'denim':
            stitch = shade((206, 150, 84), .95)
            q = np.array([body.at(t, s * x) for t, x in (
                (.28, 2.6), (.28, 6.6), (.36, 6.6), (.4, 4.6), (.36, 2.6),
                (.28, 2.6))])
            lines += [(q, .18, stitch),
                      (body.at(np.array([.24, .24]), np.array([0, s * 9.])),
                       .18, stitch),
                      (body.at(np.array([.4, t_hem]),
                               np.array([s * 3.6, s * 2.6])), .18, stitch),
                      (body.at(np.array([t_hem - .06] * 2),
                               np.array([0, s * 10.])), .18, stitch)]
        if kind == 'biker':
            metal = (206, 206, 210)
            lines += [(edge[4:], .4, metal),
                      (np.array([body.at(.5, s * 3.), body.at(
                          .62, s * 6.4)]), .4, metal)]
        if c['rib']:
            band = body.at(np.array([t_hem - .09, t_hem - .09, t_hem + .05,
                                     t_hem + .05]),
                           np.array([0, s * 14., s * 14., 0]))
            lines.append((band, 0, c['rib']))
            lines.append((edge, .5, (200, 190, 160)))
        show = np.arange(c['buttons'])
        if (s > 0 or c['double']) and kind not in ('biker', 'bomber', 'vest'):
            gap = .15 if t_hem > 1.1 else .12
            for i in show:
                t = meet + .06 + i * gap
                if t < t_hem - .06:
                    x = np.interp(t, edge_t, edge_x)
                    x += s * (.9 if not closed else (
                        4.6 if c['double'] else .9))
                    r = .75 if kind in ('coat', 'trench') else .55
                    lines.append((ellipse(*body.at(t, x), r, r, n=12), 0,
                                  c['button_rgb']))
        creases = hang_creases(body, .4, t_hem, width, 4, .2, c['phase'])
        creases = [q for q in creases if (q[0][-1][0] - body.at(
            t_hem, 0)[0]) * s > 0]
        parts.append(Part([(poly, body.frame())], fabric, radius=2.4,
                          depth=.34, creases=creases, lines=lines,
                          shadow=.45))
        over += _collar(c, body, s, meet, edge_t, edge_x)
    if c['belt'] and closed:
        q = np.linspace(-1, 1, 9)
        up = body.at(.56 + .01 * (1 - q ** 2), q * width(.56) * 1.01)
        low = body.at(.64 + .01 * (1 - q ** 2), q * width(.64) * 1.01)
        b = body.at(.6, 1.)
        over.append(Part(
            [(np.concatenate([up, low[::-1]]), body.frame())], fabric,
            radius=.8, depth=.3, gain=.93, shadow=.4, lines=[
                (np.array([b + (-1.4, -1.4), b + (1.4, -1.4), b + (1.4, 1.4),
                           b + (-1.4, 1.4), b + (-1.4, -1.4)]), .45,
                 shade(fabric.rgb, .4))]))
    # the lining of the back, seen between open fronts and below
    ts2 = np.linspace(.2, t_hem, 6)
    back = np.concatenate([body.at(ts2, -width(ts2) * .97),
                           body.at(ts2, width(ts2) * .97)[::-1]])
    lining = type(fabric)(c['lining'], sheen=1.2, phase=c['phase'])
    slots = {'trunk_over': parts + over,
             'behind': [Part([(back, body.frame())], lining, gain=.7,
                             depth=.3)],
             'back': [Part([(np.array([
                 body.at(-.06, -nw), body.at(-.075, 0), body.at(-.06, nw),
                 body.at(.3, nw), body.at(.3, -nw)]), body.frame())], lining,
                 gain=.75, depth=.2)]}
    if c['reach']:
        for k in (0, 1):
            slots[f'arm{k}'] = sleeve(body, k, c['reach'], fabric,
                                      .9 + ease * .4, c['cuff'],
                                      .5 if kind != 'bomber' else 0.)
    return slots


def _collar(c, body, s, meet, edge_t, edge_x):
    fabric = c['fabric']
    kind, w = c['collar'], c['lapel_w']
    frame = body.frame()
    mid = np.interp(meet, edge_t, edge_x)
    if kind == 'lapel':
        lapel = np.array([body.at(-.04, s * 3.), body.at(.01, s * 4.4),
                          body.at(.07, s * (3.4 + w)),
                          body.at(.1, s * (3. + w * .8)),
                          body.at(.12, s * (3.2 + w * 1.15)),
                          body.at(meet, mid), body.at(meet * .5, s * 2.3)])
        return [Part([(lapel, frame)], fabric, radius=.9, depth=.3,
                     gain=1.1, shadow=.4,
                     lines=[(lapel[[3, 6]] * .5 + lapel[[3, 3]] * .5, .16,
                             fabric.dark)])]
    if kind == 'shirt':
        q = np.array([body.at(-.05, s * 2.6), body.at(.0, s * 4.6),
                      body.at(.13, s * 4.4), body.at(.1, s * 1.)])
        return [Part([(q, frame)], fabric, radius=.8, depth=.3, gain=1.08,
                     shadow=.4)]
    if kind in ('fur', 'rib', 'band'):
        q = smooth([body.at(-.06, s * 2.4), body.at(-.04, s * 4.4),
                    body.at(.08, s * 4.2), body.at(.18, s * 1.2),
                    body.at(.08, s * 1.2)], 4, True)
        lines = []
        if kind == 'fur':
            q = smooth([body.at(-.1, s * 2.6), body.at(-.04, s * 6.4),
                        body.at(.12, s * 6.2), body.at(.26, s * 1.6),
                        body.at(.12, s * 1.8)], 4, True)
            fur = type(fabric)(c['fur'], phase=.3)
            return [Part([(q, frame)], fur, radius=1.6, depth=.6, fold=.5,
                         shadow=.4)]
        rgb = c['rib'] or shade(fabric.rgb, .85)
        return [Part([(q, frame)], type(fabric)(rgb, phase=.2), radius=.8,
                     depth=.4, lines=lines, shadow=.3)]
    return []
