"""List image files, and find those that annotations name."""
import functools
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from vasily_fashion.utils.read_image import _formats

import numpy as np
from PIL import Image

MISSING = ('raise', 'skip')
# Photos of phones, which Pillow does not read.
HEIC_SUFFIXES = ('.heic', '.heics', '.heif', '.heifs', '.hif')


@functools.cache
def image_suffixes() -> tuple[str, ...]:
    """File suffixes of the formats that `read_image` reads."""
    formats = _formats()
    return tuple(sorted(
        suffix for suffix, name in Image.registered_extensions().items()
        if name in formats))


def is_image(name: str) -> bool:
    """Whether a file name has an image's suffix."""
    return name.lower().endswith(image_suffixes())


def is_hidden(name: str) -> bool:
    """Whether a file belongs to the system or an editor."""
    return name.rpartition('/')[2].startswith('.')


def walk_files(root: str | os.PathLike[str]) -> Iterator[str]:
    """All names under a folder, in order, with ``/``.

    Links to other folders are followed, loops of them are not. A hidden folder is
    named, and not what is in it.

    Args:
        root (str or path): Where the names start.
    """
    seen = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link to a folder that has been listed
            folders.clear()
            continue
        seen.add(real)
        hidden = [name for name in folders if name.startswith('.')]
        folders[:] = sorted(set(folders).difference(hidden))
        for name in sorted(files + hidden):
            yield Path(folder, name).relative_to(root).as_posix()


def list_images(root: str | os.PathLike[str]) -> tuple[list[str], list[str]]:
    """List the images under a folder, and what else is there.

    Args:
        root (str or path): The folder.

    Returns:
        (list of str, list of str):
        The names of the images, with ``/``. Lines about the other files: how many of
        each suffix, then by name what looks like a photo and cannot be one here.
    """
    names, lines = [], []
    counts: Counter[str] = Counter()
    for name in walk_files(root):
        suffix = os.path.splitext(name)[1]
        if is_hidden(name):
            counts['hidden'] += 1
        elif suffix.lower() in HEIC_SUFFIXES:
            lines.append(f'{name!r}: HEIC is not read; convert it to JPEG')
        elif not is_image(name):
            counts[suffix.lower() or 'without suffix'] += 1
        elif not _is_utf8(name):
            lines.append(f'{name!r}: its name is not UTF-8; rename it')
        elif not os.path.isfile(os.path.join(root, name)):
            lines.append(f'{name!r}: it is not a file')
        else:
            names.append(name)
    return names, [f'{n} {what}' for what, n in sorted(counts.items())] + lines


def _is_utf8(name):
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


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
        ValueError: If a name is not text, is empty or absolute, names a drive,
            or goes up by ``..``; the message names it.
    """
    for name in names:
        if not isinstance(name, str):
            raise ValueError(f'{source} names {name!r}, which is not a file name')
        if '..' in name or ':' in name or '\\' in name or name[:1] in ('/', ''):
            path = PureWindowsPath(name)  # it knows / as well as \
            if path.drive or path.root or '..' in path.parts or not path.name:
                raise ValueError(
                    f'{source} names {name!r}, which is not a file in the '
                    'folder of the images: file names must be relative and '
                    "without '..'")


def find_files(
        root: str | os.PathLike[str], names: Iterable[str]) -> np.ndarray:
    """Find which of the files exist; each folder is listed once.

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
    """Find the files; raise, or leave out, if one is missing.

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
