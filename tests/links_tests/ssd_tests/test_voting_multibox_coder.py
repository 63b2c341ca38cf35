from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300
from vasily_fashion.links.ssd import VotingMultiboxCoder

import numpy as np
import pytest
from chainercv.links.model.ssd import MultiboxCoder


@pytest.fixture(scope='module')
def original():
    return MultiboxCoder((6, 3), ((2,), (2,)), (50, 100), (60, 120, 200), (.1, .2))


@pytest.fixture(scope='module')
def outputs(original):
    """Two categories; boxes of a few places, most of low scores."""
    rng = np.random.default_rng(0)
    n = len(original._default_bbox)
    mb_loc = rng.normal(size=(n, 4)).astype(np.float32)
    mb_conf = rng.normal(0, 3, (n, 3)).astype(np.float32)
    return mb_loc, mb_conf


def _overlap(a, b):
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = sides.clip(0).prod()
    return common / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - common)


@pytest.mark.parametrize('score_thresh', [.001, .01, .3, .6])
@pytest.mark.parametrize('vote_thresh', [.4, .6])
def test_against_a_loop(original, outputs, vote_thresh, score_thresh):
    bbox, label, score = VotingMultiboxCoder(original, vote_thresh).decode(
        *outputs, .45, score_thresh)
    before = original.decode(*outputs, .45, score_thresh)
    voters = list(zip(*original.decode(*outputs, None, min(.01, score_thresh)), strict=True))
    assert len(bbox) > 5
    assert bbox.dtype == np.float32
    np.testing.assert_array_equal(label, before[1])
    np.testing.assert_array_equal(score, before[2])
    n_vote = 0
    for found, box, category in zip(bbox, before[0], label, strict=True):
        votes = [(b, s) for b, c, s in voters
                 if c == category and _overlap(box, b) >= vote_thresh]
        n_vote += len(votes)
        np.testing.assert_allclose(found, np.average(
            [b for b, _ in votes], axis=0, weights=[s for _, s in votes]), rtol=1e-5)
    assert n_vote > len(bbox) + 3


def test_two_boxes_of_one_item():
    # of 40 x 40 around (25, 25) and, moved by a tenth, (25, 29)
    original = MultiboxCoder((1,), ((),), (50,), (40, 40), (.1, .2))
    mb_loc = np.float32([[0, 0, 0, 0], [0, 1, 0, 0]])
    mb_conf = np.log(np.float32([[.2, .8], [.6, .4]]))
    bbox, label, score = VotingMultiboxCoder(original).decode(mb_loc, mb_conf)
    np.testing.assert_allclose(bbox, [[5, 5 + 4 / 3, 45, 45 + 4 / 3]], rtol=1e-6)
    assert label.tolist() == [0]
    np.testing.assert_allclose(score, .8, rtol=1e-6)


def test_no_vote_where_nothing_is_suppressed(original, outputs):
    for found, right in zip(VotingMultiboxCoder(original).decode(*outputs, None, .2),
                            original.decode(*outputs, None, .2), strict=True):
        np.testing.assert_array_equal(found, right)


def test_nothing_found(original, outputs):
    bbox, label, score = VotingMultiboxCoder(original).decode(*outputs, .45, 2.)
    assert bbox.shape == (0, 4) and label.shape == score.shape == (0,)


@pytest.mark.parametrize('vote_thresh', [0, 1, 60, float('nan')])
def test_overlaps_are_shares(original, vote_thresh):
    with pytest.raises(ValueError, match='vote_thresh must be between 0 and 1'):
        VotingMultiboxCoder(original, vote_thresh)


@pytest.mark.slow
def test_in_a_detector():
    model = FashionSSD300(pretrained_model='fashion')
    model.use_preset('evaluate')
    imgs = [SyntheticFashionDataset(1)[0][0]]
    before = model.predict(imgs)
    model.coder = VotingMultiboxCoder(model.coder)
    bboxes, labels, scores = model.predict(imgs)
    np.testing.assert_array_equal(labels, before[1])
    np.testing.assert_array_equal(scores, before[2])
    moved = np.abs(bboxes[0] - before[0][0]).max(axis=1)
    assert (moved > 1).any() and np.isfinite(moved).all()
