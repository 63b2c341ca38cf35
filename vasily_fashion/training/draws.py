from typing import Any

import chainer
import numpy as np


class Draws(chainer.dataset.DatasetMixin):
    """Examples of which each draw is made anew, by chance of its own.

    A :class:`~vasily_fashion.training.DrawOrder` numbers what a training
    draws: index :math:`n N + i` is example :math:`i` of :math:`N`, drawn as
    the :math:`n`-th, :math:`n \\geq 1`. Its chance depends on the seed and
    :math:`n` alone, so that a draw is the same in whichever process it is
    made, and after a resume. An index below :math:`N`, as of Chainer's own
    orders, is drawn without a seed.

    A subclass has :meth:`draw`.

    Args:
        dataset: What is drawn from.
        seed (int): Of chance.

    Raises:
        ValueError: If the data set is empty.
    """

    def __init__(self, dataset: Any, seed: int = 0) -> None:
        if len(dataset) == 0:
            raise ValueError('dataset is empty: there is nothing to train on')
        self.dataset, self.seed = dataset, seed

    def __len__(self) -> int:
        return len(self.dataset)

    def get_example(self, index: int) -> tuple[Any, ...]:
        n, i = divmod(int(index), len(self))
        return self.draw(i, np.random.default_rng([self.seed, n] if n else None))

    def draw(self, i: int, random_state: np.random.Generator) -> tuple[Any, ...]:
        """Make an example.

        Args:
            i (int): Which, from 0 to below :math:`N`.
            random_state (numpy.random.Generator): Where chance comes from.

        Returns:
            tuple: What the train chain takes.
        """
        raise NotImplementedError
