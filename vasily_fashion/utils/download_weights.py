import hashlib
import logging
import os
import urllib.request
from http.client import HTTPException
from pathlib import Path

from vasily_fashion.utils.atomic_write import atomic_write

_CHUNK = 1 << 20

_log = logging.getLogger(__name__)


def download_weights(
        url: str, path: str | os.PathLike[str], sha256: str,
        timeout: float = 30) -> None:
    """Download a file, and keep it if it is the right one.

    Args:
        url (str): Where from.
        path (str or path): Where to. Its folder is made; the file appears
            when it is whole and checked.
        sha256 (str): Of the file, in hexadecimal digits.
        timeout (float): Seconds without an answer after which to give up.

    Raises:
        OSError: If the server is not there, has no such file, breaks off, or
            has another one. The message says where to put the file by hand.
    """
    path = Path(path)
    _log.info('fetching %s to %s', url, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(url, timeout=timeout) as answer, \
                atomic_write(path) as file:
            _copy(answer, file, sha256)
    # a URL that is none is a ValueError
    except (OSError, HTTPException, ValueError) as error:
        raise OSError(
            f'{url} could not be fetched ({error}): fetch {path.name} by hand '
            f'and put it into {path.parent}') from error


def _copy(answer, file, sha256):
    digest = hashlib.sha256()
    length = 0
    while chunk := answer.read(_CHUNK):
        digest.update(chunk)
        length += len(chunk)
        file.write(chunk)
    # reading in chunks does not notice that the server has broken off
    expected = answer.headers.get('Content-Length')
    if expected is not None and length != int(expected):
        raise OSError(f'it broke off after {length} of {expected} bytes')
    if digest.hexdigest() != sha256:
        raise OSError(
            f'its sha256 is {digest.hexdigest()}, not {sha256}: it is damaged '
            'or of another version')
