import math
import os
import re
from pathlib import Path
from typing import Any, Self

from vasily_fashion.retrieval._faiss_folder import (
    FACTORY,
    read_folder,
    read_rows,
    write_folder,
)
from vasily_fashion.retrieval._rows import (
    Rows,
    check_embeddings,
    check_extractor,
    check_metric,
    check_positive,
    search_by_category,
)
from vasily_fashion.retrieval.index import Index

import numpy as np
from chainer.backends import cuda

# Up to this many rows, a search within a category looks at each of them.
_N_EXACT = 50000


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


class FaissIndex(Index):

    """Nearest-neighbour search with Faiss: exact or approximate.

    Faiss [#]_ compares queries with the embeddings as it keeps them: as they
    are for 'Flat', 'HNSW32' and 'IVF1024,Flat', rounded for 'SQ8' and 'PQ32'.

    A search within a category looks at each of its embeddings where they are
    up to 50,000, and so loses none; a larger category is searched as all are,
    with the others left out.

    What is removed is taken out of Faiss; only of its graph, HNSW, it is left
    out of searches, until half is gone and the graph is built anew. What is
    added first trains an index that has not been trained.

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

    def __init__(
            self, dim: int, metric: str = 'sqeuclidean', extractor: Any = None,
            *, factory: str = 'Flat',
            ef_search: int = 32, n_probe: int | None = None) -> None:
        faiss = _import_faiss()
        self.dim = check_positive(dim, 'dim')
        self.metric = check_metric(metric)
        self.fingerprint = '' if extractor is None else extractor.fingerprint
        if not FACTORY.fullmatch(factory):
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
        self._rows = Rows()
        self._is_mapped = False
        self.ef_search = ef_search
        self.n_probe = n_probe

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

    @property
    def n_training(self) -> int:
        """int: How many embeddings :meth:`train` needs; 0 if it is trained."""
        if self._index.is_trained:
            return 0
        n_list = re.match(r'IVF(\d+)', self.factory)
        # Faiss warns below 39 points a centroid
        return max(39 * int(n_list[1]) if n_list else 0,
                   39 * 256 if 'PQ' in self.factory else 0)

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
        try:
            self._index.train(embeddings)
        except RuntimeError as error:
            raise ValueError(
                f'{len(embeddings)} embeddings are too few to train '
                f'{self.factory}: give {self.n_training:,} or more'
            ) from error

    def add(self, embeddings: Any, ids: Any, categories: Any = None) -> None:
        self._check_writable()
        embeddings = cuda.to_cpu(check_embeddings(
            embeddings, 'embeddings', self.dim, self.metric))
        ids, categories = self._rows.check(ids, categories, len(embeddings))
        if len(embeddings) == 0:
            return
        self.train(embeddings)
        if self._is_graph:
            self._index.add(embeddings)
            self._rows.append(ids, categories, self._index.ntotal - len(ids))
        else:
            self._index.add_with_ids(embeddings, self._rows.append(ids, categories))

    def remove(self, ids: Any) -> None:
        self._check_writable()
        _, numbers = self._rows.remove(ids)
        if not self._is_graph:
            self._index.remove_ids(numbers)
        elif self._index.ntotal > 2 * len(self):
            embeddings = self._index.reconstruct_batch(self._rows.numbers)
            self._index.reset()
            self._index.add(embeddings)
            self._rows = Rows(
                self._rows.ids.astype(object) if self._rows.ids.dtype.kind == 'U'
                else self._rows.ids, self._rows.categories, np.arange(len(self)))

    def search(
            self, queries: Any, k: int, categories: Any = None
    ) -> tuple[Any, np.ndarray]:
        return search_by_category(self, self._search, queries, k, categories)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index into a folder, all of it or nothing.

        A `manifest.json` names the files of the index, and is replaced last:
        whenever the process is killed, what is there is the index before or
        the index after. Who opens it meanwhile has one of the two.

        Args:
            path (str or os.PathLike): The folder, made if there is none.

        Raises:
            ValueError: If it holds something else.
        """
        faiss = _import_faiss()
        write_folder(Path(path), {
            'dim': self.dim, 'metric': self.metric, 'factory': self.factory,
            'fingerprint': self.fingerprint,
            'ef_search': self.ef_search, 'n_probe': self.n_probe,
        }, {
            'faiss': lambda file: faiss.write_index(
                self._index, faiss.PyCallbackIOWriter(file.write)),
            'rows': lambda file: np.savez(
                file, ids=self.ids, categories=self.categories,
                numbers=self._rows.numbers)})

    @classmethod
    def load(
            cls, path: str | os.PathLike[str], extractor: Any = None,
            *, mapped: bool = False) -> Self:
        """Read an index that :meth:`save` wrote.

        Args:
            path, extractor: As of :meth:`vasily_fashion.retrieval.Index.load`.
            mapped (bool): Whether to map the embeddings into memory instead
                of reading them: it is there at once, and takes memory as it
                is searched. Nothing can be added or removed then, and that the
                file is undamaged is not checked but for its size.

        Returns:
            FaissIndex: The index.

        Raises:
            OSError, ValueError: As there.
        """
        faiss = _import_faiss()

        def read(about, name, rows):
            # not of its factory: a number in that is as much memory
            index = cls(about['dim'], about['metric'],
                        ef_search=about['ef_search'], n_probe=about['n_probe'])
            index.factory, index.fingerprint = about['factory'], about['fingerprint']
            check_extractor(path, index.fingerprint, extractor)
            try:
                index._index = faiss.read_index(
                    str(name), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
            except RuntimeError as error:
                raise (ValueError if name.exists() else FileNotFoundError)(
                    f'{name} is not an index of Faiss; save it again') from error
            index._is_mapped, index._rows = mapped, read_rows(rows)
            index._check_loaded(name)
            return index

        return read_folder(Path(path), read, mapped)

    def _check_loaded(self, name):
        """Refuse a file of Faiss that is not of these rows."""
        faiss = _import_faiss()
        numbers, n = self._rows.numbers, self._index.ntotal
        if self._index.d != self.dim:
            is_ours = False
        elif self._is_graph:
            is_ours = isinstance(self._index, faiss.IndexHNSW) and (
                not len(numbers) or numbers[-1] < n)
        elif self.factory.startswith('IVF'):
            is_ours = isinstance(self._index, faiss.IndexIVF) and n == len(numbers)
        else:
            is_ours = isinstance(self._index, faiss.IndexIDMap) and np.array_equal(
                faiss.vector_to_array(self._index.id_map), numbers)
        if not is_ours:
            raise ValueError(f'{name} is not of this index: save it again')

    @property
    def _is_graph(self):
        return self.factory.startswith('HNSW')

    def _check_writable(self):
        if self._is_mapped:
            raise ValueError(
                'this index is mapped, which is for searches alone: load it '
                'with mapped=False')

    def _search(self, queries, k, category):
        faiss = _import_faiss()
        queries = cuda.to_cpu(queries)
        numbers = self._rows.numbers
        if category is not None:
            numbers = numbers[self._rows.of(category)]
        k = min(k, len(numbers))
        if k == 0 or len(queries) == 0:
            shape = len(queries), k
            return np.empty(shape, np.float32), np.empty(shape, self.ids.dtype)
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
        raise ImportError(
            "FaissIndex needs Faiss: pip install 'vasily_fashion[faiss]', or "
            'faiss-cpu alone') from error
    return faiss
