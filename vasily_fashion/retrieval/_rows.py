"""Ids, categories and what was removed, for indexes that only ever append."""
from typing import Any

from vasily_fashion.retrieval._arguments import check_new_ids
from vasily_fashion.retrieval._columns import as_categories, as_ids

import numpy as np


class Rows:
    """What is known of each embedding beside itself.

    Attributes:
        n (int): Rows ever added, the removed ones too.
        row_of_id (dict): From the ids that are there to their rows.
    """

    def __init__(self) -> None:
        self.n = 0
        self.row_of_id: dict[Any, int] = {}
        self._ids = np.empty(0, np.int64)
        self._categories = np.empty(0, np.int32)
        self._is_there = np.empty(0, bool)

    def __len__(self) -> int:
        return len(self.row_of_id)

    @property
    def ids(self) -> np.ndarray:
        """Those that are there, in the order in which they were added."""
        return self.ids_of(np.flatnonzero(self.is_there))

    @property
    def categories(self) -> np.ndarray:
        return self._categories[:self.n][self.is_there]

    @property
    def is_there(self) -> np.ndarray:
        return self._is_there[:self.n]

    def ids_of(self, rows: Any) -> np.ndarray:
        """Ids as callers get them: int64, or an array of strings."""
        ids = self._ids[rows]
        return ids.astype(str) if ids.dtype == object else ids

    def rows_of(self, category: int | None = None) -> np.ndarray:
        """The rows that are there, of a category if there is one."""
        there = self.is_there
        if category is not None:
            there = there & (self._categories[:self.n] == category)
        return np.flatnonzero(there)

    def check(
            self, ids: Any, categories: Any, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """What is to be added, as arrays; raises as `add` of an index does."""
        ids = check_new_ids(as_ids(ids, n), self.row_of_id, self._ids.dtype)
        return ids, as_categories(categories, n)

    def append(self, ids: np.ndarray, categories: np.ndarray) -> None:
        """Add what :meth:`check` returned."""
        n, stop = len(ids), self.n + len(ids)
        if not self.row_of_id and n and self._ids.dtype != ids.dtype:
            self._ids = self._ids.astype(ids.dtype)
        if stop > len(self._ids):
            room = max(stop, 2 * len(self._ids)) - len(self._ids)
            self._ids = np.concatenate(
                [self._ids, np.empty(room, self._ids.dtype)])
            self._categories = np.concatenate(
                [self._categories, np.empty(room, np.int32)])
            self._is_there = np.concatenate(
                [self._is_there, np.zeros(room, bool)])
        self._ids[self.n:stop] = ids
        self._categories[self.n:stop] = categories
        self._is_there[self.n:stop] = True
        self.row_of_id.update(zip(ids.tolist(), range(self.n, stop), strict=True))
        self.n = stop

    def remove(self, ids: Any) -> None:
        """Mark ids as removed; raises as `remove` of an index does."""
        ids = as_ids(ids, len(ids)).tolist()
        for i in ids:
            if i not in self.row_of_id:
                raise ValueError(f'ids: {i!r} is not in the index')
        if len(set(ids)) < len(ids):
            raise ValueError('ids: an id is given twice')
        for i in ids:
            self._is_there[self.row_of_id.pop(i)] = False

    def compact(self) -> np.ndarray:
        """Forget the removed rows; return which were kept."""
        kept = np.flatnonzero(self.is_there)
        self.n = len(kept)
        self._ids, self._categories = self._ids[kept], self._categories[kept]
        self._is_there = np.ones(self.n, bool)
        self.row_of_id = dict(zip(self._ids.tolist(), range(self.n), strict=True))
        return kept
