import os

# a worker of several computes by one thread; before NumPy is imported
if 'PYTEST_XDIST_WORKER' in os.environ:
    os.environ.setdefault('OMP_NUM_THREADS', '1')

# before any test module imports chainer
import vasily_fashion  # noqa: E402, F401

import pytest  # noqa: E402


def pytest_addoption(parser):
    parser.addoption(
        '--screenshots', metavar='DIR',
        help="folder for pictures of the app's page, from its browser test")


def _count_gpus():
    """How many GPUs tests marked gpu can have, and why not more."""
    from chainer.backends import cuda
    if not cuda.available:
        return 0, f'CuPy cannot be used: {cuda._resolution_error}'
    try:
        n_gpu = cuda.cupy.cuda.runtime.getDeviceCount()
    except cuda.cupy.cuda.runtime.CUDARuntimeError as e:
        return 0, f'no CUDA device: {e}'
    return n_gpu, f'{n_gpu or "no"} CUDA device'


def pytest_collection_modifyitems(items):
    gpu_items = [item for item in items if item.get_closest_marker('gpu')]
    if not gpu_items:
        return
    n_gpu, reason = _count_gpus()
    for item in gpu_items:
        # of one set of parameters as well as of the test: the most of them
        needed = max((mark.args or (1,))[0] for mark in item.iter_markers('gpu'))
        if n_gpu < needed:
            item.add_marker(pytest.mark.skip(reason=reason))
