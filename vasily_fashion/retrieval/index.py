import os
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np


@runtime_checkable
class Index(Protocol):

    """Embeddings under ids, searched for those nearest to a query.

    What :class:`~vasily_fashion.retrieval.FlatIndex`,
    :class:`~vasily_fashion.retrieval.FaissIndex` and
    :class:`~vasily_fashion.retrieval.MilvusIndex` have in common, and what an
    index of your own needs.

    Attributes:
        dim (int): The length of an embedding.
        metric ({'sqeuclidean', 'cosine'}): Squared L2, as the triplet loss
            compares; or :math:`1 - \\cos`, for which embeddings are scaled to
            a length of 1 when they are added.
        fingerprint (str): Of the extractor that makes the embeddings; '' if
            not known.
    """

    dim: int
    metric: str
    fingerprint: str

    def __len__(self) -> int:
        ...

    def __repr__(self) -> str:
        return (f'<{type(self).__name__} of {len(self)} embeddings of '
                f'{self.dim} numbers, {self.metric}>')

    @property
    def ids(self) -> np.ndarray:
        """All ids, :math:`(N,)` :obj:`int64` or strings, a copy."""
        ...

    def add(self, embeddings: Any, ids: Any, categories: Any = None) -> None:
        """Add embeddings.

        When an argument is wrong, the index is as it was. To replace what is
        there, remove it first;
        :func:`~vasily_fashion.retrieval.update_index` does.

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
        ...

    def remove(self, ids: Any) -> None:
        """Remove embeddings. When an id is wrong, the index is as it was.

        Args:
            ids (array or list): Their ids.

        Raises:
            TypeError: Not ids.
            ValueError: An id that is not there, or is given twice.
        """
        ...

    def search(
            self, queries: Any, k: int, categories: Any = None
    ) -> tuple[Any, np.ndarray]:
        """Find the nearest embeddings of each query.

        Args:
            queries (array): :math:`(Q, dim)` :obj:`float32`, NumPy or CuPy.
            k (int): How many to find.
            categories (array or list): :math:`(Q,)`, integers: the category
                that each query is searched in, or -1 for all embeddings, those
                of unknown category too. All by default.

        Returns:
            tuple of two arrays:
            :obj:`(distances, ids)`, both :math:`(Q, K)`, nearest first.
            :math:`K` is :obj:`k`, or fewer when there are fewer embeddings: 0
            in an empty index. Where the category of one query has fewer than
            that of another, its row ends in infinite distances, with ids of
            -1 or ''.

            * **distances**: Squared L2, or :math:`1 - \\cos`, \
                :obj:`float32`, an array of the kind of :obj:`queries`.
            * **ids**: :obj:`int64` or strings, always a NumPy array.

        Raises:
            TypeError: Not numbers.
            ValueError: A wrong shape, NaN, or :obj:`k` below 1.
        """
        ...

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index, all of it or nothing.

        Args:
            path (str or os.PathLike): Where to; each kind of index says what.
        """
        ...

    @classmethod
    def load(
            cls, path: str | os.PathLike[str], extractor: Any = None) -> Self:
        """Open an index that :meth:`save` wrote. Nothing in it is run as code.

        Args:
            path (str or os.PathLike): As of :meth:`save`.
            extractor: What is to make the queries. An index that another
                made is refused then.

        Returns:
            Index: The index.

        Raises:
            OSError: A file is missing or cannot be opened.
            ValueError: It is truncated, damaged, not an index, of another
                version, or made by another extractor. The message names the
                file.
        """
        ...
