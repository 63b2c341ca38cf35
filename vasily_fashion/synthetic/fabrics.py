"""Colours, and the cloth that garments are cut from."""
import cv2
import numpy as np

_NEUTRALS = np.array([
    (24, 24, 28), (38, 38, 42), (60, 60, 66), (104, 104, 108),
    (150, 150, 152), (196, 196, 194), (240, 238, 234), (248, 248, 248),
    (28, 34, 58), (36, 48, 84), (196, 176, 144), (168, 140, 102),
    (122, 88, 58), (84, 58, 42), (226, 214, 190), (94, 92, 66)])
_BRIGHTS = np.array([
    (188, 34, 42), (222, 62, 54), (122, 24, 40), (232, 112, 52),
    (236, 164, 46), (244, 208, 72), (92, 128, 58), (38, 98, 72),
    (48, 138, 118), (56, 150, 186), (52, 96, 176), (34, 62, 140),
    (104, 72, 152), (158, 98, 168), (214, 78, 132), (238, 158, 176),
    (246, 204, 208), (172, 208, 226), (192, 222, 196), (214, 200, 232)])
_LEATHERS = np.array([
    (22, 20, 22), (34, 30, 30), (62, 40, 30), (98, 58, 34), (140, 86, 48),
    (176, 124, 76), (118, 28, 34), (206, 184, 154), (232, 226, 216),
    (44, 52, 74), (74, 78, 60), (150, 40, 44), (216, 150, 160)])
_DENIMS = np.array([
    (34, 44, 72), (52, 72, 110), (84, 112, 152), (136, 164, 196),
    (28, 30, 36), (190, 204, 216)])
PATTERNS = ('plain', 'stripe', 'check', 'dot', 'floral', 'print')


def jitter(rgb, rng, amount=14):
    """A colour near `rgb`, as a tuple of ints."""
    rgb = np.asarray(rgb, float) + rng.normal(0, amount, 3)
    return tuple(int(c) for c in np.clip(rgb, 8, 252))


def pick_colour(rng, kind='cloth'):
    """A colour as clothes have it: about half of them neutral."""
    if kind == 'leather':
        table = _LEATHERS if rng.random() < .8 else _BRIGHTS
    elif kind == 'denim':
        table = _DENIMS
    else:
        table = _NEUTRALS if rng.random() < .62 else _BRIGHTS
    # black is worn most: the first entries of the neutrals count double
    k = rng.integers(len(table) + 4 + (6 if len(table) < 18 else 0))
    rgb = table[k % len(table) if k < len(table) else k % 3]
    # worn colours are duller than pure ones
    grey = float(rng.random()) ** 2 * .5
    return jitter(rgb * (1 - grey) + rgb.mean() * grey * .92, rng, 11)


def shade(rgb, factor):
    """`rgb`, darker (factor < 1) or lighter (> 1), as a tuple of ints."""
    rgb = np.asarray(rgb, float)
    if factor <= 1:
        rgb = rgb * factor
    else:
        rgb = 255 - (255 - rgb) / factor
    return tuple(int(c) for c in np.clip(rgb, 0, 255))


def contrast(rgb, rng, kind='cloth'):
    """A colour that stands out from `rgb`."""
    for _ in range(12):
        other = pick_colour(rng, kind)
        if np.abs(np.subtract(other, rgb)).sum() > 150:
            return other
    return (245, 243, 238) if sum(rgb) < 380 else (30, 30, 34)


class Fabric:
    """Cloth: a tileable pattern, its scale, and how it takes the light.

    Args:
        rgb: The ground colour.
        tile: (T, T, 3) uint8 pattern, T >= 1.
        period (float): The tile's size in figure units.
        sheen (float): How strongly folds catch the light: 1 is cotton.
        phase (float): Where its folds begin, 0..1.
    """

    def __init__(self, rgb, tile=None, period=12., sheen=1., phase=0.):
        self.rgb = tuple(int(c) for c in rgb)
        if tile is None:
            tile = np.array(rgb, np.uint8).reshape(1, 1, 3)
        self.tile = tile
        self.per_unit = tile.shape[0] / period
        self.sheen = sheen
        self.phase = phase

    @property
    def dark(self):
        """A darker shade of the cloth, for seams and linings."""
        if sum(self.rgb) < 170:
            return shade(self.rgb, 1.18)
        return shade(self.rgb, .68)


def plain(rgb, sheen=1., phase=0.):
    """Cloth without pattern or weave."""
    return Fabric(rgb, sheen=sheen, phase=phase)


def make_fabric(rng, kind='cloth', pattern=None):
    """A random cloth.

    Args:
        rng: A `numpy.random.Generator`.
        kind (str): 'cloth', 'leather', 'denim', 'knit' or 'silk'.
        pattern (str): One of `PATTERNS`, or None for a random one.

    Returns:
        Fabric
    """
    phase = float(rng.random())
    base = pick_colour(rng, kind)
    if kind == 'leather':
        return Fabric(base, _weave(base, rng, 64, 3), 8., 1.5, phase)
    if kind == 'denim':
        return Fabric(base, _denim(base, rng), 10., 1.2, phase)
    if pattern is None:
        pattern = PATTERNS[rng.choice(6, p=(.46, .14, .13, .08, .1, .09))]
    if pattern == 'plain' and kind == 'knit':
        return Fabric(base, _knit(base, rng), 6., .8, phase)
    if pattern == 'plain':
        if rng.random() < .12:
            return Fabric(base, _melange(base, rng), 10., .9, phase)
        return Fabric(base, _weave(base, rng, 64, 2.5), 8.,
                      1.6 if kind == 'silk' else 1., phase)
    tile, period = _TILES[pattern](base, rng)
    noise = rng.normal(0, 2.5, tile.shape[:2])[..., None]
    tile = np.clip(tile + noise, 0, 255).astype(np.uint8)
    return Fabric(base, tile, period, 1.3 if kind == 'silk' else 1., phase)


def _ground(rgb, n):
    tile = np.empty((n, n, 3), np.uint8)
    tile[:] = rgb
    return tile


def _weave(rgb, rng, n, amount):
    noise = rng.normal(0, amount, (n, n, 1))
    return np.clip(np.array(rgb) + noise, 0, 255).astype(np.uint8)


def _melange(rgb, rng):
    n = 120
    noise = rng.normal(0, 1, (n, n)).astype(np.float32)
    noise = cv2.blur(cv2.copyMakeBorder(noise, 2, 2, 2, 2, cv2.BORDER_WRAP),
                     (3, 2))[2:-2, 2:-2]
    other = np.array(contrast(rgb, rng), float)
    mix = np.clip(.25 + noise[..., None] * .5, 0, .8)
    return (np.array(rgb) * (1 - mix) + other * mix).astype(np.uint8)


def _denim(rgb, rng):
    n = 100
    y, x = np.mgrid[:n, :n]
    twill = np.sin((x + y) * 2 * np.pi / 5) * 5
    fade = np.sin(x * 2 * np.pi / n) * 7
    noise = rng.normal(0, 7, (n, n))
    return np.clip(np.array(rgb) + (twill + fade + noise)[..., None], 0,
                   255).astype(np.uint8)


def _knit(rgb, rng):
    n = 72
    y, x = np.mgrid[:n, :n]
    ribs = int(rng.choice([3, 6, 9]))
    rib = np.sin(x * 2 * np.pi * ribs / n)
    if rng.random() < .4:                                   # cables
        rib = np.sin(x * 2 * np.pi * 3 / n
                     + 1.2 * np.sin(y * 2 * np.pi * 2 / n))
    loops = np.sin(y * 2 * np.pi * 12 / n + np.abs(rib) * 2) * .35
    k = 14 if sum(rgb) > 150 else 9
    return np.clip(np.array(rgb) + ((rib + loops) * k)[..., None], 0,
                   255).astype(np.uint8)


def _stripe(base, rng):
    kind = rng.integers(5)
    period = float(rng.choice([2.4, 4., 6., 10.]))
    n = max(int(period * 12), 40)
    other = contrast(base, rng)
    tile = _ground(base, n)
    if kind == 0:                                           # pin stripes
        tile[:, :max(n // 10, 2)] = other
        period = min(period, 4.)
    elif kind == 1:                                         # vertical bars
        tile[:, :n // 2] = other
    elif kind == 2:                                         # breton
        tile[:n // 3] = other
    elif kind == 3:                                         # bold, two colours
        third = contrast(other, rng)
        tile[:n // 3] = other
        tile[n // 2:n // 2 + n // 8] = third
        period *= 1.6
    else:                                                   # diagonal
        y, x = np.mgrid[:n, :n]
        tile[((x + y) % n) < n // 3] = other
    return _soften(tile), period


def _check(base, rng):
    kind = rng.integers(4)
    other = contrast(base, rng)
    period = float(rng.choice([2., 3.5, 6., 9.]))
    n = max(int(period * 12), 48)
    tile = np.empty((n, n, 3))
    tile[:] = base
    a, b = np.array(base, float), np.array(other, float)
    if kind == 0:                                           # gingham
        half = np.arange(n) < n // 2
        share = (half[:, None].astype(float) + half[None]) / 2
        tile = a * (1 - share[..., None]) + b * share[..., None]
    elif kind == 1:                                         # tartan
        period = max(period, 6.)
        for _ in range(rng.integers(2, 5)):
            w = int(rng.integers(n // 16, n // 4))
            at = int(rng.integers(0, n - w))
            c = np.array(pick_colour(rng), float) if rng.random() < .6 else b
            tile[at:at + w] = tile[at:at + w] * .5 + c * .5
            tile[:, at:at + w] = tile[:, at:at + w] * .5 + c * .5
    elif kind == 2:                                         # window pane
        w = max(n // 14, 2)
        tile[:w] = b
        tile[:, :w] = b
    else:                                                   # hound's tooth
        y, x = np.mgrid[:n, :n] * 8 // n
        tooth = np.array([
            '11110000', '11110001', '11110011', '11110111',
            '11101111', '11001111', '10001111', '00001111'])
        grid = np.array([[c == '1' for c in row] for row in tooth])
        tile[grid[y, x]] = b
        period = min(period, 3.5)
    return _soften(tile.astype(np.uint8)), period


def _stamp(tile, draw, x, y):
    """Draw at (x, y) and again wherever the tile's edge cuts it."""
    n = tile.shape[0]
    for dx in (-n, 0, n):
        for dy in (-n, 0, n):
            if -n / 3 < x + dx < n * 4 / 3 and -n / 3 < y + dy < n * 4 / 3:
                draw(tile, x + dx, y + dy)


def _disc(tile, x, y, r, rgb):
    cv2.circle(tile, (round(x * 16), round(y * 16)), max(round(r * 16), 8),
               rgb, -1, cv2.LINE_AA, 4)


def _dot(base, rng):
    other = contrast(base, rng)
    period = float(rng.choice([1.8, 2.6, 4., 7.]))
    n = max(int(period * 14), 40)
    tile = _ground(base, n)
    if rng.random() < .7:                                   # a lattice
        r = n * rng.uniform(.12, .22)
        for x, y in ((n / 4, n / 4), (3 * n / 4, 3 * n / 4)):
            _stamp(tile, lambda t, x, y: _disc(t, x, y, r, other), x, y)
    else:                                                   # scattered
        n, period = 160, period * 2.5
        tile = _ground(base, n)
        third = contrast(other, rng)
        for x, y in _spread(rng, 12, n):
            r = n * rng.uniform(.03, .09)
            rgb = other if rng.random() < .7 else third
            _stamp(tile, lambda t, x, y, r=r, c=rgb: _disc(t, x, y, r, c),
                   x, y)
    return tile, period


def _spread(rng, count, n):
    """Points that keep apart, on the torus."""
    points = []
    gap = n / np.sqrt(count) * .8
    for _ in range(count * 8):
        p = rng.random(2) * n
        d = [np.hypot(*((p - q + n / 2) % n - n / 2)) for q in points]
        if not d or min(d) > gap:
            points.append(p)
        if len(points) == count:
            break
    return points


def _floral(base, rng):
    n = 180
    period = float(rng.choice([7., 11., 16.]))
    tile = _ground(base, n)
    colours = [contrast(base, rng) for _ in range(3)]
    leaf = jitter((70, 112, 66), rng, 22)
    for x, y in _spread(rng, int(rng.integers(7, 16)), n):
        r = n * rng.uniform(.05, .1)
        petals = int(rng.integers(4, 8))
        turn = rng.random() * 360
        rgb = colours[rng.integers(3)]
        heart = contrast(rgb, rng)

        def flower(t, x, y, r=r, k=petals, turn=turn, rgb=rgb, heart=heart):
            for side in (0, 130):
                a = np.radians(turn + side)
                cv2.ellipse(t, (int(x + 1.6 * r * np.cos(a)),
                                int(y + 1.6 * r * np.sin(a))),
                            (int(r * .9), max(int(r * .33), 1)), turn + side,
                            0, 360, leaf, -1, cv2.LINE_AA)
            for i in range(k):
                a = np.radians(turn) + 2 * np.pi * i / k
                _disc(t, x + r * .75 * np.cos(a), y + r * .75 * np.sin(a),
                      r * .55, shade(rgb, .9 + .12 * (i % 2)))
            _disc(t, x, y, r * .4, heart)

        _stamp(tile, flower, x, y)
    return tile, period


def _print(base, rng):
    kind = rng.integers(4)
    n = 160
    period = float(rng.choice([8., 12., 18.]))
    tile = _ground(base, n)
    other = contrast(base, rng)
    if kind == 0:                                           # leopard
        inner = shade(base, .7)
        period = min(period, 9.)
        for x, y in _spread(rng, 22, n):
            r = n * rng.uniform(.045, .07)
            a = rng.random() * 360

            def spot(t, x, y, r=r, a=a):
                _disc(t, x, y, r, inner)
                box = (int(x), int(y)), (int(r), int(r * .8))
                cv2.ellipse(t, *box, a, 20, 150, other, max(n // 36, 2),
                            cv2.LINE_AA)
                cv2.ellipse(t, *box, a, 200, 320, other, max(n // 36, 2),
                            cv2.LINE_AA)

            _stamp(tile, spot, x, y)
    elif kind == 1:                                         # camouflage, blots
        colours = [other, shade(base, .6), contrast(base, rng)]
        f = np.fft.fftfreq(n) * n
        amp = np.exp(-(np.hypot(*np.meshgrid(f, f)) / 5) ** 2)
        for rgb in colours:
            z = np.fft.ifft2(amp * np.fft.fft2(rng.normal(size=(n, n)))).real
            tile[z > z.std() * .75] = rgb
        tile = _soften(tile)
    elif kind == 2:                                         # geometry
        third = contrast(other, rng)
        for x, y in _spread(rng, 9, n):
            r = n * rng.uniform(.06, .13)
            a = rng.random() * 2 * np.pi
            k = int(rng.integers(3, 6))
            rgb = other if rng.random() < .6 else third
            ring = np.array([(np.cos(a + 2 * np.pi * i / k) * r,
                              np.sin(a + 2 * np.pi * i / k) * r)
                             for i in range(k)])
            _stamp(tile, lambda t, x, y, q=ring, c=rgb: cv2.fillPoly(
                t, [np.round((q + (x, y)) * 16).astype(np.int32)], c,
                cv2.LINE_AA, 4), x, y)
    else:                                                   # zigzag
        y, x = np.mgrid[:n, :n]
        step = n // int(rng.choice([2, 4]))
        wave = np.abs((x % step) - step / 2) * 1.2
        tile[((y + wave) % (n // 4)) < n // 9] = other
        tile = _soften(tile)
    return tile, period


def _soften(tile):
    big = cv2.copyMakeBorder(tile, 2, 2, 2, 2, cv2.BORDER_WRAP)
    return np.ascontiguousarray(cv2.blur(big, (3, 3))[2:-2, 2:-2])


_TILES = {'stripe': _stripe, 'check': _check, 'dot': _dot, 'floral': _floral,
          'print': _print}
