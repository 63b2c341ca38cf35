from vasily_fashion.utils import gpu_available

import pytest

cuda = pytest.importorskip('chainer.backends.cuda')


def test_without_cupy():
    if cuda.available:
        pytest.skip('CuPy is installed, with its CUDA libraries')
    assert gpu_available() is False


def test_answer_is_true_to_the_device():
    if gpu_available():
        array = cuda.to_gpu(cuda.numpy.arange(3))
        assert int(array.sum()) == 3
    else:
        with pytest.raises(Exception):  # noqa: B017  (CuPy's, or Chainer's)
            cuda.to_gpu(cuda.numpy.arange(3))
