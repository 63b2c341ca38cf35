import os
import warnings
from typing import Any

from vasily_fashion.utils.read_image import as_array, read_image

import chainer
import numpy as np
from chainer import backend
from chainer.backends import cuda
from PIL import Image


def check_image(img: Any, name: str = 'img') -> Any:
    """Convert a caller's image to this library's format, or say what is wrong.

    Arrays of integers and floating point numbers of any width are taken. A
    :math:`1 \\times 1` image and a very long one are images like any other.
    If ``chainer.config.images_are_checked`` is true, the caller has checked the
    image, and it is returned as it is. Values of 0 to 1 alone are warned of.

    Args:
        img (array, path or PIL.Image.Image): An array of NumPy or CuPy, of
            shape :math:`(3, H, W)`, RGB, :math:`[0, 255]`; or the path of a
            file, which :func:`~vasily_fashion.utils.read_image` reads; or an
            image of Pillow, which is converted in the same way as a file.
        name (str): What the caller called it; errors begin with it.

    Returns:
        array:
        :math:`(3, H, W)`, :obj:`float32`. The same array, not a copy, when it
        is :obj:`float32` already.

    Raises:
        ImageReadError: A file cannot be read.
        TypeError: It is none of these, or not an array of numbers.
        ValueError: It has another layout, no pixels, or NaN or infinity.

    """
    if getattr(chainer.config, 'images_are_checked', False):
        return img
    if isinstance(img, (str, os.PathLike)):
        return read_image(img)
    if isinstance(img, Image.Image):
        return as_array(img, name)
    if not isinstance(img, (np.ndarray, cuda.ndarray)):
        raise TypeError(
            f'{name} must be a numpy.ndarray of shape (3, H, W), a path or an '
            f'image of Pillow, not {type(img).__name__}')
    if img.dtype.kind not in 'uif':
        raise TypeError(
            f'{name} has dtype {img.dtype}; '
            'give RGB values 0..255 as float32 or uint8')

    if img.ndim == 2:
        raise ValueError(
            f'{name} has shape {img.shape}: a grey image; '
            'repeat it to three channels, numpy.stack([img] * 3)')
    if img.ndim != 3:
        raise ValueError(
            f'{name} has shape {img.shape}; one image is (3, H, W)')
    if img.shape[0] != 3:
        if img.shape[2] in (3, 4):
            hint = ('the channels are last (HWC); '
                    'use img[:, :, :3].transpose(2, 0, 1)')
        elif img.shape[0] == 4:
            hint = 'four channels; drop the alpha channel, img[:3]'
        elif img.shape[0] == 1:
            hint = 'a grey image; use numpy.repeat(img, 3, axis=0)'
        else:
            hint = 'an image is (3, H, W), RGB'
        raise ValueError(f'{name} has shape {img.shape}: {hint}')
    if img.size == 0:
        raise ValueError(f'{name} has shape {img.shape}: it has no pixels')

    with chainer.using_device(backend.get_device_from_array(img)):
        img = img.astype(np.float32, copy=False)
        if not np.isfinite(img).all():
            raise ValueError(
                f'{name} has NaN or infinite pixels; values are 0..255')
        if 0 < img.max() <= 1:
            warnings.warn(
                f'{name} has no value above 1: values are 0..255, multiply it', stacklevel=3)
    return img
