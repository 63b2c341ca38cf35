"""Lets a bounded number of requests in, and computes one at a time."""
import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import anyio


class Full(Exception):
    """There are as many requests as may wait."""


class Turnstile:
    """A bounded queue in front of one thread.

    The networks use all cores for one snap, so a second one beside it would
    only make both late. What is let in is answered in turn.

    Args:
        n_seat (int): Requests that are let in at a time, the one that is
            computed among them.

    Attributes:
        n_seat (int): See above.
        n_taken (int): Seats that are taken.
    """

    def __init__(self, n_seat):
        self.n_seat, self.n_taken = n_seat, 0
        self._turn = anyio.Lock()  # first come, first served
        self._thread = ThreadPoolExecutor(1, 'search')
        self._since = None

    async def run(self, gone, function, *args):
        """Take a seat, and call a function in the thread when those before are done.

        Args:
            gone (async callable): Returns when the client has hung up. If its
                turn has not come then, the seat is free again at once.
            function, args: What to call.

        Returns:
            What it returns, or :obj:`None` if the client has hung up before.

        Raises:
            Full: If there is no seat; nothing waits for one.
        """
        if self.n_taken >= self.n_seat:
            raise Full
        self.n_taken += 1
        try:
            is_turn = False
            async with anyio.create_task_group() as group:
                async def leave():
                    await gone()
                    group.cancel_scope.cancel()

                group.start_soon(leave)
                await self._turn.acquire()
                is_turn = True
                group.cancel_scope.cancel()
            if not is_turn:
                return None
            self._since = time.monotonic()
            try:
                return await asyncio.get_running_loop().run_in_executor(
                    self._thread, function, *args)
            finally:
                self._since = None
                self._turn.release()
        finally:
            self.n_taken -= 1

    @property
    def busy_for(self):
        """Seconds since the one that is computed was begun; 0 if none is."""
        since = self._since
        return 0. if since is None else time.monotonic() - since
