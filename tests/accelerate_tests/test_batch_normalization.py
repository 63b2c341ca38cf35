"""Batch normalisation against Chainer's own code.

Chainer's source distribution comes without tests: the cases here stand for
those of its test_batch_normalization.py.
"""
import vasily_fashion.accelerate  # noqa: F401
from vasily_fashion.accelerate import batch_normalization

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest
from chainer import gradient_check
from chainer.functions.normalization.batch_normalization import GeneralBatchNormalizationImpl


def _arrays(shape=(3, 4, 5, 6), channels=4, dtype=np.float64):
    random = np.random.RandomState(0)
    x = random.randn(*shape) * 2 + 1
    return [a.astype(dtype) for a in (
        x, random.rand(channels) + 0.5, random.randn(channels))]


@pytest.mark.parametrize('accelerate', [True, 'fast'])
@pytest.mark.parametrize('shape', [
    (3, 4, 5, 6), (1, 4, 5, 6), (2, 4, 1, 1), (1, 4, 1, 2), (2, 4, 40, 50)])
def test_output_and_gradients(assert_as_chainer, shape, accelerate):
    assert_as_chainer(
        F.batch_normalization, *_arrays(shape), accelerate=accelerate)
    assert_as_chainer(
        lambda *args: F.batch_normalization(*args, eps=0.1), *_arrays(shape),
        accelerate=accelerate)


@pytest.mark.parametrize('accelerate', [True, 'fast'])
def test_float32(assert_as_chainer, accelerate):
    assert_as_chainer(
        F.batch_normalization, *_arrays(dtype=np.float32), tol=1e-5,
        accelerate=accelerate)


@pytest.mark.parametrize('block', [1, 700, 1 << 30])
@pytest.mark.parametrize('n_thread', [1, 2, 3])
def test_blocks_and_threads(
        assert_as_chainer, use_threads, monkeypatch, block, n_thread):
    use_threads(n_thread)
    monkeypatch.setattr(batch_normalization, '_BLOCK_BYTES', block)
    assert_as_chainer(
        F.batch_normalization, *_arrays((2, 5, 7, 6), channels=5))


def test_sums_are_added_up_in_chainers_order():
    # Chainer's convolution leaves the channels last in memory
    x, gamma, beta = _arrays((4, 5, 60, 70), 5, np.float32)
    theirs_x = np.ascontiguousarray(
        x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    statistics = {}
    for accelerate in (True, False, 'fast'):
        mean, var = np.zeros(5, np.float32), np.zeros(5, np.float32)
        with chainer.using_config('accelerate', accelerate):
            F.batch_normalization(
                x if accelerate else theirs_x, gamma, beta,
                running_mean=mean, running_var=var)
        statistics[accelerate] = np.array([mean, var])
    np.testing.assert_array_equal(statistics[True], statistics[False])
    # the last has NumPy's more accurate sums
    assert (statistics['fast'] != statistics[True]).any()
    exact = 0.1 * x.mean(axis=(0, 2, 3), dtype=np.float64)
    error = {key: np.abs(value[0] - exact).max()
             for key, value in statistics.items()}
    assert error['fast'] < error[True] < 1e-5


@pytest.mark.parametrize('decay', [0.9, 0., 1.])
@pytest.mark.parametrize('shape', [(3, 4, 5, 6), (1, 4, 1, 1)])
@pytest.mark.filterwarnings('ignore:A batch with no more than one sample')
def test_running_statistics(shape, decay):
    arrays = _arrays(shape)
    statistics = []
    for accelerate in (True, False):
        mean, var = np.arange(4.), np.arange(4.) + 1
        with chainer.using_config('accelerate', accelerate):
            for _ in range(2):
                F.batch_normalization(
                    *arrays, running_mean=mean, running_var=var, decay=decay)
        statistics.append((mean, var))
    np.testing.assert_allclose(*statistics, rtol=1e-12)
    assert (statistics[0][0] != np.arange(4.)).any() == (decay < 1)


def test_link_in_training_finetuning_and_inference():
    x = _arrays(dtype=np.float32)[0]
    links = []
    for accelerate in (True, False):
        link = L.BatchNormalization(4)
        with chainer.using_config('accelerate', accelerate):
            link(x)
            link.start_finetuning()
            link(x, finetune=True)
            link(x * 2, finetune=True)
            with chainer.using_config('train', False):
                y = link(x).array
        links.append((link, y))
    (ours, y), (theirs, expected) = links
    np.testing.assert_allclose(ours.avg_mean, theirs.avg_mean, rtol=1e-5)
    np.testing.assert_allclose(ours.avg_var, theirs.avg_var, rtol=1e-5)
    np.testing.assert_allclose(y, expected, atol=1e-5)
    assert ours.N == theirs.N == 2


@pytest.mark.parametrize('layout', [
    np.asfortranarray, lambda x: x[::-1, :, ::-1],
    lambda x: np.repeat(x, 2, axis=3)[..., ::2]])
def test_arrays_that_are_not_contiguous(assert_as_chainer, layout):
    x, gamma, beta = _arrays()
    x = layout(x)
    assert not x.flags.c_contiguous
    assert_as_chainer(F.batch_normalization, x, gamma, beta)
    assert_as_chainer(
        lambda *args: F.transpose(F.batch_normalization(*args), (3, 1, 0, 2)),
        x, gamma[::-1], beta)


def test_gradients_are_those_of_the_function():
    x, gamma, beta = _arrays((2, 3, 3, 2), 3)
    random = np.random.RandomState(1)
    gy = random.randn(*x.shape)
    gg = [random.randn(*a.shape) for a in (x, gamma, beta)]
    gradient_check.check_backward(
        F.batch_normalization, (x, gamma, beta), gy, dtype=np.float64,
        atol=1e-5, rtol=1e-5)
    gradient_check.check_double_backward(
        F.batch_normalization, (x, gamma, beta), gy, gg, dtype=np.float64,
        atol=1e-4, rtol=1e-4)


def test_a_constant_image():
    x = np.full((2, 3, 4, 5), 7, np.float32)
    gamma, beta = np.ones(3, np.float32), np.arange(3, dtype=np.float32)
    y = F.batch_normalization(x, gamma, beta).array
    np.testing.assert_array_equal(
        y, np.broadcast_to(beta[:, None, None], y.shape))


@pytest.fixture
def calls(monkeypatch):
    """How often Chainer's own code has been called."""
    calls = []
    original = GeneralBatchNormalizationImpl.get_mean_and_var

    def get_mean_and_var(self, *args):
        calls.append(args)
        return original(self, *args)

    monkeypatch.setattr(
        GeneralBatchNormalizationImpl, 'get_mean_and_var', get_mean_and_var)
    return calls


@pytest.mark.parametrize('shape, channels, axis, dtype', [
    ((5, 4), (4,), None, np.float64),
    ((3, 4, 5, 6), (4, 5, 6), None, np.float64),
    ((3, 5, 6, 4), (4,), (0, 1, 2), np.float64),
    ((3, 4, 5, 6, 2), (4,), None, np.float64),
    ((3, 4, 5, 6), (4,), None, np.float16)])
def test_what_is_left_to_chainer(
        assert_as_chainer, calls, shape, channels, axis, dtype):
    x, gamma, beta = _arrays(shape, int(np.prod(channels)), dtype)
    assert_as_chainer(
        lambda *args: F.batch_normalization(*args, axis=axis),
        x, gamma.reshape(channels), beta.reshape(channels), tol=0)
    assert len(calls) == 2


def test_mixed_precision_is_left_to_chainer(run, calls):
    x, gamma, beta = _arrays(dtype=np.float32)
    y, gx, _, _ = run(
        F.batch_normalization, (x.astype(np.float16), gamma, beta), True)
    assert len(calls) == 1
    assert gx.dtype == np.float16


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_it_is_the_accelerated_code_that_runs(run, calls, dtype):
    run(F.batch_normalization, _arrays(dtype=dtype), True)
    assert not calls
    run(F.batch_normalization, _arrays(dtype=dtype), False)
    assert calls
