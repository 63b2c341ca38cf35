from typing import Any

import chainer
import cv2
import numpy as np
from chainer import backend


def resize(img: Any, size: tuple[int, int], area: bool = False) -> Any:
    """Resize an image where it is, on the CPU or a GPU.

    Args:
        img (array): An image of shape :math:`(3, H, W)`, float32, of NumPy or
            CuPy.
        size (tuple of ints): (height, width) of the result.
        area (bool): Whether to average over areas, for an image that shrinks;
            bilinear otherwise.

    Returns:
        array: :math:`(3, height, width)`, float32: what OpenCV makes of the
        image, but for rounding on a GPU.
    """
    device = backend.get_device_from_array(img)
    if device.xp is np:
        return cv2.resize(
            np.ascontiguousarray(img.transpose(1, 2, 0), np.float32), size[::-1],
            interpolation=cv2.INTER_AREA if area else cv2.INTER_LINEAR).transpose(2, 0, 1)
    with chainer.using_device(device):
        rows, columns = (
            _weights(device.xp, n, m, area)
            for n, m in zip(img.shape[1:], size, strict=True))
        return rows @ img @ columns.T


def _weights(xp, n, m, area):
    """What of n pixels goes into each of m, (m, n)."""
    first, pixel = xp.arange(m)[:, None] * (n / m), xp.arange(n)
    if area:  # how much of a pixel an area covers
        last = first + n / m
        weights = (xp.minimum(last, pixel + 1) - xp.maximum(first, pixel)) * (m / n)
    else:  # the nearer of two centres weighs more
        centre = xp.clip(first + (n / m - 1) / 2, 0, n - 1)
        weights = 1 - abs(centre - pixel)
    return xp.maximum(weights, 0).astype(np.float32)
