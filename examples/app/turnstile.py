"""A bounded queue of requests, computed one at a time."""
import time

import anyio
from fastapi import HTTPException


class Full(Exception):
    """The queue is full."""


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
        self._one = anyio.CapacityLimiter(1)  # first come, first served
        self._since = None

    async def run(self, request, function, *args):
        """Queue a function call, and run it in a thread when its turn comes.

        Args:
            request (starlette.requests.Request): If its client hangs up before
                its turn has come, the seat is free again at once.
            function, args: What to call.

        Returns:
            What it returns.

        Raises:
            Full: If there is no seat; nothing waits for one.
            HTTPException: 400, if the client has hung up before.
        """
        if self.n_taken >= self.n_seat:
            raise Full

        def compute():
            self._since = time.monotonic()
            try:
                return function(*args)
            except Exception as error:  # not to be wrapped by the group
                return error
            finally:
                self._since = None

        async def leave():
            while (await request.receive())['type'] != 'http.disconnect':
                pass
            group.cancel_scope.cancel()

        self.n_taken += 1
        result = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(leave)
                result = await anyio.to_thread.run_sync(compute, limiter=self._one)
                group.cancel_scope.cancel()
        finally:
            self.n_taken -= 1
        if result is None:
            raise HTTPException(400, 'the client has gone')
        if isinstance(result, Exception):
            raise result
        return result

    @property
    def busy_for(self):
        """Seconds since the current call began; 0 if there is none."""
        since = self._since
        return 0. if since is None else time.monotonic() - since
