import cv2
import numpy as np


def letterbox(
        img: np.ndarray, size: tuple[int, int],
        fill: float = 255) -> np.ndarray:
    """Resize an image to fit a size, keep its aspect ratio, and pad the rest.

    Shrinking averages over areas, enlarging is bilinear. The padding is
    shared evenly between both sides.

    Args:
        img (~numpy.ndarray): An image of shape :math:`(3, H, W)`, float32.
        size (tuple of ints): (height, width) of the result.
        fill (float): The value of the padding. White, as in product images,
            by default.

    Returns:
        numpy.ndarray: A new image of shape :math:`(3, height, width)`, float32.

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
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    inner = cv2.resize(
        np.ascontiguousarray(img.transpose(1, 2, 0), np.float32),
        (inner_w, inner_h), interpolation=interpolation)
    out = np.full((3, height, width), fill, np.float32)
    y, x = (height - inner_h) // 2, (width - inner_w) // 2
    out[:, y:y + inner_h, x:x + inner_w] = inner.transpose(2, 0, 1)
    return out
