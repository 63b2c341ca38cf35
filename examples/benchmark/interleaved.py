"""Timing of several works in one run, in turn.

What a machine does beside a benchmark then slows all of them alike, and
their ratios stay.
"""
import time

import numpy as np
from tqdm import tqdm


def interleaved(works, repeat=7):
    """Time each work `repeat` times, one after the other in each round.

    Each is called once before, without being timed.

    Args:
        works (dict): From names to functions without arguments.
        repeat (int): Number of rounds.

    Returns:
        dict: From names to the median of the seconds.
    """
    for work in works.values():
        work()
    seconds = {name: [] for name in works}
    for _ in tqdm(range(repeat), 'rounds', disable=None, leave=False):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(s)) for name, s in seconds.items()}
