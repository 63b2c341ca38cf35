from typing import Any

import numpy as np


class DrawOrder:
    """A shuffled order: an order sampler of Chainer's iterators.

    It gives the indices that :class:`~vasily_fashion.training.Draws` takes.
    They depend only on the seed and on the number of earlier draws. So no
    state has to be kept, and each of several workers knows its part of every
    batch. An epoch has as many whole batches as are needed for all examples.

    Args:
        n_example (int): How many examples there are.
        batch_size (int): Examples a batch, over all workers.
        seed (int): Of chance.
        comm (chainermn.CommunicatorBase): Workers that share each batch: each
            of them is given its own part of it.

    Attributes:
        batch_size (int): See above.
        n_own (int): Examples of each batch that are this worker's: the batch
            size of its iterator.

    Raises:
        ValueError: If there is less than one example a batch, or a batch cannot
            be divided among the workers.
    """

    def __init__(
            self, n_example: int, batch_size: int, seed: int = 0,
            comm: Any = None) -> None:
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, not {batch_size}')
        self.n_example, self.batch_size = n_example, batch_size
        self.seed, self.comm = seed, comm
        n_worker = 1 if comm is None else comm.size
        self.n_own, rest = divmod(batch_size, n_worker)
        if rest:
            raise ValueError(
                f'a batch of {batch_size} cannot be divided among {n_worker} '
                'workers: the batch size, over all of them, must be a '
                'multiple of their number')
        self._n_batch = -(-n_example // batch_size)

    def __call__(self, order: np.ndarray, current_position: int) -> np.ndarray:
        n_drawn = int(order[-1]) // self.n_example  # none of arange(n_example)
        return self.of_epoch(-(-n_drawn // (self._n_batch * self.batch_size)))

    def of_epoch(self, epoch: int) -> np.ndarray:
        """The order of an epoch, of this worker's part of each batch."""
        n_draw = self._n_batch * self.batch_size
        number = np.arange(epoch * n_draw, (epoch + 1) * n_draw) + 1
        indices = (number * self.n_example + self._choose(epoch)).reshape(
            self._n_batch, self.batch_size)
        first = 0 if self.comm is None else self.comm.rank * self.n_own
        return indices[:, first:first + self.n_own].ravel()

    def _choose(self, epoch):
        """The examples of all batches of an epoch, one after the other."""
        n_draw = self._n_batch * self.batch_size
        # how often all examples have been drawn before, and when it is over
        begin = epoch * n_draw // self.n_example
        end = -(-(epoch + 1) * n_draw // self.n_example)
        shuffled = np.concatenate([
            np.random.default_rng([self.seed, i]).permutation(self.n_example)
            for i in range(begin, end)])
        start = epoch * n_draw - begin * self.n_example
        return shuffled[start:start + n_draw]
