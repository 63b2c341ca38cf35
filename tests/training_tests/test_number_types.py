from tests.training_tests.tiny import TinyItems, tiny_items
from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import ConcatenatedPairDataset
from vasily_fashion.training import number_types

import numpy as np


class _Typed(TinyItems):

    @property
    def types(self):
        return ['' if i % 2 else f'a{i % 4}' for i in self.item_ids.tolist()]


def test_types_of_one_part():
    typed, other = tiny_items(seed=1), tiny_items(seed=2)
    typed.__class__ = _Typed
    dataset = ConcatenatedPairDataset(typed, other)
    category_of_type, type_of_item = number_types(dataset, dataset.item_ids)
    names = {}
    for item, category, name in zip(
            dataset.item_ids, dataset.categories, dataset.types, strict=True):
        number = type_of_item[item]
        assert (number < 0) == (not name)
        if name:
            assert category_of_type[number] == category
            assert names.setdefault(number, (category, name)) == (category, name)
    assert len(names) == len(set(names.values())) > 2
    # each category has one at least
    assert set(category_of_type.tolist()) == set(range(len(FASHION_CATEGORIES)))
    typed_categories = {category for category, _ in names.values()}
    assert len(category_of_type) == len(names) + 12 - len(typed_categories)


def test_without_types():
    items = tiny_items()
    category_of_type, type_of_item = number_types(
        items, np.unique(items.item_ids, return_inverse=True)[1])
    np.testing.assert_array_equal(category_of_type, np.arange(12))
    assert (type_of_item == -1).all()
