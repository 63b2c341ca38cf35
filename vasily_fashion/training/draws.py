from typing import Any

import chainer
import numpy as np


class Draws(chainer.dataset.DatasetMixin):
    """Examples that are made again for each draw, at random.

    A :class:`~vasily_fashion.training.DrawOrder` numbers the draws of a
    training: index :math:`n N + i` is example :math:`i` of :math:`N`, and the
    :math:`n`-th draw, :math:`n \\geq 1`. The random numbers of a draw depend
    on the seed and on :math:`n` alone. So a draw is the same in any process,
    and after a resume. An index below :math:`N`, such as Chainer's own orders
    give, is drawn without a seed.

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
