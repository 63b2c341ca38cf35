import hashlib
import os
from pathlib import Path

from vasily_fashion.utils import atomic_write
from vasily_fashion.utils.abandoned import being_written

import numpy as np


class FrozenFeatures:
    """What the frozen part of a network makes of its inputs, kept on disk.

    The outputs are in `features.npy`, float16, which is mapped, not read;
    `is_there.npy` says which of them are there. A process may die at any
    moment: what is marked as there is whole.

    Args:
        folder (str or path): It is made if it does not exist. If the file
            system does not support sparse files, it takes the disk space of
            all outputs from the beginning.
        shape (tuple of int): The shape of one output.
        n (int): How many outputs there are.
        key (bytes): It stands for all that the outputs depend on. A folder
            belongs to one key.

    Raises:
        ValueError: If the folder belongs to another key.
    """

    def __init__(
            self, folder: str | os.PathLike[str], shape: tuple[int, ...],
            n: int, key: bytes) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        key = hashlib.sha256(  # type: ignore[assignment]
            key + repr((shape, n)).encode()).hexdigest()
        path = folder / 'key'
        with being_written(folder):  # another process may make it as well
            if not path.exists():  # it comes last
                create = np.lib.format.open_memmap
                create(folder / 'features.npy', 'w+', np.float16, (n, *shape))  # all zeros
                create(folder / 'is_there.npy', 'w+', bool, (n,))
                with atomic_write(path, 'w') as file:
                    file.write(key)
        if path.read_text() != key:
            raise ValueError(
                f'{folder} holds features of other weights, images or views: '
                'name another folder, or delete it')
        self._features = np.load(folder / 'features.npy', mmap_mode='r+')
        self._is_there = np.load(folder / 'is_there.npy', mmap_mode='r+')

    def find_missing(self) -> np.ndarray:
        """The indices of the outputs that are not there yet."""
        return np.flatnonzero(~self._is_there)

    def __contains__(self, i: int) -> bool:
        return bool(self._is_there[i])

    def __getitem__(self, i: int) -> np.ndarray:
        """Output `i`: float32, rounded to float16."""
        return self._features[i].astype(np.float32)

    def __setitem__(self, i: int, output: np.ndarray) -> None:
        self._features[i] = output
        self._is_there[i] = True
