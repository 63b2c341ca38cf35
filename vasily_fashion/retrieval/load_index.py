import os
from pathlib import Path
from typing import Any

from vasily_fashion.retrieval.faiss_index import FaissIndex
from vasily_fashion.retrieval.flat_index import FlatIndex
from vasily_fashion.retrieval.milvus_index import MilvusIndex
from vasily_fashion.utils.read_npz import read_npz

#: What `build_index` calls an index of each kind.
FILES = {'flat': 'index.npz', 'faiss': 'faiss.npz', 'milvus': 'milvus.db'}


def load_index(
        path: str | os.PathLike[str], extractor: Any = None
) -> FlatIndex | FaissIndex | MilvusIndex:
    """Open an index of any kind by its path.

    Args:
        path (str or os.PathLike): The file of a :class:`FlatIndex` or of a
            :class:`FaissIndex`; or, ending in ``.db`` or with ``://`` in
            it, the file or the address of a :class:`MilvusIndex`, whose
            collection is 'products'.
        extractor: As of :meth:`vasily_fashion.retrieval.Index.load`.

    Returns:
        FlatIndex, FaissIndex or MilvusIndex: The index.

    Raises:
        OSError, ValueError: As there.
        ImportError: If what it needs is not installed.
    """
    path = os.fspath(path)
    if '://' in path or path.endswith('.db'):
        return MilvusIndex.load(path, extractor)
    if os.path.isdir(path):  # that of build_index
        inside = [name for name in FILES.values() if Path(path, name).exists()]
        raise ValueError(
            f'{path} is a folder: name an index in it' + ', such as '.join(
                ['', *(os.path.join(path, name) for name in inside[:1])]))
    kind = str(read_npz(path, 'an index', ('format',))['format'])
    return (FaissIndex if kind.endswith('FaissIndex') else FlatIndex).load(path, extractor)
