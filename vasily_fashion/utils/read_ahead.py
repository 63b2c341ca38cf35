from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_END = object()


def read_ahead(iterable: Iterable[Any], n_ahead: int) -> Iterator[Any]:
    """Take from an iterable in a thread, ahead of use.

    Files are then read and decoded while networks compute.

    Args:
        iterable (iterable): Taken from in one thread of its own, in order.
        n_ahead (int): How many of its things may wait to be used.

    Yields:
        The things. Where taking one raises, so does this, after the things
        before it.
    """
    iterator = iter(iterable)
    thread = ThreadPoolExecutor(1, 'read_ahead')
    try:
        waiting = deque(thread.submit(next, iterator, _END) for _ in range(n_ahead))
        while (x := waiting.popleft().result()) is not _END:
            waiting.append(thread.submit(next, iterator, _END))
            yield x
            del x  # while the next is waited for
    finally:
        thread.shutdown(cancel_futures=True)
