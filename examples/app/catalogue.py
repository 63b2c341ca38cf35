"""What is searched: an index, and the shop whose products are in it."""
import datetime
import os
from typing import Any, NamedTuple


class Catalogue(NamedTuple):
    """A search and its shop, which are replaced together.

    Args:
        search (SnapSearch): What finds.
        shop (Gallery): The shop.
        n_product (int): Products of the index that the shop has.
        version (str): When the index was written.
    """

    search: Any
    shop: Any
    n_product: int
    version: str | None


class IndexFile:
    """An index on disk, which may be replaced while it is searched.

    Args:
        path (str): As of :func:`vasily_fashion.retrieval.load_index`.
        load (callable): Called with the version, opens shop and index and
            returns a :class:`Catalogue`.

    Attributes:
        opened: The stamp of what was last opened, or tried.
    """

    def __init__(self, path, load):
        self._path = path
        # only one process can open a file of Milvus
        self._is_milvus = '://' in path or path.endswith('.db')
        self._load = load
        self.opened = None

    def stamp(self):
        """A stamp that changes with the file; :obj:`None` for Milvus.

        Raises:
            OSError: If it is not there.
        """
        if self._is_milvus:
            return None
        try:
            about = os.stat(self._path)
        except OSError:
            self.opened = None  # when it is there again, it is opened again
            raise
        return about.st_mtime_ns, about.st_size, about.st_ino

    def load(self):
        """Open the index; errors of the given function pass through.

        Returns:
            Catalogue: It.
        """
        # first, for it may be replaced meanwhile
        self.opened = self.stamp() if os.path.exists(self._path) else None
        return self._load(None if self.opened is None else version_of(self.opened[0] / 1e9))


def version_of(seconds):
    """Format the time of an index."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()
