import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vasily_fashion.retrieval._rows import check_extractor
from vasily_fashion.utils import atomic_write
from vasily_fashion.utils.abandoned import remove_abandoned
from vasily_fashion.utils.read_npz import read_npz

import numpy as np

_FORMAT = 'vasily_fashion.EmbeddingStore'
_VERSION = 1
_KINDS = {'ids': 'U', 'stamps': 'U', 'reasons': 'U', 'embeddings': 'f', 'categories': 'i'}


class EmbeddingStore:
    """Embeddings of a catalogue on disk, in shards that are written once.

    It takes hours to embed a catalogue, but minutes to build an index of it.
    So the embeddings are kept, and an index is built or updated from them. A
    shard is on disk as a whole or not at all. If an id is in several shards,
    the last of them counts.

    Args:
        folder (str or path): Made if there is none.
        extractor: What makes the embeddings, with `dim` and `fingerprint`. A
            folder belongs to one.

    Attributes:
        folder (pathlib.Path): See above.
        fingerprint (str): Of the extractor.
        n_shard (int): How many shards there are.
        stamps (dict): Maps each stored id to a string that says what its image
            was when it was embedded. The ids of broken images are included.
        shard_of (dict): Maps each stored id to the number of its shard, the
            last one if there are several.
        broken (dict): Maps the id of each image that could not be read to the
            reason.

    Raises:
        OSError: If a shard cannot be opened.
        ValueError: If the folder is another extractor's, or a shard is damaged
            or foreign; the message names it.
    """

    def __init__(
            self, folder: str | os.PathLike[str], extractor: Any) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._extractor = extractor
        self.fingerprint = extractor.fingerprint
        self.n_shard = 0
        self.stamps: dict[str, str] = {}
        self.shard_of: dict[str, int] = {}
        self.broken: dict[str, str] = {}
        remove_abandoned(self.folder, '.shard-*.tmp')
        paths = sorted(self.folder.glob(f'shard-{"[0-9]" * 6}.npz'))
        if paths != list(map(self._path, range(len(paths)))):
            raise ValueError(f'{self.folder}: shards are missing, there are '
                             f'{len(paths)} up to {paths[-1].name}')
        for number in range(len(paths)):
            shard = self._read(number, ('ids', 'stamps', 'reasons'))
            self._note(*(shard[key].tolist()
                         for key in ('ids', 'stamps', 'reasons')))
            self.n_shard += 1

    def write(
            self, ids: Any, stamps: Any, embeddings: np.ndarray, categories: Any,
            reasons: Sequence[str]) -> None:
        """Write a shard.

        Args:
            ids (list of str): Of the products.
            stamps (list of str): What their images are now.
            embeddings (array): :math:`(N, dim)`, float32; of broken images
                anything.
            categories (list of int): -1 where unknown.
            reasons (list of str): What is wrong with broken images; '' for
                the others.
        """
        with atomic_write(self._path(self.n_shard)) as file:
            np.savez(
                file, format=_FORMAT, version=_VERSION,
                extractor_sha256=self.fingerprint, ids=np.array(ids, str),
                stamps=np.array(stamps, str),
                embeddings=np.asarray(embeddings, np.float32),
                categories=np.array(categories, np.int32),
                reasons=np.array(reasons, str))
        self._note(ids, stamps, reasons)
        self.n_shard += 1

    def read(
            self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Read a shard.

        Args:
            number (int): Which.

        Returns:
            (array, array, array):
            Ids, embeddings :math:`(N, dim)` and categories :math:`(N,)` of its
            images that are not broken.
        """
        shard = self._read(
            number, ('ids', 'embeddings', 'categories', 'reasons'))
        good = shard['reasons'] == ''
        return tuple(
            shard[key][good] for key in ('ids', 'embeddings', 'categories'))

    def mark(self, n: int) -> list[int]:
        """What the first `n` shards are: it changes if they are written again.

        Args:
            n (int): How many.

        Returns:
            list of int: `n`, and when the last of them was written; empty if
            there are fewer.
        """
        if n > self.n_shard:
            return []
        return [n, os.stat(self._path(n - 1)).st_mtime_ns if n else 0]

    def _note(self, ids, stamps, reasons):
        for i, stamp, reason in zip(ids, stamps, reasons, strict=True):
            self.stamps[i] = stamp
            self.shard_of[i] = self.n_shard
            self.broken.pop(i, None)
            if reason:
                self.broken[i] = reason

    def _path(self, number):
        return self.folder / f'shard-{number:06}.npz'

    def _read(self, number, keys):
        path = self._path(number)
        try:
            content = read_npz(path, 'a shard of embeddings', (
                'format', 'version', 'extractor_sha256', *keys))
            if str(content['format']) != _FORMAT:
                raise ValueError('it is of another format')
            if int(content['version']) > _VERSION:
                raise ValueError('it is of a newer version')
            for key in keys:
                array = content[key]
                if array.shape[:1] != content['ids'].shape[:1] or (
                        array.ndim != 1 + (key == 'embeddings')):
                    raise ValueError(f'{key} is of shape {array.shape}')
                if array.dtype.kind != _KINDS[key]:
                    raise ValueError(f'{key} is of {array.dtype}')
        except (TypeError, ValueError) as error:
            raise ValueError(
                f'{path} is not a whole shard of embeddings ({error}); delete it '
                'and all later ones, and run again') from error
        check_extractor(path, str(content['extractor_sha256']), self._extractor)
        return content
