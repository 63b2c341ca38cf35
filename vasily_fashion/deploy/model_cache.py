import contextlib
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
_VERSION = 2

_log = logging.getLogger(__name__)


class ModelCache:
    """What was compiled of one network, kept on disk by its weights' sha256.

    A folder $CHAINER_DATASET_ROOT/vasily_fashion/compiled/CLASS-SHA256-vN, which
    may be deleted at any time. Entries come into being whole: of two processes
    that make the same one, the first wins.

    Args:
        link (chainer.Link): The network.
    """

    def __init__(self, link: chainer.Link) -> None:
        self.folder = (
            Path(download.get_dataset_root()) / 'vasily_fashion' / 'compiled'
            / f'{type(link).__name__}-{weights_sha256(link)}-v{_VERSION}')

    def get(self, name: str, make: Callable[..., Any]) -> Path:
        """The folder of an entry, made if it is not there.

        Args:
            name (str): Of the entry.
            make (callable): Called with an empty folder, to fill it.

        Returns:
            pathlib.Path: The folder.
        """
        entry = self.folder / name
        if not entry.is_dir():
            _log.info('compiling %s, which is kept', entry)
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.folder, '.tmp-*')
            temporary = tempfile.mkdtemp(prefix='.tmp-', dir=self.folder)
            try:
                with being_written(temporary):
                    make(Path(temporary))
                    os.chmod(temporary, 0o755)
                    with contextlib.suppress(OSError):  # another was first
                        os.rename(temporary, entry)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        return entry

    def newest(self, pattern: str) -> Path | None:
        """The latest entry whose name matches, or :obj:`None`."""
        return max(
            self.folder.glob(pattern), default=None,
            key=lambda entry: entry.stat().st_mtime)
