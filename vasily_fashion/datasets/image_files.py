"""List image files, and find those that annotations name."""
import functools
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from vasily_fashion.datasets.read_annotation import check_choice
from vasily_fashion.utils.read_image import _formats

from PIL import Image

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
        elif not is_utf8(name):
            lines.append(f'{name!r}: its name is not UTF-8; rename it')
        elif not os.path.isfile(os.path.join(root, name)):
            lines.append(f'{name!r}: it is not a file')
        else:
            names.append(name)
    return names, [f'{n} {what}' for what, n in sorted(counts.items())] + lines


def is_utf8(name: str) -> bool:
    """Whether a file name can be printed and written."""
    return name == name.encode(errors='ignore').decode()


def check_folder(path: str | os.PathLike[str], what: str) -> None:
    """Raise `FileNotFoundError` unless there is such a folder.

    Args:
        path (str or path): The folder.
        what (str): What it should be, for the message.
    """
    if not Path(path).is_dir():
        raise FileNotFoundError(
            f'{path}: ' + ('this is not a folder' if Path(path).exists() else
                           'there is no such folder') + f'; {what}')


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
        root: str | os.PathLike[str], names: Iterable[str]) -> list[str | None]:
    """Find files by the names that an annotation has; each folder is listed once.

    A file may differ in its Unicode form, as in an archive that a Mac made, and in ``/``
    for the ``\\`` of Windows.

    Args:
        root (str or path): Where the names start.
        names (iterable of str): With ``/``.

    Returns:
        list of str: The name on the disk of each; :obj:`None` where there is none.
    """
    listed: dict[str, tuple[str, dict[str, str]]] = {}

    def find(name):
        folder, slash, file = name.rpartition('/')
        if folder not in listed:
            there = folder
            if folder.count('/') < 100 and not os.path.isdir(os.path.join(root, folder)):
                there = folder and find(folder) or folder
            try:
                files = os.listdir(os.path.join(root, there))
            # no folder, a loop of symbolic links, or no name for one
            except (OSError, ValueError):
                files = []
            listed[folder] = there, {_nfc(x): x for x in files}
            listed[folder][1].update((x, x) for x in files)  # a name as it is goes before
        there, files = listed[folder]
        found = files.get(file) or files.get(_nfc(file))
        if found == file and there == folder:
            return name  # which takes no more memory
        return found and f'{there}{slash}{found}'

    return [find(name) or ('\\' in name and find(name.replace('\\', '/')) or None)
            for name in names]


def _nfc(name):
    return unicodedata.normalize('NFC', name)


def keep_existing(
        root: str | os.PathLike[str], names: Sequence[str], missing: str,
        source: str | os.PathLike[str]) -> list[str | None]:
    """Find the files that an annotation names; raise, or leave out, if one is missing.

    Args:
        root (str or path): Where the names start.
        names (list of str): With ``/``.
        missing ({'raise', 'skip'}): What to do.
        source (str or path): Where the names stand, for the message.

    Returns:
        list of str: As of :func:`find_files`; :obj:`None` for what to leave out.

    Raises:
        FileNotFoundError: If one is missing and `missing` is 'raise', or if
            all are.
        ValueError: If `missing` is neither, or as of :func:`check_names`.
    """
    check_choice('missing', missing, ('raise', 'skip'))
    check_names(names, source)
    found = find_files(root, names)
    n_lost = found.count(None)
    if n_lost and (missing == 'raise' or n_lost == len(found)):
        first = PurePosixPath(names[found.index(None)])
        raise FileNotFoundError(
            f'{n_lost} of the {len(found)} images that {source} names are '
            f'not in {root}, such as {first}: '
            + ('do they belong together?' if n_lost == len(found) else
               "fetch them, or leave them out by missing='skip'"))
    return found
