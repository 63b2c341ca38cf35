import hashlib
import logging
import os
import threading
import time
import urllib.request
from concurrent.futures import Future
from http.client import HTTPException
from pathlib import Path

from vasily_fashion.utils.atomic_write import atomic_write

_CHUNK = 1 << 20

_log = logging.getLogger(__name__)


def download_weights(
        url: str, path: str | os.PathLike[str], sha256: str | None,
        timeout: float = 30, *, max_byte: int = 1_000_000_000,
        max_seconds: float = 3600) -> None:
    """Download a file, and keep it if its sha256 is right.

    Args:
        url (str): Where from.
        path (str or path): Where to. Its folder is made; the file appears
            when it is whole and checked.
        sha256 (str): Of the file, in hexadecimal digits; :obj:`None` if it is
            not known.
        timeout (float): Seconds without an answer after which to give up.
        max_byte (int): Of the file.
        max_seconds (float): That all of it may take.

    Raises:
        OSError: If the server is not there, does not have the file, breaks off,
            sends too much, takes too long, or has another file. The message
            says where to put the file by hand.
    """
    path = Path(path)
    _log.info('fetching %s to %s', url, path)
    deadline = time.monotonic() + max_seconds
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _open(url, timeout, max_seconds) as answer, \
                atomic_write(path) as file:
            _copy(answer, file, sha256, max_byte, deadline)
    # text that is not a URL raises ValueError
    except (OSError, HTTPException, ValueError) as error:
        raise OSError(
            f'{url} could not be fetched ({error}): fetch {path.name} by hand '
            f'and put it into {path.parent}') from error


def _open(url, timeout, max_seconds):
    """Open a URL with a limit on the total time of the headers."""
    answer = Future()

    def wait():
        try:
            answer.set_result(urllib.request.urlopen(url, timeout=timeout))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=wait, daemon=True).start()
    try:
        return answer.result(max_seconds)
    except TimeoutError as error:
        raise OSError(str(error) or 'it takes too long: no answer has come') from error


def _copy(answer, file, sha256, max_byte, deadline):
    digest = hashlib.sha256()
    length = 0
    expected = answer.headers.get('Content-Length')
    if expected is not None and int(expected) > max_byte:
        raise OSError(f'it has {int(expected):,} bytes, more than {max_byte:,}')
    # read would wait for a whole chunk, however slowly it comes
    while chunk := answer.read1(_CHUNK):
        digest.update(chunk)
        length += len(chunk)
        if length > max_byte:
            raise OSError(f'it has more than {max_byte:,} bytes')
        if time.monotonic() > deadline:
            raise OSError(f'it takes too long: {length:,} bytes have come')
        file.write(chunk)
    # reading in chunks does not notice that the server has broken off
    if expected is not None and length != int(expected):
        raise OSError(f'it broke off after {length} of {expected} bytes')
    if sha256 is not None and digest.hexdigest() != sha256:
        raise OSError(
            f'its sha256 is {digest.hexdigest()}, not {sha256}: it is damaged '
            'or of another version')
