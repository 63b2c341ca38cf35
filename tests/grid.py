import itertools

import pytest


def grid(*axes, every=7):
    """All combinations of some values; those of every seventh are run by default.

    So each value, and nearly each pair of two, is run by default, where the number
    of values along an axis is no multiple of :obj:`every`.

    Args:
        axes (iterables): The values of each argument of a test.
        every (int): One in how many is not marked slow.

    Returns:
        list of what pytest.mark.parametrize takes: tuples, most of them marked.
    """
    return [case if i % every == 0 else pytest.param(*case, marks=pytest.mark.slow)
            for i, case in enumerate(itertools.product(*axes))]
