"""Whether Chainer can compute on a GPU here."""


def gpu_available() -> bool:
    """Whether CuPy works and a GPU is there.

    ``chainer.backends.cuda.available`` only says that CuPy and the CUDA
    libraries could be loaded: it is true on a machine that has them but no
    GPU.

    Returns:
        bool: True where ``model.to_gpu()`` can work.

    """
    from chainer.backends import cuda
    if not cuda.available:
        return False
    try:
        return cuda.cupy.cuda.runtime.getDeviceCount() > 0
    except cuda.cupy.cuda.runtime.CUDARuntimeError:     # no driver, no GPU
        return False
