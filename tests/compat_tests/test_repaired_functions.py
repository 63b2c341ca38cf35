"""Each repaired function of Chainer is called and checked against NumPy."""
import warnings

import chainer
import numpy as np
import pytest
from chainer import functions as F
from chainer import gradient_check
from chainer import links as L


@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
def test_as_strided_backward(dtype):
    x = chainer.Variable(np.arange(5, dtype=dtype))
    itemsize = x.array.itemsize
    # windows of three: element i is in as many windows as its grad says
    y = F.as_strided(x, (3, 3), (1, 1))
    np.testing.assert_array_equal(
        y.array, np.lib.stride_tricks.as_strided(
            x.array, (3, 3), (itemsize, itemsize)))
    y.grad = np.ones_like(y.array)
    y.backward()
    assert x.grad.dtype == dtype
    np.testing.assert_array_equal(x.grad, [1, 2, 3, 2, 1])


def test_as_strided_has_no_gradient_of_integers():
    x = chainer.Variable(np.arange(5))
    y = F.as_strided(x, (2, 2), (1, 1))
    y.grad = np.ones_like(y.array)
    with pytest.raises(TypeError):
        y.backward()


def _resize_bilinear(x, shape):
    """x: (H, W); corners stay corners; in a loop"""
    height, width = x.shape
    y = np.empty(shape)
    for i, v in enumerate(np.linspace(0, height - 1, shape[0])):
        for j, u in enumerate(np.linspace(0, width - 1, shape[1])):
            top, left = min(int(v), height - 2), min(int(u), width - 2)
            dv, du = v - top, u - left
            y[i, j] = (x[top, left] * (1 - dv) * (1 - du)
                       + x[top, left + 1] * (1 - dv) * du
                       + x[top + 1, left] * dv * (1 - du)
                       + x[top + 1, left + 1] * dv * du)
    return y


def test_resize_images():
    x = np.random.default_rng(0).uniform(
        -1, 1, (2, 3, 4, 5)).astype(np.float32)
    y = F.resize_images(x, (7, 6)).array
    assert y.dtype == np.float32
    for n in range(2):
        for c in range(3):
            np.testing.assert_allclose(
                y[n, c], _resize_bilinear(x[n, c], (7, 6)), atol=1e-6)
    gradient_check.check_backward(
        lambda x: F.resize_images(x, (3, 6)), x,
        np.ones((2, 3, 3, 6), dtype=np.float32), eps=1e-2, atol=1e-3,
        rtol=1e-3)


@pytest.mark.parametrize('mode, align_corners', [
    ('bilinear', False), ('nearest', True), ('nearest', False)])
def test_resize_images_to_its_own_size(mode, align_corners):
    x = np.random.default_rng(0).uniform(
        -1, 1, (1, 2, 4, 5)).astype(np.float32)
    y = F.resize_images(x, (4, 5), mode=mode, align_corners=align_corners)
    np.testing.assert_allclose(y.array, x, atol=1e-6)


def test_categorical_log_prob():
    p = np.random.default_rng(0).dirichlet(np.ones(4), (2, 3))
    x = np.array([[0, 3, 1], [2, 2, 0]], dtype=np.int32)
    distribution = chainer.distributions.Categorical(p=p.astype(np.float32))
    expected = np.log(np.take_along_axis(p, x[..., None], 2)[..., 0])
    np.testing.assert_allclose(
        distribution.log_prob(x).array, expected, rtol=1e-5)


@pytest.mark.parametrize('dtype, padding', [
    (np.uint8, -1), (np.int32, -1), (np.float32, -1.5)])
def test_pad_sequence(dtype, padding):
    xs = [np.array([1, 2, 3], dtype), np.array([4], dtype)]
    y = F.pad_sequence(xs, padding=padding).array
    filled = np.array(padding).astype(dtype)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, [[1, 2, 3], [4, filled, filled]])


@pytest.mark.parametrize('batch', [False, True])
@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
def test_sparse_matmul(dtype, batch):
    pytest.importorskip('scipy', reason='F.sparse_matmul needs SciPy on a CPU')
    rng = np.random.default_rng(0)
    shape = (2,) if batch else ()
    a = rng.integers(0, 3, shape + (4, 5)).astype(dtype)
    b = rng.integers(-2, 3, shape + (5, 3)).astype(dtype)
    y = F.sparse_matmul(chainer.utils.to_coo(a), chainer.Variable(b)).array
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, np.matmul(a, b))


def test_maxout_with_initializers_that_are_functions():
    def initial_w(array):
        assert array.shape == (2, 3, 4)
        array[...] = np.arange(24).reshape(2, 3, 4)

    def initial_bias(array):
        assert array.shape == (2, 3)
        array[...] = np.arange(6).reshape(2, 3) * -10

    with warnings.catch_warnings():
        warnings.simplefilter('error')
        link = L.Maxout(4, 2, 3, initialW=initial_w,
                        initial_bias=initial_bias)
    np.testing.assert_array_equal(
        link.linear.W.array, np.arange(24).reshape(6, 4))
    np.testing.assert_array_equal(
        link.linear.b.array, np.arange(6) * -10)
    x = np.array([[1, 0, 0, 1]], dtype=np.float32)
    # rows of W + their last column, minus 0, 10, .. : the best of each three
    np.testing.assert_array_equal(link(x).array, [[3, -3]])


def test_mixed_scalars_stay_float32():
    # NEP 50: nothing is repaired for it, nothing must need to be
    x = chainer.Variable(np.ones(3, dtype=np.float32))
    for scalar in (2, 2., np.float64(2), np.int64(2), np.array(2.)):
        for y in (x + scalar, scalar * x, x / scalar, x ** scalar, 1 - x):
            assert y.dtype == np.float32


def test_testing_helpers():
    assert chainer.testing.with_requires(
        'numpy>=1')(lambda: 'run')() == 'run'
    for skip in (chainer.testing.with_requires('numpy<1'),
                 chainer.testing.with_requires('no-such-distribution'),
                 chainer.testing.without_requires('numpy>=1')):
        with pytest.raises(Exception, match='requires: '):
            skip(lambda: 'run')()


def test_testing_trainer_with_mock_updater():
    # needs `mock`, now of the standard library
    trainer = chainer.testing.get_trainer_with_mock_updater(
        stop_trigger=(2, 'iteration'), iter_per_epoch=1)
    trainer.run()
    assert trainer.updater.iteration == 2


@pytest.mark.gpu
@pytest.mark.filterwarnings('error')
def test_gradients_that_add_up_on_a_gpu():
    results = []
    for device in map(chainer.get_device, ('@numpy', '@cupy:0')):
        x = chainer.Variable(device.send(np.arange(4, dtype=np.float32)))
        b = chainer.Variable(device.send(np.ones(3, np.float32)))
        y = F.scatter_add(x, [1, 1, 2], b)
        F.sum(F.as_strided(y[[0, 3, 3]], (2, 2), (1, 1)) ** 2).backward()
        results.append([
            chainer.get_device('@numpy').send(a) for a in (y.array, x.grad, b.grad)])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert results[0][1].any()
