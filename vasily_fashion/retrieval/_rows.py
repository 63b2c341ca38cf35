"""What indexes check of their arguments and keep beside the embeddings."""
import numbers
import os
from collections.abc import Iterable
from typing import Any, Self

from vasily_fashion.retrieval.index import Index
from vasily_fashion.utils import atomic_write
from vasily_fashion.utils.read_npz import read_npz

import chainer
import numpy as np
from chainer import backend
from chainer.backends import cuda

# With squared norms below this no intermediate result leaves float32.
_MAX_SQUARED_NORM = 2. ** 120


def check_positive(value: int, name: str) -> int:
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f'{name} must be a positive integer, not {value!r}')
    return int(value)


def check_embeddings(x: Any, name: str, dim: int, metric: str) -> Any:
    """Make embeddings contiguous float32; of length 1 for 'cosine'."""
    with chainer.using_device(backend.get_device_from_array(x)):
        xp = backend.get_array_module(x)
        x = x if xp is not np else np.asarray(x)
        if x.dtype.kind not in 'fiu':
            raise TypeError(
                f'{name} must be an array of float32, not of {x.dtype}')
        if x.ndim != 2 or x.shape[1] != dim:
            raise ValueError(
                f'{name} has shape {x.shape}, but this index is of '
                f'(N, {dim}); was it made with another network?')
        with np.errstate(over='ignore'):  # what overflows is refused below
            x = xp.ascontiguousarray(x.astype(np.float32, copy=False))
            norms = squared_norms(x)
        bad = ~(norms < _MAX_SQUARED_NORM)
        if bad.any():
            raise ValueError(
                f'{name}[{int(bad.argmax())}] has NaN, infinite or enormous '
                'values')
        if metric == 'sqeuclidean':
            return x
        norms = xp.sqrt(squared_norms(x, np.float64))
        if (norms == 0).any():
            raise ValueError(
                f'{name}[{int((norms == 0).argmax())}] is all zeros, which has '
                'no cosine')
        return (x / norms[:, None]).astype(np.float32)


def squared_norms(x: Any, dtype: Any = np.float32) -> Any:
    xp = backend.get_array_module(x)
    return xp.einsum('ij,ij->i', x, x, dtype=dtype)


def as_ids(ids: Any, n: int | None = None) -> np.ndarray:
    """Make `n` ids, or any number, an array of int64, or of object that holds str."""
    if isinstance(ids, (str, bytes)) or not hasattr(ids, '__iter__') or (
            getattr(ids, 'ndim', 1) == 0):
        raise TypeError(
            f'ids must be a list or an array of ids, not {type(ids).__name__}')
    ids = cuda.to_cpu(ids) if isinstance(ids, cuda.ndarray) else ids
    ids = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
    if n is not None and len(ids) != n:
        raise ValueError(f'ids has {len(ids)} ids for {n} embeddings')
    if all(isinstance(i, numbers.Integral) and not isinstance(i, bool)
           for i in ids):
        for i in ids:
            if not -2 ** 63 <= i < 2 ** 63:
                raise ValueError(f'ids has {i}, beyond int64')
        return np.array(ids, dtype=np.int64)
    if all(isinstance(i, str) for i in ids):
        for i in ids:
            if i.endswith('\0'):  # NumPy's strings end before it
                raise ValueError(
                    f'ids has {i!r}, which ends in a null character')
        return np.array([str(i) for i in ids], dtype=object)
    raise TypeError(
        'ids must be all integers or all strings; the first are '
        f'{ids[:3]!r}')


def as_categories(categories: Any, n: int, what: str = 'embeddings') -> np.ndarray:
    """Make `n` categories an array of int32; None is all unknown."""
    if categories is None:
        return np.full(n, -1, dtype=np.int32)
    if isinstance(categories, cuda.ndarray):
        categories = cuda.to_cpu(categories)
    categories = np.asarray(categories)
    if categories.shape != (n,):
        raise ValueError(
            f'categories has shape {categories.shape} for {n} {what}')
    if n and categories.dtype.kind not in 'iu':
        raise TypeError(
            f'categories must be integers, not {categories.dtype}; '
            'use -1 for unknown')
    if n and not -1 <= categories.min() <= categories.max() < 2 ** 31:
        raise ValueError(
            'categories must be 0 or more, or -1 for unknown; they are '
            f'{categories.min()}..{categories.max()}')
    return categories.astype(np.int32)


def check_ids(ids: np.ndarray, known: Iterable[Any], are_new: bool, kind: Any = None) -> None:
    """Refuse ids of the wrong kind, ids given twice, and those that the index has, or has not.

    Args:
        ids (numpy.ndarray): As :func:`as_ids` returns them.
        known (container): The ids in the index. It may leave out those that are not in `ids`.
        are_new (bool): Whether the index is not to have them; otherwise, it has to.
        kind (numpy.dtype): The kind of the ids in the index; None if it does not matter.
    """
    if len(ids) and kind is not None and ids.dtype != kind:
        kinds = {'O': 'strings', 'i': 'integers'}
        raise TypeError(
            f'ids are {kinds[ids.dtype.kind]}, but those in the index are '
            f'{kinds[np.dtype(kind).kind]}')
    seen = set()
    for i in ids.tolist():
        if (i in known) == are_new:  # type: ignore[operator]
            raise ValueError(
                f'ids: {i!r} is ' + ('in the index already' if are_new else 'not in the index'))
        if i in seen:
            raise ValueError(f'ids: {i!r} is given twice')
        seen.add(i)


def check_extractor(
        path: str | os.PathLike[str], found: str, extractor: Any) -> None:
    """Refuse embeddings that another extractor made."""
    if extractor is not None and found != extractor.fingerprint:
        made = f'weights {found[:12]}' if found else 'unknown weights'
        raise ValueError(
            f'{path}: it was made by an extractor of {made}, this one is of '
            f'{extractor.fingerprint[:12]}: embed the products again, or load '
            'the weights that made it')


class CheckedIndex(Index):
    """An index that checks its arguments; `_search` of a subclass searches one category or all."""

    def __init__(self, dim: int, metric: str, extractor: Any) -> None:
        self.dim = check_positive(dim, 'dim')
        if metric not in ('sqeuclidean', 'cosine'):
            raise ValueError(f"metric must be 'sqeuclidean' or 'cosine', not {metric!r}")
        self.metric = metric
        self.fingerprint = '' if extractor is None else extractor.fingerprint

    def search(self, queries: Any, k: int, categories: Any = None) -> tuple[Any, np.ndarray]:
        with chainer.using_device(backend.get_device_from_array(queries)):
            queries = check_embeddings(queries, 'queries', self.dim, self.metric)
            k = check_positive(k, 'k')
            if categories is None or not len(queries):
                distances, ids = self._search(queries, k, None)
            else:
                categories = as_categories(categories, len(queries), 'queries')
                found = []
                xp = backend.get_array_module(queries)
                for category in np.unique(categories).tolist():
                    rows = np.flatnonzero(categories == category)
                    found.append((rows, *self._search(
                        queries[xp.asarray(rows)], k, None if category < 0 else category)))
                shape = len(queries), max(its.shape[1] for _, its, _ in found)
                distances = np.full(shape, np.inf, np.float32)
                dtype = np.result_type(*[its.dtype for _, _, its in found])
                ids = np.full(shape, -1 if dtype.kind == 'i' else '', dtype)
                for rows, its_distances, its_ids in found:
                    n = its_ids.shape[1]
                    distances[rows, :n], ids[rows, :n] = its_distances, its_ids
            return backend.get_array_module(queries).asarray(distances), ids

    def _search(
            self, queries: Any, k: int, category: int | None) -> tuple[Any, np.ndarray]:
        raise NotImplementedError


class Column:
    """An array, of NumPy or CuPy, that grows at its end."""

    def __init__(self, values: Any) -> None:
        self._buffer, self._n = values, len(values)

    @property
    def values(self) -> Any:
        """A view."""
        return self._buffer[:self._n]

    def append(self, values: Any) -> None:
        stop = self._n + len(values)
        if stop > len(self._buffer):
            size = max(stop, 2 * len(self._buffer))
            xp = backend.get_array_module(self._buffer)
            buffer = xp.empty((size, *self._buffer.shape[1:]), self._buffer.dtype)
            buffer[:self._n] = self.values
            self._buffer = buffer
        self._buffer[self._n:stop] = values
        self._n = stop

    def keep(self, which: Any) -> None:
        xp = backend.get_array_module(self._buffer)
        values = self.values[xp.asarray(which)]
        self._buffer[:len(values)] = values
        self._n = len(values)


class Rows:
    """Ids, categories and numbers of embeddings, in the order of adding.

    Numbers, int64, grow: what the index calls its rows.
    """

    def __init__(self) -> None:
        self._ids, self._numbers = Column(np.empty(0, np.int64)), Column(np.empty(0, np.int64))
        self._categories = Column(np.empty(0, np.int32))
        self._number_of: dict[Any, int] = {}

    @classmethod
    def from_content(cls, content: dict[str, np.ndarray]) -> Self:
        """Rows from the arrays of a file; raises ValueError if they are damaged."""
        rows, numbers = cls(), content['numbers']
        ids, categories = rows.check(content['ids'], content['categories'], numbers.size)
        if numbers.dtype != np.int64 or numbers.ndim != 1 or (
                np.diff(numbers, prepend=-1) <= 0).any():
            raise ValueError('its numbers do not grow')
        rows.append(ids, categories, numbers)
        return rows

    def __len__(self) -> int:
        return len(self._number_of)

    @property
    def ids(self) -> np.ndarray:
        return self.ids_at(slice(None)).copy()

    @property
    def categories(self) -> np.ndarray:
        return self._categories.values.copy()

    @property
    def numbers(self) -> np.ndarray:
        return self._numbers.values

    def ids_at(self, rows: Any) -> np.ndarray:
        """Ids as callers get them: int64, or an array of strings."""
        ids = self._ids.values[rows]
        return ids.astype(str) if ids.dtype == object else ids

    def of(self, category: int) -> np.ndarray:
        """The rows of a category."""
        return np.flatnonzero(self._categories.values == category)

    def check(
            self, ids: Any, categories: Any, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """What is to be added, as arrays; raises as `add` of an index does."""
        ids = as_ids(ids, n)
        check_ids(ids, self._number_of, True, self._ids.values.dtype if len(self) else None)
        return ids, as_categories(categories, n)

    def append(self, ids: np.ndarray, categories: np.ndarray, numbers: Any = None) -> np.ndarray:
        """Add what :meth:`check` returned; return their numbers, the next ones by default."""
        if not len(self) and len(ids):
            self._ids = Column(ids[:0])
        if numbers is None:
            start = int(self.numbers[-1]) + 1 if len(self.numbers) else 0
            numbers = np.arange(start, start + len(ids))
        for column, values in (
                (self._ids, ids), (self._categories, categories), (self._numbers, numbers)):
            column.append(values)
        self._number_of.update(zip(ids.tolist(), numbers.tolist(), strict=True))
        return numbers

    def remove(self, ids: Any) -> tuple[np.ndarray, np.ndarray]:
        """Remove ids; return which rows stay, and the numbers of the removed rows."""
        ids = as_ids(ids)
        check_ids(ids, self._number_of, False)
        numbers = np.array([self._number_of.pop(i) for i in ids.tolist()], np.int64)
        stays = np.ones(len(self.numbers), bool)
        stays[np.searchsorted(self.numbers, numbers)] = False
        for column in (self._ids, self._categories, self._numbers):
            column.keep(stays)
        return stays, numbers


class RowsIndex(CheckedIndex):
    """An index in memory, whose ids and categories are :class:`Rows`.

    A subclass has `_FORMAT` and `_VERSION` of its file, and `_search` within
    one category or all, for `search`.
    """

    _FORMAT: str
    _VERSION: int

    def __init__(self, dim: int, metric: str, extractor: Any) -> None:
        super().__init__(dim, metric, extractor)
        self._rows = Rows()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def ids(self) -> np.ndarray:
        """The ids in the order in which they were added, a copy."""
        return self._rows.ids

    @property
    def categories(self) -> np.ndarray:
        """The categories, (N,) int32, a copy; -1 where unknown."""
        return self._rows.categories

    def _write(self, path: str | os.PathLike[str], **arrays: Any) -> None:
        with atomic_write(path) as file:
            np.savez(
                file, format=self._FORMAT, version=self._VERSION, dim=self.dim,
                metric=self.metric, extractor_sha256=self.fingerprint,
                ids=self.ids, categories=self.categories, **arrays)

    @classmethod
    def load(
            cls, path: str | os.PathLike[str], extractor: Any = None) -> Self:
        content = read_npz(path, 'an index')
        if str(content.get('format')) != cls._FORMAT:
            raise ValueError(
                f'{path}: this file was not written by {cls.__name__}.save')
        try:
            if int(content['version']) != cls._VERSION:
                raise ValueError(
                    f'its format version is {content["version"]}, this library reads '
                    f'{cls._VERSION}; update vasily_fashion, or build it again')
            index = cls._from_content(content)
            index.fingerprint = str(content['extractor_sha256'])
        # Faiss raises RuntimeError
        except (KeyError, IndexError, OverflowError, RuntimeError, TypeError,
                ValueError) as error:
            raise ValueError(f'{path}: the index cannot be used: {error}') from error
        check_extractor(path, index.fingerprint, extractor)
        return index

    @classmethod
    def _from_content(cls, content: dict[str, np.ndarray]) -> Self:
        raise NotImplementedError
