"""The image that a client sends: how much, how long, and in which form."""
import asyncio
import contextlib
import email.message
import re

from fastapi import HTTPException
from starlette.requests import ClientDisconnect
from turnstile import Full

_UPLOAD_SECONDS = 30
_MAX_PART = 20  # of a form
_FILE = re.compile(rb';\s*filename\*?=')
# A client that sends too much is listened to for this many times as much, so that it
# hears the answer; then the connection is closed.
_PATIENCE = 4


class Room:
    """Memory for what clients send.

    A client takes room for the bytes that it has sent, not for the bytes that
    it announces.

    Args:
        n_byte (int): How much there is.
    """

    def __init__(self, n_byte):
        self._n_left = n_byte

    @contextlib.contextmanager
    def hold(self):
        """A function that reserves bytes until the end of the block."""
        n_held = 0

        def hold(n):
            nonlocal n_held
            if n > self._n_left:
                raise Full
            self._n_left -= n
            n_held += n

        try:
            yield hold
        finally:
            self._n_left += n_held


async def read_body(request, max_byte, hold):
    """What a client sends.

    Raises:
        Full: If there is no room for it.
        HTTPException: If it is too much, or comes too slowly.
    """
    parts, n = [], 0
    try:
        async with asyncio.timeout(_UPLOAD_SECONDS):
            async for part in request.stream():
                n += len(part)
                if n > _PATIENCE * max_byte:
                    break
                if n <= max_byte:
                    hold(len(part))
                    parts.append(part)
                else:
                    parts.clear()
    except TimeoutError:
        raise HTTPException(
            408, f'the snap did not come within {_UPLOAD_SECONDS} seconds'
        ) from None
    except ClientDisconnect:
        raise HTTPException(400, 'the client has gone') from None
    if n > max_byte:
        raise HTTPException(
            413, f'the file has more than {max_byte / 1e6:g} MB; scale the '
            'picture down')
    return b''.join(parts)


def image_of(content, content_type):
    """The image file in a body: all of it, or the file of a form.

    Raises:
        HTTPException: If there is none.
    """
    about = email.message.Message()
    about['Content-Type'] = content_type
    if about.get_content_type() == 'multipart/form-data':
        boundary = about.get_boundary('').encode('latin-1', 'replace')
        parts = (b'\r\n' + content).split(b'\r\n--' + boundary, _MAX_PART)[1:]
        files = [part.partition(b'\r\n\r\n')[2] for part in parts if
                 _FILE.search(part.partition(b'\r\n\r\n')[0].lower())]
        if len(files) != 1:
            raise HTTPException(
                422, f'the form has {len(files)} files; send one, as '
                'curl -F file=@snap.jpg does')
        content = files[0]
    if not content:
        raise HTTPException(
            422, 'the image: it is empty; send the bytes of an image file, as '
            'curl --data-binary @snap.jpg does')
    if content[:99].lstrip()[:1] in (b'{', b'['):
        raise HTTPException(
            422, 'the image: this is JSON; send the bytes of an image file, as '
            'curl --data-binary @snap.jpg does')
    return content
