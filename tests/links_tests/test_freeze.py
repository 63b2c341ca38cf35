from vasily_fashion.links.freeze import freeze

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest


class _Net(chainer.Chain):

    def __init__(self):
        super().__init__()
        random_state = np.random.RandomState(0)

        def init(array):
            array[...] = random_state.normal(scale=.5, size=array.shape)

        with self.init_scope():
            self.first = L.Convolution2D(3, 4, 3, initialW=init)
            self.second = L.Convolution2D(4, 4, 3, initialW=init)
            self.third = L.Linear(4, 2, initialW=init)

    def forward(self, x):
        h = F.relu(self.second(F.relu(self.first(x))))
        return F.sum(self.third(F.mean(h, axis=(2, 3))) ** 2)


class _Calls(chainer.FunctionHook):

    """The labels of the functions that backpropagation goes through."""

    def __init__(self):
        self.labels = []

    def backward_preprocess(self, function, in_data, out_grad):
        self.labels.append(function.label)


@pytest.fixture
def x():
    return np.random.RandomState(1).normal(size=(2, 3, 8, 8)).astype('f')


def _weights(link):
    return {name: chainer.backends.cuda.to_cpu(param.array).copy()
            for name, param in link.namedparams()}


def _net_and_optimizer():
    net = _Net()
    return net, chainer.optimizers.MomentumSGD(.1).setup(net)


def test_frozen_weights_stay(x):
    net, optimizer = _net_and_optimizer()
    freeze(net.first)
    for param in net.params():
        param.update_rule.add_hook(chainer.optimizer_hooks.WeightDecay(.1))
    before = _weights(net)
    for _ in range(2):
        loss = net(x)
        net.cleargrads()
        loss.backward()
        optimizer.update()
    for name, array in _weights(net).items():
        is_frozen = name.startswith('/first')
        assert np.array_equal(array, before[name]) == is_frozen, name


def test_before_the_optimizer():
    # its weight decay would not know
    with pytest.raises(RuntimeError, match='/W.*optimizer.setup|/b.*setup'):
        freeze(_Net().first)


def test_no_gradient_is_computed(x):
    net, _ = _net_and_optimizer()
    with _Calls() as all_calls:
        net(x).backward()
    freeze(net.first)
    freeze(net.second)
    net.cleargrads()
    with _Calls() as calls:
        net(x).backward()
    assert any('Convolution' in label for label in all_calls.labels)
    assert not any('Convolution' in label for label in calls.labels)
    assert 'LinearFunction' in calls.labels
    for param in (*net.first.params(), *net.second.params()):
        assert param.grad is None
        assert not param.requires_grad
    assert net.third.W.grad is not None


def test_gradients_of_an_earlier_pass_are_dropped(x):
    net, _ = _net_and_optimizer()
    net(x).backward()
    assert net.first.W.grad is not None
    freeze(net.first)
    assert net.first.W.grad is None


def test_loss_and_other_gradients_are_the_same(x):
    (net, _), (frozen, _) = _net_and_optimizer(), _net_and_optimizer()
    freeze(frozen.first)
    losses = []
    for link in (net, frozen):
        loss = link(x)
        loss.backward()
        losses.append(loss.array)
    assert losses[0] == losses[1]
    for name in ('second', 'third'):
        np.testing.assert_array_equal(net[name].W.grad, frozen[name].W.grad)


@pytest.mark.gpu
def test_gpu(x):
    net = _Net()
    net.to_device('@cupy:0')
    optimizer = chainer.optimizers.MomentumSGD(.1).setup(net)
    freeze(net.first)
    before = _weights(net)
    net.cleargrads()
    net(net.device.send(x)).backward()
    assert net.first.W.grad is None
    optimizer.update()
    for name, array in _weights(net).items():
        assert (array == before[name]).all() == name.startswith('/first')
