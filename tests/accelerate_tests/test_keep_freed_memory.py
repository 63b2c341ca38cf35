import platform

import pytest

_PROGRAM = '''
import resource
import numpy as np
from vasily_fashion.accelerate.keep_freed_memory import keep_freed_memory

if {keep}:
    keep_freed_memory()
for _ in range(3):
    np.ones(1 << 22)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(1 << 22)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
'''


@pytest.mark.skipif(
    platform.libc_ver()[0] != 'glibc', reason='does something on glibc alone')
def test_pages_are_not_faulted_in_anew(run_python):
    faults = {keep: int(run_python(_PROGRAM.format(keep=keep)))
              for keep in (True, False)}
    # 32 MiB ten times over, by huge pages or not
    assert faults[True] < 20 < 10 * 16 < faults[False]


def test_elsewhere_it_does_nothing(monkeypatch):
    import ctypes

    from vasily_fashion.accelerate import keep_freed_memory as module

    def no_library(name):
        raise TypeError('no such thing on Windows')

    for library in (no_library, lambda name: object()):
        monkeypatch.setattr(ctypes, 'CDLL', library)
        assert module.keep_freed_memory() is None
