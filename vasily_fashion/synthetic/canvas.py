"""The surface figures are painted on, with an exact map of what is seen."""
import cv2
import numpy as np

#: Samples a pixel of the finished image, along each axis.
SUPERSAMPLE = 2


def _fold_tile():
    """Noise that looks like the folds of hanging cloth, tileable, about +-1."""
    rng = np.random.default_rng(20161001)
    n = 256
    f = np.fft.fftfreq(n) * n
    fy, fx = np.meshgrid(f, f, indexing='ij')
    tile = np.zeros((n, n))
    # long along v (down), short along u, and some diagonal ones
    for angle, weight in ((0, 1.), (14, .8), (-14, .8), (40, .3)):
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        a, b = c * fx + s * fy, -s * fx + c * fy
        amp = np.exp(-((np.abs(a) - 7) / 4.) ** 2 - (b / 1.5) ** 2)
        spec = amp * np.fft.fft2(rng.standard_normal((n, n)))
        band = np.fft.ifft2(spec).real
        tile += weight * band / band.std()
    tile = np.tanh(tile / tile.std() * .8)
    return np.ascontiguousarray(tile.astype(np.float32))


_FOLDS = _fold_tile()
#: The fold tile's size in figure units.
_FOLD_PERIOD = 44.


class Canvas:
    """A supersampled RGB picture plus an id for every sample.

    Args:
        size: (height, width) of the finished image.
        pad (int): Pixels around it in which parts are followed too, so that
            an item cut by the image's edge has a known whole.
        scale (float): Pixels of the finished image per figure unit.
        origin: (x, y) of the figure's (0, 0) in the finished image.
        light: (x, y) direction towards the light and its hardness 0..1.
        flat (bool): If true, only ids are painted, no colours.
    """

    def __init__(self, size, scale, origin, light=(-.5, -.8, .5), pad=0,
                 flat=False):
        self.size, self.pad, self.flat, self.light = size, pad, flat, light
        s = SUPERSAMPLE
        shape = ((size[0] + 2 * pad) * s, (size[1] + 2 * pad) * s)
        self.scale = scale * s
        self.offset = (np.asarray(origin, float) + pad) * s
        self.ids = np.zeros(shape, np.uint8)
        self.whole = {}
        self.img = None if flat else np.empty(shape + (3,), np.uint8)

    def fill(self, img):
        """Set the background: an (H, W, 3) uint8 image or one colour."""
        img = np.asarray(img, np.uint8)
        if img.ndim == 1:
            self.img[:] = img
            return
        p, s = self.pad * SUPERSAMPLE, SUPERSAMPLE
        big = cv2.resize(img, None, fx=s, fy=s, interpolation=cv2.INTER_LINEAR)
        h, w = big.shape[:2]
        self.img[p:p + h, p:p + w] = big

    def to_px(self, points):
        return np.asarray(points, float) * self.scale + self.offset

    def paint(self, part):
        """Paint a `Part` over what is there."""
        polys = [self.to_px(poly) for poly, _ in part.pieces]
        every = np.concatenate(polys)
        h, w = self.ids.shape
        x0, y0 = np.maximum(np.floor(every.min(axis=0)).astype(int) - 2, 0)
        x1, y1 = np.minimum(np.ceil(every.max(axis=0)).astype(int) + 3, (w, h))
        if x1 - x0 < 2 or y1 - y0 < 2:
            return
        shift = np.array([x0, y0])
        fixed = [_fixed(p - shift) for p in polys]
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        for p in fixed:
            cv2.fillPoly(mask, [p], 255, cv2.LINE_AA, 4)
        inside = mask > 127
        self.ids[y0:y1, x0:x1][inside] = part.item
        if part.item:
            if part.item not in self.whole:
                self.whole[part.item] = np.zeros((h, w), bool)
            self.whole[part.item][y0:y1, x0:x1] |= inside
        if self.flat:
            return
        colour, folds = self._cloth(part, fixed, (x0, y0), mask.shape)
        for points, width, rgb in part.lines:
            p = [_fixed(self.to_px(points) - shift)]
            if width:
                # thin lines keep their look at small scales by fading
                thick = width * self.scale
                cv2.polylines(colour, p, False, rgb, max(1, round(thick)),
                              cv2.LINE_AA, 4)
            else:
                cv2.fillPoly(colour, p, rgb, cv2.LINE_AA, 4)
        gain = self._gain(part, mask, folds, shift)
        cv2.multiply(colour, cv2.merge([gain, gain, gain]), colour, 1 / 128)
        if part.shadow:
            self._cast(part, mask, x0, y0)
        alpha = mask.astype(np.float32)
        alpha *= 1 / 255
        below = self.img[y0:y1, x0:x1]
        below[:] = cv2.blendLinear(colour, np.ascontiguousarray(below),
                                   alpha, 1 - alpha)

    def _cloth(self, part, fixed, corner, shape):
        colour = folds = None
        tile, per_unit = part.fabric.tile, part.fabric.per_unit
        for k, (_, frame) in enumerate(part.pieces):
            if colour is None:
                bx, by, bw, bh = 0, 0, shape[1], shape[0]
            else:
                bx, by, bw, bh = cv2.boundingRect(fixed[k] // 16)
                bx, by = max(bx - 1, 0), max(by - 1, 0)
                bw = min(bw + 3, shape[1] - bx)
                bh = min(bh + 3, shape[0] - by)
                if bw < 1 or bh < 1:
                    continue
            x = (np.arange(bw, dtype=np.float32) + (corner[0] + bx)
                 - self.offset[0]) / self.scale - frame.origin[0]
            y = (np.arange(bh, dtype=np.float32) + (corner[1] + by)
                 - self.offset[1]) / self.scale - frame.origin[1]
            x, y = x[None].astype(np.float32), y[:, None].astype(np.float32)
            u = x * np.float32(frame.u_axis[0]) + y * np.float32(
                frame.u_axis[1])
            v = x * np.float32(frame.v_axis[0]) + y * np.float32(
                frame.v_axis[1])
            if frame.curve:
                v -= np.float32(frame.curve) * u * u
            if k == 0 and part.fold:
                # folds are soft: every other sample is enough
                q = np.float32(256 / _FOLD_PERIOD)
                seed = np.float32(part.fabric.phase * 256)
                folds = cv2.remap(_FOLDS, u[::2, ::2] * q + seed,
                                  v[::2, ::2] * q + seed, cv2.INTER_LINEAR,
                                  borderMode=cv2.BORDER_WRAP)
                folds = cv2.resize(folds, (bw, bh),
                                   interpolation=cv2.INTER_LINEAR)
            if folds is not None:
                u += folds[by:by + bh, bx:bx + bw] * np.float32(
                    part.fold * 1.5)
            if tile.shape[0] == 1:
                c = np.empty((bh, bw, 3), np.uint8)
                c[:] = tile[0, 0]
            else:
                half = np.float32(tile.shape[0] / 2)
                c = cv2.remap(tile, u * np.float32(per_unit) + half,
                              v * np.float32(per_unit), cv2.INTER_LINEAR,
                              borderMode=cv2.BORDER_WRAP)
            if colour is None:
                colour = c
            else:
                sub = np.zeros((bh, bw), np.uint8)
                cv2.fillPoly(sub, [fixed[k] - np.array([bx, by]) * 16], 1,
                             cv2.LINE_8, 4)
                cv2.copyTo(c, sub, colour[by:by + bh, bx:bx + bw])
        return colour, folds

    def _gain(self, part, mask, folds, shift):
        h, w = mask.shape
        half = cv2.resize(mask, (max(w // 2, 1), max(h // 2, 1)),
                          interpolation=cv2.INTER_AREA)
        r = max(part.radius * self.scale / 2, 1.)
        k = int(r) * 2 + 1
        ky = int(r * part.upright) * 2 + 1
        b = half.astype(np.float32) * np.float32(1 / 255)
        # outside the mask's box there is nothing: a constant border
        b = cv2.copyMakeBorder(b, k, k, k, k, cv2.BORDER_CONSTANT, value=0)
        b = cv2.blur(cv2.blur(b, (k, ky)), (k, ky))
        lx, ly, hard = self.light
        gx = b[k:-k, k + 1:b.shape[1] - k + 1] - b[k:-k, k - 1:-k - 1]
        gy = b[k + 1:b.shape[0] - k + 1, k:-k] - b[k - 1:-k - 1, k:-k]
        b = b[k:-k, k:-k]
        depth = part.depth
        gain = (1.04 - depth) + depth * np.minimum(b * 1.15, 1)
        gain -= (gx * lx + gy * (ly * part.upright)) * np.float32(
            r * depth * (.8 + hard))
        if part.creases:
            buf = np.zeros(half.shape, np.uint8)
            widest = 0
            for points, width, strength in part.creases:
                p = _fixed((self.to_px(points) - shift) / 2)
                thick = max(1, round(width * self.scale / 2))
                widest = max(widest, thick)
                cv2.polylines(buf, [p], False, int(255 * strength), thick,
                              cv2.LINE_AA, 4)
            n = widest * 2 + 1
            soft = cv2.blur(cv2.blur(buf, (n, n)), (n, n)).astype(np.float32)
            soft *= np.float32(1 / 255)
            gain -= soft
            d = widest + 1
            sx = d if lx < 0 else -d
            gain += np.roll(soft, sx, axis=1) * np.float32(.55)
        gain = cv2.resize(gain * np.float32(128 * part.gain), (w, h),
                          interpolation=cv2.INTER_LINEAR)
        if folds is not None:
            gain *= 1 + folds * np.float32(part.fold * part.fabric.sheen)
        return cv2.convertScaleAbs(np.maximum(gain, 0))

    def _cast(self, part, mask, x0, y0):
        """Darken what lies below, next to the part, away from the light."""
        # no wider than a small picture's rim: product images stay white there
        d = max(int(min(.55 * self.scale, .012 * min(self.ids.shape))), 2)
        h, w = mask.shape
        m = 3 * d
        small = cv2.resize(mask, (max(w // 4, 1), max(h // 4, 1)),
                           interpolation=cv2.INTER_AREA)
        q = m // 4 + 1
        small = cv2.copyMakeBorder(small, q, q, q, q, cv2.BORDER_CONSTANT,
                                   value=0)
        k = max(d // 3, 1) * 2 + 1
        small = cv2.blur(cv2.blur(small, (k, k)), (k, k))
        big = cv2.resize(small, (small.shape[1] * 4, small.shape[0] * 4),
                         interpolation=cv2.INTER_LINEAR)
        bx = x0 - q * 4 - int(self.light[0] * d)
        by = y0 - q * 4 - int(self.light[1] * d)
        ax, ay = max(bx, 0), max(by, 0)
        ex = min(bx + big.shape[1], self.ids.shape[1])
        ey = min(by + big.shape[0], self.ids.shape[0])
        if ex - ax < 1 or ey - ay < 1:
            return
        big = big[ay - by:ey - by, ax - bx:ex - bx]
        gain = cv2.convertScaleAbs(big, alpha=-part.shadow, beta=0)
        gain = 255 - gain
        below = self.img[ay:ey, ax:ex]
        below[:] = cv2.multiply(np.ascontiguousarray(below),
                                cv2.merge([gain, gain, gain]), scale=1 / 255)

    def finish(self):
        """The finished (H, W, 3) uint8 image."""
        p, s = self.pad * SUPERSAMPLE, SUPERSAMPLE
        h, w = self.size
        return cv2.resize(self.img[p:p + h * s, p:p + w * s], (w, h),
                          interpolation=cv2.INTER_AREA)

    def masks(self, n):
        """Visible masks of the items 1..n and their visible share.

        A pixel shows an item if at least half of its samples do.

        Returns:
            masks ((n, H, W) bool array), share ((n,) float array: samples
            seen in the image over samples of the whole item, also what
            lies beyond the image's edge or under other things).
        """
        p, s = self.pad * SUPERSAMPLE, SUPERSAMPLE
        h, w = self.size
        ids = self.ids[p:p + h * s, p:p + w * s]
        masks, share = np.zeros((n, h, w), bool), np.zeros(n)
        for k in range(n):
            whole = self.whole.get(k + 1)
            if whole is None:
                continue
            seen = ids == k + 1
            total = np.count_nonzero(whole)
            if total:
                share[k] = np.count_nonzero(seen) / total
            seen = seen.view(np.uint8)
            count = seen[::2, ::2] + seen[1::2, ::2]
            count += seen[::2, 1::2]
            count += seen[1::2, 1::2]
            masks[k] = count >= 2
        return masks, share


def _fixed(points):
    """Points in the 1/16 pixel integers of OpenCV's `shift=4`."""
    return np.round(np.clip(points, -30000, 30000) * 16).astype(np.int32)
