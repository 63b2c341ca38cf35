"""Time the slowest files of 10 MB and 16 million pixels that `read_image` takes, by format.

`python tests/soak/reading.py`: a line for each file, with the processor's seconds, which
other work on the machine does not change, and what was refused.
"""
import io
import re
import struct
import time
import zlib

from vasily_fashion.utils import ImageReadError, read_image

import numpy as np
from PIL import Image

_N_BYTE, _N_PIXEL, _SIDE = 10_000_000, 16_000_000, 4000
_RNG = np.random.default_rng(0)


def _encode(img, kind, **kwargs):
    file = io.BytesIO()
    img.save(file, kind, **kwargs)
    return file.getvalue()


def _chunk(kind, data):
    return (struct.pack('>I', len(data)) + kind + data
            + struct.pack('>I', zlib.crc32(kind + data)))


def _tiff_of_strips(n):
    """Uncompressed, a row of one pixel a strip."""
    tags = [(256, 1), (257, n), (258, 8), (259, 1), (262, 1), (277, 1), (278, 1)]
    end = 8 + 2 + 12 * 9 + 4
    entries = [struct.pack('<HHII', tag, 4, 1, value) for tag, value in tags]
    entries.insert(5, struct.pack('<HHII', 273, 4, n, end))
    entries.append(struct.pack('<HHII', 279, 4, n, end + 4 * n))
    return (b'II*\0' + struct.pack('<IH', 8, 9) + b''.join(entries) + struct.pack('<I', 0)
            + struct.pack('<I', 8) * n + struct.pack('<I', 1) * n)


def files(side=_SIDE, n_byte=_N_BYTE):
    """Yield name and content."""
    flat = Image.new('RGB', (side, side), (200, 100, 50))
    noise = Image.fromarray(_RNG.integers(0, 256, (side, side, 3), dtype=np.uint8))
    few = Image.fromarray(_RNG.integers(0, 3, (side, side, 3), dtype=np.uint8))
    bits = Image.fromarray(_RNG.integers(0, 2, (side, side), dtype=np.uint8) * 255).convert('1')
    small = noise.resize((side * 9 // 20, side * 9 // 20))
    tiny = Image.new('RGB', (8, 8))
    yield 'JPEG, noise', _encode(noise, 'JPEG', quality=33, subsampling=0)
    yield 'JPEG, noise, progressive', _encode(
        noise, 'JPEG', quality=38, subsampling=0, progressive=True)
    content = _encode(flat, 'JPEG', quality=90, subsampling=0, progressive=True)
    last = content[content.rindex(b'\xff\xda'):-2]
    first = re.search(b'\xff\xda.{10}.*?(?=\xff[^\0])', content, re.DOTALL)[0]
    n = content.count(b'\xff\xda')
    yield 'JPEG, 100 scans of three colours', (
        content[:-2] + first * (100 - n) + content[-2:])
    yield 'JPEG, 100 scans', content[:-2] + last * (100 - n) + content[-2:]
    yield 'JPEG, 101 scans', content[:-2] + last * (101 - n) + content[-2:]
    content = _encode(tiny, 'JPEG')
    yield 'JPEG, 24,000 comments', content[:2] + b'\xff\xfe\0\2' * 24_000 + content[2:]
    yield 'JPEG, comments', content[:2] + b'\xff\xfe\0\2' * (n_byte // 4) + content[2:]
    yield 'JPEG, markers after the first scan', (
        content[:-2] + b'\xff\xfe\0\2' * (n_byte // 4) + content[-2:])
    yield 'PNG, flat', _encode(flat.convert('RGBA'), 'PNG')
    yield 'PNG, noise', _encode(small, 'PNG', compress_level=1)
    yield 'PNG, three values', _encode(few, 'PNG', compress_level=1)
    yield 'PNG, of 16 bits', _encode(Image.fromarray(
        _RNG.integers(0, 9, (side, side)).astype(np.uint16)), 'PNG', compress_level=1)
    content = _encode(tiny, 'PNG')
    yield 'PNG, 30,000 chunks', content[:33] + _chunk(b'tEXt', b'a\0b') * 30_000 + content[33:]
    yield 'PNG, chunks', content[:33] + _chunk(b'abCd', b'') * (n_byte // 12) + content[33:]
    n = n_byte // 8
    exif = (b'II*\0' + struct.pack('<IH', 8, 2) + struct.pack('<HHIHH', 0x112, 3, 1, 6, 0)
            + struct.pack('<HHII', 0x9999, 5, n, 38) + bytes(4) + struct.pack('<II', 1, 3) * n)
    yield 'PNG, EXIF of 10 MB', content[:33] + _chunk(b'eXIf', exif) + content[33:]
    yield 'WebP, noise', _encode(noise, 'WEBP', quality=45, method=0)
    yield 'WebP, lossless', _encode(few, 'WEBP', lossless=True, quality=0, method=0)
    yield 'GIF', _encode(few.convert('L').point(lambda x: x % 16), 'GIF')
    yield 'GIF, comments', (
        _encode(tiny.convert('L'), 'GIF')[:13 + 768] + b'!\xfe\1a\0' * (n_byte // 5))
    yield 'BMP', _encode(small, 'BMP')
    yield 'BMP, bits', _encode(bits, 'BMP')
    yield 'TIFF, raw', _encode(small, 'TIFF')
    for kind in 'tiff_lzw', 'tiff_adobe_deflate', 'packbits', 'jpeg', 'zstd', 'lzma':
        yield f'TIFF, {kind}', _encode(
            noise if kind == 'jpeg' else small if kind == 'packbits' else few, 'TIFF',
            compression=kind, **({'quality': 33} if kind == 'jpeg' else {}))
    yield 'TIFF, group4', _encode(bits, 'TIFF', compression='group4')
    yield 'TIFF, 40,000 strips', _tiff_of_strips(40_000)
    yield 'TIFF, strips', _tiff_of_strips(n_byte // 8 - 100)
    yield 'PPM, bits', _encode(bits, 'PPM')
    yield 'PPM', _encode(small, 'PPM')
    yield 'PPM, plain', b'P2 2200 2200 255\n' + b'1 ' * (n_byte // 2)
    yield 'PPM, comments', b'P6\n' + b'#\n' * (n_byte // 2) + b'1 1 255\n123'
    yield 'AVIF, noise', _encode(noise, 'AVIF', quality=60, speed=10)
    yield 'AVIF, three values', _encode(few, 'AVIF', quality=95, speed=10)


def measure(content):
    """The processor's seconds that reading takes, and what came of it."""
    start = time.process_time()
    try:
        found = '{1} x {2}'.format(*read_image(io.BytesIO(content), _N_PIXEL).shape)
    except ImageReadError as error:
        found = str(error)
    return time.process_time() - start, found


if __name__ == '__main__':
    for name, content in files():
        seconds, found = measure(content)
        print(f'{name:36} {len(content) / 1e6:6.2f} MB {seconds:6.2f} s  {found}', flush=True)
