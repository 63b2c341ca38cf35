"""Timing of several works in one run, in turn.

What a machine does beside a benchmark then slows all of them alike, and
their ratios stay.
"""
import platform
import time
from pathlib import Path

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


def machine():
    """The processor, the number of cores in use and Python, in words."""
    from vasily_fashion.accelerate.parallel import n_thread

    name = platform.processor() or platform.machine()
    info = Path('/proc/cpuinfo')
    if info.exists():
        lines = dict(
            line.split(':', 1) for line in info.read_text().splitlines()
            if ':' in line)
        flags = lines.get('flags\t\t', '').split()
        name = next(
            (value.strip() for key, value in lines.items()
             if key.strip() == 'model name'), name)
        known = [flag for flag in (
            'avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_int8')
            if flag in flags]
        name += f' ({", ".join(known)})'
    return f'{name}, {n_thread()} cores, Python {platform.python_version()}'
