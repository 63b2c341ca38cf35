import os
from typing import Any, Self

from vasily_fashion.retrieval._rows import CheckedIndex, Rows, check_extractor
from vasily_fashion.utils import atomic_write
from vasily_fashion.utils.read_npz import read_npz

import numpy as np


class RowsIndex(CheckedIndex):
    """An index in memory, whose ids and categories are :class:`Rows`.

    A subclass has `_FORMAT` and `_VERSION` of its file, and `_search` within
    one category or all, for `search`.
    """

    _FORMAT: str
    _VERSION: int

    def __init__(self, dim: int, metric: str, extractor: Any) -> None:
        super().__init__(dim, metric, extractor)
        self._rows = Rows()

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

    def _write(self, path: str | os.PathLike[str], **arrays: Any) -> None:
        with atomic_write(path) as file:
            np.savez(
                file, format=self._FORMAT, version=self._VERSION, dim=self.dim,
                metric=self.metric, extractor_sha256=self.fingerprint,
                ids=self.ids, categories=self.categories, **arrays)

    @classmethod
    def load(
            cls, path: str | os.PathLike[str], extractor: Any = None) -> Self:
        content = read_npz(path, 'an index')
        if str(content.get('format')) != cls._FORMAT:
            raise ValueError(
                f'{path}: this file was not written by {cls.__name__}.save')
        try:
            if int(content['version']) != cls._VERSION:
                raise ValueError(
                    f'its format version is {content["version"]}, this library reads '
                    f'{cls._VERSION}; update vasily_fashion, or build it again')
            index = cls._from_content(content)
            index.fingerprint = str(content['extractor_sha256'])
        # Faiss raises RuntimeError
        except (KeyError, IndexError, OverflowError, RuntimeError, TypeError,
                ValueError) as error:
            raise ValueError(f'{path}: the index cannot be used: {error}') from error
        check_extractor(path, index.fingerprint, extractor)
        return index

    @classmethod
    def _from_content(cls, content: dict[str, np.ndarray]) -> Self:
        raise NotImplementedError
