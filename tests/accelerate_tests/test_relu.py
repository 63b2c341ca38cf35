"""ReLU against Chainer's own code, bit for bit."""
import vasily_fashion.accelerate  # noqa: F401
from vasily_fashion.accelerate import parallel, relu

import chainer.functions as F
import numpy as np
import pytest
from chainer import gradient_check


def _x(shape=(2, 3, 7, 9), dtype=np.float32):
    x = np.random.RandomState(0).randn(*shape).astype(dtype)
    x.ravel()[::5] = 0
    return x


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(parallel, 'ELEMENTS_A_THREAD', 10)
    monkeypatch.setattr(relu, '_BLOCK_ELEMENTS', 7)


def _assert_equal(run, x, function=F.relu):
    for actual, expected in zip(
            run(function, (x,), True), run(function, (x,), False), strict=True):
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.usefixtures('small_parts')
@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
@pytest.mark.parametrize('shape', [(1,), (13,), (3, 5), (2, 3, 7, 9), ()])
@pytest.mark.parametrize('n_thread', [1, 2, 3])
def test_shapes(run, use_threads, shape, dtype, n_thread):
    use_threads(n_thread)
    _assert_equal(run, np.array(_x(shape or (1,), dtype)).reshape(shape))


def test_large(run):
    _assert_equal(run, _x((3, 4, 300, 301)))


@pytest.mark.filterwarnings('ignore:invalid value')
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf, -0.])
def test_values_out_of_the_ordinary(run, value):
    x = _x()
    x[:, 1] = value
    _assert_equal(run, x)


@pytest.mark.parametrize('layout', [
    np.asfortranarray, lambda x: x[:, ::-1], lambda x: x[..., ::2]])
def test_arrays_that_are_not_contiguous(run, layout):
    _assert_equal(run, layout(_x()))
    _assert_equal(run, _x(), lambda x: F.transpose(F.relu(x), (3, 1, 0, 2)))


def test_gradients_are_those_of_the_function():
    x = np.random.RandomState(0).uniform(0.1, 1, (3, 4)) * [1, -1, 1, -1]
    gy, ggx = np.random.RandomState(1).randn(2, 3, 4)
    gradient_check.check_backward(F.relu, x, gy, dtype=np.float64)
    gradient_check.check_double_backward(
        lambda x: F.relu(x) ** 2, x, gy, ggx, dtype=np.float64)
