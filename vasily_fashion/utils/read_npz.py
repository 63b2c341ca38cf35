import os
from collections.abc import Iterable

from vasily_fashion.utils.check_npz import check_npz

import numpy as np


def read_npz(
        path: str | os.PathLike[str], what: str,
        keys: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Read arrays that are not compressed; the errors name the file.

    Args:
        path (str or path): The file.
        what (str): What it should be.
        keys (iterable of str): The arrays to read; all by default.
    """
    try:
        # An open file, as numpy leaves its own open when it fails.
        with open(path, 'rb') as file:
            check_npz(file, os.path.getsize(path))
            with np.load(file, allow_pickle=False) as npz:
                return {key: npz[key] for key in keys or npz.files}
    except OSError as error:
        raise type(error)(
            f'{path}: {what} cannot be opened ({error.strerror or error}); '
            'check the path') from error
    # Damaged archives raise nearly anything: BadZipFile, zlib.error,
    # EOFError, struct.error, ValueError.
    except Exception as error:
        raise ValueError(
            f'{path}: this is not {what}, or it is truncated or '
            f'damaged ({error}); delete it, and make it again') from error
