"""Lets a bounded number of requests in, and computes one at a time."""
import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor


class Full(Exception):
    """There are as many requests as may wait."""


class Turnstile:
    """A bounded queue in front of one thread.

    The networks use all cores for one snap, so a second one beside it would
    only make both late. What is let in is answered in turn.

    Args:
        n_seat (int): Requests that are let in at a time, those that are
            being sent and the one that is computed among them.

    Attributes:
        n_seat (int): See above.
        n_taken (int): Seats that are taken.
    """

    def __init__(self, n_seat):
        self.n_seat, self.n_taken = n_seat, 0
        self._turn = asyncio.Lock()  # first come, first served
        self._thread = ThreadPoolExecutor(1, 'search')
        self._since = None

    @contextlib.asynccontextmanager
    async def seat(self):
        """Hold a seat.

        Raises:
            Full: If there is none; nothing waits for one.
        """
        if self.n_taken >= self.n_seat:
            raise Full
        self.n_taken += 1
        try:
            yield
        finally:
            self.n_taken -= 1

    async def run(self, is_wanted, function, *args):
        """Call a function in the thread, when those before are done.

        Args:
            is_wanted (async callable): Asked when it is its turn; where it
                says no, :obj:`None` is returned and nothing computed.
            function, args: What to call.

        Returns:
            What it returns.
        """
        async with self._turn:
            if not await is_wanted():
                return None
            self._since = time.monotonic()
            try:
                return await asyncio.get_running_loop().run_in_executor(
                    self._thread, function, *args)
            finally:
                self._since = None

    @property
    def busy_for(self):
        """Seconds since the one that is computed was begun; 0 if none is."""
        since = self._since
        return 0. if since is None else time.monotonic() - since
