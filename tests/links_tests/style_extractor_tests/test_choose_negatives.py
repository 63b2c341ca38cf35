from vasily_fashion.links.style_extractor.choose_negatives import NEGATIVES, choose_negatives

import numpy as np
import pytest

# anchors 0 and 3 are the same item; the own distance is on the diagonal
_DISTANCE = np.array([
    [3., 1, 5, 0], [4, 9, 2, 6], [7, 1, 2, 3], [0, 8, 7, 5]])
_IS_OTHER = np.array([
    [0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 0]], bool)


def _pairs(how, **kwargs):
    anchor, negative = choose_negatives(how, _DISTANCE, _IS_OTHER, **kwargs)
    return list(zip(anchor.tolist(), negative.tolist(), strict=True))


def test_all():
    assert _pairs('all') == [
        (i, j) for i in range(4) for j in range(4) if _IS_OTHER[i, j]]


def test_batch_hard():
    # 3 is nearer to 0, and 0 to 3, but they are one item
    assert _pairs('batch-hard') == [(0, 1), (1, 2), (2, 1), (3, 2)]


def test_semi_hard():
    # anchor 1 has none that is farther than its own: the farthest
    assert _pairs('semi-hard') == [(0, 2), (1, 3), (2, 3), (3, 2)]


def test_category():
    category = np.array([1, 1, 2, 1])
    assert _pairs(
        'category', is_same_category=category[:, None] == category) == [
            (0, 1), (1, 0), (1, 3), (3, 1)]
    with pytest.raises(ValueError, match='needs categories'):
        _pairs('category')


def test_random():
    np.random.seed(0)
    drawn = [_pairs('random') for _ in range(50)]
    for pairs in drawn:
        assert [anchor for anchor, _ in pairs] == [0, 1, 2, 3]
    # all that may be drawn are, and nothing else
    assert {pair for pairs in drawn for pair in pairs} == set(_pairs('all'))


@pytest.mark.parametrize('how', NEGATIVES)
def test_one_item_alone(how):
    none = np.zeros((2, 2), bool)
    anchor, negative = choose_negatives(how, _DISTANCE[:2, :2], none, none)
    assert len(anchor) == len(negative) == 0


def test_unknown():
    with pytest.raises(ValueError, match="'hardest'"):
        _pairs('hardest')
