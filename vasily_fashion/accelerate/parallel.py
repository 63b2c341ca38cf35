import functools
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import ThreadpoolController

_local = threading.local()


def n_thread():
    """Number of threads: the cores this process may run on.

    The usual variable `OMP_NUM_THREADS` lowers it.
    """
    if hasattr(os, 'sched_getaffinity'):
        n_core = len(os.sched_getaffinity(0))
    else:
        n_core = os.cpu_count() or 1
    limit = os.environ.get('OMP_NUM_THREADS', '')
    return min(n_core, int(limit)) if limit.isdigit() and int(limit) else n_core


# Keyed by process: threads do not survive a fork, as a worker of
# MultiprocessIterator is.
@functools.lru_cache(maxsize=1)
def _pool(pid):
    return ThreadPoolExecutor(n_thread(), 'accelerate')


@functools.lru_cache(maxsize=1)
def _blas(pid):
    return ThreadpoolController().select(user_api='blas')


def parallel_for(function, n):
    """Call `function(i, worker)` for each i in range(n), spread over threads.

    Which worker gets which i depends on n and the number of threads alone, so
    that sums over what one worker did come out the same in each run. BLAS is
    kept to one thread meanwhile.

    Args:
        function (callable): Called with (i, worker).
        n (int): Number of calls.

    Returns:
        int: Number of workers, at most n.
    """
    n_worker = min(n, n_thread())
    if n_worker == 1:
        for i in range(n):
            function(i, 0)
        return 1

    def work(worker):
        for i in range(worker, n, n_worker):
            function(i, worker)

    pid = os.getpid()
    with _blas(pid).limit(limits=1):
        for future in [
                _pool(pid).submit(work, w) for w in range(n_worker)]:
            future.result()
    return n_worker


def workspace(name, shape, dtype):
    """An uninitialised array on memory that this thread uses again.

    Args:
        name (str): Arrays of one name share memory.
        shape (tuple of ints): The shape.
        dtype: The dtype.

    Returns:
        numpy.ndarray: Valid until this thread asks for the name again.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffers = _local.__dict__
    if name not in buffers or buffers[name].nbytes < size:
        buffers[name] = np.empty(size, np.uint8)
    return buffers[name][:size].view(dtype).reshape(shape)
