import warnings

from vasily_fashion.utils import ImageReadError, check_image, check_images, read_image

import numpy as np
import pytest
from PIL import Image


def _good():
    return np.full((3, 4, 5), 7, dtype=np.float32)


def test_float32_is_handed_through_without_a_copy():
    img = _good()
    assert check_image(img) is img
    out = check_images([img, img])
    assert isinstance(out, list) and out[0] is img and out[1] is img


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int64, np.float16,
                                   np.float64])
def test_numbers_become_float32(dtype):
    out, = check_images([_good().astype(dtype)])
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, _good())


@pytest.mark.parametrize('shape', [(3, 1, 1), (3, 10000, 20), (3, 20, 10000),
                                   (3, 5, 3), (3, 3, 3)])
def test_any_size_is_an_image(shape):
    out, = check_images([np.zeros(shape, dtype=np.float32)])
    assert out.shape == shape


def test_paths_and_images_of_pillow(tmp_path):
    path = tmp_path / 'photo.png'
    image = Image.fromarray(np.random.default_rng(0).integers(
        0, 255, (6, 4, 4), np.uint8), 'RGBA')
    image.save(path)
    turned = Image.new('RGB', (5, 2), (1, 2, 3))
    turned.getexif()[0x0112] = 6
    read = read_image(path)
    imgs = check_images([path, str(path), image, turned, _good()])
    for img in imgs[:3]:
        np.testing.assert_array_equal(img, read)
    assert imgs[3].shape == (3, 5, 2) and imgs[3][:, 0, 0].tolist() == [1, 2, 3]
    with pytest.raises(ImageReadError, match='no.png: there is no such file'):
        check_images([_good(), tmp_path / 'no.png'])


@pytest.mark.parametrize('img, error, message', [
    (np.zeros((8, 6, 3), np.float32), ValueError, r'channels are last'),
    (np.zeros((8, 6, 4), np.uint8), ValueError, r'channels are last'),
    (np.zeros((8, 6), np.float32), ValueError, r'grey'),
    (np.zeros((1, 8, 6), np.float32), ValueError, r'grey'),
    (np.zeros((4, 8, 6), np.float32), ValueError, r'alpha'),
    (np.zeros((5, 8, 6), np.float32), ValueError, r'\(3, H, W\)'),
    (np.zeros((1, 3, 8, 6), np.float32), ValueError, r'one image is'),
    (np.zeros(3, np.float32), ValueError, r'one image is'),
    (np.zeros((3, 0, 6), np.float32), ValueError, r'no pixels'),
    (np.zeros((3, 6, 0), np.float32), ValueError, r'no pixels'),
    (np.full((3, 2, 2), np.nan, np.float32), ValueError, r'NaN'),
    (np.full((3, 2, 2), -np.inf, np.float64), ValueError, r'infinite'),
    (np.zeros((3, 2, 2), bool), TypeError, r'dtype bool'),
    (np.zeros((3, 2, 2), complex), TypeError, r'dtype complex'),
    (np.zeros((3, 2, 2), object), TypeError, r'dtype object'),
    (np.full((3, 2, 2), 'a'), TypeError, r'dtype <U1'),
    ([[[1.]], [[1.]], [[1.]]], TypeError, r'not list'),
    (None, TypeError, r'not NoneType'),
])
def test_errors_name_the_argument_and_the_index(img, error, message):
    with pytest.raises(error, match=r'^photos\[1\].*' + message):
        check_images([_good(), img], name='photos')


def test_nan_is_found_anywhere():
    img = _good()
    img[2, 3, 4] = np.nan
    with pytest.raises(ValueError, match=r'imgs\[0\] has NaN'):
        check_images([img])


def test_one_image_instead_of_a_list():
    with pytest.raises(ValueError, match=r'^imgs must be a list.*\[img\]'):
        check_images(_good())


def test_a_batch_is_a_list_of_images():
    out = check_images(np.zeros((2, 3, 4, 5), dtype=np.float32))
    assert [img.shape for img in out] == [(3, 4, 5)] * 2


def test_string_instead_of_a_list():
    with pytest.raises(TypeError, match='imgs must be a list.*photo.jpg'):
        check_images('photo.jpg')


def test_number_instead_of_a_list():
    with pytest.raises(TypeError, match='imgs must be a list.*int'):
        check_images(3)


def test_empty_list():
    assert check_images([]) == []
    with pytest.raises(ValueError, match='crops is empty'):
        check_images([], name='crops', allow_empty=False)


def test_shares_of_1_are_warned_of():
    img = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 2, 2)
    with pytest.warns(UserWarning, match='img has no value above 1: values are 0..255'):
        check_image(img)
    for fine in 255 * img, 0 * img:
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            check_image(fine)
