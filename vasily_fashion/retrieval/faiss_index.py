import math
import os
import re
from pathlib import Path
from typing import Any, Self

from vasily_fashion.retrieval._arguments import (
    check_category,
    check_dim,
    check_embeddings,
    check_extractor,
    check_k,
    check_metric,
    sha256_of,
)
from vasily_fashion.retrieval._faiss_folder import (
    FACTORY,
    check_file,
    read_manifest,
    read_rows,
    write_folder,
)
from vasily_fashion.retrieval._rows import Rows

import numpy as np
from chainer import backend
from chainer.backends import cuda

# Candidates of a query beyond k, whose distances are taken from differences.
_SLACK = 16
# Up to this many rows, a search within a category looks at each of them.
_N_EXACT = 50000
# Rows that are decoded at a time.
_BLOCK = 65536


def choose_factory(
        n: int, dim: int = 128, memory: float | None = None) -> str:
    """A Faiss factory string for a number of items.

    Up to 50,000 items 'Flat', which is exact. Beyond, the fastest of those
    that fit: 'HNSW32' (4 dim + 272 bytes an item), 'IVF...,SQ8' (dim + 16)
    and 'IVF...,PQ32' (48). The less memory, the fewer of the true neighbours
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
            (f'IVF{n_list},SQ8', dim + 16),
            (f'IVF{n_list},PQ{pq}', pq + 16)):
        if memory is None or n * size <= memory:
            return factory
    raise ValueError(
        f'{n:,} items take {n * size:,} bytes at the least, more than the '
        f'{memory:,.0f} there are: use MilvusIndex on several machines')


class FaissIndex:
    """Nearest-neighbour search with Faiss: exact or approximate.

    The interface is that of :class:`~vasily_fashion.retrieval.FlatIndex`.
    Faiss [#]_ finds the candidates; the distances are then taken from the
    differences to the embeddings as the index keeps them: as they are for
    'Flat', 'HNSW32' and 'IVF1024,Flat', rounded for 'SQ8' and 'PQ32'.

    A search within a category looks at each of its embeddings where they are
    up to 50,000, and so loses none; a larger category is searched by Faiss
    with the others left out.

    Removed embeddings are left out of searches, and taken away when they are
    more than those that are there.

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
        dim, metric, extractor_sha256: As of
            :class:`~vasily_fashion.retrieval.FlatIndex`.
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
        self.dim = check_dim(dim)
        self.metric = check_metric(metric)
        self.extractor_sha256 = sha256_of(extractor)
        if not FACTORY.fullmatch(factory):
            raise ValueError(
                f"factory must be such as 'Flat', 'SQ8', 'HNSW32', "
                f"'IVF1024,Flat' or 'IVF1024,PQ32', not {factory!r}")
        self.factory = factory
        try:
            self._index = faiss.index_factory(self.dim, factory)
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
        if self.factory.startswith('IVF'):
            # so that a row can be decoded
            self._index.make_direct_map()

    def add(self, embeddings: Any, ids: Any, categories: Any = None) -> None:
        """Add embeddings; train with them first if that has not been done.

        When this raises, the index is as it was.

        Args:
            embeddings, ids, categories: As of
                :meth:`vasily_fashion.retrieval.FlatIndex.add`.

        Raises:
            TypeError, ValueError: As there, or if the index is mapped.
        """
        self._check_writable()
        embeddings = cuda.to_cpu(check_embeddings(
            embeddings, 'embeddings', self.dim, self.metric))
        ids, categories = self._rows.check(ids, categories, len(embeddings))
        if len(embeddings) == 0:
            return
        self.train(embeddings)
        self._index.add(embeddings)
        self._rows.append(ids, categories)

    def remove(self, ids: Any) -> None:
        """Remove embeddings.

        When this raises, the index is as it was.

        Args:
            ids (array or list): Their ids.

        Raises:
            TypeError: Not ids.
            ValueError: An id that is not there, or is given twice, or the
                index is mapped.
        """
        self._check_writable()
        self._rows.remove(ids)
        if self._rows.n > 2 * len(self._rows):
            kept = np.flatnonzero(self._rows.is_there)
            if self.factory.startswith('IVF'):
                self._keep_in_lists(kept)
            else:
                embeddings = self._decode(kept)
                self._index.reset()
                if len(embeddings):
                    self._index.add(embeddings)
            self._rows.compact()

    def search(
            self, queries: Any, k: int, category: int | None = None
    ) -> tuple[Any, np.ndarray]:
        """Find the nearest embeddings of each query.

        Args:
            queries, k, category: As of
                :meth:`vasily_fashion.retrieval.FlatIndex.search`.

        Returns:
            tuple of two arrays:
            As there, but that approximate indexes may miss some of the
            nearest.

        Raises:
            TypeError, ValueError: As there.
        """
        xp = backend.get_array_module(queries)
        queries = cuda.to_cpu(check_embeddings(
            queries, 'queries', self.dim, self.metric))
        k = check_k(k)
        check_category(category)
        n = len(self._rows)
        rows = None
        if category is not None or n < self._rows.n:
            rows = self._rows.rows_of(category)
            n = len(rows)
        k = min(k, n)
        if k == 0 or len(queries) == 0:
            shape = len(queries), k
            return (xp.empty(shape, np.float32),
                    np.empty(shape, self._rows.ids_of([]).dtype))
        n_candidate = min(k + _SLACK, n)
        if category is not None and n <= _N_EXACT:
            found = self._look_at_each(queries, rows, n_candidate)
        else:
            found = self._find(queries, rows, n_candidate)
            lacking = (found < 0).any(axis=1)
            if lacking.any():
                found[lacking] = self._look_at_each(
                    queries[lacking], self._rows.rows_of(category)
                    if rows is None else rows, n_candidate)
        distances = self._distances(queries, found)
        order = np.lexsort((found, distances), axis=1)[:, :k]
        distances = np.take_along_axis(distances, order, axis=1)
        if self.metric == 'cosine':
            distances *= .5  # |q - g|^2 = 2 - 2 cos for those of length 1
        return xp.asarray(distances), self._rows.ids_of(
            np.take_along_axis(found, order, axis=1))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index into a folder, all of it or nothing.

        A `manifest.json` names the files of the index, and is replaced last:
        whenever the process is killed, what is there is the index before or
        the index after.

        Args:
            path (str or os.PathLike): The folder, made if there is none.

        Raises:
            ValueError: If it holds something else.
        """
        faiss = _import_faiss()
        ids = self._rows._ids[:self._rows.n]
        write_folder(Path(path), {
            'dim': self.dim, 'metric': self.metric, 'factory': self.factory,
            'extractor_sha256': self.extractor_sha256,
            'ef_search': self.ef_search, 'n_probe': self.n_probe,
        }, {
            'faiss': lambda file: faiss.write_index(
                self._index, faiss.PyCallbackIOWriter(file.write)),
            'rows': lambda file: np.savez(
                file, ids=ids.astype(str) if ids.dtype == object else ids,
                categories=self._rows._categories[:self._rows.n],
                is_there=self._rows.is_there)})

    @classmethod
    def load(
            cls, path: str | os.PathLike[str], extractor: Any = None,
            *, mapped: bool = False) -> Self:
        """Read an index that :meth:`save` wrote.

        Args:
            path (str or os.PathLike): The folder.
            extractor: What is to make the queries. An index that another
                made is refused then.
            mapped (bool): Whether to map the embeddings into memory instead
                of reading them: it is there at once, and takes memory as it
                is searched. Nothing can be added or removed then, and that the
                file is undamaged is not checked but for its size.

        Returns:
            FaissIndex: The index.

        Raises:
            OSError: A file is missing or cannot be opened.
            ValueError: It is truncated, damaged, no index, of a newer
                version, or made by another extractor.
        """
        faiss = _import_faiss()
        path = Path(path)
        manifest = read_manifest(path)
        # not of its factory: a number in that is as much memory
        index = cls(manifest['dim'], manifest['metric'],
                    ef_search=manifest['ef_search'], n_probe=manifest['n_probe'])
        index.factory = manifest['factory']
        index.extractor_sha256 = manifest['extractor_sha256']
        check_extractor(path, index.extractor_sha256, extractor)
        name = check_file(path, manifest, 'faiss', with_content=not mapped)
        rows = check_file(path, manifest, 'rows')
        try:
            index._index = faiss.read_index(
                str(name), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
        except RuntimeError as error:
            raise ValueError(
                f'{name} is no index of Faiss; save it again') from error
        index._is_mapped = mapped
        ids, there, categories = read_rows(rows)
        index._rows._ids, index._rows._categories = ids, categories
        index._rows._is_there, index._rows.n = there, len(there)
        index._rows.row_of_id = dict(zip(
            ids[there].tolist(), np.flatnonzero(there).tolist(), strict=True))
        kind = (faiss.IndexHNSW if index.factory.startswith('HNSW') else
                faiss.IndexIVF if index.factory.startswith('IVF') else faiss.Index)
        if (index._index.d, index._index.ntotal) != (index.dim, len(there)) or (
                not isinstance(index._index, kind)):
            raise ValueError(f'{name} is not of this index: save it again')
        return index

    def _check_writable(self):
        if self._is_mapped:
            raise ValueError(
                'this index is mapped, which is for searches alone: load it '
                'with mapped=False')

    def _keep_in_lists(self, kept):
        """Leave some rows alone in the lists of IVF, numbered anew.

        Their codes are moved as they are: what a code stands for may be nearer
        to another list, where it would be rounded again, to something else.
        """
        faiss = _import_faiss()
        from faiss.contrib.inspect_tools import get_invlist

        new_rows = np.full(self._rows.n, -1)
        new_rows[kept] = np.arange(len(kept))
        lists = self._index.invlists
        self._index.make_direct_map(False)
        for i in range(lists.nlist):
            rows, codes = get_invlist(lists, i)
            rows = new_rows[rows]
            codes = np.ascontiguousarray(codes[rows >= 0])
            rows = rows[rows >= 0]
            lists.resize(i, 0)
            if len(rows):
                lists.add_entries(
                    i, len(rows), faiss.swig_ptr(rows), faiss.swig_ptr(codes))
        self._index.ntotal = len(kept)
        self._index.make_direct_map()

    def _find(self, queries, rows, k):
        """Rows that Faiss finds, :math:`(Q, k)`; -1 where it finds none."""
        faiss = _import_faiss()
        kwargs = {}
        if rows is not None:
            allowed = np.zeros(-(-self._rows.n // 8) * 8, bool)
            allowed[rows] = True
            bitmap = np.packbits(allowed, bitorder='little')
            kwargs['sel'] = faiss.IDSelectorBitmap(bitmap)
        if self.factory.startswith('HNSW'):
            params = faiss.SearchParametersHNSW(
                efSearch=max(self.ef_search, k), **kwargs)
        elif self.factory.startswith('IVF'):
            n_list = self._index.nlist
            params = faiss.SearchParametersIVF(
                nprobe=self.n_probe or max(1, n_list // 64), **kwargs)
        else:
            params = faiss.SearchParameters(**kwargs)
        return self._index.search(queries, k, params=params)[1]

    def _look_at_each(self, queries, rows, k):
        """The k nearest of some rows, by comparing each of them."""
        faiss = _import_faiss()
        best = np.empty((len(queries), 0), np.float32)
        found = np.empty((len(queries), 0), np.int64)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start:start + _BLOCK]
            distances, at = faiss.knn(
                queries, self._decode(block), min(k, len(block)))
            best = np.concatenate([best, distances], axis=1)
            found = np.concatenate([found, block[at]], axis=1)
            order = np.argsort(best, axis=1, kind='stable')[:, :k]
            best = np.take_along_axis(best, order, axis=1)
            found = np.take_along_axis(found, order, axis=1)
        return found

    def _decode(self, rows):
        """The embeddings of some rows as the index keeps them."""
        return self._index.reconstruct_batch(
            np.ascontiguousarray(rows, np.int64))

    def _distances(self, queries, rows):
        distances = np.empty(rows.shape, np.float32)
        size = max(1, _BLOCK // rows.shape[1])
        for i in range(0, len(rows), size):
            block = slice(i, i + size)
            near = self._decode(rows[block].reshape(-1)).astype(np.float64)
            near = near.reshape(*rows[block].shape, self.dim)
            near -= queries[block, None]
            distances[block] = np.einsum('ijk,ijk->ij', near, near)
        return distances


def _import_faiss():
    try:
        import faiss
    except ImportError as error:
        raise ImportError(
            "FaissIndex needs Faiss: pip install 'vasily_fashion[faiss]', or "
            'faiss-cpu alone') from error
    return faiss
