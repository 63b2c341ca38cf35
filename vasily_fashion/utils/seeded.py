import contextlib
import random
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from `random` and `numpy.random` by a seed, in a `with` statement.

    These global states are where Chainer's initial weights and dropout and
    ChainerCV's transforms take their chance from. Afterwards they are as they
    were.

    Args:
        seed (int): From 0 to below :math:`2^{32}`.
    """
    states = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
