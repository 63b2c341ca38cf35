"""Busy places behind the figure: streets, walls, shop fronts, parks."""
from vasily_fashion.synthetic.fabrics import jitter, pick_colour, shade

import cv2
import numpy as np

PLACES = ('street', 'wall', 'shop', 'park', 'plaza')
_STONE = [(186, 178, 166), (160, 150, 140), (204, 192, 170), (148, 96, 78),
          (120, 116, 116), (216, 210, 202), (170, 130, 104), (96, 92, 96)]


def _fixed(points):
    return np.round(np.asarray(points, float) * 16).astype(np.int32)


def _poly(img, points, rgb):
    cv2.fillPoly(img, [_fixed(points)], rgb, cv2.LINE_AA, 4)


def _noise(rng, h, w, cell, amount):
    """Smooth noise, float32 (h, w)."""
    small = rng.normal(0, amount, (h // cell + 2, w // cell + 2))
    return cv2.resize(small.astype(np.float32), (w, h),
                      interpolation=cv2.INTER_CUBIC)


def _add(img, gray):
    img[:] = np.clip(img + gray[..., None], 0, 255).astype(np.uint8)


def _gradient(h, w, top, low):
    t = np.linspace(0, 1, max(h, 1), dtype=np.float32)[:, None, None]
    row = np.float32(top) * (1 - t) + np.float32(low) * t
    return np.broadcast_to(row, (max(h, 1), w, 3)).astype(np.uint8)


def make_background(rng, size, horizon, feet):
    """A place, without the main figure.

    Args:
        rng: A `numpy.random.Generator`.
        size: (height, width).
        horizon (float): y of the horizon, pixels.
        feet (float): y of the figure's feet, pixels.

    Returns:
        (H, W, 3) uint8 image, RGB.
    """
    h, w = size
    place = PLACES[rng.choice(5, p=(.34, .2, .18, .14, .14))]
    img = np.empty((h, w, 3), np.uint8)
    ground = _ground(rng, h, w, horizon, place)
    y0 = int(np.clip(horizon, 1, h - 1))
    img[:] = ground
    if place == 'street':
        _street(img, rng, horizon)
    elif place == 'plaza':
        _skyline(img, rng, y0, far=True)
    elif place == 'park':
        _park(img, rng, y0)
    else:
        base = int(np.clip(horizon + (feet - horizon) * rng.uniform(.35, .8),
                           2, h - 2))
        (_wall if place == 'wall' else _shop)(img, rng, base)
        y0 = base
    if place in ('street', 'plaza', 'park'):
        for _ in range(int(rng.integers(0, 4))):
            _car(img, rng, horizon, feet)
        if rng.random() < .6:
            _trees(img, rng, horizon, feet)
        for _ in range(int(rng.integers(0, 3))):
            _post(img, rng, horizon, feet)
    blur = rng.choice([0, 1, 2, 3, 5, 8],
                      p=(.06, .16, .24, .24, .2, .1)) * h / 480
    for _ in range(int(rng.integers(0, 6)) if place in (
            'street', 'park', 'plaza') else 0):
        # sharp ones stay far away: nobody must take them for the figure
        _passer_by(img, rng, horizon, feet, .36 if blur * 480 / h > 2.5 else .17)
    if place == 'wall':
        blur *= .4
    if place in ('park', 'plaza') and rng.random() < .5:
        _bokeh(img, rng, y0)
    dull = float(rng.uniform(.15, .7))
    grey = cv2.cvtColor(cv2.cvtColor(img, cv2.COLOR_RGB2GRAY),
                        cv2.COLOR_GRAY2RGB)
    img = cv2.addWeighted(img, 1.06 - dull, grey, dull, 0)
    if blur > .4:
        k = int(blur) * 2 + 1
        soft = cv2.blur(cv2.blur(img, (k, k)), (k, k))
        # the ground at the feet is in focus
        t = np.clip((np.arange(h) - y0) / max(feet - y0, 1), 0, 1)
        t = (t ** 1.5).astype(np.float32)[:, None, None]
        img = (soft * (1 - t) + img * t).astype(np.uint8)
    return img


def _ground(rng, h, w, horizon, place):
    base = jitter([(128, 126, 126), (150, 144, 136), (96, 96, 100),
                   (178, 170, 158), (110, 104, 100)][rng.integers(5)], rng,
                  8)
    grass = place == 'park' and rng.random() < .5
    if grass:
        base = jitter((98, 118, 70), rng, 10)
    img = _gradient(h, w, shade(base, 1.15), shade(base, .92)).copy()
    kind = rng.integers(4)
    cx = w * rng.uniform(.2, .8)
    y = np.arange(h, dtype=np.float32)[:, None]
    x = np.arange(w, dtype=np.float32)[None]
    depth = 1 / np.maximum(y - horizon, 2.)
    if grass:                                               # blades
        _add(img, _noise(rng, h, w, 3, 9) + _noise(rng, h, w, 12, 9))
    elif kind in (0, 1):                                    # slabs, cobbles
        cell = rng.uniform(.28, .7) if kind == 0 else .16
        gx = (x - cx) * depth / cell
        gz = 1.2 * h * depth / cell
        if kind == 1:
            gx = gx + .5 * (np.floor(gz) % 2)
        fx, fz = gx - np.floor(gx), gz - np.floor(gz)
        width = .06 if kind == 0 else .2
        joint = ((fx < width) | (fz < width + 0 * fx)).astype(np.float32)
        fade = np.clip((y - horizon) / (h * .25), 0, 1)
        cells = np.sin(np.floor(gx) * 12.9 + np.floor(gz) * 78.2) * 43758
        cells = (cells - np.floor(cells) - .5) * 16
        _add(img, (-joint * 26 + cells) * fade)
    elif kind == 2:                                         # zebra crossing
        n = int(rng.integers(5, 9))
        for i in range(n):
            a = (i / n - .5) * 6
            pts = [(cx + w * a * s, yy) for s, yy in (
                (.12, horizon + h * .12), (.5, h))]
            b = a + 3. / n
            pts += [(cx + w * b * s, yy) for s, yy in (
                (.5, h), (.12, horizon + h * .12))]
            _poly(img, pts, (226, 224, 218))
    else:                                                   # kerb, lines
        rgb = (222, 216, 196) if rng.random() < .6 else (222, 190, 70)
        for off in rng.uniform(-2.5, 2.5, 2):
            _poly(img, [(cx, horizon), (cx + off * w, h),
                        (cx + off * w + w * .07, h)], rgb)
    _add(img, rng.normal(0, 5, (h, w)).astype(np.float32)
         + _noise(rng, h, w, 40, 7))
    return img


def _sky(rng, h, w):
    top, low = [((112, 158, 214), (206, 222, 236)),
                ((188, 194, 202), (226, 228, 230)),
                ((82, 126, 196), (170, 200, 232)),
                ((226, 196, 170), (246, 226, 200)),
                ((214, 218, 222), (240, 240, 240))][rng.integers(5)]
    return _gradient(h, w, top, low)


def _facade(img, rng, quad, rows, cols):
    """A house front on a quadrilateral (tl, tr, br, bl) of the picture."""
    quad = np.asarray(quad, np.float32)
    hh, ww = 160, 200
    wall = jitter(_STONE[rng.integers(len(_STONE))], rng, 12)
    front = _gradient(hh, ww, shade(wall, 1.1), shade(wall, .8)).copy()
    glass = jitter((74, 88, 104), rng, 18)
    trim = shade(wall, 1.4 if rng.random() < .6 else .6)
    ch, cw = hh * .74 / rows, ww / cols
    arch = rng.random() < .2
    for i in range(rows):
        for j in range(cols):
            x0, y0 = j * cw + cw * .26, i * ch + ch * .2
            x1, y1 = x0 + cw * .48, y0 + ch * .62
            _poly(front, [(x0 - 2, y0 - 2), (x1 + 2, y0 - 2),
                          (x1 + 2, y1 + 2), (x0 - 2, y1 + 2)], trim)
            g = shade(glass, rng.uniform(.7, 1.5))
            _poly(front, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], g)
            if arch:
                cv2.circle(front, (int((x0 + x1) / 2), int(y0)),
                           int(cw * .24), g, -1, cv2.LINE_AA)
            cv2.line(front, (int((x0 + x1) / 2), int(y0)),
                     (int((x0 + x1) / 2), int(y1)), trim, 1)
        y = int((i + 1) * ch)
        cv2.line(front, (0, y), (ww, y), shade(wall, .75), 1)
    # shops on the ground floor
    y = int(hh * .76)
    x = 0
    while x < ww:
        step = int(rng.integers(34, 70))
        rgb = pick_colour(rng)
        cv2.rectangle(front, (x, y), (x + step, hh), shade(wall, .5), -1)
        cv2.rectangle(front, (x + 3, y + 10), (x + step - 3, hh - 2),
                      shade(glass, rng.uniform(.5, 2.2)), -1)
        cv2.rectangle(front, (x, y), (x + step, y + 8), rgb, -1)
        for k in range(3, step - 6, 5):
            if rng.random() < .7:
                cv2.line(front, (x + k, y + 3), (x + k + 3, y + 5),
                         shade(rgb, .4 if sum(rgb) > 380 else 2.4), 1)
        x += step
    m = cv2.getPerspectiveTransform(np.float32(
        [(0, 0), (ww, 0), (ww, hh), (0, hh)]), quad)
    x0, y0 = np.maximum(np.floor(quad.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(quad.max(0)).astype(int),
                        (img.shape[1], img.shape[0]))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    m = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]], float) @ m
    out = cv2.warpPerspective(front, m, (int(x1 - x0), int(y1 - y0)))
    mask = np.zeros(out.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.round(quad - (x0, y0)).astype(np.int32), 1)
    cv2.copyTo(out, mask, img[y0:y1, x0:x1])


def _street(img, rng, horizon):
    h, w = img.shape[:2]
    y0 = int(np.clip(horizon, 1, h))
    img[:y0] = _sky(rng, y0, w)
    vx = w * rng.uniform(.3, .7)
    _facade(img, rng, [(vx - w * .2, horizon - h * rng.uniform(.12, .3)),
                       (vx + w * .2, horizon - h * rng.uniform(.12, .3)),
                       (vx + w * .2, horizon + 2),
                       (vx - w * .2, horizon + 2)], 4, 5)
    for s in (-1, 1):
        if rng.random() < .12:
            continue
        edges = np.sort(rng.uniform(.14, .5, 2))[::-1]
        stops = np.concatenate([[1.9], edges * [1.5, 1.], [.1]])
        tall = rng.uniform(1.1, 2.6)
        for a, b in zip(stops[:-1], stops[1:], strict=True):
            tall *= rng.uniform(.8, 1.2)
            g = rng.uniform(.2, .3)

            def at(q, up, s=s):
                return (vx + s * w * .62 * q, horizon - h * .3 * up * q)

            quad = [at(a, tall), at(b, tall), at(b, -g), at(a, -g)]
            if s > 0:
                quad = [quad[1], quad[0], quad[3], quad[2]]
            _facade(img, rng, quad, int(rng.integers(3, 6)),
                    int(rng.integers(3, 7)))


def _skyline(img, rng, y0, far):
    h, w = img.shape[:2]
    img[:y0] = _sky(rng, y0, w)
    x = -20
    while x < w:
        step = int(rng.integers(30, 110) * w / 320)
        top = y0 - h * rng.uniform(.08, .42)
        _facade(img, rng, [(x, top), (x + step, top), (x + step, y0 + 1),
                           (x, y0 + 1)], int(rng.integers(3, 8)),
                int(rng.integers(2, 6)))
        x += step + int(rng.integers(0, 30))


def _foliage(img, rng, cx, cy, r, rgb, count=40):
    """A crown of leaves: many soft discs, lighter on top."""
    for _ in range(count):
        a, d = rng.uniform(0, 2 * np.pi), r * np.sqrt(rng.random())
        x, y = cx + d * np.cos(a), cy + d * np.sin(a) * .8
        light = .7 + .75 * (1 - (y - cy + r) / (2 * r)) * rng.uniform(.6, 1)
        cv2.circle(img, (int(x), int(y)), max(int(r * rng.uniform(
            .06, .22)), 1), shade(rgb, light), -1, cv2.LINE_AA)


def _trees(img, rng, horizon, feet):
    h, w = img.shape[:2]
    leaf = jitter([(74, 110, 52), (96, 132, 60), (164, 128, 50),
                   (58, 88, 58)][rng.integers(4)], rng, 12)
    bare = rng.random() < .15
    for _ in range(int(rng.integers(1, 5))):
        d = rng.uniform(.12, .6)
        x, base = rng.uniform(0, w), horizon + (feet - horizon) * d
        tall = (feet - horizon) * d * rng.uniform(2.4, 4.5) + h * .06
        half = max(tall * .025, 1)
        bark = jitter((84, 68, 54), rng, 8)
        _poly(img, [(x - half, base), (x + half, base),
                    (x + half * .5, base - tall), (x - half * .5,
                                                   base - tall)], bark)
        if bare:
            for _ in range(12):
                a = rng.uniform(-2.6, -.5)
                q = base - tall * rng.uniform(.5, 1)
                n = tall * rng.uniform(.15, .4)
                cv2.line(img, (int(x), int(q)), (int(x + n * np.cos(a)),
                                                 int(q + n * np.sin(a))),
                         bark, max(int(half * .5), 1), cv2.LINE_AA)
        else:
            _foliage(img, rng, x, base - tall, tall * .42, leaf, 70)


def _park(img, rng, y0):
    h, w = img.shape[:2]
    img[:y0] = _sky(rng, y0, w)
    leaf = jitter([(74, 110, 52), (96, 132, 60), (150, 124, 56)][
        rng.integers(3)], rng, 12)
    for _ in range(int(rng.integers(8, 15))):
        _foliage(img, rng, rng.uniform(0, w), y0 - h * rng.uniform(.0, .34),
                 h * rng.uniform(.08, .17), shade(leaf, rng.uniform(.6, 1.2)),
                 40)


def _wall(img, rng, base):
    h, w = img.shape[:2]
    rgb = jitter(_STONE[rng.integers(len(_STONE))], rng, 14)
    if rng.random() < .35:
        rgb = pick_colour(rng)
    wall = _gradient(base, w, shade(rgb, 1.1), shade(rgb, .85)).copy()
    kind = rng.integers(5)
    if kind in (0, 1):                                      # bricks
        bh = int(rng.integers(7, 14)) * h / 480
        bw = bh * 2.6
        y, x = np.arange(base)[:, None], np.arange(w)[None]
        row = np.floor(y / bh)
        gx = x / bw + .5 * (row % 2)
        tone = np.sin(np.floor(gx) * 12.9 + row * 78.2) * 43758
        tone = (tone - np.floor(tone) - .5) * 30
        joint = ((gx - np.floor(gx)) * bw < 1.3) | ((y % bh) < 1.3)
        _add(wall, (tone + np.where(joint, 26, 0)).astype(np.float32))
    elif kind == 2:                                         # shutter
        y = np.arange(base, dtype=np.float32)[:, None]
        _add(wall, np.broadcast_to(16 * np.sin(y * 2 * np.pi / (
            9 * h / 480)), (base, w)).astype(np.float32))
    elif kind == 3:                                         # panels, posters
        for x in np.arange(0, w, w * rng.uniform(.2, .5)):
            cv2.line(wall, (int(x), 0), (int(x), base), shade(rgb, .7), 2)
        for _ in range(int(rng.integers(1, 5))):
            x, y = rng.uniform(0, w), rng.uniform(0, base * .7)
            a, b = w * rng.uniform(.1, .25), h * rng.uniform(.08, .2)
            _poly(wall, [(x, y), (x + a, y), (x + a, y + b), (x, y + b)],
                  pick_colour(rng))
            for i in range(4):
                yy = y + b * (.2 + .18 * i)
                _poly(wall, [(x + a * .1, yy), (x + a * rng.uniform(.5, .9),
                                                yy),
                             (x + a * .6, yy + 3), (x + a * .1, yy + 3)],
                      pick_colour(rng))
    if kind != 3 and rng.random() < .25:                    # graffiti
        for _ in range(int(rng.integers(3, 9))):
            pts = np.cumsum(rng.normal(0, w * .1, (6, 2)), 0) + (
                rng.uniform(0, w), rng.uniform(base * .2, base * .8))
            cv2.polylines(wall, [_fixed(pts)], False, pick_colour(rng),
                          int(rng.integers(3, 12)), cv2.LINE_AA, 4)
    _add(wall, _noise(rng, base, w, 60, 9))
    img[:base] = wall
    _poly(img, [(0, base), (w, base), (w, base + h * .02),
                (0, base + h * .02)], shade(rgb, .5))


def _shop(img, rng, base):
    h, w = img.shape[:2]
    frame = pick_colour(rng)
    img[:base] = _gradient(base, w, shade(frame, 1.05), shade(frame, .9))
    sign = int(h * rng.uniform(.03, .16))
    cv2.rectangle(img, (0, sign), (w, sign + int(h * .07)), shade(frame, .7),
                  -1)
    x = w * rng.uniform(.05, .3)
    rgb = (240, 234, 214) if sum(frame) < 420 else (40, 36, 36)
    for _ in range(int(rng.integers(4, 10))):               # letters
        a, y = h * .026, sign + int(h * .02)
        cv2.ellipse(img, (int(x), int(y + a / 2)), (int(a * .4), int(a * .6)),
                    0, rng.uniform(0, 180), rng.uniform(200, 400), rgb,
                    max(int(h * .006), 1), cv2.LINE_AA)
        if rng.random() < .6:
            cv2.line(img, (int(x - a * .4), int(y)),
                     (int(x - a * .4), int(y + a)), rgb,
                     max(int(h * .006), 1), cv2.LINE_AA)
        x += a * 1.25
    top = sign + int(h * .09)
    x = -w * rng.uniform(0, .3)
    while x < w:
        pane = w * rng.uniform(.22, .5)
        x0, x1 = int(max(x + 4, 0)), int(min(x + pane - 4, w))
        low = base - int(h * rng.choice([.015, .09]))
        if x1 - x0 > 6 and low - top > 10:
            glass = jitter([(46, 50, 56), (186, 168, 132), (96, 112, 122),
                            (226, 214, 190)][rng.integers(4)], rng, 12)
            img[top:low, x0:x1] = _gradient(low - top, x1 - x0,
                                            shade(glass, 1.2),
                                            shade(glass, .7))
            sub = img[top:low, x0:x1]
            for _ in range(int(rng.integers(3, 9))):        # goods, lamps
                c = pick_colour(rng)
                px, py = rng.uniform(0, x1 - x0), rng.uniform(
                    .25, 1.) * (low - top)
                s = h * rng.uniform(.01, .05)
                if rng.random() < .5:
                    _poly(sub, [(px - s, py), (px + s, py), (px + s * .8,
                                                             py + 3 * s),
                                (px - s * .8, py + 3 * s)], c)
                else:
                    cv2.circle(sub, (int(px), int(py)), int(s), c, -1,
                               cv2.LINE_AA)
            g = (x1 - x0) * rng.uniform(.2, .8)
            shine = sub.copy()
            _poly(shine, [(g, 0), (g + 26, 0), (g - 40, low - top),
                          (g - 66, low - top)], (255, 255, 255))
            sub[:] = cv2.addWeighted(sub, .86, shine, .14, 0)
        x += pane
    if rng.random() < .4:                                   # awning
        a, b = pick_colour(rng), (240, 238, 232)
        n, y = 12, top
        for i in range(n):
            _poly(img, [(w * i / n, y), (w * (i + 1) / n, y),
                        (w * (i + 1) / n + 4, y + h * .1),
                        (w * i / n + 4, y + h * .1)], a if i % 2 else b)


def _car(img, rng, horizon, feet):
    h, w = img.shape[:2]
    d = rng.uniform(.1, .38)
    base = horizon + (feet - horizon) * d
    s = (feet - horizon) * d * rng.uniform(.8, 1.1) + h * .01
    x = rng.uniform(-.1, 1.1) * w
    rgb = jitter([(30, 30, 34), (220, 220, 222), (150, 152, 156),
                  (150, 30, 34), (40, 64, 120), (236, 190, 50)][
        rng.integers(6)], rng, 8)
    f = rng.choice([-1, 1])

    def q(points):
        return np.asarray(points, float) * (s * f, -s) + (x, base)

    _poly(img, q([(-2, -.03), (2, -.03), (1.9, .12), (-1.9, .12)]),
          (40, 40, 42))
    if rng.random() < .2:                                   # a bus, a van
        _poly(img, q([(-2., .15), (2.2, .15), (2.2, 2.1), (-2., 2.1)]), rgb)
        for i in range(5):
            a = -1.8 + i * .78
            _poly(img, q([(a, 1.2), (a + .66, 1.2), (a + .66, 1.8),
                          (a, 1.8)]), (70, 82, 92))
    else:
        _poly(img, q([(-1.9, .2), (1.9, .2), (1.95, .6), (1.7, .78),
                      (1.1, .84), (.6, 1.28), (-.9, 1.3), (-1.5, .86),
                      (-1.95, .76)]), rgb)
        _poly(img, q([(-1.25, .86), (-.8, 1.2), (.5, 1.2), (.9, .86)]),
              (66, 76, 86))
        _poly(img, q([(-.2, .86), (-.12, .86), (-.12, 1.2), (-.2, 1.2)]),
              rgb)
        _poly(img, q([(1.6, .56), (1.94, .54), (1.92, .68), (1.62, .7)]),
              (250, 240, 206))
        _poly(img, q([(-1.94, .56), (-1.7, .56), (-1.7, .7), (-1.94, .7)]),
              (190, 40, 36))
    for a in (-1.2, 1.2):
        c = q([(a, .24)])[0]
        cv2.circle(img, (int(c[0]), int(c[1])), max(int(s * .32), 1),
                   (26, 26, 28), -1, cv2.LINE_AA)
        cv2.circle(img, (int(c[0]), int(c[1])), max(int(s * .17), 1),
                   (150, 150, 152), -1, cv2.LINE_AA)


def _post(img, rng, horizon, feet):
    h, w = img.shape[:2]
    d = rng.uniform(.2, .8)
    x, base = rng.uniform(0, w), horizon + (feet - horizon) * d
    tall = (feet - horizon) * d * rng.uniform(1.2, 3.5)
    half = max(tall * .012, .7)
    rgb = jitter((60, 62, 64), rng, 12)
    _poly(img, [(x - half, base), (x + half, base), (x + half, base - tall),
                (x - half, base - tall)], rgb)
    if rng.random() < .5:
        r = max(tall * .07, 2)
        cv2.circle(img, (int(x), int(base - tall)), int(r), pick_colour(rng),
                   -1, cv2.LINE_AA)
        cv2.circle(img, (int(x), int(base - tall)), int(r * .6),
                   (240, 240, 236), -1, cv2.LINE_AA)


def _passer_by(img, rng, horizon, feet, near):
    """A small person far away; the blur comes later."""
    h, w = img.shape[:2]
    d = rng.uniform(.1, near)
    x, base = rng.uniform(0, w), horizon + (feet - horizon) * d
    # eyes of all grown-ups are at the horizon, as the camera is
    s = (base - horizon) / 7. * rng.uniform(1., 1.12) + h * .002
    skin = jitter((196, 154, 128), rng, 20)
    legs, coat = (tuple(int(v) for v in np.multiply(
        pick_colour(rng), rng.uniform(.4, .8))) for _ in range(2))
    stride = rng.uniform(.1, .9)

    def q(points):
        return np.asarray(points, float) * (s, -s) + (x, base)

    for a in (-1, 1):
        _poly(img, q([(a * stride - .25, 0), (a * stride + .25, 0),
                      (a * .2 + .45, 3.8), (a * .2 - .45, 3.8)]), legs)
    _poly(img, q([(-.8, 3.3), (.8, 3.3), (.95, 6.), (.5, 6.4), (-.5, 6.4),
                  (-.95, 6.)]), coat)
    for a in (-1, 1):
        _poly(img, q([(a * .8, 6.1), (a * 1.2, 5.8), (a * 1.3, 3.6),
                      (a * .95, 3.5)]), shade(coat, .85))
    c = q([(0, 7.1)])[0]
    cv2.circle(img, (int(c[0]), int(c[1])), max(int(s * .58), 1),
               jitter((60, 44, 34), rng, 20), -1, cv2.LINE_AA)
    cv2.circle(img, (int(c[0]), int(c[1] + s * .16)), max(int(s * .4), 1),
               skin, -1, cv2.LINE_AA)


def _bokeh(img, rng, y0):
    h, w = img.shape[:2]
    over = img.copy()
    for _ in range(int(rng.integers(6, 22))):
        cv2.circle(over, (int(rng.uniform(0, w)), int(rng.uniform(0, y0))),
                   int(h * rng.uniform(.008, .03)),
                   jitter((250, 236, 196), rng, 22), -1, cv2.LINE_AA)
    cv2.addWeighted(img, .6, over, .4, 0, img)


def cast_shadow(img, shape, at, light, strength):
    """Darken the ground by a figure's shadow.

    Args:
        img: (H, W, 3) uint8, changed in place.
        shape: (N, 2) outline of the figure, x and height over the ground,
            in pixels.
        at: (x, y) of the feet.
        light: (x, y) direction towards the light.
    """
    h, w = img.shape[:2]
    soft = np.zeros((h, w), np.uint8)
    slant = -light[0] * 1.1
    squash = .16 + .2 * max(-light[1], 0)
    pts = np.stack([at[0] + shape[:, 0] + slant * shape[:, 1],
                    at[1] - squash * shape[:, 1]], 1)
    cv2.fillPoly(soft, [_fixed(pts)], int(255 * strength), cv2.LINE_AA, 4)
    k = int(h / 160) * 2 + 1
    soft = cv2.blur(cv2.blur(soft, (k, k)), (k, k))
    gain = 255 - soft
    cv2.multiply(img, cv2.merge([gain, gain, gain]), img, 1 / 255)
