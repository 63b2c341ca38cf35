import numpy as np


def crop_by_bbox(
        img: np.ndarray, bbox: np.ndarray,
        margin: float = 0.) -> list[np.ndarray]:
    """Cut the boxes out of an image.

    Each box is rounded outwards to whole pixels and clipped to the image. Along
    an axis where nothing of a box is left, the one pixel nearest to its centre
    is, so that crops stay aligned with boxes.

    Args:
        img (~numpy.ndarray): An image of shape :math:`(3, H, W)`.
        bbox (~numpy.ndarray): Boxes of shape :math:`(R, 4)`,
            :math:`(y_{min}, x_{min}, y_{max}, x_{max})` in pixels.
        margin (float): What is added on each side, as a share of the box's
            height and width. Less than zero cuts off.

    Returns:
        list of numpy.ndarray:
        :math:`R` views of the image, each of shape :math:`(3, h, w)` with
        :math:`h, w \\geq 1`.

    Raises:
        ValueError: If `bbox` is not of shape :math:`(R, 4)`, or it or `margin`
            is not finite.
    """
    bbox = np.asarray(bbox, dtype=np.float64)
    if bbox.ndim != 2 or bbox.shape[1] != 4:
        raise ValueError(
            f'bbox must be of shape (R, 4), not {bbox.shape}: one row '
            '(y_min, x_min, y_max, x_max) a box')
    if not np.isfinite(bbox).all():
        raise ValueError('bbox holds NaN or infinite values')
    if not np.isfinite(margin):
        raise ValueError(f'margin must be finite, not {margin}')
    size = np.array(img.shape[1:])
    lower, upper = bbox[:, :2], bbox[:, 2:]
    extra = margin * (upper - lower)
    first = np.floor(np.clip(lower - extra, 0, size - 1)).astype(int)
    last = np.ceil(np.clip(upper + extra, 0, size)).astype(int)
    empty = last <= first
    centre = np.clip((lower + upper) / 2, 0, size - 1).astype(int)
    first = np.where(empty, centre, first)
    last = np.where(empty, centre + 1, last)
    return [img[:, y0:y1, x0:x1]
            for (y0, x0), (y1, x1) in zip(first, last, strict=True)]
