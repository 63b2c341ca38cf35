import collections
import json
import os
from typing import Any, Self
from urllib.parse import quote, unquote

from vasily_fashion.retrieval._rows import (
    CheckedIndex,
    as_categories,
    as_ids,
    check_embeddings,
    check_extractor,
    check_ids,
)

import numpy as np
from chainer.backends import cuda

_FORMAT = 'vasily_fashion.MilvusIndex'
_VERSION = 2  # 1 kept ids as they are, which Milvus' filters cannot name
# Of a string, in UTF-8.
_MAX_ID_BYTES = 512
# pymilvus writes ids into its filters without escapes. What would end or change
# a filter is kept as %XX, as in a URL, and so is what is not ASCII.
_SAFE = ' !#$&()*+,-./:;<=>?@[]^_`{|}~'
# Rows in one request. A cluster takes up to 64 MB in one.
_BATCH_SIZE = 1000
_MAX_K = 16384
# How many clients of this process have a file open.
_n_client: collections.Counter[str] = collections.Counter()


class MilvusIndex(CheckedIndex):

    """Nearest-neighbour search by Milvus: in a file, or in a cluster.

    Added embeddings are stored at once, a thousand at a time. Ids come in
    no particular order. A string id has up to 512 bytes. A search finds up to
    16,384 embeddings. If an approximate type of index finds fewer than `k` for
    a query, all rows of the result are cut to the length of the shortest.

    With the path of a file, Milvus Lite runs in this process, and no other
    process can open the file meanwhile. If Arrow is not imported yet, it is
    set to allocate from the system (ARROW_DEFAULT_MEMORY_POOL). Otherwise
    memory would grow by 5 MB for a thousand small changes. With the address of
    a cluster, the same code runs there.

    Args:
        dim (int): The length of an embedding.
        metric, extractor: As of
            :class:`~vasily_fashion.retrieval.FlatIndex`; both are kept with
            the collection.
        uri (str): The path of a file, such as 'products.db', or an address
            such as 'http://milvus.example:19530'.
        collection (str): Its name in there. It is made by the first
            :meth:`add`.
        token (str): For a cluster, 'user:password' or an API key; that of the
            environment variable MILVUS_TOKEN by default.
        consistency_level ({'Strong', 'Bounded', 'Session', 'Eventually'}):
            Whether a search of a cluster waits for all that was added before
            it ('Strong') or for less.
        index_type (str): Milvus', of a new collection: 'AUTOINDEX', 'FLAT',
            'HNSW', 'IVF_FLAT', ... By default a file has 'FLAT', which looks
            at each embedding, and a cluster 'AUTOINDEX'. Of a file, the graph
            of 'AUTOINDEX' and 'HNSW' answers many queries at once sooner, but
            finds too few where more than 32 embeddings are equal.
        index_params (dict): Of that type, such as
            ``{'M': 32, 'efConstruction': 200}``.

    Attributes:
        dim, metric, fingerprint: As of
            :class:`~vasily_fashion.retrieval.Index`.

    Raises:
        ImportError: If pymilvus, or for a file milvus-lite, is not installed.
        OSError: If Milvus cannot be opened, such as a file that another
            process has open.
        ValueError: If there is such a collection of other embeddings.
    """

    def __init__(
            self, dim: int, metric: str = 'sqeuclidean', extractor: Any = None,
            *, uri: str | os.PathLike[str] = 'products.db',
            collection: str = 'products', token: str | None = None,
            consistency_level: str = 'Strong', index_type: str | None = None,
            index_params: dict[str, Any] | None = None) -> None:
        super().__init__(dim, metric, extractor)
        self.uri, self.collection = str(uri), collection
        self.consistency_level = consistency_level
        self._index_type = index_type or (
            'FLAT' if _is_file(self.uri) else 'AUTOINDEX')
        self._index_params = index_params
        self._place = _place(self.uri)
        self._client = _connect(self.uri, token)
        self._id_type = None  # int or str, once something is there
        try:
            self._is_empty()
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        if self._is_empty():
            return 0
        return int(self._client.query(
            self.collection, output_fields=['count(*)'],
            consistency_level=self.consistency_level)[0]['count(*)'])

    @property
    def ids(self) -> np.ndarray:
        """The ids, in no order."""
        if self._is_empty():
            return np.empty(0, np.int64)
        iterator = self._client.query_iterator(
            self.collection, batch_size=_BATCH_SIZE, output_fields=['id'],
            consistency_level=self.consistency_level)
        ids = []
        while batch := iterator.next():
            ids += [self._from_milvus(row['id']) for row in batch]
        iterator.close()
        return np.array(ids, np.int64 if self._id_type is int else None)

    def add(self, embeddings: Any, ids: Any, categories: Any = None) -> None:
        embeddings = cuda.to_cpu(check_embeddings(
            embeddings, 'embeddings', self.dim, self.metric))
        n = len(embeddings)
        ids, categories = as_ids(ids, n), as_categories(categories, n)
        if n == 0:
            return
        for i in ids.tolist():
            n_byte = len(os.fsencode(i)) if isinstance(i, str) else 1
            if not 0 < n_byte <= _MAX_ID_BYTES:
                raise ValueError(
                    f'ids: {i[:40]!r} has {n_byte} bytes, where '
                    f'Milvus takes 1 to {_MAX_ID_BYTES}')
        is_empty = self._is_empty()
        check_ids(ids, self._known(ids), True, None if is_empty else
                  np.dtype('O' if self._id_type is str else np.int64))
        if is_empty:
            self._make_collection(type(ids.tolist()[0]))
        for start in range(0, n, _BATCH_SIZE):
            block = slice(start, start + _BATCH_SIZE)
            # not insert, by which an id may be there twice
            self._client.upsert(self.collection, [
                {'id': self._to_milvus(i), 'embedding': embedding, 'category': int(category)}
                for i, embedding, category in zip(
                    ids[block].tolist(), embeddings[block], categories[block],
                    strict=True)])

    def remove(self, ids: Any) -> None:
        ids = as_ids(ids)
        check_ids(ids, self._known(ids), False)
        for batch in _batches(ids):
            self._client.delete(
                self.collection, ids=[self._to_milvus(i) for i in batch])

    def _search(self, queries, k, category):
        if k > _MAX_K:
            raise ValueError(f'k must be up to {_MAX_K:,} for Milvus, not {k}')
        is_empty = self._is_empty()
        dtype = np.int64 if is_empty or self._id_type is int else str
        if is_empty or len(queries) == 0:
            shape = len(queries), 0 if is_empty else min(k, len(self))
            return np.empty(shape, np.float32), np.empty(shape, dtype)
        hits = []
        for start in range(0, len(queries), _BATCH_SIZE):
            hits += self._client.search(
                self.collection,
                list(cuda.to_cpu(queries[start:start + _BATCH_SIZE])),
                anns_field='embedding', limit=k, output_fields=['category'],
                filter='' if category is None else f'category == {category}',
                consistency_level=self.consistency_level)
        n = min(map(len, hits))
        distances = np.array(
            [[hit['distance'] for hit in of[:n]] for of in hits],
            np.float32).reshape(len(hits), n)
        if self.metric == 'cosine':
            distances = 1 - distances
        return distances, np.array(
            [[self._from_milvus(hit['id']) for hit in of[:n]] for of in hits],
            dtype).reshape(len(hits), n)

    def save(self, path: str | os.PathLike[str] | None = None) -> None:
        """Wait until all that was added is on the disks of Milvus.

        Args:
            path (str or os.PathLike): The `uri`, if it is given.

        Raises:
            ValueError: If it is another.
        """
        if path is not None and str(path) != self.uri:
            raise ValueError(f'{path}: this index is in {self.uri}, and stays there')
        if self._id_type is not None:
            self._client.flush(self.collection)

    @classmethod
    def load(
            cls, path: str | os.PathLike[str], extractor: Any = None,
            *, collection: str = 'products', token: str | None = None,
            consistency_level: str = 'Strong') -> Self:
        """Open a collection that is there.

        Args:
            path (str or os.PathLike): The file or the address, `uri` above.
            extractor: As of :meth:`vasily_fashion.retrieval.Index.load`.
            collection, token, consistency_level: See above.

        Returns:
            MilvusIndex: The index.

        Raises:
            FileNotFoundError: If there is no such collection.
            ValueError: If it is another's.
        """
        uri = str(path)
        if _is_file(uri) and not os.path.exists(uri):
            raise FileNotFoundError(f'{uri}: there is no such file')
        client = _connect(uri, token)
        try:
            if not client.has_collection(collection):
                raise FileNotFoundError(
                    f'{uri} has no collection {collection!r}; there are '
                    f'{client.list_collections()}')
            about = _about(client, collection, uri)
            return cls(
                about['dim'], about['metric'], extractor, uri=uri, collection=collection,
                token=token, consistency_level=consistency_level)
        finally:
            _disconnect(client, _place(uri))

    def close(self) -> None:
        """Close the connection; another process may open the file then."""
        client, self._client = self._client, None
        if client is not None:
            _disconnect(client, self._place)

    def _known(self, ids):
        """Those of the ids that are in the collection."""
        if len(ids) == 0 or self._is_empty() or self._id_type is not type(ids.tolist()[0]):
            return set()
        return {self._from_milvus(row['id']) for batch in _batches(ids)
                for row in self._client.get(
                    self.collection, ids=[self._to_milvus(i) for i in batch],
                    output_fields=['id'], consistency_level=self.consistency_level)}

    def _to_milvus(self, i):
        return i if self._id_type is int else quote(
            i, _SAFE, errors='surrogateescape')

    def _from_milvus(self, i):
        return i if self._id_type is int else unquote(
            i, errors='surrogateescape')

    def _make_collection(self, id_type):
        from pymilvus import DataType

        about = json.dumps({
            'format': _FORMAT, 'version': _VERSION, 'dim': self.dim,
            'metric': self.metric, 'extractor_sha256': self.fingerprint})
        schema = self._client.create_schema(
            auto_id=False, enable_dynamic_field=False)
        if id_type is int:
            schema.add_field('id', DataType.INT64, is_primary=True)
        else:
            schema.add_field('id', DataType.VARCHAR, is_primary=True,
                             max_length=3 * _MAX_ID_BYTES)
        schema.add_field('embedding', DataType.FLOAT_VECTOR, dim=self.dim)
        schema.add_field('category', DataType.INT32)
        index_params = self._client.prepare_index_params()
        index_params.add_index(
            'embedding', index_type=self._index_type,
            metric_type='L2' if self.metric == 'sqeuclidean' else 'COSINE',
            params=self._index_params or {})
        self._client.create_collection(
            self.collection, schema=schema, index_params=index_params,
            consistency_level=self.consistency_level,
            # Milvus Lite does not keep a description
            properties={_FORMAT: about})
        self._id_type = id_type

    def _is_empty(self):
        """Whether there is no collection; what another client made is there, too."""
        if self._id_type is None and self._client.has_collection(self.collection):
            self._read_collection()
        return self._id_type is None

    def _read_collection(self):
        about = _about(self._client, self.collection, self.uri)
        for key in ('dim', 'metric'):
            if about[key] != getattr(self, key):
                raise ValueError(
                    f'{self.uri} has a collection {self.collection!r} of '
                    f'{key} {about[key]}, not {getattr(self, key)}: name '
                    'another')
        check_extractor(f'{self.uri}, {self.collection}',
                        about['extractor_sha256'], self if self.fingerprint else None)
        self.fingerprint = about['extractor_sha256']
        self._id_type = about['id_type']
        # Milvus Lite searches a collection only after it is loaded
        self._client.load_collection(self.collection)


def _batches(ids):
    return [ids[i:i + _BATCH_SIZE].tolist() for i in range(0, len(ids), _BATCH_SIZE)]


def _is_file(uri):
    return '://' not in uri


def _connect(uri, token):
    if _is_file(uri):
        # Milvus Lite holds what is new in Arrow, whose own allocator does not
        # give back what many small changes took. It is chosen at its import.
        os.environ.setdefault('ARROW_DEFAULT_MEMORY_POOL', 'system')
    try:
        from pymilvus import MilvusClient, MilvusException
        from pymilvus.client.cache import GlobalCache
        if _is_file(uri):
            import milvus_lite  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "MilvusIndex needs Milvus' client: pip install pymilvus, and, for a file, "
            'milvus-lite') from error
    try:
        client = MilvusClient(uri, token=token or os.environ.get('MILVUS_TOKEN', ''))
    except MilvusException as error:
        raise OSError(
            f'{uri}: Milvus cannot be opened ({error.message}): '
            + ('it is not a file of Milvus Lite, or another process, such as the app, '
               'has it open: end that first'
               if _is_file(uri) else 'check the address and the token')) from error
    # pymilvus keeps what each address and collection held. A file is at a free
    # port, which an earlier file, with ids of another type, may have had.
    GlobalCache.schema.clear()
    _n_client[_place(uri)] += 1
    return client


def _place(uri):
    """What stays the same when the working folder changes."""
    return os.path.abspath(uri) if _is_file(uri) else uri


def _disconnect(client, place):
    client.close()
    _n_client[place] -= 1
    if _is_file(place) and not _n_client[place]:
        from milvus_lite.server_manager import server_manager_instance

        # pymilvus leaves it running, and the file locked, until the process ends
        server_manager_instance.release_server(place)


def _about(client, collection, uri):
    """Read what a collection holds; refuse one of another program."""
    from pymilvus import DataType

    found = client.describe_collection(collection)
    try:
        about = json.loads(found['properties'][_FORMAT])
        version = about['version']
        id_field, = (x for x in found['fields'] if x.get('is_primary'))
        about['id_type'] = int if id_field['type'] == DataType.INT64 else str
        about['dim'], about['metric'], about['extractor_sha256']
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{uri}: the collection {collection!r} was not made by '
            f'MilvusIndex ({type(error).__name__} {error}); name another') from error
    if version != _VERSION:
        raise ValueError(
            f'{uri}: the format version of the collection {collection!r} is {version}, '
            f'this library reads {_VERSION}; build it again')
    return about
