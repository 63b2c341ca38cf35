import os
from typing import Any, Self

from vasily_fashion.retrieval._rows import Column, RowsIndex, check_embeddings, squared_norms

import chainer
import numpy as np
from chainer import backend
from chainer.backends import cuda

# A search compares _QUERY_BLOCK queries at a time with a block of embeddings. The block is
# large enough for _N_SCORE scores, and has at least _GALLERY_BLOCK embeddings: matrix
# products with fewer are not worth it.
_QUERY_BLOCK = 1024
_N_SCORE = 1 << 19
_GALLERY_BLOCK = 8192
# Scores are divided into chunks of at most this many; the lowest of each is looked at first.
_CHUNK = 128
# Queries are divided where they have more candidates than this together.
_N_CANDIDATE = 1 << 21
# Differences taken at a time, in numbers (float64).
_REFINE_SIZE = 1 << 22

_EPS = float(np.finfo(np.float32).eps)
_TINY = float(np.finfo(np.float32).tiny)


class FlatIndex(RowsIndex):

    """Exact nearest-neighbour search by squared L2 distance, or cosine.

    :meth:`search` gives the same result as a comparison of each query with
    each embedding, term by term, in double precision: a copy of an embedding
    has the distance 0, never a small or a negative number. Embeddings at equal
    distances (as float32) come in the order in which they were added. The
    result does not depend on the sizes of the blocks or on the other queries.

    How it works: a matrix product in float32 gives the scores
    :math:`|g|^2 - 2 q \\cdot g`, in blocks of embeddings. Each block is
    divided into chunks. The :math:`k`-th lowest of the chunks' lowest scores
    is an upper bound of the :math:`k`-th lowest score. An embedding is
    compared by its differences if its score is below that bound, or above it
    by no more than the largest possible rounding error.

    A search takes at most about 200 MB beside the index and its results,
    however many queries and embeddings there are, unless millions of
    embeddings are equally near: each takes 47 bytes.

    The index lives on the GPU when the embeddings that are added first are
    CuPy arrays; queries may be of either kind.

    Args:
        dim (int): The length of an embedding.
        metric ({'sqeuclidean', 'cosine'}): See
            :class:`~vasily_fashion.retrieval.Index`.
        extractor: What makes the embeddings, such as
            :class:`~vasily_fashion.links.StyleExtractorBN`; its `fingerprint`
            is saved with them.

    Attributes:
        dim, metric, fingerprint: As of
            :class:`~vasily_fashion.retrieval.Index`.

    """

    _FORMAT, _VERSION = 'vasily_fashion.FlatIndex', 2

    def __init__(
            self, dim: int, metric: str = 'sqeuclidean',
            extractor: Any = None) -> None:
        super().__init__(dim, metric, extractor)
        self._set(np.empty((0, self.dim), np.float32))

    def add(self, embeddings: Any, ids: Any, categories: Any = None) -> None:
        embeddings = check_embeddings(
            embeddings, 'embeddings', self.dim, self.metric)
        ids, categories = self._rows.check(ids, categories, len(embeddings))
        if not len(self) and isinstance(embeddings, cuda.ndarray):  # it lives where they are
            self._set(embeddings[:0])
        embeddings = self._device.send(embeddings)
        with chainer.using_device(self._device):
            self._embeddings.append(embeddings)
            self._squared_norms.append(squared_norms(embeddings))
        self._rows.append(ids, categories)

    def remove(self, ids: Any) -> None:
        stays, _ = self._rows.remove(ids)
        with chainer.using_device(self._device):
            self._embeddings.keep(stays)
            self._squared_norms.keep(stays)

    def to_cpu(self) -> Self:
        """Move the index to the memory of the host and return it."""
        self._set(cuda.to_cpu(self._embeddings.values))
        return self

    def to_gpu(self, device: int | None = None) -> Self:
        """Move the index to a GPU and return it."""
        self._set(cuda.to_gpu(self._embeddings.values, device))
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index to a file, all of it or nothing.

        Args:
            path (str or os.PathLike): The file, best named ``.npz``.

        """
        self._write(path, embeddings=cuda.to_cpu(self._embeddings.values))

    @classmethod
    def _from_content(cls, content):
        index = cls(content['embeddings'].shape[1], str(content['metric']))
        index.add(content['embeddings'], content['ids'], content['categories'])
        return index

    def _set(self, embeddings):
        self._embeddings = Column(embeddings)
        with chainer.using_device(self._device):
            self._squared_norms = Column(squared_norms(embeddings))

    @property
    def _device(self):
        """Where the index is."""
        return backend.get_device_from_array(self._embeddings.values)

    def _search(self, queries, k, category):
        some = None if category is None else self._rows.of(category)
        k = min(k, len(self) if some is None else len(some))
        distances = np.empty((len(queries), k), dtype=np.float32)
        rows = np.empty((len(queries), k), dtype=np.int64)
        if k > 0:
            queries = self._device.send(queries)
            with chainer.using_device(self._device):
                for start in range(0, len(queries), _QUERY_BLOCK):
                    block = slice(start, start + _QUERY_BLOCK)
                    distances[block], rows[block] = self._search_block(
                        queries[block], k, some)
        if self.metric == 'cosine':
            distances *= .5  # |q - g|^2 = 2 - 2 cos for those of length 1
        return distances, self._rows.ids_at(rows)

    def _search_block(self, queries, k, some):
        """The distances and rows of the k nearest, (Q, k), of all or some rows."""
        xp = backend.get_array_module(queries)
        q2 = squared_norms(queries, np.float64)
        error = self._score_error(q2)
        least = xp.empty((len(queries), 0), np.float32)
        # the candidates: which query, which row, which score
        query, row, score = xp.empty(0, int), xp.empty(0, int), least.reshape(-1)
        for g, g2, rows in self._blocks(some, len(queries)):
            scores = (-2 * queries).dot(g.T)
            scores += g2
            least = _k_least(least, scores, k)
            if least.shape[1] == k:
                bound = least.max(axis=1).astype(np.float64)
                # both that of the k-th and that of the candidate may err
                bound += 2 * error + 2 * _EPS * abs(bound + q2)
                bound = xp.nextafter(bound.astype(np.float32), np.float32(np.inf))
            else:
                bound = xp.full(len(queries), np.inf, np.float32)
            may_be = scores <= bound[:, None]
            if len(queries) > 1 and (
                    len(query) + int(xp.count_nonzero(may_be)) > _N_CANDIDATE):
                del scores, may_be
                halves = [self._search_block(half, k, some)
                          for half in xp.array_split(queries, 2)]
                return tuple(map(np.concatenate, zip(*halves, strict=True)))
            i, column = xp.divmod(xp.flatnonzero(may_be), scores.shape[1])
            query, row, score = (xp.concatenate(x) for x in (
                (query, i), (row, rows[column]), (score, scores[i, column])))
            near = score <= bound[query]
            query, row, score = query[near], row[near], score[near]
        distances = self._distances(queries, query, row)
        query, row = cuda.to_cpu(query), cuda.to_cpu(row)
        order = np.lexsort((row, distances, query))
        first = np.searchsorted(query[order], np.arange(len(queries)))
        nearest = order[first[:, None] + np.arange(k)]
        return distances[nearest], row[nearest]

    def _blocks(self, some, n_query):
        """Yield embeddings, their squared norms and their rows."""
        xp = backend.get_array_module(self._embeddings.values)
        n = len(self) if some is None else len(some)
        size = max(_GALLERY_BLOCK, _N_SCORE // n_query)
        for start in range(0, n, size):
            rows = xp.asarray(np.arange(start, min(start + size, n))
                              if some is None else some[start:start + size])
            at = slice(start, start + size) if some is None else rows
            yield self._embeddings.values[at], self._squared_norms.values[at], rows

    def _distances(self, queries, query, row):
        """Squared L2 from the differences, a NumPy array of float32."""
        distances = np.empty(len(row), dtype=np.float32)
        size = max(1, _REFINE_SIZE // self.dim)
        for i in range(0, len(row), size):
            block = slice(i, i + size)
            difference = self._embeddings.values[row[block]].astype(np.float64)
            difference -= queries[query[block]]
            difference *= difference
            distances[block] = cuda.to_cpu(difference.sum(axis=1))
        return distances

    def _score_error(self, q2):
        """Bound the rounding error of a score (Higham 2002, eq. 3.5)."""
        g2 = float(self._squared_norms.values.max())
        return (self.dim + 4) * (
            _EPS * (2 * (q2 * g2) ** .5 + g2) + _TINY)


def _k_least(least, scores, k):
    """Return n <= k scores of each row; at least n scores are at or below their maximum.

    Each is the lowest score of a chunk. This is much quicker than a partition
    of all scores.
    """
    xp = backend.get_array_module(scores)
    n = min(_CHUNK, max(1, scores.shape[1] // (4 * k)))
    whole = scores.shape[1] // n * n
    least = xp.concatenate((
        least, scores[:, :whole].reshape(len(scores), -1, n).min(axis=2),
        scores[:, whole:]), axis=1)
    if least.shape[1] <= k:
        return least
    # CuPy's partition is right only where the threads of a warp keep step
    return (np.partition(least, k - 1, axis=1) if xp is np
            else xp.sort(least, axis=1))[:, :k]
