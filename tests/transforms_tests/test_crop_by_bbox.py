from vasily_fashion.transforms import crop_by_bbox

import numpy as np
import pytest


def _img(h=10, w=20):
    return np.arange(3 * h * w, dtype=np.float32).reshape(3, h, w)


@pytest.mark.parametrize('box, y, x', [
    ((2, 3, 5, 9), (2, 5), (3, 9)),
    ((0, 0, 10, 20), (0, 10), (0, 20)),
    ((2.1, 3.9, 4.9, 8.1), (2, 5), (3, 9)),  # outwards
    ((-5, -6, 4, 3), (0, 4), (0, 3)),
    ((8, 18, 30, 40), (8, 10), (18, 20)),
    ((-5, -5, 50, 50), (0, 10), (0, 20)),
    ((3.2, 4.2, 3.4, 4.4), (3, 4), (4, 5)),  # thinner than a pixel
    ((3, 4, 3, 4), (3, 4), (4, 5)),  # empty
    ((3, 4, 3, 9), (3, 4), (4, 9)),  # empty along y
    ((6, 9, 2, 5), (4, 5), (7, 8)),  # turned round
    ((-9, -9, -3, -2), (0, 1), (0, 1)),  # outside on each side
    ((30, 40, 50, 60), (9, 10), (19, 20)),
    ((-9, 40, -3, 60), (0, 1), (19, 20)),
    ((2, 40, 5, 60), (2, 5), (19, 20)),
    ((10, 20, 10, 20), (9, 10), (19, 20)),
    ((0, 0, 0, 0), (0, 1), (0, 1)),
    ((-1e30, -1e30, 1e30, 1e30), (0, 10), (0, 20))])
@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_boxes(box, y, x, dtype):
    img = _img()
    crop, = crop_by_bbox(img, np.array([box], dtype))
    np.testing.assert_array_equal(crop, img[:, slice(*y), slice(*x)])


def test_crops_are_aligned_with_boxes_and_are_views():
    img = _img()
    crops = crop_by_bbox(
        img, np.array([(0, 0, 2, 2), (50, 50, 60, 60), (4, 4, 9, 8)]))
    assert [c.shape for c in crops] == [(3, 2, 2), (3, 1, 1), (3, 5, 4)]
    assert all(np.shares_memory(c, img) for c in crops)


@pytest.mark.parametrize('margin, shape', [
    (0, (3, 4, 6)), (0.25, (3, 6, 10)), (0.5, (3, 8, 12)), (100, (3, 10, 20)),
    (-0.25, (3, 2, 4)), (-0.5, (3, 1, 1)), (-2, (3, 1, 1))])
def test_margin(margin, shape):
    crop, = crop_by_bbox(_img(), np.array([(3, 6, 7, 12)]), margin)
    assert crop.shape == shape


def test_no_box():
    assert crop_by_bbox(_img(), np.zeros((0, 4), np.float32)) == []


def test_an_image_of_one_pixel():
    img = _img(1, 1)
    for crop in crop_by_bbox(img, [(0, 0, 1, 1), (-3, 0, 5, 0), (2, 2, 3, 3)]):
        np.testing.assert_array_equal(crop, img)


def test_a_mask_of_one_channel():
    mask = np.arange(200).reshape(1, 10, 20)
    crop, = crop_by_bbox(mask, [(1, 2, 3, 4)])
    np.testing.assert_array_equal(crop, mask[:, 1:3, 2:4])


@pytest.mark.parametrize('bbox', [
    np.zeros(4), np.zeros((2, 5)), np.zeros((1, 2, 4)), [], 3.])
def test_bad_shapes(bbox):
    with pytest.raises(ValueError, match=r'of shape \(R, 4\), not'):
        crop_by_bbox(_img(), bbox)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(value):
    with pytest.raises(ValueError, match='bbox holds NaN or infinite'):
        crop_by_bbox(_img(), [(0, 0, 1, 1), (0, value, 1, 1)])
    with pytest.raises(ValueError, match='margin must be finite'):
        crop_by_bbox(_img(), [(0, 0, 1, 1)], value)
