import os

from vasily_fashion.utils.image_read_error import ImageReadError

import numpy as np
from PIL import Image, ImageOps

# A file of a few kilobytes can claim a picture of many gigabytes. The limit is
# Pillow's own for its warning: 89 million pixels, 1 GB as float32.
_MAX_PIXEL = 1024 * 1024 * 1024 // 4 // 3


def read_image(path):
    """Read an image file as every part of this library wants it.

    Pillow decodes, so JPEG, PNG, GIF, WebP, BMP, TIFF and more are read.
    The image is turned as its EXIF orientation says, as a viewer shows it.
    Of an animation the first frame is read. Transparent pixels are laid on
    white, as a product image is. Grey, palette and CMYK images become RGB;
    16 bits a channel become 8.

    Args:
        path (str or os.PathLike): The file.

    Returns:
        numpy.ndarray:
        :math:`(3, H, W)`, :obj:`float32`, RGB, :math:`[0, 255]`.

    Raises:
        ImageReadError: The file is missing, a folder, truncated, no image, of
            an unusual pixel format, or larger than 89 million pixels. The
            message names the file. It is an :class:`OSError`.

    """
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
        try:
            with Image.open(f) as image:
                return _decode(image, path)
        except ImageReadError:
            raise
        except Image.DecompressionBombError as e:
            raise _too_large(path) from e
        except Image.UnidentifiedImageError as e:
            raise ImageReadError(
                f'{path}: this is not an image that Pillow can read; '
                'convert it to JPEG or PNG') from e
        # A damaged file makes Pillow's decoders raise nearly anything:
        # OSError, SyntaxError, ValueError, struct.error, EOFError.
        except Exception as e:
            raise ImageReadError(
                f'{path}: the image is truncated or damaged ({e}); '
                'fetch or export it again') from e


def _decode(image, path):
    if image.width * image.height > _MAX_PIXEL:
        raise _too_large(path)
    image.load()
    image = ImageOps.exif_transpose(image)

    if image.mode.startswith('I'):
        grey = np.asarray(image).astype(np.float32)
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


def _too_large(path):
    return ImageReadError(
        f'{path}: the image has more than {_MAX_PIXEL:,} pixels; '
        'scale it down')
