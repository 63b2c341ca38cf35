from collections.abc import Iterable

from vasily_fashion.utils.check_image import check_image

import numpy as np


def check_images(
        imgs: Iterable[np.ndarray], name: str = 'imgs',
        allow_empty: bool = True) -> list[np.ndarray]:
    """Check a caller's list of images.

    Args:
        imgs (iterable of numpy.ndarray): Images of any sizes. See
            :func:`vasily_fashion.utils.check_image` for what one must be.
        name (str): What the caller called them; errors begin with it and with
            the index of the image.
        allow_empty (bool): Whether a list of no images is right.

    Returns:
        list of numpy.ndarray:
        Arrays of shape :math:`(3, H, W)` and dtype :obj:`float32`.

    Raises:
        TypeError: Not a list of arrays of numbers.
        ValueError: An image of another layout, without pixels or with NaN, or
            an empty list where none is allowed.

    """
    if isinstance(imgs, np.ndarray) and imgs.ndim in (2, 3):
        raise ValueError(
            f'{name} must be a list of images, each (3, H, W), but is one '
            f'array of shape {imgs.shape}; for one image give [img]')
    if isinstance(imgs, (str, bytes)):
        raise TypeError(
            f'{name} must be a list of images, but is the string {imgs!r}; '
            'read files with vasily_fashion.utils.read_image first')
    try:
        imgs = list(imgs)
    except TypeError as e:
        raise TypeError(
            f'{name} must be a list of images, not {type(imgs).__name__}'
        ) from e
    if not imgs and not allow_empty:
        raise ValueError(f'{name} is empty; give at least one image')
    return [check_image(img, f'{name}[{i}]') for i, img in enumerate(imgs)]
