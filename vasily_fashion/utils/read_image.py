import functools
import os
from typing import BinaryIO

from vasily_fashion.utils.image_read_error import ImageReadError

import numpy as np
from PIL import Image, ImageOps

# A file of a few kilobytes can claim a picture of many gigabytes. The limit is
# Pillow's own for its warning: 89 million pixels, 1 GB as float32.
_MAX_PIXEL = 1024 * 1024 * 1024 // 4 // 3
# Pillow reads some fifty, one of them by running Ghostscript on the file. These
# are what photos come in.
_FORMATS = ('AVIF', 'BMP', 'GIF', 'JPEG', 'JPEG2000', 'MPO', 'PNG', 'PPM', 'TIFF',
            'WEBP')


def read_image(
        path: str | os.PathLike[str] | BinaryIO,
        max_pixel: int = _MAX_PIXEL) -> np.ndarray:
    """Read an image file as every part of this library wants it.

    Pillow decodes JPEG (MPO among them), PNG, WebP, GIF, BMP, TIFF, JPEG
    2000, PPM and, where it can, AVIF; nothing else is tried.
    The image is turned as its EXIF orientation says, as a viewer shows it.
    Of an animation the first frame is read. Transparent pixels are laid on
    white, as a product image is. Grey, palette and CMYK images become RGB;
    16 bits a channel become 8. Colour profiles (ICC) are not applied: the
    numbers are those of the file, as in the photos that the weights were
    trained on, so that a photo in Display P3 or Adobe RGB is a little paler
    than a viewer shows it.

    Args:
        path (str, os.PathLike or binary file): The file, or one that is
            open, such as :class:`io.BytesIO`.
        max_pixel (int): Larger images are refused before they are decoded.
            89 million by default.

    Returns:
        numpy.ndarray:
        :math:`(3, H, W)`, :obj:`float32`, RGB, :math:`[0, 255]`.

    Raises:
        ImageReadError: The file is missing, a folder, truncated, no image, of
            an unusual pixel format, or larger than `max_pixel`. The
            message names the file; of one that was open, 'the image'. It is
            an :class:`OSError`.

    """
    if hasattr(path, 'read'):
        return _read(path, 'the image', max_pixel)
    path = os.fspath(path)
    try:
        f = open(path, 'rb')
    except FileNotFoundError as e:
        raise ImageReadError(
            f'{path}: there is no such file; check the path') from e
    except IsADirectoryError as e:
        raise ImageReadError(
            f'{path}: this is a folder; name an image file in it') from e
    except (OSError, ValueError) as e:
        raise ImageReadError(
            f'{path}: the file cannot be opened ({e})') from e

    with f:
        return _read(f, path, max_pixel)


def _read(f, name, max_pixel):
    try:
        with Image.open(f, formats=_formats()) as image:
            return _decode(image, name, max_pixel)
    except ImageReadError:
        raise
    except Image.DecompressionBombError as e:
        raise _too_large(name, max_pixel) from e
    except Image.UnidentifiedImageError as e:
        raise ImageReadError(
            f'{name}: this is not an image of a known format; '
            'convert it to JPEG or PNG') from e
    # A damaged file makes Pillow's decoders raise nearly anything:
    # OSError, SyntaxError, ValueError, struct.error, EOFError.
    except Exception as e:
        raise ImageReadError(
            f'{name}: the image is truncated or damaged ({e}); '
            'fetch or export it again') from e


@functools.cache
def _formats():
    """Those of _FORMATS that this Pillow has."""
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def _decode(image, path, max_pixel):
    if image.width * image.height > max_pixel:
        raise _too_large(path, max_pixel)
    raw_mode = image.tile[0][3] if image.format == 'PNG' and image.tile else ''
    image.load()
    image = ImageOps.exif_transpose(image)
    transparent = image.info.get('transparency')
    # Pillow scales PNG's grey of 2 or 4 bits, and cuts its RGB of 16, but not
    # the colour that is transparent.
    if raw_mode in ('L;2', 'L;4') and transparent is not None:
        image.info['transparency'] = transparent * (85 if raw_mode == 'L;2' else 17)
    elif raw_mode == 'RGB;16B' and transparent is not None:
        image.info['transparency'] = tuple(x >> 8 for x in transparent)

    if image.mode.startswith('I'):
        grey = np.asarray(image).astype(np.float32)
        if raw_mode == 'I;16B' and transparent is not None:
            grey[grey == transparent] = 65535
        if grey.min() < 0 or grey.max() > 65535:
            raise ImageReadError(
                f'{path}: its pixels are 32-bit integers beyond 0..65535; '
                'save it as an 8-bit PNG or JPEG')
        return np.repeat((grey / 257)[np.newaxis], 3, axis=0)
    if image.mode == 'F':
        raise ImageReadError(
            f'{path}: its pixels are floating point numbers of an unknown '
            'range; save it as an 8-bit PNG or JPEG')

    if image.has_transparency_data:
        image = image.convert('RGBA')
        white = Image.new('RGBA', image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    img = np.asarray(image.convert('RGB'), dtype=np.float32)
    return np.ascontiguousarray(img.transpose(2, 0, 1))


def _too_large(path, max_pixel):
    return ImageReadError(
        f'{path}: the image has more than {max_pixel:,} pixels; '
        'scale it down')
