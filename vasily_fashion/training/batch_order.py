from collections.abc import Sequence

import numpy as np


class BatchOrder:
    """Decides which pairs make a batch: an order sampler of Chainer's iterators.

    No batch holds two examples of one item, since they could not be negatives
    of each other. Data sets share each batch by their weights, however large
    they are, and a share of each batch is of one category, which chance chooses:
    negatives of another category alone teach little.

    Args:
        item_ids (numpy.ndarray): :math:`(N,)`, the item of each example.
        categories (numpy.ndarray): :math:`(N,)`, int, its category.
        parts (numpy.ndarray): :math:`(N,)`, int, the data set it is of.
        weights (sequence of float): Of the data sets. They need not add up to 1.
        batch_size (int): Examples a batch.
        same_category (float): Which share of a batch is of one category.
        random_state (numpy.random.Generator): Where chance comes from.

    Raises:
        ValueError: If a weight is not positive, the number of weights is not
            that of the data sets, or there are fewer items than a batch takes.
    """

    def __init__(
            self, item_ids: np.ndarray, categories: np.ndarray,
            parts: np.ndarray, weights: Sequence[float], batch_size: int,
            same_category: float, random_state: np.random.Generator) -> None:
        if len(weights) != len(np.unique(parts)) or not np.all(
                np.asarray(weights) > 0):
            raise ValueError(
                f'weights must be {len(np.unique(parts))} positive numbers, '
                f'one a data set, not {list(weights)}')
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
        available = np.bincount(self._parts, minlength=len(weights))
        if (self._sizes > available).any():
            part = int((self._sizes > available).argmax())
            raise ValueError(
                f'a batch takes {self._sizes[part]} items of data set {part}, '
                f'which has {available[part]}: lower its weight or the batch '
                'size')
        self._n_batch = -(-len(item_ids) // batch_size)
        self._same_category, self._random_state = same_category, random_state

    def __call__(
            self, order: np.ndarray, current_position: int) -> np.ndarray:
        return np.concatenate([self._batch() for _ in range(self._n_batch)])

    def _batch(self):
        chance = self._random_state
        category = self._categories[chance.integers(len(self._categories))]
        items = []
        for part, size in enumerate(self._sizes):
            is_here = self._parts == part
            same = np.flatnonzero(is_here & (self._categories == category))
            n = min(len(same), round(size * self._same_category))
            chosen = chance.choice(same, n, replace=False)
            is_here[chosen] = False
            items += [*chosen, *chance.choice(
                np.flatnonzero(is_here), size - n, replace=False)]
        return np.array(
            [chance.choice(self._examples[i]) for i in items], np.int64)
