from vasily_fashion.functions import neighbor_distillation

import chainer
import numpy as np
import pytest
from chainer.gradient_check import check_backward

_ITEM = np.array([0, 1, 2, 0, 3])


def _make(seed=0):
    random_state = np.random.RandomState(seed)
    x = random_state.normal(size=(5, 3)).astype(np.float32)
    teacher = random_state.normal(size=(5, 4)).astype(np.float32)
    return x, teacher / np.linalg.norm(teacher, axis=1, keepdims=True)


@pytest.mark.parametrize('temperature, scale', [(.07, 1), (1., 1), (1., 50)])
def test_against_loops(temperature, scale):
    x, teacher = _make()
    x *= scale
    loss = neighbor_distillation(x, teacher, _ITEM, temperature)
    expected = []
    for i in range(5):
        others = np.flatnonzero(_ITEM != _ITEM[i])
        q = np.exp([teacher[i].astype(float) @ teacher[j] / temperature for j in others])
        d = np.array([((x[i].astype(float) - x[j]) ** 2).sum() for j in others])
        q, log_p = q / q.sum(), d.min() - d - np.log(np.exp(d.min() - d).sum())
        expected.append((q * (np.log(q) - log_p)).sum())
    assert float(loss.array) == pytest.approx(np.mean(expected), rel=1e-4)


def test_the_teachers_own_neighbours_cost_nothing():
    _, teacher = _make()
    # squared distances of unit vectors are 2 - 2 cos
    x = teacher * np.float32((1 / (2 * .5)) ** .5)
    loss = neighbor_distillation(x, teacher, np.arange(5), .5)
    assert float(loss.array) == pytest.approx(0, abs=1e-5)


def test_backward():
    x, teacher = _make()
    check_backward(
        lambda x: neighbor_distillation(x, teacher, _ITEM, .5), x,
        np.ones((), np.float32), dtype=np.float64, atol=1e-4, rtol=1e-4)


def test_one_item_alone():
    x, teacher = _make()
    x = chainer.Parameter(x)
    loss = neighbor_distillation(x, teacher, np.zeros(5, int))
    assert float(loss.array) == 0
    x.cleargrad()
    loss.backward()
    np.testing.assert_array_equal(x.grad, 0)


def test_wrong_arguments():
    x, teacher = _make()
    with pytest.raises(ValueError, match='of one length, not 5, 4 and 5'):
        neighbor_distillation(x, teacher[:4], _ITEM)
    with pytest.raises(ValueError, match='temperature must be positive, not 0'):
        neighbor_distillation(x, teacher, _ITEM, 0)


@pytest.mark.gpu
def test_gpu():
    cupy = pytest.importorskip('cupy')
    x, teacher = _make()
    loss = neighbor_distillation(*map(cupy.asarray, (x, teacher, _ITEM)))
    np.testing.assert_allclose(
        loss.array.get(), neighbor_distillation(x, teacher, _ITEM).array, rtol=1e-4)
