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


def _why_no_gpu():
    """The reason why tests marked gpu cannot run here, or None."""
    from chainer.backends import cuda
    if not cuda.available:
        return f'CuPy cannot be used: {cuda._resolution_error}'
    try:
        if cuda.cupy.cuda.runtime.getDeviceCount() > 0:
            return None
    except cuda.cupy.cuda.runtime.CUDARuntimeError as e:
        return f'no CUDA device: {e}'
    return 'no CUDA device'


def pytest_collection_modifyitems(items):
    gpu_items = [item for item in items if item.get_closest_marker('gpu')]
    if not gpu_items:
        return
    reason = _why_no_gpu()
    if reason is not None:
        for item in gpu_items:
            item.add_marker(pytest.mark.skip(reason=reason))
