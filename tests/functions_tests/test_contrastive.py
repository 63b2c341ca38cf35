import vasily_fashion.functions as functions

import chainer
import chainer.functions as F
import numpy as np
import pytest
from chainer import gradient_check


def _pairs(n=6, d=5, dtype=np.float64):
    random = np.random.RandomState(0)
    x0 = random.randn(n, d)
    # half of the negative pairs are nearer than the margin, half farther
    distance = np.array([0.3, 0.4, 1.6, 2.5, 3., 0.6])[:n, None]
    step = random.randn(n, d)
    x1 = x0 + step / np.linalg.norm(step, axis=1, keepdims=True) * distance
    return x0.astype(dtype), x1.astype(dtype), np.array([1, 0, 0, 0, 1, 0])[:n]


def _loop(x0, x1, positive, margin):
    losses = []
    for a, b, y in zip(x0, x1, positive, strict=True):
        squared = sum((p - q) ** 2 for p, q in zip(a, b, strict=True))
        losses.append(squared if y else max(0., margin ** 2 - squared))
    return losses


@pytest.mark.parametrize('margin', [1., 2., 0.5])
@pytest.mark.parametrize('n', [1, 2, 6])
def test_loop(n, margin):
    args = _pairs(n)
    expected = _loop(*args, margin)
    assert n < 6 or min(expected) == 0
    np.testing.assert_allclose(functions.contrastive(
        *args, margin=margin, reduce='no').array, expected)
    mean = functions.contrastive(*args, margin=margin)
    assert mean.shape == ()
    np.testing.assert_allclose(mean.array, np.mean(expected))


def test_the_margin_is_one_unless_given():
    args = _pairs()
    np.testing.assert_allclose(
        functions.contrastive(*args).array, np.mean(_loop(*args, 1.)))


def test_it_is_not_chainers():
    args = _pairs()
    theirs = 2 * F.contrastive(*args, margin=1.).array
    assert abs(functions.contrastive(*args).array - theirs) > 0.1


@pytest.mark.parametrize('dtype', [bool, np.int32, np.float32, np.float64])
def test_dtypes_of_positive(dtype):
    x0, x1, positive = _pairs(dtype=np.float32)
    loss = functions.contrastive(
        x0, x1, positive.astype(dtype), reduce='no')
    assert loss.dtype == np.float32
    np.testing.assert_allclose(
        loss.array, _loop(x0, x1, positive, 1.), rtol=1e-5)


@pytest.mark.parametrize('reduce', ['mean', 'no'])
def test_gradient(reduce):
    x0, x1, positive = _pairs()

    def function(x0, x1):
        return functions.contrastive(x0, x1, positive, reduce=reduce)

    gy = np.random.RandomState(1).randn(*function(x0, x1).shape)
    gradient_check.check_backward(
        function, (x0, x1), np.asarray(gy), dtype=np.float64, atol=1e-6)


def test_a_negative_pair_far_apart_is_left_alone():
    x0, x1, positive = _pairs()
    x0, x1 = chainer.Variable(x0), chainer.Variable(x1)
    functions.contrastive(x0, x1, positive).backward()
    apart = np.array([False, False, True, True, False, False])
    assert (x0.grad[apart] == 0).all() and (x0.grad[~apart] != 0).all()
    np.testing.assert_allclose(x0.grad, -x1.grad)
    # one step makes negatives part and positives meet
    before = np.linalg.norm(x0.array - x1.array, axis=1)
    after = np.linalg.norm(
        x0.array - x1.array - 0.1 * (x0.grad - x1.grad), axis=1)
    np.testing.assert_array_equal(
        np.sign(after - before), [-1, 1, 0, 0, -1, 1])


def test_pairs_that_coincide():
    x = chainer.Variable(np.ones((2, 3), np.float32))
    loss = functions.contrastive(x, x.array.copy(), np.array([1, 0]))
    loss.backward()
    assert loss.array == pytest.approx(0.5)
    np.testing.assert_array_equal(x.grad, 0)


@pytest.mark.parametrize('margin', [0, -1, np.nan])
def test_bad_margin(margin):
    with pytest.raises(ValueError, match='margin must be positive'):
        functions.contrastive(*_pairs(), margin=margin)


def test_bad_reduce():
    with pytest.raises(ValueError, match="'mean' or 'no', not 'sum'"):
        functions.contrastive(*_pairs(), reduce='sum')


@pytest.mark.parametrize('change', [
    lambda a, b, y: (a, b, y[:, None]), lambda a, b, y: (a, b, y[:1]),
    lambda a, b, y: (a, b[:1], y), lambda a, b, y: (a, b[:, :1], y),
    lambda a, b, y: (a, b, np.array(1)),
    lambda a, b, y: (a[..., None], b[..., None], y)])
def test_shapes_that_would_be_broadcast(change):
    with pytest.raises(ValueError, match='must be of one shape'):
        functions.contrastive(*change(*_pairs()))


@pytest.mark.gpu
def test_on_a_gpu():
    import cupy
    x0, x1, positive = _pairs(dtype=np.float32)
    a, b = [chainer.Variable(cupy.asarray(x)) for x in (x0, x1)]
    loss = functions.contrastive(a, b, cupy.asarray(positive), reduce='no')
    np.testing.assert_allclose(
        cupy.asnumpy(loss.array), _loop(x0, x1, positive, 1.), rtol=1e-5)
    F.sum(loss).backward()
    a_cpu = chainer.Variable(x0)
    F.sum(functions.contrastive(
        a_cpu, x1, positive, reduce='no')).backward()
    np.testing.assert_allclose(
        cupy.asnumpy(a.grad), a_cpu.grad, rtol=1e-5, atol=1e-6)
