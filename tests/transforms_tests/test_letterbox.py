from vasily_fashion.transforms import letterbox

import numpy as np
import pytest


def _inner(out, fill):
    """The slices of what is not padding."""
    y, x = np.nonzero((out != fill).any(axis=0))
    return (y.min(), y.max() + 1), (x.min(), x.max() + 1)


@pytest.mark.parametrize('shape, size, y, x', [
    ((100, 50), (40, 40), (0, 40), (10, 30)),  # smaller
    ((50, 100), (40, 40), (10, 30), (0, 40)),
    ((10, 5), (40, 40), (0, 40), (10, 30)),  # larger
    ((100, 50), (40, 41), (0, 40), (10, 30)),  # the odd pixel
    ((100, 50), (40, 23), (0, 40), (1, 21)),
    ((480, 320), (384, 256), (0, 384), (0, 256)),
    ((1, 1), (12, 8), (2, 10), (0, 8)),
    ((10000, 20), (384, 256), (0, 384), (127, 128)),
    ((20, 10000), (384, 256), (191, 192), (0, 256))])
def test_aspect_ratio_and_place(shape, size, y, x):
    img = np.full((3,) + shape, 100, np.float32)
    out = letterbox(img, size)
    assert out.shape == (3,) + size and out.dtype == np.float32
    assert _inner(out, 255) == (y, x)
    np.testing.assert_allclose(
        out[:, slice(*y), slice(*x)], 100, rtol=1e-5)


@pytest.mark.parametrize('fill', [0, 127.5, -1])
def test_fill(fill):
    out = letterbox(np.full((3, 10, 5), 7, np.float32), (20, 20), fill)
    assert _inner(out, fill) == ((0, 20), (5, 15))


@pytest.mark.parametrize('dtype', [np.float32, np.uint8, np.float64])
def test_an_image_of_that_size_stays_and_is_new(dtype):
    img = np.random.RandomState(0).randint(0, 256, (3, 12, 8)).astype(dtype)
    before = img.copy()
    out = letterbox(img, (12, 8))
    np.testing.assert_array_equal(out, before)
    assert out.dtype == np.float32 and out.flags.c_contiguous
    out[...] = 0
    np.testing.assert_array_equal(img, before)


def test_shrinking_averages_over_areas():
    img = np.random.RandomState(0).rand(3, 24, 16).astype(np.float32)
    expected = img.reshape(3, 6, 4, 4, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(
        letterbox(img, (6, 4)), expected, rtol=1e-5)


def test_channels_and_axes_stay_in_place():
    img = np.zeros((3, 8, 8), np.float32)
    img[1, :4] = 200  # green, above
    out = letterbox(img, (32, 32))
    assert (out[1, :12] == 200).all() and (out[1, 20:] == 0).all()
    assert (out[[0, 2]] == 0).all()


def test_an_image_that_is_not_contiguous():
    img = np.random.RandomState(0).rand(9, 3, 7).astype(np.float32)
    view = img.transpose(1, 0, 2)[:, ::-1]
    np.testing.assert_array_equal(
        letterbox(view, (18, 20)),
        letterbox(np.ascontiguousarray(view), (18, 20)))


@pytest.mark.parametrize('shape, size', [
    ((3, 0, 5), (4, 4)), ((3, 5, 0), (4, 4)), ((3, 5, 5), (0, 4)),
    ((3, 5, 5), (4, -1))])
def test_nothing_to_fit(shape, size):
    with pytest.raises(ValueError, match='cannot fit an image'):
        letterbox(np.zeros(shape, np.float32), size)
