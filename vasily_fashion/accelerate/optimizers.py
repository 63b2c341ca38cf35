from vasily_fashion.accelerate.dispatch import replace_method, takes
from vasily_fashion.accelerate.parallel import parallel_slices, workspace

import numpy as np
from chainer.optimizer_hooks import WeightDecay
from chainer.optimizers.adam import AdamRule
from chainer.optimizers.momentum_sgd import MomentumSGDRule

# Few enough that what one pass writes is in the cache for the next.
_BLOCK_ELEMENTS = 1 << 14


def _for_each_block(function, *arrays):
    """Call `function(*blocks, out)` for small parts of arrays of one shape.

    `out` is an array of their shape for what lies between.
    """
    flat = [a.reshape(-1) for a in arrays]

    def one_part(part):
        for start in range(part.start, part.stop, _BLOCK_ELEMENTS):
            block = slice(start, min(start + _BLOCK_ELEMENTS, part.stop))
            function(*(a[block] for a in flat), workspace(
                'update', (block.stop - block.start,), flat[0].dtype))

    parallel_slices(one_part, flat[0].size)


def _are_for_blocks(*arrays):
    return (all(a is not None for a in arrays) and takes(*arrays)
            and all(a.flags.c_contiguous and a.shape == arrays[0].shape for a in arrays))


def _momentum_sgd(self, original, param):
    v = self.state['v']
    if not _are_for_blocks(param.data, param.grad, v):
        return original(param)
    lr, momentum = self.hyperparam.lr, self.hyperparam.momentum

    def update(data, grad, v, out):
        v *= momentum
        np.multiply(lr, grad, out=out)
        v -= out
        data += v

    _for_each_block(update, param.data, param.grad, v)


def _adam(self, original, param):
    hp = self.hyperparam
    m, v = self.state['m'], self.state['v']
    if (hp.amsgrad or hp.adabound or hp.weight_decay_rate
            or not _are_for_blocks(param.data, param.grad, m, v)):
        return original(param)
    self._check_eps(param.dtype.type)
    alpha_t = self.alpha_t

    def update(data, grad, m, v, out):
        np.subtract(grad, m, out=out)
        out *= 1.0 - hp.beta1
        m += out
        np.square(grad, out=out)
        out -= v
        out *= 1.0 - hp.beta2
        v += out
        np.sqrt(v, out=out)
        out += hp.eps
        np.divide(alpha_t, out, out=out)
        out *= m
        out *= -hp.eta
        data += out

    _for_each_block(update, param.data, param.grad, m, v)


def _weight_decay(self, original, rule, param):
    if (param.grad is None or param._loss_scale is not None
            or not _are_for_blocks(param.grad, param.data)):
        return original(rule, param)

    def decay(grad, data, out):
        np.multiply(self.rate, data, out=out)
        grad += out

    _for_each_block(decay, param.grad, param.data)


def install():
    """Put the accelerated updates of Adam and of momentum SGD in place."""
    replace_method(MomentumSGDRule, 'update_core_cpu', _momentum_sgd)
    replace_method(AdamRule, 'update_core_cpu', _adam)
    replace_method(WeightDecay, '__call__', _weight_decay)
