from vasily_fashion.datasets import ConcatenatedItemDataset

import numpy as np


class _Items(list):

    def __init__(self, item_ids):
        super().__init__(item_ids)
        self.item_ids = np.array(item_ids, np.int32)
        self.categories = self.item_ids + 100


def test_item_ids():
    dataset = ConcatenatedItemDataset(_Items([7, 3, 7]), _Items([3, 9]))
    assert [dataset[i] for i in range(5)] == [7, 3, 7, 3, 9]
    same = dataset.item_ids[:, None] == dataset.item_ids
    # 3 of one and 3 of the other are two items
    expected = np.eye(5, dtype=bool)
    expected[0, 2] = expected[2, 0] = True
    np.testing.assert_array_equal(same, expected)


def test_categories():
    dataset = ConcatenatedItemDataset(_Items([7, 3]), _Items([9]))
    np.testing.assert_array_equal(dataset.categories, [107, 103, 109])
    assert dataset.categories.dtype == np.int32
