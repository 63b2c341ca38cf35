from typing import Any

from vasily_fashion.transforms.resize import resize

import numpy as np
from chainer import backend


def letterbox(
        img: Any, size: tuple[int, int], fill: float = 255) -> Any:
    """Resize an image to fit a size, keep its aspect ratio, and pad the rest.

    Shrinking averages over areas, enlarging is bilinear. The padding is
    shared evenly between both sides.

    Args:
        img (array): An image of shape :math:`(3, H, W)`, float32, of NumPy or
            CuPy.
        size (tuple of ints): (height, width) of the result.
        fill (float): The value of the padding. White, as in product images,
            by default.

    Returns:
        array: A new image of shape :math:`(3, height, width)`, float32, where
        `img` is.

    Raises:
        ValueError: If `size` or the image is empty.
    """
    height, width = size
    _, h, w = img.shape
    if min(height, width, h, w) < 1:
        raise ValueError(
            f'cannot fit an image of {h} x {w} pixels into {height} x {width}')
    scale = min(height / h, width / w)
    inner_h = min(max(round(h * scale), 1), height)
    inner_w = min(max(round(w * scale), 1), width)
    out = backend.get_array_module(img).full((3, height, width), fill, np.float32)
    y, x = (height - inner_h) // 2, (width - inner_w) // 2
    out[:, y:y + inner_h, x:x + inner_w] = resize(
        img, (inner_h, inner_w), area=scale < 1)
    return out
