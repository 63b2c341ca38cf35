from vasily_fashion.datasets import RepeatRareDataset

import numpy as np
import pytest
from chainercv.chainer_experimental.datasets.sliceable import TupleDataset


def _dataset(labels):
    return TupleDataset(
        ('img', list(range(len(labels)))),
        ('label', [np.array(label, np.int32) for label in labels]))


def test_rare_category_comes_as_often_as_its_factor():
    # 3 in a 100th of the photos, at a threshold of 0.16: sqrt(16) = 4 times
    labels = [[0, 3]] + [[0, 0]] * 99
    dataset = RepeatRareDataset(_dataset(labels), threshold=0.16)
    assert np.bincount(dataset.indices).tolist() == [4] + [1] * 99
    assert len(dataset) == 103
    assert [dataset[i][0] for i in range(5)] == [0, 0, 0, 0, 1]


def test_remainder_is_a_chance():
    # half of the photos ask for sqrt(0.98 / 0.5) = 1.4 times
    labels = [[0], [1]] * 1000
    indices = RepeatRareDataset(_dataset(labels), threshold=0.98).indices
    times = np.bincount(indices)
    assert set(times.tolist()) == {1, 2}
    assert times.mean() == pytest.approx(1.4, abs=0.04)
    again = RepeatRareDataset(_dataset(labels), threshold=0.98).indices
    np.testing.assert_array_equal(indices, again)
    other = RepeatRareDataset(_dataset(labels), threshold=0.98, seed=1)
    assert not np.array_equal(indices, other.indices)


@pytest.mark.parametrize('labels', [[], [[], []]])
def test_photos_without_items_stay(labels):
    dataset = RepeatRareDataset(_dataset(labels))
    np.testing.assert_array_equal(dataset.indices, np.arange(len(labels)))
