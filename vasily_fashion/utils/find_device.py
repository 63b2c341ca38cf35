from vasily_fashion.utils.gpu_available import gpu_available

import chainer
from chainer.backends import cuda


def find_device(gpu: int) -> chainer.backend.Device:
    """The device that a script's ``--gpu`` names.

    Args:
        gpu (int): The number of a GPU; -1 is the CPU.

    Returns:
        chainer.backend.Device: The device.

    Raises:
        ValueError: If there is no such GPU.
    """
    if gpu < 0:
        return chainer.get_device('@numpy')
    if not gpu_available():
        raise ValueError(f'--gpu {gpu}: CuPy finds no GPU here; see docs/how_to/gpu.md')
    n_gpu = cuda.cupy.cuda.runtime.getDeviceCount()
    if gpu >= n_gpu:
        raise ValueError(f'--gpu {gpu}: the last GPU here is {n_gpu - 1}')
    return chainer.get_device(f'@cupy:{gpu}')
