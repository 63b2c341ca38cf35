"""What light and camera do to the finished picture."""
import cv2
import numpy as np

#: Noise with a mean of 64 and a standard deviation of 21.
_GRAIN = np.clip(np.random.default_rng(1839).normal(64, 21, (512, 512)), 0,
                 255).astype(np.uint8)


def sample_light(rng):
    """Direction towards the light, its hardness, as (x, y, hardness)."""
    a = rng.uniform(-.8, .8)
    return float(np.sin(a)), float(-np.cos(a)), float(rng.random() ** 1.5)


def develop(img, rng):
    """Colour cast, exposure, gradient, grain and sharpness of a photo.

    Args:
        img: (H, W, 3) uint8, RGB.
        rng: A `numpy.random.Generator`.

    Returns:
        (H, W, 3) uint8 image.
    """
    h, w = img.shape[:2]
    warm = rng.normal(0, .045)
    cast = np.array([1 + warm, 1 + rng.normal(0, .015), 1 - warm])
    x = np.linspace(-1, 1, w, dtype=np.float32)[None]
    y = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    a, b = rng.normal(0, .08, 2)
    gain = (1 + a * x + b * y - abs(rng.normal(0, .09)) * (
        x * x + y * y)).astype(np.float32)
    gain *= np.float32(np.exp(rng.normal(-.01, .075)))
    if rng.random() < .12:
        # dappled light below trees
        spots = rng.normal(0, 1, (h // 40 + 2, w // 40 + 2))
        spots = cv2.resize(spots.astype(np.float32), (w, h),
                           interpolation=cv2.INTER_CUBIC)
        # on the ground and the figure, not in the sky
        depth = .2 * np.clip(y + .7, 0, 1)
        gain *= 1 - depth * (.6 - 1 / (1 + np.exp(-3 * spots)))
    levels = np.arange(256, dtype=np.float32) / 255
    contrast = 1 + rng.normal(.12, .1)
    haze = max(rng.normal(0, .03), 0)
    curve = .5 + (levels - .5) * contrast
    curve = np.clip(curve, 0, 1) * (1 - haze) + haze
    table = np.clip(curve[:, None] * cast[None] * 255, 0, 255)
    out = cv2.LUT(img, table.astype(np.uint8).reshape(256, 1, 3))
    blur = rng.random()
    if blur < .25:
        out = cv2.GaussianBlur(out, (3, 3), .4 + .5 * rng.random())
    gain = cv2.convertScaleAbs(gain, alpha=128)
    out = cv2.multiply(out, cv2.merge([gain] * 3), scale=1 / 128)
    # grain: a window of one stored sheet, around a mean of 64
    sy, sx = rng.integers(0, 256, 2)
    ys, xs = (np.arange(h) + sy) % 512, (np.arange(w) + sx) % 512
    grain = _GRAIN[ys[:, None], xs[None]]
    amount = rng.uniform(.02, .16)
    return cv2.addWeighted(out, 1., cv2.merge([grain] * 3), amount,
                           -64 * amount)
