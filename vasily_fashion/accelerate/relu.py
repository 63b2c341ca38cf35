from vasily_fashion.accelerate.dispatch import replace_method, takes
from vasily_fashion.accelerate.parallel import parallel_slices, workspace

import numpy as np
from chainer.functions.activation.relu import ReLU, ReLUGrad2

_BLOCK_ELEMENTS = 1 << 16


def _forward(self, original, inputs):
    x, = inputs
    if not (takes(x) and x.flags.c_contiguous):
        return original(inputs)
    y = np.empty_like(x)
    flat, out = x.reshape(-1), y.reshape(-1)
    parallel_slices(
        lambda part: np.maximum(flat[part], 0, out=out[part]), x.size)
    self.retain_outputs((0,))
    return y,


def _backward(self, original, inputs):
    gy, = inputs
    if not (takes(gy, self.b) and gy.shape == self.b.shape
            and gy.flags.c_contiguous and self.b.flags.c_contiguous):
        return original(inputs)
    gx = np.empty_like(gy)
    flat, y, out = gy.reshape(-1), self.b.reshape(-1), gx.reshape(-1)

    def one_part(part):
        for start in range(part.start, part.stop, _BLOCK_ELEMENTS):
            block = slice(start, min(start + _BLOCK_ELEMENTS, part.stop))
            is_positive = workspace('mask', (block.stop - block.start,), bool)
            np.greater(y[block], 0, out=is_positive)
            np.multiply(flat[block], is_positive, out=out[block])

    parallel_slices(one_part, gy.size)
    return gx,


def install():
    """Put the accelerated ReLU in place."""
    replace_method(ReLU, 'forward_cpu', _forward)
    replace_method(ReLUGrad2, 'forward_cpu', _backward)
