import functools
import os
import re
from typing import BinaryIO

from vasily_fashion.utils.image_read_error import ImageReadError

import numpy as np
from PIL import ExifTags, Image

# A file of a few kilobytes can claim a picture of many gigabytes. The limit is
# Pillow's own for its warning: 89 million pixels, 1 GB as float32.
_MAX_PIXEL = 1024 * 1024 * 1024 // 4 // 3
# Pillow reads some fifty, one of them by running Ghostscript on the file. These
# are what photos come in. JPEG 2000 is not among them: a file of 10 kB can ask
# for 2 microseconds a pixel.
_FORMATS = 'AVIF', 'BMP', 'GIF', 'JPEG', 'MPO', 'PNG', 'PPM', 'TIFF', 'WEBP'
# Each scan of a JPEG goes over the whole picture, however few bytes it has.
# Encoders write up to twenty; libtiff has this limit as well.
_MAX_SCAN = 100
# Pillow reads headers, chunks and strips in Python, a call for each. A PNG of
# 100 MB takes half as many.
_MAX_READ = 100_000
# Markers of JPEG that have a length, and the end of the image.
_MARKER = re.compile(rb'\xff[^\x00\x01\xd0-\xd8\xff]')
# What HEIC calls itself, behind b'ftyp'.
_HEIC = (b'heic', b'heim', b'heis', b'heix', b'hevc', b'hevm', b'hevs', b'hevx', b'mif1',
         b'msf1')
# EXIF's orientations, as of PIL.ImageOps.exif_transpose, which takes half a
# minute for 10 MB of other EXIF entries: it writes them again.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90}


def read_image(
        path: str | os.PathLike[str] | BinaryIO,
        max_pixel: int = _MAX_PIXEL) -> np.ndarray:
    """Read an image file in this library's format.

    Pillow decodes JPEG (MPO among them), PNG, WebP, GIF, BMP, TIFF, PPM and,
    where it can, AVIF; nothing else is tried.
    The image is turned as its EXIF orientation says, as a viewer shows it.
    Of an animation the first frame is read. Transparent pixels are laid on
    white, as a product image is. Grey, palette and CMYK images become RGB;
    16 bits a channel become 8. Colour profiles (ICC) are not applied: the
    numbers are those of the file, as in the photos that the weights were
    trained on, so that a photo in Display P3 or Adobe RGB is a little paler
    than a viewer shows it.

    Few bytes can ask for much work. So a JPEG of more than 100 scans is refused,
    and so is what Pillow decodes in Python: plain PPM (P1 to P3), PPM of another
    maximum than 255, BMP in runs; and a file in more than 100,000 pieces. A file
    of 10 MB and 16 million pixels is read or refused within 10 seconds of one
    core (`tests/soak/reading.py`).

    Args:
        path (str, os.PathLike or binary file): The file, or one that is
            open, such as :class:`io.BytesIO`.
        max_pixel (int): Larger images are refused before they are decoded.
            89 million by default, and never more than twice
            `PIL.Image.MAX_IMAGE_PIXELS`, 179 million.

    Returns:
        numpy.ndarray:
        :math:`(3, H, W)`, :obj:`float32`, RGB, :math:`[0, 255]`.

    Raises:
        ImageReadError: The file is missing, not a regular file, empty,
            truncated, not an image, of an unusual pixel format, larger than
            `max_pixel`, or too much work to decode. The
            message names the file; of one that was open, 'the image'. It is
            an :class:`OSError`.

    """
    if hasattr(path, 'read'):
        return _read(path, 'the image', max_pixel)
    path = os.fspath(path)
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        # to open a pipe waits for who writes into it
        raise ImageReadError(
            f'{path}: this is a pipe, a socket or a device; name an image file')
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


class _Counted:
    """A file with a limit on the number of reads."""

    def __init__(self, file, name):
        self._file, self._name, self._n = file, name, 0
        self.seek, self.tell = file.seek, file.tell

    def read(self, n=-1):
        self.count()
        return self._file.read(n)

    def count(self):
        self._n += 1
        if self._n > _MAX_READ:
            raise ImageReadError(
                f'{self._name}: the file is in more than {_MAX_READ:,} pieces; '
                'save it again as JPEG or PNG')


def _read(f, name, max_pixel):
    f = _Counted(f, name)
    try:
        with Image.open(f, formats=_formats()) as image:
            if image.width * image.height > max_pixel:
                raise _too_large(name, max_pixel)
            if any(tile[0] in Image.DECODERS for tile in image.tile):
                raise ImageReadError(
                    f'{name}: the image is in a form that is slow to decode (plain PPM, '
                    'PPM of another maximum than 255, or BMP in runs); save it as PNG')
            if image.format in ('JPEG', 'MPO'):
                _check_scans(f, name)
            return as_array(image, name)
    except ImageReadError:
        raise
    except Image.DecompressionBombError as e:
        # it is Pillow's own limit
        raise _too_large(name, min(max_pixel, 2 * Image.MAX_IMAGE_PIXELS)) from e
    except Image.UnidentifiedImageError as e:
        f.seek(0)
        head = f.read(12)
        what = ('the file is empty' if not head else
                'this is HEIC, which cannot be read here'
                if head[4:8] == b'ftyp' and head[8:] in _HEIC else
                'this is not an image of a known format')
        raise ImageReadError(
            f'{name}: {what}; '
            + ('fetch it again' if not head else 'convert it to JPEG or PNG')) from e
    # A damaged file makes Pillow's decoders raise nearly anything:
    # OSError, SyntaxError, ValueError, struct.error, EOFError.
    except Exception as e:
        raise ImageReadError(
            f'{name}: the image is truncated or damaged ({e}); '
            'fetch or export it again') from e


@functools.cache
def _formats():
    """The formats of _FORMATS that this Pillow supports."""
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def as_array(image: Image.Image, name: str) -> np.ndarray:
    """Convert an image of Pillow as :func:`read_image` does.

    Args:
        image (PIL.Image.Image): The image.
        name (str): What the caller called it; errors begin with it.

    Returns:
        numpy.ndarray: :math:`(3, H, W)`, :obj:`float32`, RGB, :math:`[0, 255]`.

    Raises:
        ImageReadError: Its pixels are of an unusual format.
    """
    tile = getattr(image, 'tile', ())  # of a file that is not decoded yet
    raw_mode = tile[0][3] if tile and image.format == 'PNG' else ''
    image.load()
    orientation = image.getexif().get(ExifTags.Base.Orientation)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
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
                f'{name}: its pixels are 32-bit integers beyond 0..65535; '
                'save it as an 8-bit PNG or JPEG')
        return np.repeat((grey / 257)[np.newaxis], 3, axis=0)
    if image.mode == 'F':
        raise ImageReadError(
            f'{name}: its pixels are floating point numbers of an unknown '
            'range; save it as an 8-bit PNG or JPEG')

    if image.has_transparency_data:
        image = image.convert('RGBA')
        white = Image.new('RGBA', image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    img = np.asarray(image.convert('RGB'), dtype=np.float32)
    return np.ascontiguousarray(img.transpose(2, 0, 1))


def _check_scans(f, path):
    at = f.tell()
    f.seek(0)
    content = f.read()
    f.seek(at)
    n_scan, i = 0, 2
    while (found := _MARKER.search(content, i)) and content[found.end() - 1] != 0xd9:
        f.count()
        n_scan += content[found.end() - 1] == 0xda
        if n_scan > _MAX_SCAN:
            raise ImageReadError(
                f'{path}: the JPEG has more than {_MAX_SCAN} scans; save it again')
        i = found.end() + int.from_bytes(content[found.end():found.end() + 2], 'big')


def _too_large(path, max_pixel):
    return ImageReadError(
        f'{path}: the image has more than {max_pixel:,} pixels; '
        'scale it down')
