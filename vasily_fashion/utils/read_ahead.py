from collections import deque
from collections.abc import Callable, Iterable, Iterator
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


def run_ahead(
        function: Callable[..., Any], inputs: Iterable[Any],
        n_ahead: int = 1) -> Iterator[Any]:
    """Call a function on each input while the next inputs are being made.

    The function runs in one thread of its own, in the order of the inputs; the
    inputs are made, and the results used, in the caller's. What gains is work
    that lets go of Python's lock, as compiled engines, OpenCV and NumPy do.

    Args:
        function (callable): Called with one input at a time.
        inputs (iterable): Its inputs. Not more than `n_ahead` of them wait.
        n_ahead (int): How many inputs may be made before a result is taken.

    Yields:
        What the function returns, in order. If the function raises an error,
        or the making of an input does, it is raised here, after the earlier
        results.
    """
    with ThreadPoolExecutor(1, 'read_ahead') as thread:
        running: deque[Any] = deque()
        inputs = iter(inputs)
        while True:
            try:
                x = next(inputs)
            except StopIteration:
                break
            except Exception:
                while running:
                    yield running.popleft().result()
                raise
            running.append(thread.submit(function, x))
            if len(running) > n_ahead:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
