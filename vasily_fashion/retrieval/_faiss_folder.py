"""The folder that a FaissIndex is saved in: a manifest that names two files."""
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from vasily_fashion.retrieval._rows import Rows, check_metric, check_positive, read_npz
from vasily_fashion.utils import atomic_write

import numpy as np

_FORMAT = 'vasily_fashion.FaissIndex'
_VERSION = 2  # 1 had rows of what was removed
# The factory strings that FaissIndex knows.
FACTORY = re.compile(
    r'Flat|SQ8|HNSW\d+(,(Flat|SQ8))?|IVF\d+(_HNSW\d+)?,(Flat|SQ8|PQ\d+(x\d+)?)')
_SUFFIXES = {'rows': 'npz', 'faiss': 'faiss'}


def write_folder(
        path: Path, about: dict[str, Any], writers: dict[str, Callable[[IO], Any]]) -> None:
    """Write both files anew, then the manifest, which replaces the one before.

    Args:
        path (pathlib.Path): Made if there is none.
        about (dict): Of the index; becomes part of the manifest.
        writers (dict): 'rows' and 'faiss', which write to an open file.

    Raises:
        ValueError: If the folder holds something else.
    """
    path.mkdir(parents=True, exist_ok=True)
    if not (path / 'manifest.json').exists() and any(
            not _is_ours(x.name) for x in path.iterdir()):
        raise ValueError(
            f'{path}: this folder holds other files; name a new one')
    token = secrets.token_hex(8)
    files = {}
    for key, suffix in _SUFFIXES.items():
        name = f'{token}.{suffix}'
        with atomic_write(path / name) as file:
            writers[key](file)
        files[key] = {'name': name, 'size': os.path.getsize(path / name),
                      'sha256': _sha256(path / name)}
    with atomic_write(path / 'manifest.json', 'w') as file:
        json.dump({'format': _FORMAT, 'version': _VERSION, **about, 'files': files},
                  file, indent=2)
    for old in path.iterdir():
        if _is_ours(old.name) and not old.name.startswith(token):
            old.unlink()


def read_folder(
        path: Path, read: Callable[[dict[str, Any], Path, Path], Any], is_mapped: bool) -> Any:
    """Read what :func:`write_folder` wrote, checked.

    Args:
        path (pathlib.Path): The folder.
        read (callable): Takes the manifest and the paths of Faiss' file and
            of that of the rows; makes the index.
        is_mapped (bool): Whether Faiss' file is compared by its size alone.

    Raises:
        OSError: It cannot be opened.
        ValueError: It is none, damaged, or of a newer version.
    """
    while True:
        manifest = _read_manifest(path)
        try:
            return read(manifest, *(
                _check_file(path, manifest['files'][key], key == 'rows' or not is_mapped)
                for key in ('faiss', 'rows')))
        except OSError:
            # another process saved meanwhile, and took the older files away
            if manifest == _read_manifest(path):
                raise


def _read_manifest(path):
    try:
        manifest = json.loads((path / 'manifest.json').read_text('utf-8'))
        if manifest['format'] != _FORMAT:
            raise ValueError(f'its format is {manifest["format"]!r}')
        if manifest['version'] != _VERSION:
            raise ValueError(
                f'its format version is {manifest["version"]}, this library '
                f'reads {_VERSION}; update vasily_fashion, or build it again')
        if check_positive(manifest['dim'], 'dim') >= 2 ** 31:  # Faiss' own limit
            raise ValueError(f'its dim is {manifest["dim"]}')
        check_metric(manifest['metric'])
        for key in 'ef_search', 'n_probe':
            value = manifest[key]
            if (value is not None or key == 'ef_search') and not (
                    isinstance(value, int) and 0 < value < 2 ** 31):
                raise ValueError(f'its {key} is {manifest[key]!r}')
        if not isinstance(manifest['fingerprint'], str):
            raise ValueError(f'its fingerprint is {manifest["fingerprint"]!r}')
        if not FACTORY.fullmatch(manifest['factory']):
            raise ValueError(f'its factory is {manifest["factory"]!r}')
        for key in _SUFFIXES:
            file = manifest['files'][key]
            # a name that leads elsewhere is none of ours
            if not _is_ours(file['name']):
                raise ValueError(f'it names {file["name"]!r}')
            file['size'], file['sha256']
    except OSError as error:
        raise type(error)(
            f'{path}: the index cannot be opened ({error.strerror or error}); '
            'check the path') from error
    except (KeyError, OverflowError, RecursionError, TypeError,
            ValueError) as error:
        raise ValueError(
            f'{path}: this is not an index that FaissIndex.save wrote, or it is '
            f'damaged ({error}); save it again') from error
    return manifest


def _check_file(folder, expected, with_content):
    path = folder / expected['name']
    try:
        is_whole = path.stat().st_size == expected['size'] and not (
            with_content and _sha256(path) != expected['sha256'])
    except OSError as error:
        raise type(error)(
            f'{path}: the index cannot be opened ({error.strerror or error}); '
            'save it again') from error
    if not is_whole:
        raise ValueError(
            f'{path} is truncated or damaged; save the index again')
    return path


def read_rows(path: Path) -> Rows:
    """The rows of an index.

    Raises:
        ValueError: If they are damaged.
    """
    content = read_npz(path, 'the rows of an index')
    try:
        ids, categories, numbers = (
            content[key] for key in ('ids', 'categories', 'numbers'))
        if not ids.shape == categories.shape == numbers.shape == (len(ids),):
            raise ValueError('its columns are not of one length')
        if (ids.dtype.kind != 'U' and ids.dtype != np.int64) or (
                numbers.dtype != np.int64 or categories.dtype != np.int32):
            raise ValueError('its columns are of other types')
        if len(numbers) and (numbers[0] < 0 or (numbers[1:] <= numbers[:-1]).any()):
            raise ValueError('its numbers do not grow')
        rows = Rows(ids.astype(object) if ids.dtype.kind == 'U' else ids, categories, numbers)
        if len(rows) < len(ids):
            raise ValueError('an id is there twice')
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} are not rows of an index ({error}); save it again') from error
    return rows


def _is_ours(name):
    return re.fullmatch(
        r'[0-9a-f]{16}\.(faiss|npz)'
        r'|\.([0-9a-f]{16}\.(faiss|npz)|manifest\.json)\.[0-9a-f]{16}\.tmp',
        name) is not None


def _sha256(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()
