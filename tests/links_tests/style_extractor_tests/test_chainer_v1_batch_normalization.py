from vasily_fashion.links.style_extractor.chainer_v1_batch_normalization import (
    ChainerV1BatchNormalization,
)

import chainer
import chainer.links as L
import numpy as np
import pytest
from chainer.backends import cuda

_EPS = 2e-5
_DECAY = .9


@pytest.fixture
def x():
    return np.random.RandomState(0).normal(
        3, 2, (4, 5, 6, 7)).astype(np.float32)


def test_running_statistics_against_chainer_v1(x):
    link = ChainerV1BatchNormalization(5)
    mean, var = np.zeros(5), np.zeros(5)
    m = x.size // 5
    for i in range(3):
        batch = x * (i + 1)
        link(batch)
        # chainer/functions/normalization/batch_normalization.py of 1.17
        batch_var = batch.var(axis=(0, 2, 3), dtype=np.float64) + _EPS
        mean = _DECAY * mean + (1 - _DECAY) * batch.mean(axis=(0, 2, 3))
        var = _DECAY * var + (1 - _DECAY) * batch_var * m / (m - 1)
    np.testing.assert_allclose(link.avg_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(link.avg_var, var, rtol=1e-5)
    assert link.N == 0 and link.avg_var.dtype == np.float32


def test_eps_counts_in_the_running_variance():
    # where the variance is of the size of eps, one kind read as the other
    # would be off by half
    link = ChainerV1BatchNormalization(1)
    x = np.sqrt(_EPS) * np.array([-1, 1] * 50, np.float32).reshape(-1, 1, 1, 1)
    link(x)
    np.testing.assert_allclose(
        link.avg_var, .1 * 2 * _EPS * 100 / 99, rtol=1e-4)


def test_training_output_is_chainers(x):
    expected = L.BatchNormalization(5)(x)
    found = ChainerV1BatchNormalization(5)(x)
    np.testing.assert_array_equal(found.array, expected.array)


def test_test_mode_uses_the_variance_as_it_is(x):
    link = ChainerV1BatchNormalization(5)
    link.avg_mean[:] = np.arange(5)
    link.avg_var[:] = [1e-4, .01, .5, 1, 4]
    link.gamma.array[:] = 2
    link.beta.array[:] = 3
    before = link.avg_var.copy()
    with chainer.using_config('train', False):
        y = link(x).array
    s = (1, 5, 1, 1)
    expected = 3 + 2 * (x - np.arange(5).reshape(s)) / np.sqrt(
        before.reshape(s))
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(link.avg_var, before)


def test_test_mode_before_training_is_finite(x):
    with chainer.using_config('train', False):
        assert np.isfinite(ChainerV1BatchNormalization(5)(x).array).all()


@pytest.mark.filterwarnings('ignore:A batch with no more than one sample')
def test_one_value_a_channel():
    link = ChainerV1BatchNormalization(2)
    y = link(np.array([[[[3.]], [[4.]]]], np.float32))
    np.testing.assert_allclose(y.array.ravel(), 0, atol=1e-5)
    assert np.isfinite(link.avg_var).all()


@pytest.mark.gpu
def test_gpu(x):
    results = []
    for device in ('@numpy', '@cupy:0'):
        link = ChainerV1BatchNormalization(5)
        link.to_device(device)
        arrays = [link(link.device.send(x * (i + 1))).array for i in range(3)]
        with chainer.using_config('train', False):
            arrays.append(link(link.device.send(x)).array)
        results.append([
            cuda.to_cpu(a) for a in (*arrays, link.avg_mean, link.avg_var)])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
