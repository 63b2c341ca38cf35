import math
import os
import re
from typing import Any

from vasily_fashion.retrieval._rows import Rows, RowsIndex, check_embeddings, check_positive

import numpy as np
from chainer.backends import cuda

# Up to this many rows, a search within a category looks at each of them.
_N_EXACT = 50000
_FACTORY = re.compile(
    # of 0 or 1 links, 0 lists or 0 bits Faiss ends the process
    r'Flat|SQ8|HNSW([2-9]|[1-9]\d+)(,(Flat|SQ8))?|'
    r'IVF([1-9]\d*)(_HNSW([2-9]|[1-9]\d+))?,(Flat|SQ8|PQ[1-9]\d*(x([1-9]|1[0-6]))?)')


def choose_factory(
        n: int, dim: int = 128, memory: float | None = None) -> str:
    """A Faiss factory string for a number of items.

    Up to 50,000 items 'Flat', which is exact. Beyond, the fastest of those
    that fit: 'HNSW32' (4 dim + 272 bytes an item), 'IVF...,SQ8' (dim + 8)
    and 'IVF...,PQ32' (40). The less memory, the fewer of the true neighbours
    are found; `examples/benchmark/search.py` measures how many.

    Args:
        n (int): Items there will be.
        dim (int): Length of an embedding.
        memory (float): Bytes there are for the index; no limit by default.

    Returns:
        str: For :class:`FaissIndex`.

    Raises:
        ValueError: If not even 'IVF...,PQ32' fits.
    """
    if n <= _N_EXACT and (memory is None or n * 4 * dim <= memory):
        return 'Flat'
    n_list = 2 ** round(math.log2(max(4 * math.sqrt(n), 4)))
    pq = max(m for m in (32, 16, 8, 4, 2, 1) if dim % m == 0)
    for factory, size in (
            ('HNSW32', 4 * dim + 272),
            (f'IVF{n_list},SQ8', dim + 8),
            (f'IVF{n_list},PQ{pq}', pq + 8)):
        if memory is None or n * size <= memory:
            return factory
    raise ValueError(
        f'{n:,} items take {n * size:,} bytes at the least, more than the '
        f'{memory:,.0f} there are: use MilvusIndex on several machines')


class FaissIndex(RowsIndex):

    """Nearest-neighbour search with Faiss: exact or approximate.

    Faiss [#]_ compares queries with the embeddings as it keeps them: as they
    are for 'Flat', 'HNSW32' and 'IVF1024,Flat', rounded for 'SQ8' and 'PQ32'.

    A search within a category of up to 50,000 embeddings looks at each of
    them, so it misses none. In a larger category, Faiss searches as usual, but
    leaves out the embeddings of other categories.

    Removed embeddings are taken out of Faiss. But a graph (HNSW) keeps them,
    and searches leave them out; when more than half are removed, the graph is
    built again. If the index is not trained, the first embeddings that are
    added train it.

    .. [#] Matthijs Douze et al. The Faiss library. 2024. arXiv:2401.08281.

    Args:
        dim (int): The length of an embedding.
        metric, extractor: As of
            :class:`~vasily_fashion.retrieval.FlatIndex`.
        factory (str): Faiss' factory string: 'Flat', 'SQ8', 'HNSW32',
            'IVF1024,Flat', 'IVF1024,SQ8', 'IVF1024,PQ32' or with other
            numbers. :func:`choose_factory` knows one for a number of items.
        ef_search (int): Of HNSW, how many candidates a search keeps: more
            find more of the true neighbours, and take longer.
        n_probe (int): Of IVF, how many lists a search looks into; by default
            one in 64.

    Attributes:
        dim, metric, fingerprint: As of
            :class:`~vasily_fashion.retrieval.Index`.
        factory (str): See above.

    Raises:
        ImportError: If Faiss is not installed.
        ValueError: If the factory string is of another kind, or does not suit
            `dim`.
    """

    _FORMAT, _VERSION = 'vasily_fashion.FaissIndex', 3

    def __init__(
            self, dim: int, metric: str = 'sqeuclidean', extractor: Any = None,
            *, factory: str = 'Flat',
            ef_search: int = 32, n_probe: int | None = None) -> None:
        faiss = _import_faiss()
        super().__init__(dim, metric, extractor)
        if not _FACTORY.fullmatch(factory):
            raise ValueError(
                f"factory must be such as 'Flat', 'SQ8', 'HNSW32', "
                f"'IVF1024,Flat' or 'IVF1024,PQ32', not {factory!r}")
        self.factory = factory
        try:
            # the lists of IVF have ids, a graph may only be added to
            self._index = faiss.index_factory(
                self.dim, factory if factory[0] in 'HI' else f'IDMap,{factory}')
        except RuntimeError as error:
            raise ValueError(
                f'factory {factory!r} does not suit dim {dim}: '
                f'{str(error).splitlines()[-1]}') from error
        if 'PQ' in factory:
            # a minute of training for a filter that no search here uses
            self._index.do_polysemous_training = False
        self.ef_search = check_positive(ef_search, 'ef_search')
        self.n_probe = None if n_probe is None else check_positive(n_probe, 'n_probe')

    @property
    def n_training(self) -> int:
        """int: How many embeddings :meth:`train` needs; 0 if it is trained."""
        if self._index.is_trained:
            return 0
        # Faiss warns below 39 points a centroid
        return max(39 * self._n_centroid, 1000)

    @property
    def _n_centroid(self):
        n_list = re.match(r'IVF(\d+)', self.factory)
        n_bit = re.search(r'PQ\d+(?:x(\d+))?', self.factory)
        return max(int(n_list[1]) if n_list else 1, 2 ** int(n_bit[1] or 8) if n_bit else 1)

    def train(self, embeddings: Any) -> None:
        """Learn the lists of 'IVF' and the codes of 'PQ' and 'SQ8'.

        Args:
            embeddings (array): :math:`(N, dim)` :obj:`float32`, a sample of
                those to come; :attr:`n_training` or more are good.

        Raises:
            ValueError: If there are too few.
        """
        embeddings = cuda.to_cpu(check_embeddings(
            embeddings, 'embeddings', self.dim, self.metric))
        if self._index.is_trained:
            return
        # Faiss would learn a part and fail
        if len(embeddings) < self._n_centroid:
            raise ValueError(
                f'{len(embeddings)} embeddings are too few to train '
                f'{self.factory}: give {self.n_training:,} or more')
        self._index.train(embeddings)

    def add(self, embeddings: Any, ids: Any, categories: Any = None) -> None:
        embeddings = cuda.to_cpu(check_embeddings(
            embeddings, 'embeddings', self.dim, self.metric))
        ids, categories = self._rows.check(ids, categories, len(embeddings))
        if len(embeddings) == 0:
            return
        if not self._index.is_trained:
            self.train(embeddings)
        if self._is_graph:
            self._index.add(embeddings)
            n = self._index.ntotal
            self._rows.append(ids, categories, np.arange(n - len(ids), n))
        else:
            self._index.add_with_ids(embeddings, self._rows.append(ids, categories))

    def remove(self, ids: Any) -> None:
        _, numbers = self._rows.remove(ids)
        if not self._is_graph:
            self._index.remove_ids(numbers)
        elif self._index.ntotal > 2 * len(self):
            embeddings = self._index.reconstruct_batch(self._rows.numbers)
            self._index.reset()
            self._index.add(embeddings)
            self._rows = Rows.from_content({
                'ids': self.ids, 'categories': self.categories, 'numbers': np.arange(len(self))})

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index to a file, all of it or nothing.

        Meanwhile it takes the memory of the embeddings once more.

        Args:
            path (str or os.PathLike): The file, best named ``.npz``.

        """
        self._write(
            path, factory=self.factory, ef_search=self.ef_search,
            n_probe=self.n_probe or 0, numbers=self._rows.numbers,
            faiss=_import_faiss().serialize_index(self._index))

    @classmethod
    def _from_content(cls, content):
        faiss = _import_faiss()
        # made without the file's factory string: a large number in it would take as
        # much memory
        dim, ef_search, n_probe = (
            int(content[key]) for key in ('dim', 'ef_search', 'n_probe'))
        if not (dim < 2 ** 31 and 0 < ef_search < 2 ** 31 and 0 <= n_probe < 2 ** 31):
            raise ValueError(f'its dim, ef_search and n_probe are {dim}, {ef_search}, {n_probe}')
        index = cls(dim, str(content['metric']), ef_search=ef_search, n_probe=n_probe or None)
        index.factory = str(content['factory'])
        if not _FACTORY.fullmatch(index.factory):
            raise ValueError(f'its factory is {index.factory!r}')
        if content['faiss'].dtype != np.uint8 or content['faiss'].ndim != 1:
            raise ValueError('what Faiss wrote is not bytes')
        index._index = faiss.deserialize_index(content['faiss'])
        index._rows = Rows.from_content(content)
        numbers, n = index._rows.numbers, index._index.ntotal
        if index._index.d != index.dim:
            is_ours = False
        elif index._is_graph:
            is_ours = isinstance(index._index, faiss.IndexHNSW) and (
                not len(numbers) or numbers[-1] < n)
        elif index.factory.startswith('IVF'):
            is_ours = isinstance(index._index, faiss.IndexIVF) and n == len(numbers)
        else:
            is_ours = isinstance(index._index, faiss.IndexIDMap) and np.array_equal(
                faiss.vector_to_array(index._index.id_map), numbers)
        if not is_ours:
            raise ValueError('what Faiss wrote is of other embeddings')
        return index

    @property
    def _is_graph(self):
        return self.factory.startswith('HNSW')

    def _search(self, queries, k, category):
        faiss = _import_faiss()
        queries = cuda.to_cpu(queries)
        numbers = self._rows.numbers
        if category is not None:
            numbers = numbers[self._rows.of(category)]
        k = min(k, len(numbers))
        if k == 0 or len(queries) == 0:
            shape = len(queries), k
            return np.empty(shape, np.float32), self._rows.ids_at(np.empty(shape, int))
        selector = None
        if len(numbers) < self._index.ntotal:
            is_allowed = np.zeros(int(numbers[-1]) + 1, bool)
            is_allowed[numbers] = True
            selector = faiss.IDSelectorBitmap(np.packbits(is_allowed, bitorder='little'))
        distances, found = self._find(
            queries, k, selector, category is not None and len(numbers) <= _N_EXACT)
        # the part of the graph, or the lists, that were looked into
        lacks = (found < 0).any(axis=1)
        if lacks.any():
            distances[lacks], found[lacks] = self._find(queries[lacks], k, selector, True)
        if self.metric == 'cosine':
            distances *= .5  # |q - g|^2 = 2 - 2 cos for those of length 1
        return np.maximum(distances, 0), self._rows.ids_at(
            np.searchsorted(self._rows.numbers, found))

    def _find(self, queries, k, selector, each):
        """Distances and numbers of the nearest; by looking at each, or as Faiss does."""
        faiss = _import_faiss()
        index, kwargs = self._index, {} if selector is None else {'sel': selector}
        if self.factory.startswith('IVF'):
            params = faiss.SearchParametersIVF(
                nprobe=index.nlist if each else self.n_probe or max(1, index.nlist // 64),
                **kwargs)
        elif self._is_graph and not each:
            params = faiss.SearchParametersHNSW(
                efSearch=max(self.ef_search, k), **kwargs)
        else:
            if self._is_graph:
                index = faiss.downcast_index(index.storage)
            # with a selector it takes differences, without one products of matrices
            params = faiss.SearchParameters(sel=selector or faiss.IDSelectorAll())
        return index.search(queries, k, params=params)


def _import_faiss():
    try:
        import faiss
    except ImportError as error:
        raise ImportError('FaissIndex needs Faiss: pip install faiss-cpu') from error
    return faiss
