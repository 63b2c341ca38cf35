import contextlib
import errno
import glob
import hashlib
import os
import secrets
from collections.abc import Iterator
from typing import IO, Any

from vasily_fashion.utils.abandoned import being_written, remove_abandoned

_NO_ROOM = errno.ENOSPC, errno.EDQUOT, errno.EFBIG
# File systems take names of 255 bytes; a temporary one is longer by 23.
_MAX_NAME = 230


@contextlib.contextmanager
def atomic_write(
        path: str | os.PathLike[str], mode: str = 'wb',
        **kwargs: Any) -> Iterator[IO[Any]]:
    """Write a file so that others see all of it or nothing.

    What is written goes to a temporary file in the same folder. When the
    block ends it is flushed to the disk and renamed to :obj:`path`; when the
    block raises, it is removed and an older file at :obj:`path` stays as it
    was. If earlier writers of this file were killed, their temporary files are
    removed.

    .. code-block:: python

        with atomic_write('index.npz') as f:
            np.savez(f, embeddings=embeddings)

    Args:
        path (str or os.PathLike): The file. Its folder must exist. A symbolic
            link is followed.
        mode ({'wb', 'w'}): As :func:`open` means it.
        kwargs: More for :func:`open`, such as :obj:`encoding`.

    Returns:
        A context manager that gives the open file.

    Raises:
        OSError: There is no such folder, it cannot be written to, the disk is
            full, or :obj:`path` is a folder or a device.

    """
    if mode not in ('wb', 'w'):
        raise ValueError(f"mode must be 'wb' or 'w', not {mode!r}")
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            f'{os.fspath(path)}: there is no folder {folder}; create it first')
    if os.path.exists(target) and not os.path.isfile(target):
        raise FileExistsError(
            f'{os.fspath(path)}: this is a folder or a device; '
            'name a file to write')

    name = os.path.basename(target)
    if len(os.fsencode(name)) > _MAX_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    remove_abandoned(folder, f'.{glob.escape(name)}.{"[0-9a-f]" * 16}.tmp')
    with contextlib.ExitStack() as stack:
        is_there = False
        while not is_there:
            temporary = os.path.join(
                folder, f'.{name}.{secrets.token_hex(8)}.tmp')
            # Exclusive creation by open(), unlike tempfile, gives the user's
            # umask.
            f = stack.enter_context(
                open(temporary, mode.replace('w', 'x'), **kwargs))
            is_there = stack.enter_context(being_written(temporary))
        try:
            yield f
            f.flush()
            os.fsync(f.fileno())
            f.close()
            os.replace(temporary, target)
        except BaseException as error:
            with contextlib.suppress(OSError):
                f.close()  # what is buffered finds no room either
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                raise OSError(
                    error.errno, f'{error.strerror}: make room, and run again',
                    os.fspath(path)) from error
            raise
