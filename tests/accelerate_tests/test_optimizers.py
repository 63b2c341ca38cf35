"""Updates of Adam and momentum SGD against Chainer's own code, bit for bit."""
import vasily_fashion.accelerate  # noqa: F401
from tests.grid import grid
from vasily_fashion.accelerate import optimizers, parallel

import chainer
import chainer.links as L
import numpy as np
import pytest
from chainer.optimizer_hooks import WeightDecay
from chainer.optimizers import Adam, MomentumSGD


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(parallel, 'ELEMENTS_A_THREAD', 20)
    monkeypatch.setattr(optimizers, '_BLOCK_ELEMENTS', 7)


def _trained(make_optimizer, accelerate, dtype=np.float32, decay=None, prepare=None):
    """Parameters and the optimizer's state after some updates."""
    np.random.seed(0)
    with chainer.using_config('dtype', dtype), \
            chainer.using_config('accelerate', accelerate):
        link = L.Linear(7, 9)
        optimizer = make_optimizer().setup(link)
        if decay is not None:
            link.W.update_rule.add_hook(WeightDecay(decay))
        for i in range(4):
            for param in link.params():
                param.grad = np.random.randn(*param.shape).astype(dtype)
                if prepare is not None:
                    prepare(param)
            if i == 2:
                link.b.grad = None  # Chainer takes it as zero
            optimizer.update()
    return [a for param in (link.W, link.b)
            for a in (param.array, *param.update_rule.state.values())]


def _assert_equal(*args, **kwargs):
    ours = _trained(args[0], True, *args[1:], **kwargs)
    theirs = _trained(args[0], False, *args[1:], **kwargs)
    for actual, expected in zip(ours, theirs, strict=True):
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize('make_optimizer, dtype, decay, n_thread', grid(
    [MomentumSGD, lambda: MomentumSGD(0.3, 0.5), lambda: Adam(eps=1e-3),
     lambda: Adam(1e-2, 0.5, 0.7, eps=1e-3, eta=0.5)],
    [np.float16, np.float32, np.float64], [None, 0.1], [1, 2, 3]))
def test_updates(use_threads, make_optimizer, dtype, decay, n_thread):
    use_threads(n_thread)
    _assert_equal(make_optimizer, dtype, decay)


@pytest.mark.parametrize('options', [
    {'amsgrad': True}, {'adabound': True}, {'weight_decay_rate': 0.1}])
def test_variants_of_adam_are_left_to_chainer(options):
    _assert_equal(lambda: Adam(1e-2, **options))


def _fortran_order(param):
    param.grad = np.asfortranarray(param.grad)


def _loss_scale(param):
    param._loss_scale = 4.


@pytest.mark.parametrize('prepare', [_fortran_order, _loss_scale])
@pytest.mark.parametrize('make_optimizer', [MomentumSGD, Adam])
def test_gradients_in_other_forms(make_optimizer, prepare):
    _assert_equal(make_optimizer, decay=0.1, prepare=prepare)


@pytest.mark.parametrize('make_optimizer', [MomentumSGD, Adam])
def test_it_is_the_accelerated_code_that_runs(monkeypatch, make_optimizer):
    calls = []
    monkeypatch.setattr(
        optimizers, '_for_each_block', lambda function, *arrays: calls.append(len(arrays)))
    _trained(make_optimizer, True, decay=0.1)
    assert len(calls) == 4 * 3  # W and b, and the decay of W
    calls.clear()
    _trained(make_optimizer, False, decay=0.1)
    assert calls == []
