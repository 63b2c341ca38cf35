import os
from typing import Any, Self

from vasily_fashion.retrieval._arguments import (
    check_category,
    check_dim,
    check_embeddings,
    check_extractor,
    check_k,
    check_metric,
    check_new_ids,
    sha256_of,
    squared_norms,
)
from vasily_fashion.retrieval._columns import as_categories, as_ids
from vasily_fashion.utils import atomic_write, check_npz

import numpy as np
from chainer import backend
from chainer.backends import cuda

_FORMAT = 'vasily_fashion.FlatIndex'
_VERSION = 2  # 1 had neither metric nor extractor

# A search looks at this many queries at a time, against as many embeddings as
# make this many scores; fewer embeddings than that many are not worth a product.
_QUERY_BLOCK = 1024
_N_SCORE = 1 << 19
_GALLERY_BLOCK = 8192
# The candidates of a query beyond k, see _search_block.
_SLACK = 16
# Differences taken at a time, in numbers (float64).
_REFINE_SIZE = 1 << 22

_EPS = float(np.finfo(np.float32).eps)
_TINY = float(np.finfo(np.float32).tiny)


class FlatIndex:

    """Exact nearest-neighbour search by squared L2 distance, or cosine.

    The result of :meth:`search` is that of comparing each query with each
    embedding, term by term, in double precision: a copy of an embedding has
    the distance 0, never a small or a negative number. Equal distances (as
    float32) come in the order in which they were added. It does not depend
    on the sizes of the blocks, nor on which other queries are searched.

    How: :math:`|g|^2 - 2 q \\cdot g`, a matrix product in float32, finds
    :math:`k + 16` candidates of each query, whose distances are then computed
    from the differences. Where rounding errors (bounded by the worst case)
    might have hidden a nearer embedding, all that are near enough are compared
    in the same way.

    A search takes at most about 200 MB beside the index and its results,
    however many queries and embeddings there are: it looks at up to 1024
    queries at a time, and 8192 embeddings, or more where queries are few.

    The index lives on the GPU when the embeddings that are added first are
    CuPy arrays; queries may be of either kind.

    Args:
        dim (int): The length of an embedding.
        metric ({'sqeuclidean', 'cosine'}): Squared L2, as the triplet loss
            compares; or :math:`1 - \\cos`, for which embeddings are scaled to
            a length of 1 when they are added.
        extractor: What makes the embeddings, such as
            :class:`~vasily_fashion.links.StyleExtractorBN`; saved with them
            is the sha256 of its weights.

    Attributes:
        dim (int): See above.
        metric (str): See above.
        extractor_sha256 (str): See above; '' if not known.

    """

    def __init__(
            self, dim: int, metric: str = 'sqeuclidean',
            extractor: Any = None) -> None:
        self.dim = check_dim(dim)
        self.metric = check_metric(metric)
        self.extractor_sha256 = sha256_of(extractor)
        self._n = 0
        self._embeddings: Any = None  # (capacity, dim) float32, NumPy or CuPy
        self._squared_norms: Any = None  # (capacity,) float32, likewise
        self._ids: Any = None  # (capacity,) int64, or object that holds str
        self._categories = np.empty(0, dtype=np.int32)
        self._seen: set[Any] = set()

    def __len__(self) -> int:
        return self._n

    @property
    def ids(self) -> np.ndarray:
        """The ids in the order in which they were added, a copy."""
        if self._ids is None:
            return np.empty(0, dtype=np.int64)
        return self._ids_at(np.arange(self._n))

    @property
    def categories(self) -> np.ndarray:
        """The categories, (N,) int32, a copy; -1 where unknown."""
        return self._categories[:self._n].copy()

    def add(self, embeddings: Any, ids: Any, categories: Any = None) -> None:
        """Add embeddings.

        When this raises, the index is as it was.

        Args:
            embeddings (array): See the table below. NumPy or CuPy.
            ids (array or list): What :meth:`search` returns for each. Either
                integers or strings, one kind in an index, each id once.
            categories (array or list): The category of each, for searches
                within one. Unknown (-1) by default.

        .. csv-table::
            :header: name, shape, dtype, format

            :obj:`embeddings`, ":math:`(N, dim)`", :obj:`float32`, --
            :obj:`ids`, ":math:`(N,)`", ":obj:`int64` or :obj:`str`", --
            :obj:`categories`, ":math:`(N,)`", :obj:`int32`, \
            "index of a category, or -1 when unknown"

        Raises:
            TypeError: Not numbers, or ids of the wrong kind.
            ValueError: A wrong shape, NaN, or an id that is there already.

        """
        embeddings = check_embeddings(
            embeddings, 'embeddings', self.dim, self.metric)
        n = len(embeddings)
        ids = check_new_ids(
            as_ids(ids, n), self._seen,
            None if self._ids is None else self._ids.dtype)
        categories = as_categories(categories, n)

        if self._embeddings is None:
            xp = backend.get_array_module(embeddings)
            self._embeddings = xp.empty((0, self.dim), dtype=np.float32)
            self._squared_norms = xp.empty(0, dtype=np.float32)
        if self._n == 0:
            self._ids = np.empty(len(self._embeddings), dtype=ids.dtype)
        self._reserve(self._n + n)
        new = slice(self._n, self._n + n)
        embeddings = self._here(embeddings)
        self._embeddings[new] = embeddings
        self._squared_norms[new] = squared_norms(embeddings)
        self._ids[new] = ids
        self._categories[new] = categories
        self._seen.update(ids.tolist())
        self._n += n

    def remove(self, ids: Any) -> None:
        """Remove embeddings. The others stay in their order.

        When this raises, the index is as it was.

        Args:
            ids (array or list): Their ids.

        Raises:
            TypeError: Not ids.
            ValueError: An id that is not there, or is given twice.

        """
        ids = as_ids(ids, len(ids))
        gone = set(ids.tolist())
        for i in ids.tolist():
            if i not in self._seen:
                raise ValueError(f'ids: {i!r} is not in the index')
        if len(gone) < len(ids):
            raise ValueError('ids: an id is given twice')
        if not gone:
            return
        keep = np.array([i not in gone for i in self._ids[:self._n].tolist()])
        n = int(keep.sum())
        for name in ('_embeddings', '_squared_norms', '_ids', '_categories'):
            column = getattr(self, name)
            xp = backend.get_array_module(column)
            column[:n] = column[:self._n][xp.asarray(keep)]
        self._n = n
        self._seen -= gone

    def search(
            self, queries: Any, k: int, category: int | None = None
    ) -> tuple[Any, np.ndarray]:
        """Find the nearest embeddings of each query.

        Args:
            queries (array): :math:`(Q, dim)` :obj:`float32`, NumPy or CuPy.
            k (int): How many to find.
            category (int): Search only those of this category. By default
                all, those of unknown category too.

        Returns:
            tuple of two arrays:
            :obj:`(distances, ids)`, both :math:`(Q, K)`, nearest first.
            :math:`K` is :obj:`k`, or fewer when there are fewer embeddings (of
            the category): 0 in an empty index.

            * **distances**: Squared L2, or :math:`1 - \\cos`, \
                :obj:`float32`, an array of the kind of :obj:`queries`.
            * **ids**: :obj:`int64` or strings, always a NumPy array.

        Raises:
            TypeError: Not numbers.
            ValueError: A wrong shape, NaN, or :obj:`k` below 1.

        """
        queries = check_embeddings(queries, 'queries', self.dim, self.metric)
        k = check_k(k)
        rows = None
        n = self._n
        if check_category(category) is not None:
            rows = np.flatnonzero(self._categories[:n] == category)
            n = len(rows)
        k = min(k, n)

        distances = np.empty((len(queries), k), dtype=np.float32)
        positions = np.empty((len(queries), k), dtype=np.int64)
        if k > 0:
            here = self._here(queries)
            # A large k makes the lists of candidates long.
            size = max(1, min(
                _QUERY_BLOCK, _REFINE_SIZE // (4 * (k + _SLACK))))
            for start in range(0, len(queries), size):
                block = slice(start, start + size)
                distances[block], positions[block] = self._search_block(
                    here[block], k, rows, n)
        if self.metric == 'cosine':
            distances *= .5  # |q - g|^2 = 2 - 2 cos for those of length 1
        ids = (np.empty((len(queries), 0), dtype=self.ids.dtype) if k == 0
               else self._ids_at(positions))
        return backend.get_array_module(queries).asarray(distances), ids

    def to_cpu(self) -> Self:
        """Move the index to the memory of the host and return it."""
        if self._embeddings is not None:
            self._embeddings = cuda.to_cpu(self._embeddings)
            self._squared_norms = cuda.to_cpu(self._squared_norms)
        return self

    def to_gpu(self, device: int | None = None) -> Self:
        """Move the index to a GPU and return it."""
        if self._embeddings is None:
            xp = cuda.cupy
            with cuda.get_device_from_id(device):
                self._embeddings = xp.empty((0, self.dim), dtype=np.float32)
                self._squared_norms = xp.empty(0, dtype=np.float32)
        else:
            self._embeddings = cuda.to_gpu(self._embeddings, device)
            self._squared_norms = cuda.to_gpu(self._squared_norms, device)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index to a file, all of it or nothing.

        Args:
            path (str or os.PathLike): The file, best named ``.npz``.

        """
        embeddings = (np.empty((0, self.dim), dtype=np.float32)
                      if self._embeddings is None
                      else cuda.to_cpu(self._embeddings[:self._n]))
        with atomic_write(path) as f:
            np.savez(
                f, format=_FORMAT, version=_VERSION, embeddings=embeddings,
                ids=self.ids, categories=self.categories, metric=self.metric,
                extractor_sha256=self.extractor_sha256)

    @classmethod
    def load(
            cls, path: str | os.PathLike[str], extractor: Any = None) -> Self:
        """Read an index that :meth:`save` wrote.

        Nothing in the file is run: it is read without pickle.

        Args:
            path (str or os.PathLike): The file.
            extractor: What is to make the queries. An index that another
                made is refused then.

        Returns:
            FlatIndex:
            The index, in the memory of the host.

        Raises:
            OSError: The file is missing or cannot be opened.
            ValueError: It is truncated, damaged, no index, of a newer
                version, or made by another extractor. The message names the
                file.

        """
        path = os.fspath(path)
        try:
            # An open file, as numpy leaves its own open when it fails.
            with open(path, 'rb') as f:
                # nothing in it is compressed
                check_npz(f, os.path.getsize(path))
                with np.load(f, allow_pickle=False) as npz:
                    content = {key: npz[key] for key in npz.files}
        except OSError as e:
            raise type(e)(
                f'{path}: the index cannot be opened ({e.strerror or e}); '
                'check the path') from e
        # Damaged archives raise nearly anything: BadZipFile, zlib.error,
        # EOFError, struct.error, ValueError.
        except Exception as e:
            raise ValueError(
                f'{path}: this is not an index, or it is truncated or '
                f'damaged ({e}); save it again') from e

        if str(content.get('format')) != _FORMAT:
            raise ValueError(
                f'{path}: this file was not written by FlatIndex.save')
        try:
            version = int(content['version'])
            if version > _VERSION:
                raise ValueError(
                    f'its format version is {version}, this library reads up '
                    f'to {_VERSION}; update vasily_fashion')
            index = cls(content['embeddings'].shape[1],
                        str(content.get('metric', 'sqeuclidean')))
            index.add(content['embeddings'], content['ids'],
                      content['categories'])
            index.extractor_sha256 = str(content.get('extractor_sha256', ''))
        except (KeyError, IndexError, TypeError, ValueError) as e:
            raise ValueError(
                f'{path}: the index cannot be used: {e}') from e
        check_extractor(path, index.extractor_sha256, extractor)
        return index

    def _ids_at(self, positions):
        ids = self._ids[positions]
        return ids.astype(str) if ids.dtype == object else ids

    def _here(self, x):
        """Bring an array to where the index is."""
        xp = backend.get_array_module(self._embeddings)
        if xp is np:
            return cuda.to_cpu(x)
        with self._embeddings.device:
            return xp.asarray(x)

    def _reserve(self, n):
        capacity = len(self._embeddings)
        if n <= capacity:
            return
        capacity = max(n, 2 * capacity)
        for name in ('_embeddings', '_squared_norms', '_ids', '_categories'):
            old = getattr(self, name)
            xp = backend.get_array_module(old)
            new = xp.empty((capacity,) + old.shape[1:], dtype=old.dtype)
            new[:self._n] = old[:self._n]
            setattr(self, name, new)

    def _blocks(self, rows, n, n_query):
        """Yield embeddings, their squared norms and their positions."""
        xp = backend.get_array_module(self._embeddings)
        size = max(_GALLERY_BLOCK, _N_SCORE // n_query)
        for start in range(0, n, size):
            stop = min(start + size, n)
            if rows is None:
                at = slice(start, stop)
                positions = xp.arange(start, stop)
            else:
                at = positions = xp.asarray(rows[start:stop])
            yield self._embeddings[at], self._squared_norms[at], positions

    def _search_block(self, queries, k, rows, n):
        xp = backend.get_array_module(queries)
        n_candidate = min(k + _SLACK, n)
        near = positions = None
        for g, g2, at in self._blocks(rows, n, len(queries)):
            score = _scores(queries, g, g2)
            if near is not None and near.shape[1] == n_candidate \
                    and xp is np:  # a GPU would have to wait for the number
                score, at = _below(near.max(axis=1), score, at, n_candidate)
            else:
                at = xp.broadcast_to(at, score.shape)
                score, at = _smallest(score, at, n_candidate)
            if near is not None:
                score, at = _smallest(
                    xp.concatenate((near, score), axis=1),
                    xp.concatenate((positions, at), axis=1), n_candidate)
            near, positions = score, at

        distances = self._distances(queries, positions)
        worst = cuda.to_cpu(near.max(axis=1)).astype(np.float64)
        positions = cuda.to_cpu(positions)
        order = np.lexsort((positions, distances), axis=1)[:, :k]
        distances = np.take_along_axis(distances, order, axis=1)
        positions = np.take_along_axis(positions, order, axis=1)
        if n_candidate == n:
            return distances, positions

        # An embedding that is no candidate has a score of at least the worst
        # candidate's, so its distance is at least this:
        q2 = cuda.to_cpu(squared_norms(queries, np.float64))
        error = self._score_error(q2)
        bound = (worst + q2 - error).astype(np.float32)
        for i in np.flatnonzero(bound <= distances[:, -1]):
            limit = np.nextafter(
                distances[i, -1], np.float32(np.inf)).astype(np.float64)
            distances[i], positions[i] = self._search_within(
                queries[i:i + 1], k, rows, n, limit - q2[i] + error[i])
        return distances, positions

    def _search_within(self, query, k, rows, n, max_score):
        """Compare one query with all whose score is at most that."""
        positions = np.concatenate([
            cuda.to_cpu(at[_scores(query, g, g2)[0] <= max_score])
            for g, g2, at in self._blocks(rows, n, 1)])
        xp = backend.get_array_module(query)
        distances = self._distances(query, xp.asarray(positions)[None])[0]
        order = np.argsort(distances, kind='stable')[:k]
        return distances[order], positions[order]

    def _distances(self, queries, positions):
        """Squared L2 from the differences, a NumPy array of float32."""
        distances = np.empty(positions.shape, dtype=np.float32)
        n_col = max(1, min(positions.shape[1], _REFINE_SIZE // self.dim))
        n_row = max(1, _REFINE_SIZE // (self.dim * n_col))
        for i in range(0, len(positions), n_row):
            for j in range(0, positions.shape[1], n_col):
                at = slice(i, i + n_row), slice(j, j + n_col)
                difference = self._embeddings[positions[at]].astype(np.float64)
                difference -= queries[at[0], None]
                difference *= difference
                distances[at] = cuda.to_cpu(difference.sum(axis=2))
        return distances

    def _score_error(self, q2):
        """Bound the rounding error of a score (Higham 2002, eq. 3.5)."""
        g2 = float(self._squared_norms[:self._n].max())
        return (self.dim + 4) * (
            _EPS * (2 * np.sqrt(q2 * g2) + g2) + _TINY)


def _scores(queries, g, g2):
    """Squared distances less those that are equal for all of a query."""
    scores = (-2 * queries).dot(g.T)
    scores += g2
    return scores


def _below(limit, score, at, n):
    """The scores of each row below its limit, and infinities to fill up.

    Where a search has seen much, few of what follows are near enough, and to
    find them is much quicker than to partition all. Where many are, all are.
    """
    is_below = score < limit[:, None]
    if 8 * np.count_nonzero(is_below) > is_below.size:
        return _smallest(score, np.broadcast_to(at, score.shape), n)
    row, column = np.divmod(np.flatnonzero(is_below), score.shape[1])
    count = np.bincount(row, minlength=len(score))
    # each row's one after the other, from the first column on
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    shape = len(score), count.max(initial=0)
    below = np.full(shape, np.inf, score.dtype)
    position = np.zeros(shape, at.dtype)
    below[row, place] = score[row, column]
    position[row, place] = at[column]
    return below, position


def _smallest(score, at, n):
    xp = backend.get_array_module(score)
    if n < score.shape[1]:
        index = xp.argpartition(score, n - 1, axis=1)[:, :n]
        score = xp.take_along_axis(score, index, axis=1)
        at = xp.take_along_axis(at, index, axis=1)
    return score, at
