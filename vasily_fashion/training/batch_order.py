from collections.abc import Sequence
from typing import Any

from vasily_fashion.training.draw_order import DrawOrder

import numpy as np


class BatchOrder(DrawOrder):
    """Decides which examples make a batch: an order of several data sets.

    No batch holds two examples of one item, since they could not be negatives
    of each other. Data sets share each batch by their weights, however large
    they are, and a share of each batch is of one category, which chance chooses:
    negatives of another category alone teach little.

    Args:
        parts (numpy.ndarray): :math:`(N,)`, int, the data set that each
            example is of.
        weights (sequence of float): Of the data sets. They need not add up to 1.
        batch_size, seed, comm: As :class:`~vasily_fashion.training.DrawOrder`.
        item_ids (numpy.ndarray): :math:`(N,)`, the item of each example; by
            default each has its own.
        categories (numpy.ndarray): :math:`(N,)`, int, its category; by
            default there is one.
        same_category (float): Which share of a batch is of one category.

    Raises:
        ValueError: If a weight is not positive, the number of weights is not
            that of the data sets, a batch takes nothing of one or more items than
            there are, `same_category` is no share, or a batch cannot be divided
            among the workers.
    """

    def __init__(
            self, parts: np.ndarray, weights: Sequence[float],
            batch_size: int, seed: int = 0,
            comm: Any = None,
            item_ids: np.ndarray | None = None,
            categories: np.ndarray | None = None,
            same_category: float = 0.) -> None:
        super().__init__(len(parts), batch_size, seed, comm)
        if len(weights) != len(np.unique(parts)) or not np.all(
                np.asarray(weights) > 0):
            raise ValueError(
                f'weights must be {len(np.unique(parts))} positive numbers, '
                f'one a data set, not {list(weights)}')
        if not 0 <= same_category <= 1:
            raise ValueError(f'same_category must be from 0 to 1, not {same_category!r}')
        if item_ids is None:
            item_ids = np.arange(len(parts))
        if categories is None:
            categories = np.zeros(len(parts), int)
        _, first, item = np.unique(
            item_ids, return_index=True, return_inverse=True)
        item = item.ravel()
        order = np.argsort(item, kind='stable')
        # the examples of each item
        self._examples = np.split(order, np.cumsum(np.bincount(item))[:-1])
        self._categories, self._parts = categories[first], parts[first]
        share = np.array(weights, float) / np.sum(weights) * batch_size
        size = np.floor(np.cumsum(share) + 1e-9).astype(int)
        self._sizes = np.diff([0, *size[:-1], batch_size])
        if not self._sizes.all():
            part = int(self._sizes.argmin())
            raise ValueError(
                f'a batch of {batch_size} takes nothing of data set {part}: raise its '
                'weight or the batch size')
        available = np.bincount(self._parts, minlength=len(weights))
        if (self._sizes > available).any():
            part = int((self._sizes > available).argmax())
            raise ValueError(
                f'a batch takes {self._sizes[part]} items of data set {part}, '
                f'which has {available[part]}: lower its weight or the batch '
                'size')
        self._same_category = same_category

    def _choose(self, epoch):
        first = epoch * self._n_batch
        return np.concatenate(
            [self._batch(n) for n in range(first, first + self._n_batch)])

    def _batch(self, n):
        chance = np.random.default_rng([self.seed, n])
        category = self._categories[chance.integers(len(self._categories))]
        items = []
        for part, size in enumerate(self._sizes):
            is_here = self._parts == part
            same = np.flatnonzero(is_here & (self._categories == category))
            n_same = min(len(same), round(size * self._same_category))
            chosen = chance.choice(same, n_same, replace=False)
            is_here[chosen] = False
            items += [*chosen, *chance.choice(
                np.flatnonzero(is_here), size - n_same, replace=False)]
        return np.array(
            [chance.choice(self._examples[i]) for i in items], np.int64)
