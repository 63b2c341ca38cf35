import random

from vasily_fashion.transforms import SSDAugmentation

import numpy as np
import pytest
from chainercv.links.model.ssd import MultiboxCoder
from chainercv.utils import bbox_iou

_SIZE = 64
_MEAN = np.array((123, 117, 104), np.float32)[:, None, None]


@pytest.fixture
def coder():
    return MultiboxCoder(
        grids=(8, 4, 2), aspect_ratios=((2,), (2, 3), (2,)),
        steps=(8, 16, 32), sizes=(10, 20, 40, 60), variance=(0.1, 0.2))


@pytest.fixture
def augmentation(coder):
    return SSDAugmentation(coder, _SIZE, _MEAN)


def _example():
    """A photo of two boxes, one red and one blue."""
    img = np.full((3, 90, 120), 128, np.float32)
    bbox = np.array([(10, 10, 50, 40), (30, 60, 80, 110)], np.float32)
    for (y0, x0, y1, x1), colour in zip(
            bbox.astype(int), ((250, 0, 0), (0, 0, 250)), strict=True):
        img[:, y0:y1, x0:x1] = np.array(colour)[:, None, None]
    return img, bbox, np.array([3, 7], np.int32)


def _seed(seed):
    random.seed(seed)
    np.random.seed(seed)


def test_shapes_and_dtypes(augmentation, coder):
    n = len(coder._default_bbox)
    labels = set()
    for seed in range(10):
        _seed(seed)
        img, mb_loc, mb_label = augmentation(_example())
        assert img.shape == (3, _SIZE, _SIZE) and img.dtype == np.float32
        assert mb_loc.shape == (n, 4) and mb_loc.dtype == np.float32
        assert mb_label.shape == (n,) and mb_label.dtype == np.int32
        assert np.isfinite(img).all() and np.isfinite(mb_loc).all()
        labels |= set(mb_label)
        values = img + _MEAN
        assert -100 < values.min() and values.max() < 400  # bicubic overshoot
    assert labels == {0, 4, 8}


def test_the_example_is_not_written_to(augmentation):
    example = _example()
    before = [a.copy() for a in example]
    for seed in range(5):
        _seed(seed)
        augmentation(example)
    for actual, expected in zip(example, before, strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_chance_comes_from_two_generators(augmentation):
    def run(seed, numpy_seed):
        random.seed(seed)
        np.random.seed(numpy_seed)
        return augmentation(_example())

    for actual, expected in zip(run(0, 0), run(0, 0), strict=True):
        np.testing.assert_array_equal(actual, expected)
    # either of them alone changes the outcome
    assert any((run(s, 0)[0] != run(0, 0)[0]).any() for s in range(1, 9))
    assert any((run(0, s)[0] != run(0, 0)[0]).any() for s in range(1, 9))


def test_no_box(augmentation):
    img, _, _ = _example()
    for seed in range(10):
        _seed(seed)
        _, mb_loc, mb_label = augmentation(
            (img, np.zeros((0, 4), np.float32), np.zeros(0, np.int32)))
        assert (mb_label == 0).all() and (mb_loc == 0).all()
        assert mb_loc.dtype == np.float32 and mb_label.dtype == np.int32
        assert mb_loc.shape == (len(mb_label), 4)


def _decode(coder, mb_loc, mb_label):
    """The boxes, and the label of each, that the targets tell of."""
    # a very sure network that has learnt them by heart
    mb_conf = np.zeros((len(mb_label), 10), np.float32)
    mb_conf[np.arange(len(mb_label)), mb_label] = 50
    bbox, label, _ = coder.decode(mb_loc, mb_conf, 0.45, 0.6)
    return bbox, label


def _visible(img, channel):
    """The box of what is plainly red or blue."""
    others = np.delete(img, channel, axis=0).max(axis=0)
    y, x = np.nonzero(img[channel] - others > 60)
    return np.array([(y.min(), x.min(), y.max() + 1, x.max() + 1)]) \
        if len(y) else None


def test_boxes_stay_on_what_they_show(augmentation, coder, monkeypatch):
    # colours are to stay recognisable
    monkeypatch.setattr(
        'vasily_fashion.transforms.ssd_augmentation.random_distort',
        lambda img: img.copy())
    n_box, shares = 0, set()
    for seed in range(25):
        _seed(seed)
        img, mb_loc, mb_label = augmentation(_example())
        bbox, label = _decode(coder, mb_loc, mb_label)
        assert len(label) == len(set(label))
        for box, category in zip(bbox, label, strict=True):
            visible = _visible(img + _MEAN, {3: 0, 7: 2}[int(category)])
            assert visible is not None
            # within two pixels or so of what has been interpolated
            np.testing.assert_allclose(
                np.clip(box, 0, _SIZE), visible[0], atol=2.5)
            assert bbox_iou(box[None], visible.astype(np.float32)) > 0.6
            n_box += 1
            shares.add(round(float(np.prod(box[2:] - box[:2])) / _SIZE ** 2, 1))
    assert n_box > 20
    assert len(shares) > 3  # they do come in many sizes


def test_flips(augmentation):
    # red is left of blue, or right of it in half of the outcomes
    red_is_left = []
    for seed in range(30):
        _seed(seed)
        img, _, mb_label = augmentation(_example())
        if {4, 8} <= set(mb_label):
            red, blue = [_visible(img + _MEAN, c) for c in (0, 2)]
            if red is not None and blue is not None:
                red_is_left.append(red[0, 1] < blue[0, 1])
    assert len(red_is_left) > 10
    assert 0.2 < np.mean(red_is_left) < 0.8


@pytest.mark.gpu
def test_the_coder_of_a_model_on_a_gpu_stays_there(coder):
    coder.to_gpu()
    augmentation = SSDAugmentation(coder, _SIZE, _MEAN)
    assert coder.xp is not np
    assert augmentation.coder.xp is np
    _, mb_loc, _ = augmentation(_example())
    assert isinstance(mb_loc, np.ndarray)


def test_the_coder_is_a_copy(coder, augmentation):
    assert augmentation.coder is not coder
    coder._default_bbox = None
    _seed(0)
    assert augmentation(_example())[2].any()


def _smallest_share_of_side(coder, max_expand):
    """The least share of a photo's side over many augmentations."""
    augmentation = SSDAugmentation(
        coder, _SIZE, np.zeros((3, 1, 1), np.float32), max_expand)
    share = 1.
    for seed in range(60):
        _seed(seed)
        img, _, _ = augmentation((
            np.full((3, 90, 90), 200, np.float32),
            np.zeros((0, 4), np.float32), np.zeros((0,), np.int32)))
        share = min(share, float((img.max(axis=0) > 60).mean()) ** 0.5)
    return share


def test_max_expand_bounds_the_canvas(coder):
    assert _smallest_share_of_side(coder, 4) < 0.35
    assert 0.6 < _smallest_share_of_side(coder, 1.5) < 0.75


@pytest.mark.parametrize('max_expand', (0.5, float('nan')))
def test_a_canvas_smaller_than_the_photo_is_refused(coder, max_expand):
    with pytest.raises(ValueError, match='max_expand'):
        SSDAugmentation(coder, _SIZE, _MEAN, max_expand)
