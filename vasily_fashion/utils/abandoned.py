"""Find temporary files that killed processes left behind.

A temporary file or folder is locked for as long as the process that writes it
lives; the system unlocks it when the process dies, however it dies.
"""
import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there, and nothing removed
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def being_written(path: str | os.PathLike[str]) -> Iterator[bool]:
    """Keep a temporary file or folder from being taken for abandoned.

    Args:
        path (str or path): It has just been made.

    Returns:
        A context manager that gives whether it is still there: another process
        may have taken it away before it was locked.
    """
    if fcntl is None:
        yield True
        return
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield os.path.exists(path)
    finally:
        os.close(descriptor)


def remove_abandoned(folder: str | os.PathLike[str], pattern: str) -> None:
    """Remove temporary files that no process writes any more.

    Args:
        folder (str or path): Where to look; not below it.
        pattern (str): Which names, as of :meth:`pathlib.Path.glob`.
    """
    if fcntl is None:
        return
    for path in Path(folder).glob(pattern):
        with contextlib.suppress(OSError):  # it is written, or cannot be removed
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            finally:
                os.close(descriptor)
