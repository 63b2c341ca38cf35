"""Image files that annotations name: where they are, and which are missing."""
import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

MISSING = ('raise', 'skip')


def check_folder(path: str | os.PathLike[str], what: str) -> None:
    """Raise `FileNotFoundError` unless there is such a folder.

    Args:
        path (str or path): The folder.
        what (str): What it should be, for the message.
    """
    if not Path(path).is_dir():
        raise FileNotFoundError(f'{path}: there is no such folder; {what}')


def check_names(
        names: Iterable[str], source: str | os.PathLike[str]) -> None:
    """Refuse file names that lead out of their folder.

    Args:
        names (iterable of str): As an annotation has them, with ``/``.
        source (str or path): Where they stand, for the message.

    Raises:
        ValueError: If one is no text, absolute, on a drive, empty or goes up by
            ``..``; the message names it.
    """
    for name in names:
        if not isinstance(name, str):
            raise ValueError(f'{source} names {name!r}, which is no file name')
        if '..' in name or ':' in name or '\\' in name or name[:1] in ('/', ''):
            path = PureWindowsPath(name)  # it knows / as well as \
            if path.drive or path.root or '..' in path.parts or not path.name:
                raise ValueError(
                    f'{source} names {name!r}, which is no file in the '
                    'folder of the images: file names must be relative and '
                    "without '..'")


def find_files(
        root: str | os.PathLike[str], names: Iterable[str]) -> np.ndarray:
    """Which of the files there are. Each folder is listed once.

    Args:
        root (str or path): Where the names start.
        names (iterable of str): With ``/``.

    Returns:
        numpy.ndarray: bool, one for each name.
    """
    listed = {}

    def is_there(name):
        folder, _, file = name.rpartition('/')
        if folder not in listed:
            try:
                listed[folder] = set(os.listdir(os.path.join(root, folder)))
            # no folder, a loop of symbolic links, or no name for one
            except (OSError, ValueError):
                listed[folder] = frozenset()
        return file in listed[folder]

    return np.fromiter(map(is_there, names), bool)


def keep_existing(
        root: str | os.PathLike[str], names: Sequence[str], missing: str,
        source: str | os.PathLike[str]) -> np.ndarray:
    """Find the files, and raise or leave out where one is missing.

    Args:
        root (str or path): Where the names start.
        names (list of str): With ``/``.
        missing ({'raise', 'skip'}): What to do.
        source (str or path): Where the names stand, for the message.

    Returns:
        numpy.ndarray: bool, one for each name: whether to keep it.

    Raises:
        FileNotFoundError: If one is missing and `missing` is 'raise', or if
            all are.
        ValueError: If `missing` is neither.
    """
    if missing not in MISSING:
        raise ValueError(f"missing must be 'raise' or 'skip', not {missing!r}")
    keep = find_files(root, names)
    lost = np.flatnonzero(~keep)
    if len(lost) and (missing == 'raise' or len(lost) == len(keep)):
        first = PurePosixPath(names[lost[0]])
        raise FileNotFoundError(
            f'{len(lost)} of the {len(keep)} images that {source} names are '
            f'not in {root}, such as {first}: '
            + ('do they belong together?' if len(lost) == len(keep) else
               "fetch them, or leave them out by missing='skip'"))
    return keep
