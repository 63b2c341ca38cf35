from vasily_fashion.functions import partial_label_cross_entropy

import chainer
import chainer.functions as F
import numpy as np
import pytest


def _logits(n=6, c=4):
    return np.random.default_rng(0).normal(0, 3, (n, c)).astype(np.float32)


def test_loop():
    x = _logits()
    may_be = np.random.default_rng(1).random(x.shape) < .5
    may_be[0], may_be[1] = True, False
    losses = []
    for z, which in zip(x.astype(float), may_be, strict=True):
        if which.any():
            p = np.exp(z) / np.exp(z).sum()
            losses.append(-np.log(p[which].sum()))
    assert len(losses) == 5 and abs(losses[0]) < 1e-6
    loss = partial_label_cross_entropy(x, may_be)
    assert loss.shape == () and loss.dtype == np.float32
    assert float(loss.array) == pytest.approx(np.mean(losses), rel=1e-5)


def test_labels_that_are_known():
    """Loss and gradient are those of Chainer's softmax cross entropy."""
    label = np.int32([0, 3, -1, 2, 2, 1])
    results = []
    for function, t in (
            (F.softmax_cross_entropy, label),
            (partial_label_cross_entropy, label[:, None] == np.arange(4))):
        x = chainer.Variable(_logits())
        loss = function(x, t)
        loss.backward()
        results.append((loss.array, x.grad))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


def test_none_is_known():
    x = chainer.Variable(_logits())
    loss = partial_label_cross_entropy(x, np.zeros(x.shape, bool))
    loss.backward()
    assert loss.array == 0 and not x.grad.any()


def test_shapes():
    with pytest.raises(ValueError, match=r'of one shape \(N, C\), not \(6, 4\) and \(6, 3\)'):
        partial_label_cross_entropy(_logits(), np.ones((6, 3), bool))


@pytest.mark.gpu
def test_gpu():
    import cupy

    x, may_be = _logits(), np.random.default_rng(1).random((6, 4)) < .5
    loss = partial_label_cross_entropy(cupy.asarray(x), cupy.asarray(may_be))
    np.testing.assert_allclose(
        loss.array.get(), partial_label_cross_entropy(x, may_be).array, rtol=1e-5)
