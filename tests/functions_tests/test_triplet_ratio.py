import math

import vasily_fashion.functions as functions

import chainer
import chainer.functions as F
import numpy as np
import pytest
from chainer import gradient_check


def _triplets(n=6, d=5, dtype=np.float64):
    random = np.random.RandomState(0)
    return [random.randn(n, d).astype(dtype) for _ in range(3)]


def _loop(anchor, positive, negative):
    losses = []
    for a, p, n in zip(anchor, positive, negative, strict=True):
        near = math.exp(np.linalg.norm(a - p))
        far = math.exp(np.linalg.norm(a - n))
        d_plus, d_minus = near / (near + far), far / (near + far)
        losses.append(d_plus ** 2 + (d_minus - 1) ** 2)
    return losses


@pytest.mark.parametrize('n', [1, 2, 6])
def test_loop(n):
    args = _triplets(n)
    expected = _loop(*args)
    np.testing.assert_allclose(
        functions.triplet_ratio(*args, reduce='no').array, expected,
        rtol=1e-6)
    mean = functions.triplet_ratio(*args)
    assert mean.shape == ()
    np.testing.assert_allclose(mean.array, np.mean(expected), rtol=1e-6)


def test_float32():
    args = _triplets(dtype=np.float32)
    loss = functions.triplet_ratio(*args, reduce='no')
    assert loss.dtype == np.float32
    np.testing.assert_allclose(loss.array, _loop(*args), rtol=1e-5)


@pytest.mark.parametrize('scale', [0, 1e-4, 1, 500])
@pytest.mark.filterwarnings('error')
def test_float16(scale):
    """Embeddings that coincide, and ones whose squares are beyond float16."""
    args = [(x * scale).astype(np.float16) for x in _triplets()]
    half = [chainer.Variable(x.copy()) for x in args]
    loss = functions.triplet_ratio(*half)
    loss.backward()
    whole = [chainer.Variable(x.astype(np.float64)) for x in args]
    expected = functions.triplet_ratio(*whole)
    expected.backward()
    assert loss.dtype == np.float16
    assert functions.triplet_ratio(*args, reduce='no').dtype == np.float16
    np.testing.assert_allclose(loss.array, expected.array, rtol=2e-3)
    for x, y in zip(half, whole, strict=True):
        assert x.grad.dtype == np.float16
        np.testing.assert_allclose(x.grad, y.grad, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize('reduce', ['mean', 'no'])
def test_gradient(reduce):
    args = _triplets()

    def function(*args):
        return functions.triplet_ratio(*args, reduce=reduce)

    gy = np.random.RandomState(1).randn(*function(*args).shape)
    gradient_check.check_backward(
        function, args, np.asarray(gy), dtype=np.float64, atol=1e-6)


@pytest.mark.parametrize('distance, expected', [
    (0., 0.5), (1e4, 0.), (-1e4, 2.)])
@pytest.mark.filterwarnings('error')
def test_extremes(distance, expected):
    """`distance`: how much farther the negative is than the positive."""
    anchor = np.zeros((1, 1), np.float32)
    positive = np.full((1, 1), 1 + max(-distance, 0), np.float32)
    negative = np.full((1, 1), 1 + max(distance, 0), np.float32)
    args = [chainer.Variable(a) for a in (anchor, positive, negative)]
    loss = functions.triplet_ratio(*args)
    loss.backward()
    assert loss.array == pytest.approx(expected, abs=1e-6)
    assert all(np.isfinite(a.grad).all() for a in args)


@pytest.mark.filterwarnings('error')
def test_embeddings_that_coincide():
    x = np.ones((2, 3), np.float32)
    args = [chainer.Variable(x.copy()) for _ in range(3)]
    loss = functions.triplet_ratio(*args)
    loss.backward()
    assert loss.array == pytest.approx(0.5)
    for a in args:
        np.testing.assert_array_equal(a.grad, 0)


def test_a_step_moves_the_positive_nearer():
    args = [chainer.Variable(a) for a in _triplets()]
    functions.triplet_ratio(*args).backward()
    a, p, n = [v.array - 0.1 * v.grad for v in args]
    anchor, positive, negative = [v.array for v in args]

    def gap(anchor, positive, negative):
        return (np.linalg.norm(anchor - positive, axis=1)
                - np.linalg.norm(anchor - negative, axis=1))

    assert (gap(a, p, n) < gap(anchor, positive, negative)).all()


def test_bad_reduce():
    with pytest.raises(ValueError, match="'mean' or 'no', not 'sum'"):
        functions.triplet_ratio(*_triplets(), reduce='sum')


@pytest.mark.parametrize('change', [
    lambda a, p, n: (a, p[:1], n), lambda a, p, n: (a, p, n[:, :1]),
    lambda a, p, n: (a[:1], p, n), lambda a, p, n: (a[0], p[0], n[0])])
def test_shapes_that_would_be_broadcast(change):
    with pytest.raises(ValueError, match='must be of one shape'):
        functions.triplet_ratio(*change(*_triplets()))


@pytest.mark.gpu
def test_on_a_gpu():
    import cupy
    arrays = _triplets(dtype=np.float32)
    args = [chainer.Variable(cupy.asarray(a)) for a in arrays]
    loss = functions.triplet_ratio(*args, reduce='no')
    np.testing.assert_allclose(
        cupy.asnumpy(loss.array), _loop(*arrays), rtol=1e-5)
    F.sum(loss).backward()
    expected = [chainer.Variable(a) for a in arrays]
    F.sum(functions.triplet_ratio(*expected, reduce='no')).backward()
    for a, e in zip(args, expected, strict=True):
        np.testing.assert_allclose(
            cupy.asnumpy(a.grad), e.grad, rtol=1e-4, atol=1e-6)
