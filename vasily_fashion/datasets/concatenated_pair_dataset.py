from collections.abc import Sequence
from typing import Any

from vasily_fashion.datasets.pair_dataset import PairDataset

import numpy as np


class ConcatenatedPairDataset(PairDataset):
    """Concatenated pair data sets, whose items are all different.

    Args:
        datasets (PairDataset): The data sets.

    Attributes:
        item_ids (numpy.ndarray): :math:`(N,)`, int64, numbered anew: equal
            where two examples are of one data set and show one item.
        parts (numpy.ndarray): :math:`(N,)`, int: which data set an example is of.
    """

    def __init__(self, *datasets: Any) -> None:
        self._datasets = datasets
        lengths = [len(dataset) for dataset in datasets]
        self._start = np.cumsum([0, *lengths])
        self.parts = np.repeat(np.arange(len(datasets)), lengths)
        item_ids, n_item = [np.empty(0, np.int64)], 0
        for dataset in datasets:
            known, ids = np.unique(dataset.item_ids, return_inverse=True)
            item_ids.append(n_item + ids.ravel())
            n_item += len(known)
        self.item_ids = np.concatenate(item_ids).astype(np.int64)
        self.categories = np.concatenate(
            [np.empty(0, np.int32), *(d.categories for d in datasets)]
        ).astype(np.int32)

    @property
    def types(self) -> Sequence[str]:
        return [name for dataset in self._datasets for name in dataset.types]

    def read_street(
            self, i: int,
            random_state: np.random.Generator | None = None) -> np.ndarray:
        part, i = self._find(i)
        return part.read_street(i, random_state)

    def read_product(
            self, i: int,
            random_state: np.random.Generator | None = None) -> np.ndarray:
        part, i = self._find(i)
        return part.read_product(i, random_state)

    def _find(self, i):
        i = range(len(self))[i]
        part = self.parts[i]
        return self._datasets[part], int(i - self._start[part])
