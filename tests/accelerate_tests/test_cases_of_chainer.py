"""Grids and tolerances after those of Chainer 7.8.1's own tests, on CPUs.

That is `test_convolution_2d.py`, `test_deconvolution_2d.py`,
`test_max_pooling_nd.py` and `test_batch_normalization.py` in Chainer's
repository; its source distribution has none. Each case is compared with
Chainer's own code and differentiated numerically, twice.
"""
import itertools

import vasily_fashion.accelerate  # noqa: F401

import chainer
import chainer.functions as F
import numpy as np
import pytest
from chainer import gradient_check

pytestmark = pytest.mark.slow
_DTYPES = np.float16, np.float32, np.float64


def _noncontiguous(array):
    """Every second element of an array twice as long along its last axis."""
    return None if array is None else np.repeat(array, 2, axis=-1)[..., ::2]


def _check(function, inputs, accelerate, c_contiguous=True, forward=None,
           atol=5e-4, rtol=5e-3):
    inputs = [a for a in inputs if a is not None]
    random = np.random.RandomState(1)
    np.random.seed(0)  # of the direction in which is differentiated
    with chainer.using_config('accelerate', False):
        expected = function(*inputs).array
    gy = random.uniform(-1, 1, expected.shape).astype(expected.dtype)
    ggs = [random.uniform(-1, 1, a.shape).astype(a.dtype) for a in inputs]
    if not c_contiguous:
        inputs, gy = list(map(_noncontiguous, inputs)), _noncontiguous(gy)
        ggs = list(map(_noncontiguous, ggs))
    with chainer.using_config('accelerate', accelerate):
        actual = function(*inputs).array
        assert actual.dtype == expected.dtype
        np.testing.assert_allclose(
            actual.astype(float), expected.astype(float),
            **(forward or {'atol': 5e-4, 'rtol': 5e-3}))
        gradient_check.check_backward(
            function, inputs, gy, dtype='d', atol=atol, rtol=rtol)
        gradient_check.check_double_backward(
            function, inputs, gy, ggs, dtype='d', atol=5e-3, rtol=5e-2)


def _uniform(shape, dtype):
    return np.random.RandomState(sum(shape)).uniform(-1, 1, shape).astype(dtype)


_CASES = [
    (c_contiguous, cover_all, np.float32, np.float32)
    for c_contiguous in (True, False) for cover_all in (True, False)
] + [(False, False, *dtypes) for dtypes in itertools.product(_DTYPES, _DTYPES)]


@pytest.mark.parametrize('accelerate', [True, 'fast'])
@pytest.mark.parametrize('nobias', [True, False])
@pytest.mark.parametrize('groups', [1, 2])
@pytest.mark.parametrize('dilate', [1, 2])
@pytest.mark.parametrize('c_contiguous, cover_all, x_dtype, W_dtype', _CASES)
def test_convolution_2d(
        c_contiguous, cover_all, x_dtype, W_dtype, dilate, groups, nobias, accelerate):
    b = None if nobias else _uniform((2 * groups,), x_dtype)
    _check(
        lambda *args: F.convolution_2d(
            *args, stride=2, pad=dilate, cover_all=cover_all, dilate=dilate, groups=groups),
        (_uniform((2, 3 * groups, 4, 3), x_dtype),
         _uniform((2 * groups, 3, 3, 3), W_dtype) / W_dtype(3), b),
        accelerate, c_contiguous)


@pytest.mark.parametrize('accelerate', [True, 'fast'])
@pytest.mark.parametrize('nobias', [True, False])
@pytest.mark.parametrize('groups', [1, 2])
@pytest.mark.parametrize('dilate', [1, 2])
@pytest.mark.parametrize('with_outsize', [True, False])
@pytest.mark.parametrize('c_contiguous, x_dtype, W_dtype', [
    case[:1] + case[2:] for case in _CASES if not case[1]])
def test_deconvolution_2d(
        c_contiguous, x_dtype, W_dtype, with_outsize, dilate, groups, nobias, accelerate):
    h, w = (4 - 1) * 2 + 2 * dilate + 1 - 2 * dilate, (3 - 1) * 2 + 1
    b = None if nobias else _uniform((2 * groups,), x_dtype)
    _check(
        lambda *args: F.deconvolution_2d(
            *args, stride=2, pad=dilate, dilate=dilate, groups=groups,
            outsize=(h, w) if with_outsize else None),
        (_uniform((2, 3 * groups, 4, 3), x_dtype),
         _uniform((3 * groups, 2, 3, 3), W_dtype) / W_dtype(3), b),
        accelerate, c_contiguous)


@pytest.mark.parametrize('accelerate', [True, 'fast'])
@pytest.mark.parametrize('dtype', _DTYPES)
@pytest.mark.parametrize('cover_all', [True, False])
@pytest.mark.parametrize('c_contiguous', [True, False])
@pytest.mark.parametrize('in_dims', [(4, 3), (3, 4), (6, 5)])
def test_max_pooling_2d(in_dims, c_contiguous, cover_all, dtype, accelerate):
    # far enough apart for a numerical gradient in half floats
    shape = (2, 3) + in_dims
    x = np.random.RandomState(0).permutation(int(np.prod(shape)))
    x = (2 * x.reshape(shape) / x.size - 1).astype(dtype)
    _check(
        lambda x: F.max_pooling_2d(x, 3, stride=2, pad=1, cover_all=cover_all),
        (x,), accelerate, c_contiguous, {'atol': 0, 'rtol': 0}, atol=1e-3, rtol=1e-2)


@pytest.mark.parametrize('accelerate', [True, 'fast'])
# in half floats, which go to Chainer's own code, its gradients are too coarse to
# be checked numerically
@pytest.mark.parametrize('dtype', _DTYPES[1:])
@pytest.mark.parametrize('eps', [2e-5, 5e-1])
@pytest.mark.parametrize('c_contiguous', [True, False])
@pytest.mark.parametrize('shape, axis', [
    ((5, 4, 3, 2), (0, 2, 3)), ((5, 4), 0), ((5, 4, 3), (0, 2)), ((5, 2, 3, 4), (0, 1, 2))])
def test_batch_normalization(shape, axis, c_contiguous, eps, dtype, accelerate):
    channel = next(
        i for i in range(len(shape)) if i not in np.atleast_1d(axis))
    gamma, beta = (_uniform((shape[channel],), dtype) + dtype(shift) for shift in (1.5, 0))
    _check(
        lambda *args: F.batch_normalization(*args, eps=eps, axis=axis),
        (_uniform(shape, dtype), gamma, beta), accelerate, c_contiguous,
        {'atol': 1e-4, 'rtol': 1e-4},
        atol=1e-3, rtol=1e-2)
