import contextlib
import random
from collections.abc import Iterator
from typing import Any

import chainer
import numpy as np


@contextlib.contextmanager
def seeded(seed: int, device: Any = None) -> Iterator[None]:
    """Draw from `random` and `numpy.random` by a seed, in a `with` statement.

    Chainer's initial weights and dropout, and ChainerCV's transforms, draw
    their random numbers from these global states. After the block the states
    are restored.

    Args:
        seed (int): From 0 to below :math:`2^{32}`.
        device (chainer.backend.Device): Where dropout draws. A GPU's generator
            cannot be read, so it does not become what it was.
    """
    states = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    if device is not None and device.xp is not np:
        with chainer.using_device(device):
            device.xp.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
