import vasily_fashion.accelerate  # noqa: F401

import chainer
import numpy as np
import pytest
from chainercv.utils import non_maximum_suppression


def _both(*args, **kwargs):
    found = non_maximum_suppression(*args, **kwargs)
    with chainer.using_config('accelerate', False), \
            np.errstate(invalid='ignore'):
        expected = non_maximum_suppression(*args, **kwargs)
    assert found.dtype == expected.dtype == np.int32
    np.testing.assert_array_equal(found, expected)
    return found


def _boxes(n, seed, dtype=np.float32):
    random_state = np.random.default_rng(seed)
    corner = random_state.uniform(0, 80, (n, 2))
    return np.hstack([corner, corner + random_state.uniform(5, 40, (n, 2))]) \
        .astype(dtype), random_state.random(n).astype(dtype)


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('thresh', [0, .1, .45, .9, 1])
@pytest.mark.parametrize('n', [1, 2, 300])
def test_same_boxes(n, thresh, dtype):
    for seed in range(5):
        bbox, score = _boxes(n, seed, dtype)
        found = _both(bbox, thresh, score)
        _both(bbox, thresh)
        for limit in (1, 7, n):
            np.testing.assert_array_equal(
                _both(bbox, thresh, score, limit=limit), found[:limit])
    if n == 300 and thresh == .45:
        assert 1 < len(found) < n


def test_overlap_of_just_the_threshold_is_suppressed():
    bbox = np.array([[0, 0, 2, 2], [0, 0, 2, 1]], np.float32)
    np.testing.assert_array_equal(_both(bbox, .5), [0])
    np.testing.assert_array_equal(_both(bbox, .501), [0, 1])


@pytest.mark.filterwarnings('ignore:invalid value')
def test_boxes_without_area():
    bbox = np.array(
        [[3, 3, 3, 3], [3, 3, 3, 3], [0, 0, 9, 9], [5, 5, 4, 4]], np.float32)
    _both(bbox, .45)
    _both(bbox, .45, np.array([.1, .4, .4, .2], np.float32))


def test_no_boxes():
    assert _both(np.zeros((0, 4), np.float32), .5).shape == (0,)
