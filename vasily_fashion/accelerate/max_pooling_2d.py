from vasily_fashion.accelerate.dispatch import replace_method, takes
from vasily_fashion.accelerate.parallel import parallel_for

import numpy as np
from chainer.functions.pooling.max_pooling_nd import MaxPoolingND, MaxPoolingNDGrad
from chainer.utils import conv

_BLOCK_BYTES = 1 << 19


def _tap_slices(func, in_size, out_size):
    """Where each tap of the window meets the image and the output.

    Yields:
        ((slice, slice), (slice, slice)): Of the output and of the image, for
        each position in the window in raster order. A tap that falls outside
        the image is absent from the output's slice.
    """
    for ky in range(func.ksize[0]):
        for kx in range(func.ksize[1]):
            out, inner = [], []
            for k, size, n, s, p in zip(
                    (ky, kx), in_size, out_size, func.stride, func.pad,
                    strict=True):
                first = max(-(-(p - k) // s), 0)
                last = min((size - 1 + p - k) // s, n - 1)
                out.append(slice(first, max(last + 1, first)))
                start = first * s + k - p
                inner.append(slice(
                    start, start + max(last - first, -1) * s + 1, s))
            yield tuple(out), tuple(inner)


def _for_each_block(function, x):
    """Call `function(image, channels)` for parts of x that fit the cache."""
    n, c, h, w = x.shape
    step = int(np.clip(_BLOCK_BYTES // (h * w * x.itemsize), 1, c))
    blocks = [(i, slice(start, start + step))
              for i in range(n) for start in range(0, c, step)]
    parallel_for(lambda b, worker: function(*blocks[b]), len(blocks))


def _forward(self, original, inputs):
    x, = inputs
    if self.ndim != 2 or not takes(x):
        return original(inputs)
    out_size = tuple(
        conv.get_conv_outsize(size, k, s, p, self.cover_all)
        for size, k, s, p in zip(
            x.shape[2:], self.ksize, self.stride, self.pad, strict=True))
    if min(out_size) <= 0:
        return original(inputs)  # it says so
    taps = list(_tap_slices(self, x.shape[2:], out_size))
    y = np.full(x.shape[:2] + out_size, -np.inf, x.dtype)
    indexes = np.zeros(y.shape, np.int32)

    def block(i, c):
        for t, (out, inner) in enumerate(taps):
            candidate = x[i, c][(slice(None),) + inner]
            best = y[i, c][(slice(None),) + out]
            # the first of equal values stays; a NaN wins, the first of them
            np.copyto(indexes[i, c][(slice(None),) + out], t,
                      where=~(candidate <= best) & (best == best))
            np.maximum(best, candidate, out=best)

    _for_each_block(block, x)
    self._in_shape = x.shape
    self._in_dtype = x.dtype
    self.indexes = indexes
    return y,


def _backward(self, original, inputs):
    func = self.func
    gy, = inputs
    if func.ndim != 2 or not takes(gy):
        return original(inputs)
    taps = list(_tap_slices(func, func._in_shape[2:], gy.shape[2:]))
    gx = np.zeros(func._in_shape, gy.dtype)

    def block(i, c):
        for t, (out, inner) in enumerate(taps):
            window = (slice(None),) + out
            gx[i, c][(slice(None),) + inner] += np.where(
                func.indexes[i, c][window] == t, gy[i, c][window], 0)

    _for_each_block(block, gx)
    return gx.astype(func._in_dtype, copy=False),


def install():
    """Put the accelerated max pooling in place."""
    replace_method(MaxPoolingND, 'forward_cpu', _forward)
    replace_method(MaxPoolingNDGrad, 'forward_cpu', _backward)
