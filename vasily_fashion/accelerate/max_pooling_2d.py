import itertools

from vasily_fashion.accelerate.dispatch import replace_method, takes
from vasily_fashion.accelerate.parallel import parallel_for, workspace

import numpy as np
from chainer.functions.pooling.max_pooling_nd import MaxPoolingND, MaxPoolingNDGrad
from chainer.utils import conv

_BLOCK_BYTES = 1 << 21
# A position in the window has to fit a byte.
_MAX_TAPS = 256


def _taps(in_size, out_size, k, s, p):
    """Where each tap of the window meets output and input, along one axis.

    Yields:
        (slice, slice): Of the output and of the input. A tap that falls
        outside the input is absent from the output's slice.
    """
    for tap in range(k):
        first = max(-(-(p - tap) // s), 0)
        last = min((in_size - 1 + p - tap) // s, out_size - 1)
        start = first * s + tap - p
        yield (slice(first, max(last + 1, first)),
               slice(start, start + max(last - first, -1) * s + 1, s))


def _taps_of_both_axes(func, in_size, out_size):
    return [list(_taps(*axis)) for axis in zip(
        in_size, out_size, func.ksize, func.stride, func.pad, strict=True)]


def _for_each_block(function, x):
    """Call `function(image, channels)` for parts of x that fit the cache."""
    n, c, h, w = x.shape
    step = int(np.clip(_BLOCK_BYTES // (h * w * x.itemsize), 1, c))
    blocks = [(i, slice(start, start + step))
              for i in range(n) for start in range(0, c, step)]
    parallel_for(lambda b, worker: function(*blocks[b]), len(blocks))


def _forward(self, original, inputs):
    x, = inputs
    if self.ndim != 2 or not takes(x) or np.prod(self.ksize) > _MAX_TAPS:
        return original(inputs)
    out_size = tuple(
        conv.get_conv_outsize(size, k, s, p, self.cover_all)
        for size, k, s, p in zip(
            x.shape[2:], self.ksize, self.stride, self.pad, strict=True))
    if min(out_size) <= 0:
        return original(inputs)  # it says so
    taps = _taps_of_both_axes(self, x.shape[2:], out_size)
    y = np.empty(x.shape[:2] + out_size, x.dtype)
    indexes = np.empty(y.shape, np.int32)

    def block(i, c):
        _pool(x[i, c], taps, y[i, c], indexes[i, c])

    _for_each_block(block, x)
    self._in_shape = x.shape
    self._in_dtype = x.dtype
    self.indexes = indexes
    return y,


def _pool(x, taps, y, indexes):
    """Maximum and its position in the window, of some channels of an image.

    First over the rows of each window, then over its columns: all but a part
    of the work is on rows as they lie in memory.
    """
    rows, columns = taps
    best = workspace('best', (len(x), y.shape[1], x.shape[2]), x.dtype)
    best_row = workspace('best_row', best.shape, np.uint8)
    best[...] = -np.inf
    best_row[...] = 0
    for t, (out, inner) in enumerate(rows):
        candidate = x[:, inner]
        # the first of equal values stays
        wins = workspace('wins', candidate.shape, bool)
        np.greater(candidate, best[:, out], out=wins)
        position = wins.view(np.uint8)
        position *= np.uint8(t)
        np.maximum(best_row[:, out], position, out=best_row[:, out])
        np.maximum(best[:, out], candidate, out=best[:, out])
    y[...] = -np.inf
    best_row *= np.uint8(len(columns))
    positions = workspace('positions', y.shape, np.uint8)
    positions[...] = 0
    for t, (out, inner) in enumerate(columns):
        candidate = np.ascontiguousarray(best[:, :, inner])
        highest = y[:, :, out]
        position, chosen = best_row[:, :, inner] + np.uint8(t), positions[:, :, out]
        # of equal values the one further up is the first
        wins = candidate == highest
        wins &= position < chosen
        wins |= candidate > highest
        # a choice without branches: all bits of `mask` or none
        mask = np.negative(wins.view(np.uint8))
        position ^= chosen
        position &= mask
        chosen ^= position
        np.maximum(highest, candidate, out=highest)
    indexes[...] = positions
    if np.isnan(y).any():
        _index_nans(x, taps, y, indexes)


def _index_nans(x, taps, y, indexes):
    """Let the index of a NaN be that of the first one in the window."""
    pending = np.isnan(y)
    rows, columns = taps
    for t, ((out_y, in_y), (out_x, in_x)) in enumerate(itertools.product(rows, columns)):
        found = pending[:, out_y, out_x] & np.isnan(x[:, in_y, in_x])
        np.copyto(indexes[:, out_y, out_x], t, where=found)
        pending[:, out_y, out_x] &= ~found


def _backward(self, original, inputs):
    func = self.func
    gy, = inputs
    if func.ndim != 2 or not takes(gy):
        return original(inputs)
    gx = np.zeros(func._in_shape, gy.dtype)
    in_size, out_size = func._in_shape[2:], gy.shape[2:]
    if _each_meets_one_output(func, in_size, out_size):
        _scatter(func, gy, gx)
    else:
        _add_up(func, gy, gx)
    return gx.astype(func._in_dtype, copy=False),


def _each_meets_one_output(func, in_size, out_size):
    """Windows neither overlap nor begin outside the image."""
    return all(
        k <= s and p == 0 and (n_out - 1) * s < n_in
        for k, s, p, n_in, n_out in zip(
            func.ksize, func.stride, func.pad, in_size, out_size, strict=True))


def _scatter(func, gy, gx):
    h, w = gx.shape[2:]
    oh, ow = gy.shape[2:]
    steps = np.arange(func.ksize[0])[:, None] * w + np.arange(func.ksize[1])
    steps = steps.ravel()
    starts = (np.arange(gx.shape[1])[:, None, None] * h * w
              + np.arange(oh)[:, None] * (func.stride[0] * w)
              + np.arange(ow) * func.stride[1])

    def block(i, c):
        out = gx[i, c].reshape(-1)
        where = steps.take(func.indexes[i, c])
        where += starts[:len(where)]
        out[where.reshape(-1)] = gy[i, c].reshape(-1)

    _for_each_block(block, gx)


def _add_up(func, gy, gx):
    rows, columns = _taps_of_both_axes(func, gx.shape[2:], gy.shape[2:])

    def block(i, c):
        for t, ((out_y, in_y), (out_x, in_x)) in enumerate(
                itertools.product(rows, columns)):
            gx[i, c, in_y, in_x] += np.where(
                func.indexes[i, c, out_y, out_x] == t, gy[i, c, out_y, out_x], 0)

    _for_each_block(block, gx)


def install():
    """Put the accelerated max pooling in place."""
    replace_method(MaxPoolingND, 'forward_cpu', _forward)
    replace_method(MaxPoolingNDGrad, 'forward_cpu', _backward)
