import os
from collections.abc import Sequence
from typing import Any

from vasily_fashion.utils.read_image import _formats

from PIL import Image


def compare_size(
        path: str | os.PathLike[str], found: Sequence[int],
        named: Sequence[int] | None) -> str:
    """Say how a picture differs from the size that its annotation names.

    Args:
        path (str or path): The picture.
        found (sequence of int): Its height and width as it is read, turned as its EXIF
            orientation says.
        named (sequence of int): Those that the annotation names, if it does.

    Returns:
        str: '' if they differ by a pixel at most.
    """
    if named is None or _is_near(named, found):
        return ''
    (height, width), turned = found, tuple(named[::-1])
    is_turned = read_orientation(path) >= 5
    if is_turned and _is_near(turned, found):
        reason = (
            'the picture is turned by its EXIF orientation, and the annotation is not: '
            'annotate it as a viewer shows it, or save it without an orientation')
    elif _is_near(turned, found):
        reason = 'the annotation has width and height the other way round'
    elif is_turned and _is_scaled(turned, found):
        reason = (
            'the picture is turned by its EXIF orientation and scaled, and the '
            'annotation is not')
    elif _is_scaled(named, found):
        reason = (
            f'the picture was scaled by {width / named[1]:.4g} after it was annotated: '
            'scale the boxes as well, or take the first picture')
    else:
        reason = 'it is another picture, or was cut after it was annotated'
    return (
        f'{os.fspath(path)} has {width} x {height} pixels, its annotation says '
        f'{named[1]:g} x {named[0]:g}: {reason}')


def read_orientation(path: str | os.PathLike[str]) -> int:
    """The EXIF orientation of a picture: 1 is upright, from 5 on it is turned by 90."""
    with Image.open(path, formats=_formats()) as image:
        orientation: Any = image.getexif().get(0x0112)
    return orientation if orientation in range(1, 9) else 1


def _is_near(a, b):
    return abs(a[0] - b[0]) <= 1 and abs(a[1] - b[1]) <= 1


def _is_scaled(named, found):
    """Whether one size is a multiple of the other, up to rounding."""
    scale = found[1] / named[1]
    return abs(found[0] - scale * named[0]) <= max(scale, 1)
