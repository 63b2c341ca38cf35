from vasily_fashion.datasets import ConcatenatedPairDataset, PairDataset

import numpy as np


class _Items(PairDataset):

    def __init__(self, item_ids):
        self.item_ids = np.array(item_ids, np.int32)
        self.categories = self.item_ids + 100

    def read_street(self, i, random_state=None):
        return self.item_ids[i], random_state

    def read_product(self, i, random_state=None):
        return -self.item_ids[i], random_state


def test_item_ids():
    dataset = ConcatenatedPairDataset(_Items([7, 3, 7]), _Items([3, 9]))
    same = dataset.item_ids[:, None] == dataset.item_ids
    # 3 of one and 3 of the other are two items
    expected = np.eye(5, dtype=bool)
    expected[0, 2] = expected[2, 0] = True
    np.testing.assert_array_equal(same, expected)
    np.testing.assert_array_equal(dataset.parts, [0, 0, 0, 1, 1])


def test_examples():
    dataset = ConcatenatedPairDataset(_Items([7, 3, 7]), _Items([3, 9]))
    assert [dataset[i] for i in range(5)] == [
        ((x, None), (-x, None), 100 + x) for x in (7, 3, 7, 3, 9)]
    assert [dataset[i] for i in (-1, -5)] == [dataset[i] for i in (4, 0)]
    assert dataset.read_street(4, 'chance') == (9, 'chance')
    assert dataset.read_product(3, 'chance') == (-3, 'chance')


def test_categories():
    dataset = ConcatenatedPairDataset(_Items([7, 3]), _Items([9]))
    np.testing.assert_array_equal(dataset.categories, [107, 103, 109])
    assert dataset.categories.dtype == np.int32
