import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vasily_fashion.utils import atomic_write
from vasily_fashion.utils.abandoned import being_written
from vasily_fashion.utils.read_ahead import read_ahead

import numpy as np
from tqdm import tqdm


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

    def fill(
            self, make: Callable[[int], Any], compute: Callable[[Any], np.ndarray],
            what: str) -> None:
        """Compute the outputs that are not there; processes may do it together.

        Args:
            make (callable): From an index to the input. The next inputs are made
                while one is computed with.
            compute (callable): From an input to its output.
            what (str): What the progress bar says.
        """
        missing = self.find_missing()
        np.random.default_rng().shuffle(missing)  # each process in an order of its own

        def inputs():
            for i in missing.tolist():
                yield i, None if self._is_there[i] else make(i)

        for i, x in tqdm(read_ahead(inputs(), 2), what, len(missing), disable=None):
            if x is not None:
                self[i] = compute(x)

    def __getitem__(self, i: int) -> np.ndarray:
        """Output `i`: float32, rounded to float16."""
        return self._features[i].astype(np.float32)

    def __setitem__(self, i: int, output: np.ndarray) -> None:
        self._features[i] = output
        self._is_there[i] = True
