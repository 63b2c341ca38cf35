import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
from threadpoolctl import ThreadpoolController

_local = threading.local()


def n_thread():
    """Number of threads: the cores this process may run on.

    The usual variable `OMP_NUM_THREADS` lowers it (of a list such as '4,2', for
    nested loops, the first number counts).
    """
    if hasattr(os, 'sched_getaffinity'):
        n_core = len(os.sched_getaffinity(0))
    else:
        n_core = os.cpu_count() or 1
    limit = os.environ.get('OMP_NUM_THREADS', '').split(',')[0].strip()
    if limit.isdecimal() and int(limit) > 0:
        return min(n_core, int(limit))
    return n_core


class _Threads:
    """The threads of one process, and the control of its BLAS threads."""

    # Keyed by process: neither threads nor held locks survive a fork, as a
    # worker of MultiprocessIterator is.
    _of_process: dict[int, '_Threads'] = {}

    def __init__(self):
        self.pool = ThreadPoolExecutor(n_thread(), 'accelerate')
        self.blas = ThreadpoolController().select(user_api='blas')
        # One caller at a time: the number belongs to the process, and of two
        # that overlap the second would restore what the first has set.
        self.lock = threading.Lock()

    @classmethod
    def current(cls):
        pid = os.getpid()
        if pid not in cls._of_process:
            # of two threads that come first, both get the same
            cls._of_process.setdefault(pid, cls())
        return cls._of_process[pid]


def parallel_for(function, n):
    """Call `function(i, worker)` for each i in range(n), spread over threads.

    Which worker gets which i depends on n and the number of threads alone, so
    that sums over what one worker did come out the same in each run. BLAS is
    kept to one thread meanwhile.

    Args:
        function (callable): Called with (i, worker). It must not call
            `parallel_for` itself.
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

    threads = _Threads.current()
    with threads.lock, threads.blas.limit(limits=1):
        futures = [threads.pool.submit(work, w) for w in range(n_worker)]
        wait(futures)
    for future in futures:
        future.result()
    return n_worker


# Of an element-wise function: with fewer, one thread is as fast as two.
ELEMENTS_A_THREAD = 1 << 17


def parallel_slices(function, n, least=None):
    """Call `function(slice)` for consecutive parts of range(n), spread over threads.

    Args:
        function (callable): Called with a slice. Not with `parallel_for` in it.
        n (int): What is cut into as many equal parts as there are threads.
        least (int): Parts are not made smaller than this, `ELEMENTS_A_THREAD` by
            default: to hand work to a thread takes a tenth of a millisecond.
    """
    n_part = max(min(n // (least or ELEMENTS_A_THREAD), n_thread()), 1)
    bounds = [n * i // n_part for i in range(n_part + 1)]
    parallel_for(lambda i, worker: function(slice(bounds[i], bounds[i + 1])), n_part)


def workspace(name, shape, dtype):
    """An uninitialised array in memory that this thread reuses.

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
