import contextlib
import os
from collections.abc import Iterator

from vasily_fashion.utils.abandoned import fcntl  # None on Windows: nothing is locked there


@contextlib.contextmanager
def lock_folder(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Let one process at a time write into a folder.

    Args:
        folder (str or path): The folder. It is unlocked at the end of the
            block, or when the process dies, however it dies.

    Raises:
        OSError: If another process has it.
    """
    descriptor = None
    try:
        if fcntl is not None:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OSError(
                    f'{os.fspath(folder)}: another process is writing there; wait '
                    'for its end, or name another folder') from error
            except OSError:
                pass  # a file system without locks
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
