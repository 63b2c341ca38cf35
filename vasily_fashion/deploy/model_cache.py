import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vasily_fashion.utils.abandoned import being_written, remove_abandoned
from vasily_fashion.utils.weights_sha256 import weights_sha256

import chainer
from chainer.dataset import download

# Goes up when the same weights would be compiled to something else.
_VERSION = 3
# Of each entry: the sha256 of its files by name.
_SUMS = 'sha256.json'

_log = logging.getLogger(__name__)


class ModelCache:
    """A disk cache of compiled networks, keyed by the sha256 of their weights.

    A folder $CHAINER_DATASET_ROOT/vasily_fashion/compiled/CLASS-SHA256-vN, which
    may be deleted at any time. An entry appears only when it is whole. If two
    processes make the same entry, the first one's is kept. If the files of an
    entry no longer have the names and sha256 that they were made with, the
    entry is made again.

    Args:
        link (chainer.Link): The network.

    Raises:
        PermissionError: From :meth:`get` and :meth:`newest`, if another user can
            write to the folder.
    """

    def __init__(self, link: chainer.Link) -> None:
        self.folder = (
            Path(download.get_dataset_root()) / 'vasily_fashion' / 'compiled'
            / f'{type(link).__name__}-{weights_sha256(link)}-v{_VERSION}')

    def get(self, name: str, make: Callable[..., Any]) -> Path:
        """Return the folder of an entry, which is made if it is missing.

        Args:
            name (str): Of the entry.
            make (callable): Called with an empty folder, to fill it.

        Returns:
            pathlib.Path: The folder.
        """
        entry = self.folder / name
        self._check_folders(entry)
        if not _is_whole(entry):
            if os.path.lexists(entry):
                _log.warning('%s is damaged, and is made anew', entry)
                _remove(entry)
            _log.info('compiling %s, which is kept', entry)
            self.folder.parent.parent.mkdir(parents=True, exist_ok=True)
            for folder in self.folder.parent, self.folder:
                folder.mkdir(mode=0o700, exist_ok=True)
            self._check_folders()
            remove_abandoned(self.folder, '.tmp-*')
            is_there = False  # another may remove it before it is locked
            while not is_there:
                temporary = tempfile.mkdtemp(prefix='.tmp-', dir=self.folder)
                try:
                    with being_written(temporary) as is_there:
                        if is_there:
                            make(Path(temporary))
                            sums = json.dumps(_sums(Path(temporary)))
                            Path(temporary, _SUMS).write_text(sums)
                            with contextlib.suppress(OSError):  # another was first
                                os.rename(temporary, entry)
                finally:
                    shutil.rmtree(temporary, ignore_errors=True)
        return entry

    def newest(self, pattern: str) -> Path | None:
        """The latest entry whose name matches, or :obj:`None`."""
        entries = list(self.folder.glob(pattern))
        self._check_folders(*entries)
        return max(
            filter(_is_whole, entries), default=None,
            key=lambda entry: entry.stat().st_mtime)

    def _check_folders(self, *entries):
        if not hasattr(os, 'getuid'):  # Windows
            return
        for folder in self.folder.parent, self.folder, *filter(Path.is_dir, entries):
            with contextlib.suppress(FileNotFoundError):
                about = folder.stat()
                if about.st_uid not in (0, os.getuid()) or about.st_mode & 0o022:
                    raise PermissionError(
                        f'{folder}: another user can write to this folder, so that '
                        'what it holds is not used: remove it, or name another by '
                        'CHAINER_DATASET_ROOT')


def _sums(folder):
    sums = {}
    for path in folder.rglob('*'):
        if path.is_file() and path.name != _SUMS:
            with open(path, 'rb') as file:
                sums[path.relative_to(folder).as_posix()] = hashlib.file_digest(
                    file, 'sha256').hexdigest()
    return sums


def _is_whole(entry):
    try:
        return not entry.is_symlink() and _sums(entry) == json.loads(
            (entry / _SUMS).read_text())
    except (OSError, ValueError, RecursionError):  # as of a million of [
        return False


def _remove(entry):
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()
