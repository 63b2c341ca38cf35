import os
from pathlib import Path
from typing import Any

from vasily_fashion.retrieval.faiss_index import FaissIndex
from vasily_fashion.retrieval.flat_index import FlatIndex
from vasily_fashion.retrieval.milvus_index import MilvusIndex


def load_index(
        path: str | os.PathLike[str], extractor: Any = None
) -> FlatIndex | FaissIndex | MilvusIndex:
    """Open an index of any kind by its path.

    Args:
        path (str or os.PathLike): The file of a :class:`FlatIndex`, the folder
            of a :class:`FaissIndex`, or, ending in ``.db`` or with ``://`` in
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
    if not os.path.isdir(path):
        return FlatIndex.load(path, extractor)
    inside = [name for name in ('index.npz', 'faiss', 'milvus.db')
              if Path(path, name).exists()]
    if inside:  # the folder that build_index writes
        raise ValueError(
            f'{path} is the folder of {" and ".join(inside)}: name '
            f'{os.path.join(path, inside[0])}')
    return FaissIndex.load(path, extractor)
