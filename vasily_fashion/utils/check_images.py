import os
from collections.abc import Iterable
from typing import Any

from vasily_fashion.utils.check_image import check_image

import numpy as np
from PIL import Image


def check_images(
        imgs: Iterable[Any], name: str = 'imgs',
        allow_empty: bool = True) -> list[np.ndarray]:
    """Convert a caller's list of images, or say what is wrong.

    Args:
        imgs (iterable): Images of any sizes: arrays, paths or images of
            Pillow, as :func:`vasily_fashion.utils.check_image` takes them.
        name (str): What the caller called them; errors begin with it and with
            the index of the image.
        allow_empty (bool): Whether a list of no images is right.

    Returns:
        list of numpy.ndarray:
        Arrays of shape :math:`(3, H, W)` and dtype :obj:`float32`.

    Raises:
        ImageReadError: A file cannot be read.
        TypeError: Not a list, or of something else.
        ValueError: An image of another layout, without pixels or with NaN, or
            an empty list where none is allowed.

    """
    if isinstance(imgs, np.ndarray) and imgs.ndim in (2, 3):
        raise ValueError(
            f'{name} must be a list of images, each (3, H, W), but is one '
            f'array of shape {imgs.shape}; for one image give [img]')
    if isinstance(imgs, (str, bytes, os.PathLike, Image.Image)):
        raise TypeError(
            f'{name} must be a list of images, but is one, {imgs!r}; give a '
            'list of it')
    try:
        imgs = list(imgs)
    except TypeError as e:
        raise TypeError(
            f'{name} must be a list of images, not {type(imgs).__name__}'
        ) from e
    if not imgs and not allow_empty:
        raise ValueError(f'{name} is empty; give at least one image')
    return [check_image(img, f'{name}[{i}]') for i, img in enumerate(imgs)]
