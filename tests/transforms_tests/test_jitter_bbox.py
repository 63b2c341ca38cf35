from vasily_fashion.transforms import jitter_bbox

import numpy as np
import pytest

_BBOX = np.array([(10, 20, 110, 60)] * 4000, np.float32)


@pytest.mark.parametrize('random', [np.random.default_rng, np.random.RandomState])
def test_sides_move_out_and_in(random):
    moved = (jitter_bbox(_BBOX, .1, random(0)) - _BBOX) / [100, 40, 100, 40]
    assert np.abs(moved).max() == pytest.approx(.2)
    np.testing.assert_allclose(moved.mean(axis=0), 0, atol=.01)
    # a normal one cut at two deviations has 0.96 of its deviation
    np.testing.assert_allclose(moved.std(axis=0), .096, atol=.004)
    # each side by itself
    assert np.abs(np.corrcoef(moved.T) - np.eye(4)).max() < .06


def test_no_side_passes_the_other():
    bbox = jitter_bbox(_BBOX, .2499, np.random.default_rng(0))
    assert (bbox[:, 2:] > bbox[:, :2]).all()


def test_none():
    np.testing.assert_array_equal(
        jitter_bbox(_BBOX, 0, np.random.default_rng(0)), _BBOX)


def test_margin():
    moved = (jitter_bbox(_BBOX, 0, np.random.default_rng(0), .3) - _BBOX) / [100, 40, 100, 40]
    room = moved[:, 2]
    # the same on all sides, anything from none to all of it
    np.testing.assert_allclose(moved, room[:, None] * [-1, -1, 1, 1], atol=1e-6)
    assert 0 <= room.min() < .01 and .29 < room.max() <= .3
    assert room.mean() == pytest.approx(.15, abs=.005)


@pytest.mark.parametrize('std', [-.1, .25, np.nan])
def test_out_of_range(std):
    with pytest.raises(ValueError, match='box jitter must be from 0'):
        jitter_bbox(_BBOX, std, np.random.default_rng(0))
