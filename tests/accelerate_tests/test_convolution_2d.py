"""Convolution and deconvolution against Chainer's own code.

Chainer's source distribution comes without tests: the grids here stand for
those of its test_convolution_2d.py and test_deconvolution_2d.py.
"""
import tracemalloc

import vasily_fashion.accelerate  # noqa: F401
from tests.grid import grid
from vasily_fashion.accelerate import convolution_2d

import chainer
import chainer.functions as F
import numpy as np
import pytest
from chainer import gradient_check
from chainer.utils import conv


def _arrays(x_shape, W_shape, n_bias, dtype=np.float64, nobias=False):
    random = np.random.RandomState(0)
    x = random.randn(*x_shape).astype(dtype)
    W = random.randn(*W_shape).astype(dtype)
    return x, W, None if nobias else random.randn(n_bias).astype(dtype)


@pytest.fixture
def without_im2col(monkeypatch):
    """Whoever calls Chainer's im2col is not accelerated."""
    def im2col_cpu(*args, **kwargs):
        raise AssertionError("Chainer's own code has been called")

    monkeypatch.setattr(conv, 'im2col_cpu', im2col_cpu)


@pytest.mark.parametrize('ksize, stride, pad, dilate, cover_all', grid(
    [(1, 1), (3, 3), (2, 3)], [1, 2, (1, 2), 3], [0, 1, 2, (2, 1), 6], [1, 2, 6, (1, 2)],
    [False, True]))
def test_geometries(assert_as_chainer, ksize, stride, pad, dilate, cover_all):
    x, W, b = _arrays((2, 3, 13, 14), (4, 3) + ksize, 4)
    assert_as_chainer(
        lambda *args: F.convolution_2d(
            *args, stride=stride, pad=pad, cover_all=cover_all,
            dilate=dilate),
        x, W, b)


@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('shape', [
    (1, 1, 1, 1), (1, 1, 3, 3), (3, 1, 5, 4), (1, 2, 1, 9), (3, 2, 4, 4)])
@pytest.mark.parametrize('out_c, nobias', [(1, False), (5, True)])
def test_shapes(assert_as_chainer, shape, out_c, nobias, stride):
    x, W, b = _arrays(
        shape, (out_c, shape[1], 3, 3), out_c, nobias=nobias)
    assert_as_chainer(
        lambda x, W, b: F.convolution_2d(x, W, b, stride=stride, pad=1),
        x, W, b)
    x, W, b = _arrays(
        shape, (out_c, shape[1], 1, 1), out_c, nobias=nobias)
    assert_as_chainer(
        lambda x, W, b: F.convolution_2d(x, W, b, stride=stride), x, W, b)


def test_float32(assert_as_chainer):
    arrays = _arrays((3, 8, 9, 10), (7, 8, 3, 3), 7, np.float32)
    assert_as_chainer(
        lambda *args: F.convolution_2d(*args, pad=1), *arrays, tol=1e-5)


@pytest.mark.parametrize('chunk', [1, 3000, 1 << 30])
@pytest.mark.parametrize('n_thread', [1, 2, 3])
def test_chunks_and_threads(
        assert_as_chainer, use_threads, monkeypatch, chunk, n_thread):
    use_threads(n_thread)
    monkeypatch.setattr(convolution_2d, '_COLUMN_BYTES', chunk)
    x, W, b = _arrays((4, 3, 11, 12), (5, 3, 3, 3), 5)
    for stride in (1, 2):
        assert_as_chainer(
            lambda *args, stride=stride: F.convolution_2d(
                *args, stride=stride, pad=1), x, W, b)
    x, W, b = _arrays((4, 3, 11, 12), (5, 3, 1, 1), 5)
    assert_as_chainer(F.convolution_2d, x, W, b)


@pytest.mark.parametrize('layout', [
    lambda a: np.asfortranarray(a),
    lambda a: a[::-1, ::-1],
    lambda a: np.repeat(a, 2, axis=3)[..., ::2],
    lambda a: np.ascontiguousarray(
        a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)])
@pytest.mark.parametrize('ksize', [1, 3])
def test_arrays_that_are_not_contiguous(assert_as_chainer, layout, ksize):
    x, W, b = _arrays((2, 3, 7, 8), (4, 3, ksize, ksize), 4)
    x, W = layout(x), layout(W)
    assert ksize == 1 or not (x.flags.c_contiguous and W.flags.c_contiguous)
    assert_as_chainer(F.convolution_2d, x, W, b)
    # a gradient that is not, either
    assert_as_chainer(
        lambda *args: F.transpose(F.convolution_2d(*args), (2, 0, 3, 1)),
        x, W, b)


def test_a_gradient_for_one_input_alone(run):
    x, W, b = _arrays((2, 3, 7, 8), (4, 3, 3, 3), 4)
    expected = run(F.convolution_2d, (x, W, b), False)
    for i, take in enumerate([
            lambda v: F.convolution_2d(v, W, b),
            lambda v: F.convolution_2d(x, v, b),
            lambda v: F.convolution_2d(x, W, v)]):
        _, gradient = run(take, ((x, W, b)[i],), True)
        np.testing.assert_allclose(gradient, expected[i + 1], atol=1e-11)


@pytest.mark.parametrize('stride, pad, dilate', [
    (1, 1, 1), (2, 1, 1), ((1, 2), 0, 2), (1, 3, 2)])
def test_gradients_are_those_of_the_function(stride, pad, dilate):
    x, W, b = _arrays((2, 2, 6, 7), (3, 2, 2, 3), 3)
    y = F.convolution_2d(x, W, b, stride, pad, dilate=dilate)
    random = np.random.RandomState(1)
    gy = random.randn(*y.shape)
    gg = [random.randn(*a.shape) for a in (x, W, b)]

    def function(*args):
        return F.convolution_2d(*args, stride, pad, dilate=dilate)

    gradient_check.check_backward(
        function, (x, W, b), gy, dtype=np.float64, atol=1e-6, rtol=1e-6)
    gradient_check.check_double_backward(
        function, (x, W, b), gy, gg, dtype=np.float64, atol=1e-6, rtol=1e-6)


@pytest.mark.usefixtures('without_im2col')
@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_it_is_the_accelerated_code_that_runs(run, dtype):
    x, W, b = _arrays((2, 3, 7, 8), (4, 3, 3, 3), 4, dtype)
    run(F.convolution_2d, (x, W, b), True)
    run(lambda x, W: F.deconvolution_2d(x, W, stride=2),
        (x, W.transpose(1, 0, 2, 3)), True)
    with pytest.raises(AssertionError, match="Chainer's own"):
        run(F.convolution_2d, (x, W, b), False)


class _Array(np.ndarray):
    pass


@pytest.mark.usefixtures('without_im2col')
@pytest.mark.parametrize('arrays, groups', [
    (_arrays((2, 4, 7, 8), (6, 2, 3, 3), 6), 2),
    (_arrays((2, 4, 7, 8), (6, 4, 3, 3), 6, np.float16), 1),
    ([a.view(_Array) for a in _arrays((2, 4, 7, 8), (6, 4, 3, 3), 6)], 1)])
def test_what_is_left_to_chainer(arrays, groups):
    with pytest.raises(AssertionError, match="Chainer's own"):
        F.convolution_2d(*arrays, groups=groups)


def test_what_is_left_to_chainer_comes_out_of_it(assert_as_chainer):
    assert_as_chainer(
        lambda *args: F.convolution_2d(*args, groups=2),
        *_arrays((2, 4, 7, 8), (6, 2, 3, 3), 6), tol=0)
    assert_as_chainer(
        F.convolution_2d,
        *_arrays((2, 4, 7, 8), (6, 4, 3, 3), 6, np.float16), tol=0)
    assert F.convolution_2d(
        *_arrays((0, 4, 7, 8), (6, 4, 3, 3), 6)).shape == (0, 6, 5, 6)


@pytest.mark.parametrize('shape', [(1, 3, 2, 5), (1, 3, 5, 2)])
def test_an_image_smaller_than_the_kernel(shape):
    x, W, b = _arrays(shape, (4, 3, 3, 3), 4)
    with pytest.raises(RuntimeError, match='should be positive'):
        F.convolution_2d(x, W, b)


@pytest.mark.parametrize('stride, pad, kernel', grid(
    [1, 2, (1, 2), 3], [0, 1, 2, (2, 1), 3],
    [((3, 3), 1), ((2, 3), 1), ((3, 3), 2), ((2, 3), (1, 6)), ((1, 1), 1)]))
def test_deconvolution(assert_as_chainer, stride, pad, kernel):
    ksize, dilate = kernel
    x, W, b = _arrays((2, 3, 8, 9), (3, 4) + ksize, 4)
    assert_as_chainer(
        lambda *args: F.deconvolution_2d(
            *args, stride=stride, pad=pad, dilate=dilate), x, W, b)
    assert_as_chainer(
        lambda *args: F.deconvolution_2d(
            *args, stride=stride, pad=pad, dilate=dilate), x, W)


@pytest.mark.parametrize('stride, outsize', [
    (2, (15, 17)), (2, (16, 18)), (2, (15, 18)), (3, (24, 27))])
def test_deconvolution_to_a_size(assert_as_chainer, stride, outsize):
    x, W, b = _arrays((2, 3, 8, 9), (3, 4, 3, 3), 4)
    assert_as_chainer(
        lambda *args: F.deconvolution_2d(
            *args, stride=stride, pad=1, outsize=outsize), x, W, b)


def test_deconvolution_left_to_chainer(assert_as_chainer):
    assert_as_chainer(
        lambda *args: F.deconvolution_2d(*args, groups=2),
        *_arrays((2, 4, 5, 6), (4, 3, 3, 3), 6), tol=0)


def test_a_link_learns_as_chainers_does():
    losses, losses_before = [], []
    for accelerate in (True, False):
        np.random.seed(0)
        model = chainer.Sequential(
            chainer.links.Convolution2D(3, 8, 3, pad=1), F.relu,
            chainer.links.BatchNormalization(8),
            lambda h: F.max_pooling_2d(h, 2),
            chainer.links.Convolution2D(8, 4, 3, stride=2))
        optimizer = chainer.optimizers.MomentumSGD(0.01).setup(model)
        x = np.random.randn(4, 3, 12, 11).astype(np.float32)

        def loss(model=model, x=x):
            return F.mean((model(x) - 1) ** 2)

        with chainer.using_config('accelerate', accelerate):
            losses_before.append(float(loss().array))
            for _ in range(5):
                optimizer.update(loss)
            losses.append(float(loss().array))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert losses[0] < losses_before[0]


@pytest.mark.parametrize('axis, layout', [
    ((0, 2, 3), np.ascontiguousarray), ((0, 2, 3), np.asfortranarray),
    ((2, 3), np.ascontiguousarray), (None, np.ascontiguousarray),
    (1, np.ascontiguousarray)])
@pytest.mark.parametrize('keepdims', [False, True])
def test_sum(assert_as_chainer, axis, layout, keepdims):
    x = np.random.RandomState(0).randn(3, 4, 5, 6)
    assert_as_chainer(
        lambda x: F.sum(x, axis=axis, keepdims=keepdims), layout(x))


def test_sum_of_other_dimensions(assert_as_chainer):
    random = np.random.RandomState(0)
    assert_as_chainer(
        lambda x: F.sum(x, axis=(0, 2, 3)), random.randn(2, 3, 4, 5, 6))
    assert F.sum(np.zeros((2, 3, 0, 4)), axis=(0, 2, 3)).shape == (3,)
    with pytest.raises(chainer.utils.type_check.InvalidType):
        F.sum(np.zeros((2, 3)), axis=(0, 2, 3))


@pytest.mark.parametrize('n_thread', [1, 2])
def test_memory(use_threads, monkeypatch, n_thread):
    use_threads(n_thread)
    monkeypatch.setattr(convolution_2d, '_COLUMN_BYTES', 1 << 18)
    x, W, b = _arrays((4, 16, 64, 64), (16, 16, 3, 3), 16, np.float32)
    columns = 9 * x.nbytes
    peaks = {}
    for accelerate in (True, False):
        variables = [chainer.Variable(a) for a in (x, W, b)]
        tracemalloc.start()
        with chainer.using_config('accelerate', accelerate):
            y = F.convolution_2d(*variables, pad=1)
            y.grad = y.array
            y.backward()
        peaks[accelerate] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[False] > columns
    # the output, the gradient of the input, and one padded image a thread
    assert peaks[True] < columns / 2
