import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from vasily_fashion.training.draw_order import DrawOrder
from vasily_fashion.training.draws import Draws

import chainer
import cv2
from chainer.iterators import MultithreadIterator, SerialIterator


def make_iterator(
        draws: Draws, order: DrawOrder,
        n_loader: int = 0) -> SerialIterator | MultithreadIterator:
    """The iterator of a training.

    What it yields, and what it keeps in a snapshot, does not depend on
    `n_loader`. Unlike :class:`chainer.iterators.MultiprocessIterator`, it
    raises what reading an example raises, and does not wait for a process
    that was killed.

    Args:
        draws (Draws): What is iterated over; with `n_loader`, it is pickled.
        order (DrawOrder): Which of them, and in batches of which size.
        n_loader (int): How many worker processes make the next batch while
            this one is used; without, it is made here when it is asked for.

    Returns:
        chainer.dataset.Iterator: For an updater.
    """
    if n_loader == 0:
        return _Here(draws, order.n_own, order_sampler=order)
    return _Ahead(
        _MadeElsewhere(draws, n_loader), order.n_own, order_sampler=order,
        n_threads=n_loader)


class _Here(SerialIterator):

    def serialize(self, serializer):
        SerialIterator.serialize(self, serializer)
        if isinstance(serializer, chainer.Deserializer):
            # the snapshot has the order of the first worker
            self._state = self._state._replace(
                order=self.order_sampler.of_epoch(self.epoch))


class _Ahead(MultithreadIterator):

    serialize = _Here.serialize

    def finalize(self):
        super().finalize()
        pool = self.dataset.pool
        try:
            pool.submit(int).result()
        except RuntimeError:
            # It has ended, or one of its processes was killed: then it ends the
            # others, but waits for ever for one that was starting (Python 3.11).
            for process in (pool._processes or {}).values():
                process.kill()
        pool.shutdown(cancel_futures=True)


class _MadeElsewhere(chainer.dataset.DatasetMixin):

    def __init__(self, draws: Any, n_process: int) -> None:
        self._n = len(draws)
        # of its own start, since a fork of a process with threads may hang
        self.pool = ProcessPoolExecutor(
            n_process, multiprocessing.get_context('spawn'), _begin, (draws,))

    def __len__(self) -> int:
        return self._n

    def get_example(self, index: int) -> Any:
        return self.pool.submit(_make, index).result()


def _begin(draws):
    global _draws
    _draws = draws
    cv2.setNumThreads(1)  # there are processes for the other cores
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    multiprocessing.parent_process().join()  # killed, it would leave this one
    os._exit(1)


def _make(index):
    return _draws[index]
