"""Connections with limits on their number and on their idle time."""
import errno
import logging
import math
import resource
import time

from uvicorn.protocols.http.h11_impl import H11Protocol

# For the whole of a request's headers, and between two requests.
HEADER_SECONDS = 10
# The others of the files that a process may have open are for what it reads.
MAX_CONNECTION = max(1, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2, 4096))
_SILENT_SECONDS = 60

_log = logging.getLogger(__name__)
_told_at = -math.inf


class Connection(H11Protocol):
    """uvicorn's connection, with a time limit for the headers."""

    _deadline = None

    def connection_made(self, transport):
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTION:
            warn_seldom('%d connections are open, as many as may be (ulimit -n): '
                        'more are closed at once', MAX_CONNECTION)
            transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc):
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_events(self):
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:  # the headers of a request have come
            self._stop_waiting()

    def on_response_complete(self):
        self._wait()
        super().on_response_complete()

    def _wait(self):
        self._stop_waiting()
        self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _stop_waiting(self):
        if self._deadline is not None:
            self._deadline.cancel()


def say_when_files_are_out(loop, context):
    """Log one line, not thousands of tracebacks, when file descriptors run out."""
    error = context.get('exception')
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        warn_seldom('no connection can be taken: %s (ulimit -n)', error.strerror)
    else:
        loop.default_exception_handler(context)


def warn_seldom(message, *args):
    """Log a warning at most once a minute."""
    global _told_at
    if time.monotonic() - _told_at >= _SILENT_SECONDS:
        _told_at = time.monotonic()
        _log.warning(message, *args)
