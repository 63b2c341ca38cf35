import functools

import chainer
import numpy as np


def takes(*arrays):
    """Whether these arrays are for the accelerated functions.

    They are NumPy arrays, all float32 or all float64, none of them empty.
    """
    dtype = arrays[0].dtype
    return (chainer.config.accelerate
            and dtype in (np.float32, np.float64)
            and all(type(a) is np.ndarray and a.dtype == dtype and a.size
                    for a in arrays if a is not None))


def replace_method(cls, name, accelerated):
    """Let `accelerated` stand in front of a method of a Chainer class.

    Args:
        cls (type): A class of Chainer.
        name (str): The name of its method.
        accelerated (callable): Takes the original method, bound, and the
            arguments.
    """
    original = getattr(cls, name)
    if hasattr(original, '__wrapped__'):
        return

    @functools.wraps(original)
    def method(self, *args, **kwargs):
        return accelerated(
            self, functools.partial(original, self), *args, **kwargs)

    setattr(cls, name, method)
