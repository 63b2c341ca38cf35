import io
import os
import socket
import struct
import time
import zlib

from vasily_fashion.utils import ImageReadError, check_image, read_image

import numpy as np
import pytest
from PIL import Image, ImageCms


@pytest.fixture
def rgb():
    # Smooth, so that JPEG keeps it; not symmetric, so that a turn shows.
    y, x = np.mgrid[:40, :24]
    return np.stack([y * 6, x * 10, 255 - y * 3 - x], axis=2).astype(np.uint8)


def _assert_image(img, H, W):
    assert isinstance(img, np.ndarray)
    assert img.shape == (3, H, W)
    assert img.dtype == np.float32
    assert img.flags.c_contiguous
    assert 0 <= img.min() and img.max() <= 255


def test_png_is_read_exactly(tmp_path, rgb):
    Image.fromarray(rgb).save(tmp_path / 'a.png')
    img = read_image(tmp_path / 'a.png')
    _assert_image(img, 40, 24)
    np.testing.assert_array_equal(img, rgb.transpose(2, 0, 1))
    np.testing.assert_array_equal(read_image(str(tmp_path / 'a.png')), img)


@pytest.mark.parametrize('suffix', ['.jpg', '.webp', '.bmp', '.tif', '.gif'])
def test_formats(tmp_path, rgb, suffix):
    Image.fromarray(rgb).save(tmp_path / f'a{suffix}')
    img = read_image(tmp_path / f'a{suffix}')
    _assert_image(img, 40, 24)
    assert np.abs(img - rgb.transpose(2, 0, 1)).mean() < 16


@pytest.mark.parametrize('mode', ['L', '1'])
def test_grey(tmp_path, rgb, mode):
    image = Image.fromarray(rgb).convert(mode)
    image.save(tmp_path / 'a.png')
    img = read_image(tmp_path / 'a.png')
    _assert_image(img, 40, 24)
    np.testing.assert_array_equal(img, np.stack([image.convert('L')] * 3))


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_grey_of_16_bits(tmp_path, suffix):
    grey = np.array([[0, 257, 65535], [128 * 257, 256, 1]], dtype=np.uint16)
    Image.fromarray(grey).save(tmp_path / f'a{suffix}')
    img = read_image(tmp_path / f'a{suffix}')
    _assert_image(img, 2, 3)
    np.testing.assert_allclose(img, np.stack([grey / 257] * 3), atol=1e-4)


def test_integers_of_32_bits_within_16(tmp_path):
    grey = np.array([[0, 65535]], dtype=np.int32)
    Image.fromarray(grey).save(tmp_path / 'a.tif')
    np.testing.assert_allclose(read_image(tmp_path / 'a.tif')[1], [[0, 255]])


@pytest.mark.parametrize('pixel', [
    np.array([[-1, 5]], dtype=np.int32),
    np.array([[0, 65536]], dtype=np.int32),
    np.array([[0.5, 1.]], dtype=np.float32)])
def test_unknown_range_is_refused(tmp_path, pixel):
    Image.fromarray(pixel).save(tmp_path / 'a.tif')
    with pytest.raises(ImageReadError, match='a.tif.*8-bit PNG'):
        read_image(tmp_path / 'a.tif')


def test_rgba_is_laid_on_white(tmp_path):
    rgba = np.array([[[200, 100, 0, 255], [200, 100, 0, 0],
                      [200, 100, 0, 51]]], dtype=np.uint8)
    Image.fromarray(rgba).save(tmp_path / 'a.png')
    img = read_image(tmp_path / 'a.png')
    _assert_image(img, 1, 3)
    np.testing.assert_allclose(
        img[:, 0].T, [[200, 100, 0], [255, 255, 255], [244, 224, 204]],
        atol=1)


def test_grey_with_alpha_is_laid_on_white(tmp_path):
    Image.merge('LA', [Image.new('L', (2, 1), 80),
                       Image.frombytes('L', (2, 1), b'\x00\xff')]).save(
        tmp_path / 'a.png')
    img = read_image(tmp_path / 'a.png')
    np.testing.assert_array_equal(img, [[[255, 80]]] * 3)


def test_transparent_palette_is_laid_on_white(tmp_path):
    image = Image.frombytes('P', (2, 1), b'\x00\x01')
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.save(tmp_path / 'a.png', transparency=0)
    img = read_image(tmp_path / 'a.png')
    np.testing.assert_array_equal(
        img[:, 0].T, [[255, 255, 255], [40, 50, 60]])


def test_rgb_with_a_transparent_colour_is_laid_on_white(tmp_path):
    image = Image.frombytes('RGB', (2, 1), bytes([1, 2, 3, 4, 5, 6]))
    image.save(tmp_path / 'a.png', transparency=(1, 2, 3))
    img = read_image(tmp_path / 'a.png')
    np.testing.assert_array_equal(img[:, 0].T, [[255, 255, 255], [4, 5, 6]])


@pytest.mark.parametrize('depth, colour, pixels, transparent, expected', [
    (1, 0, bytes([0b01000000]), (1,), [0, 255, 0]),
    (2, 0, bytes([0b00011000]), (1,), [0, 255, 170]),
    (4, 0, bytes([0x05, 0xf0]), (5,), [0, 255, 255]),
    (8, 0, bytes([0, 100, 99]), (100,), [0, 255, 99]),
    (16, 0, struct.pack('>3H', 0, 1000, 257), (1000,), [0, 255, 1]),
    (16, 2, struct.pack('>9H', 514, 514, 514, 1000, 2000, 3000, 1285, 0, 0),
     (1000, 2000, 3000), [[2, 2, 2], [255, 255, 255], [5, 0, 0]]),
    (16, 2, struct.pack('>9H', 0, 0, 0, 257, 0, 0, 514, 514, 514), (0, 0, 0),
     [[255, 255, 255], [1, 0, 0], [2, 2, 2]])])
def test_transparent_colour_of_any_depth_is_laid_on_white(
        depth, colour, pixels, transparent, expected):
    """Pillow writes none of these: a PNG by hand, three pixels wide."""
    content = b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(data)) + kind + data
        + struct.pack('>I', zlib.crc32(kind + data)) for kind, data in (
            (b'IHDR', struct.pack('>IIBBBBB', 3, 1, depth, colour, 0, 0, 0)),
            (b'tRNS', struct.pack(f'>{len(transparent)}H', *transparent)),
            (b'IDAT', zlib.compress(b'\0' + pixels)), (b'IEND', b'')))
    for img in read_image(io.BytesIO(content)), check_image(Image.open(io.BytesIO(content))):
        np.testing.assert_array_equal(
            img[:, 0].T, np.broadcast_to(np.reshape(expected, (3, -1)), (3, 3)))


def test_colour_profiles_are_not_applied(tmp_path):
    """As the docstring says."""
    image = Image.new('RGB', (2, 1), (200, 30, 40))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile('XYZ')).tobytes()
    image.save(tmp_path / 'a.png', icc_profile=profile)
    with Image.open(tmp_path / 'a.png') as found:
        assert found.info['icc_profile'] == profile
    assert read_image(tmp_path / 'a.png')[:, 0, 0].tolist() == [200, 30, 40]


def test_cmyk(tmp_path):
    Image.new('CMYK', (16, 8), (0, 255, 255, 0)).save(
        tmp_path / 'a.jpg', quality=95)
    img = read_image(tmp_path / 'a.jpg')
    _assert_image(img, 8, 16)
    assert np.abs(img - np.reshape([255, 0, 0], (3, 1, 1))).max() < 8


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_exif_orientation_is_applied(tmp_path, rgb, orientation, suffix):
    stored = {  # what the camera stored, for the picture to be rgb
        1: rgb, 2: rgb[:, ::-1], 3: rgb[::-1, ::-1], 4: rgb[::-1],
        5: rgb.transpose(1, 0, 2), 6: np.rot90(rgb),
        7: np.rot90(rgb.transpose(1, 0, 2), 2), 8: np.rot90(rgb, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f'a{suffix}'
    Image.fromarray(np.ascontiguousarray(stored)).save(
        path, exif=exif, quality=95)
    img = read_image(path)
    _assert_image(img, 40, 24)
    assert np.abs(img - rgb.transpose(2, 0, 1)).mean() < 4


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new('RGB', (6, 5), c) for c in ('red', 'lime', 'blue')]
    frames[0].save(tmp_path / 'a.gif', save_all=True,
                   append_images=frames[1:])
    img = read_image(tmp_path / 'a.gif')
    _assert_image(img, 5, 6)
    np.testing.assert_array_equal(img[:, 2, 3], [255, 0, 0])


@pytest.mark.parametrize('size', [(1, 1), (10000, 20), (20, 10000)])
def test_extreme_sizes(tmp_path, size):
    Image.new('RGB', size, (9, 8, 7)).save(tmp_path / 'a.png')
    img = read_image(tmp_path / 'a.png')
    _assert_image(img, size[1], size[0])
    assert (img == np.reshape([9, 8, 7], (3, 1, 1))).all()


def test_missing_file(tmp_path):
    with pytest.raises(ImageReadError, match='nothing.jpg.*no such file'):
        read_image(tmp_path / 'nothing.jpg')


def test_folder(tmp_path):
    with pytest.raises(ImageReadError, match='folder'):
        read_image(tmp_path)


def test_path_with_a_null_byte():
    with pytest.raises(ImageReadError, match='cannot be opened'):
        read_image('a\0b.jpg')


@pytest.mark.parametrize('content', [b'', b'hello', b'\xff\xd8\xff', b'GIF89a',
                                     b'<html>404</html>' * 99])
def test_no_image(tmp_path, content):
    (tmp_path / 'a.jpg').write_bytes(content)
    with pytest.raises(ImageReadError, match='a.jpg'):
        read_image(tmp_path / 'a.jpg')


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.gif', '.webp', '.bmp',
                                    '.tif'])
@pytest.mark.parametrize('part', [0.3, 0.7, 0.95])
def test_truncated(tmp_path, suffix, part):
    noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3))
    path = tmp_path / f'a{suffix}'
    Image.fromarray(noise.astype(np.uint8)).save(path)
    content = path.read_bytes()
    path.write_bytes(content[:int(len(content) * part)])
    with pytest.raises(ImageReadError, match=path.name):
        read_image(path)


@pytest.mark.filterwarnings('ignore::PIL.Image.DecompressionBombWarning')
@pytest.mark.parametrize('side', [9500, 60000])
def test_decompression_bomb(tmp_path, side):
    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack('>I', len(data)) + kind + data + struct.pack(
            '>I', crc)

    (tmp_path / 'bomb.png').write_bytes(
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0))
        + chunk(b'IDAT', zlib.compress(b'\0' * 1000)) + chunk(b'IEND', b''))
    with pytest.raises(ImageReadError, match='bomb.png.*pixels; scale'):
        read_image(tmp_path / 'bomb.png')


def test_the_error_is_an_oserror(tmp_path):
    with pytest.raises(OSError):
        read_image(tmp_path / 'nothing.jpg')


def test_open_file(tmp_path, rgb):
    Image.fromarray(rgb).save(tmp_path / 'a.png')
    file = io.BytesIO((tmp_path / 'a.png').read_bytes())
    np.testing.assert_array_equal(read_image(file), rgb.transpose(2, 0, 1))
    with pytest.raises(ImageReadError, match='^the image: this is not an im'):
        read_image(io.BytesIO(b'hello'))


def test_postscript_is_not_run(tmp_path, rgb):
    Image.fromarray(rgb).save(tmp_path / 'a.eps')
    (tmp_path / 'a.eps').rename(tmp_path / 'a.jpg')
    with pytest.raises(ImageReadError, match='not an image of a known format'):
        read_image(tmp_path / 'a.jpg')


def test_max_pixel(tmp_path, rgb, monkeypatch):
    Image.fromarray(rgb).save(tmp_path / 'a.png')
    assert read_image(tmp_path / 'a.png', max_pixel=24 * 40).shape[1] == 40
    with pytest.raises(ImageReadError, match='a.png.* more than 959 pixels'):
        read_image(tmp_path / 'a.png', max_pixel=24 * 40 - 1)
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 400)
    with pytest.raises(ImageReadError, match='more than 800 pixels'):
        read_image(tmp_path / 'a.png', max_pixel=10 ** 9)


def _jpeg_of_scans(n_scan, progressive=True, other=b''):
    """A JPEG whose last scan is there again and again."""
    file = io.BytesIO()
    Image.new('RGB', (64, 64), (200, 100, 50)).save(file, 'JPEG', progressive=progressive)
    content = file.getvalue()
    n = content.count(b'\xff\xda')
    last = content[content.rindex(b'\xff\xda'):-2]
    return (content[:2] + other + content[2:-2] + last * (n_scan - n) + b'\xff\xd9')


@pytest.mark.parametrize('progressive', [True, False])
def test_scans_of_a_jpeg_are_counted(progressive):
    if progressive:
        assert read_image(io.BytesIO(_jpeg_of_scans(100))).shape == (3, 64, 64)
    for n in 101, 5000:
        with pytest.raises(ImageReadError, match='the image: the JPEG has more than 100 scans'):
            read_image(io.BytesIO(_jpeg_of_scans(n, progressive)))


def test_what_is_no_scan_is_not_counted():
    # in a comment, and behind the end of the image
    comment = b'\xff\xfe' + struct.pack('>H', 402) + b'\xff\xda' * 200
    content = _jpeg_of_scans(20, other=comment) + b'\xff\xda' * 200
    assert read_image(io.BytesIO(content)).shape == (3, 64, 64)


def test_scans_are_counted_behind_fill_bytes_and_in_mpo():
    content = _jpeg_of_scans(200).replace(b'\xff\xda', b'\xff\xff\xff\xda')
    with pytest.raises(ImageReadError, match='more than 100 scans'):
        read_image(io.BytesIO(content))
    file = io.BytesIO()
    image = Image.new('RGB', (64, 64))
    image.save(file, 'MPO', save_all=True, append_images=[image])
    assert read_image(io.BytesIO(file.getvalue())).shape == (3, 64, 64)


@pytest.mark.parametrize('content', [
    b'P1 2 1\n1 0', b'P2 2 1 255\n1 0', b'P3 1 1 255\n1 0 3',
    b'P2 2000 1000 255\n' + b'#\n' * 9999, b'P5 2 1 100\n12', b'P6 1 1 65535\n123456'])
def test_slow_forms_of_ppm_are_refused(content):
    with pytest.raises(ImageReadError, match='slow to decode .*save it as PNG'):
        read_image(io.BytesIO(content))


@pytest.mark.parametrize('content', [b'P4 2 1\n1', b'P5 2 1 255\n12', b'P6 2 1 255\n123456'])
def test_ppm(content):
    assert read_image(io.BytesIO(content)).shape == (3, 1, 2)


def _chunk(kind, data):
    return (struct.pack('>I', len(data)) + kind + data
            + struct.pack('>I', zlib.crc32(kind + data)))


def _pieces():
    file = io.BytesIO()
    Image.new('RGB', (8, 8)).save(file, 'JPEG')
    jpeg = file.getvalue()
    file = io.BytesIO()
    Image.new('RGB', (8, 8)).save(file, 'PNG')
    png = file.getvalue()
    file = io.BytesIO()
    Image.new('L', (8, 8)).save(file, 'GIF')
    gif = file.getvalue()
    at = 13 + (3 << ((gif[10] & 7) + 1))
    n = 300_000
    return {
        'JPEG comments': jpeg[:2] + b'\xff\xfe\0\2' * n + jpeg[2:],
        'JPEG comments at the end': jpeg[:-2] + b'\xff\xfe\0\2' * n + jpeg[-2:],
        'JPEG fill': jpeg[:2] + b'\xff' * n + jpeg[2:],
        'PNG chunks': png[:33] + _chunk(b'abCd', b'') * n + png[33:],
        'PNG chunks at the end': png[:-12] + _chunk(b'tEXt', b'a\0b') * n + png[-12:],
        'GIF comments': gif[:at] + b'!\xfe\1a\0' * n + gif[at:],
        'PPM comments': b'P6\n' + b'#\n' * n + b'1 1 255\n123'}


@pytest.mark.parametrize('name', _pieces())
def test_a_file_in_too_many_pieces(name):
    with pytest.raises(ImageReadError, match='the file is in more than 100,000 pieces'):
        read_image(io.BytesIO(_pieces()[name]))


def test_much_exif_takes_no_time(rgb):
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, 'PNG')
    n = 200_000
    exif = (b'II*\0' + struct.pack('<IH', 8, 2) + struct.pack('<HHIHH', 0x112, 3, 1, 6, 0)
            + struct.pack('<HHII', 0x9999, 5, n, 38) + struct.pack('<I', 0)
            + struct.pack('<II', 1, 3) * n)
    content = file.getvalue()
    start = time.process_time()
    img = read_image(io.BytesIO(content[:33] + _chunk(b'eXIf', exif) + content[33:]))
    assert time.process_time() - start < 2
    np.testing.assert_array_equal(img, np.rot90(rgb, -1).transpose(2, 0, 1))


@pytest.mark.parametrize('content, message', [
    (b'', 'the file is empty'),
    (b'\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'this is HEIC, which cannot be read here; convert'),
    (b'\0\0\0\x18ftypmif1\0\0\0\0mif1heic', 'this is HEIC'),
    (b'{"a": 1}', 'this is not an image of a known format')])
def test_what_the_file_is_instead(content, message):
    with pytest.raises(ImageReadError, match=f'the image: {message}'):
        read_image(io.BytesIO(content))


def test_only_regular_files(tmp_path):
    os.mkfifo(tmp_path / 'fifo.png')
    (tmp_path / 'link.png').symlink_to(tmp_path / 'fifo.png')
    (tmp_path / 'zero.png').symlink_to('/dev/zero')
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / 's.png'))
        for name in 'fifo.png', 'link.png', 'zero.png', 's.png':
            with pytest.raises(ImageReadError, match=f'{name}: this is a pipe, a socket or'):
                read_image(tmp_path / name)
