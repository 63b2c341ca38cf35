from vasily_fashion.accelerate import winograd
from vasily_fashion.accelerate.dispatch import replace_method, takes
from vasily_fashion.accelerate.parallel import (
    ELEMENTS_A_THREAD,
    parallel_for,
    parallel_slices,
    workspace,
)

import numpy as np
from chainer.functions.connection.convolution_2d import Convolution2DFunction, Convolution2DGradW
from chainer.functions.connection.deconvolution_2d import Deconvolution2DFunction
from chainer.functions.math.sum import Sum
from chainer.utils import conv

# Bytes of im2col columns at a time: large enough that BLAS does not repack the
# weights often, small enough for the last-level cache.
_COLUMN_BYTES = 4 << 20


class _Geometry:
    """Kernel, stride, padding, dilation and output size of a convolution."""

    def __init__(self, func, ksize, out_size):
        self.kh, self.kw = ksize
        self.oh, self.ow = out_size
        self.sy, self.sx = func.sy, func.sx
        self.ph, self.pw = func.ph, func.pw
        self.dy, self.dx = func.dy, func.dx

    @property
    def is_pointwise(self):
        return (self.kh, self.kw, self.sy, self.sx, self.ph, self.pw) == (
            1, 1, 1, 1, 0, 0)

    def row_chunks(self, n_channel, out_c, itemsize):
        """Slices of output rows that, as their columns, fit `_COLUMN_BYTES`."""
        row = max(n_channel * self.kh * self.kw, out_c) * self.ow * itemsize
        n = max(-(-self.oh * row // _COLUMN_BYTES), 1)
        step = max(-(-self.oh // n), 1)
        return [slice(i, min(i + step, self.oh))
                for i in range(0, self.oh, step)]

    def windows(self, x):
        """A view of one image as (C, kh, kw, oh, ow), the image padded."""
        c, h, w = x.shape
        # the last window may end behind the padding when cover_all is on
        height = max(
            (self.oh - 1) * self.sy + (self.kh - 1) * self.dy + 1,
            h + self.ph)
        width = max(
            (self.ow - 1) * self.sx + (self.kw - 1) * self.dx + 1,
            w + self.pw)
        padded = workspace('padded', (c, height, width), x.dtype)
        padded[:, :self.ph] = 0
        padded[:, self.ph + h:] = 0
        padded[:, self.ph:self.ph + h, :self.pw] = 0
        padded[:, self.ph:self.ph + h, self.pw + w:] = 0
        padded[:, self.ph:self.ph + h, self.pw:self.pw + w] = x
        sc, sy, sx = padded.strides
        return np.lib.stride_tricks.as_strided(
            padded, (c, self.kh, self.kw, self.oh, self.ow),
            (sc, sy * self.dy, sx * self.dx, sy * self.sy, sx * self.sx),
            writeable=False)

    def columns(self, windows, rows):
        """im2col of some output rows, (C * kh * kw, rows * ow)."""
        part = windows[:, :, :, rows]
        c = part.shape[0]
        columns = workspace('columns', part.shape, part.dtype)
        columns[...] = part
        return columns.reshape(c * self.kh * self.kw, -1)


def _forward(x, W, b, geometry):
    if winograd.is_suitable(x, W.shape, geometry):
        return winograd.forward(x, W, b, geometry)
    n, c = x.shape[:2]
    out_c = W.shape[0]
    y = np.empty((n, out_c, geometry.oh, geometry.ow), x.dtype)
    weights = np.ascontiguousarray(W).reshape(out_c, -1)
    bias = None if b is None else b[:, None]
    chunks = geometry.row_chunks(c, out_c, x.itemsize)

    def one_image(i, worker):
        out = y[i].reshape(out_c, -1)
        if geometry.is_pointwise:
            parts = [(x[i].reshape(c, -1), out)]
        else:
            windows = geometry.windows(x[i])
            parts = (
                (geometry.columns(windows, rows),
                 out[:, rows.start * geometry.ow:rows.stop * geometry.ow])
                for rows in chunks)
        for columns, part in parts:
            np.matmul(weights, columns, out=part)
            if bias is not None:
                part += bias

    parallel_for(one_image, n)
    return y


def _backward_weights(x, gy, W_shape, geometry):
    if winograd.is_suitable(x, W_shape, geometry):
        return winograd.backward_weights(x, gy, geometry)
    n, c = x.shape[:2]
    out_c = gy.shape[1]
    chunks = geometry.row_chunks(c, out_c, x.itemsize)
    sums = {}

    def one_image(i, worker):
        g = np.ascontiguousarray(gy[i]).reshape(out_c, -1)
        if geometry.is_pointwise:
            parts = [(g, x[i].reshape(c, -1))]
        else:
            windows = geometry.windows(x[i])
            parts = (
                (g[:, rows.start * geometry.ow:rows.stop * geometry.ow],
                 geometry.columns(windows, rows)) for rows in chunks)
        for part, columns in parts:
            if worker in sums:
                product = workspace(
                    'product', (out_c, columns.shape[0]), x.dtype)
                sums[worker] += np.matmul(part, columns.T, out=product)
            else:
                sums[worker] = np.matmul(part, columns.T)

    n_worker = parallel_for(one_image, n)
    gW = sums[0]
    for worker in range(1, n_worker):
        gW += sums[worker]
    return gW.reshape(out_c, c, geometry.kh, geometry.kw)


def _backward_data(gy, W, b, func):
    """Deconvolution by columns, for strides other than one."""
    n, in_c = gy.shape[:2]
    out_c, kh, kw = W.shape[1:]
    y = np.empty((n, out_c, func.outh, func.outw), gy.dtype)
    weights = np.ascontiguousarray(W).reshape(in_c, -1).T

    def one_image(i, worker):
        h, w = gy.shape[2:]
        columns = workspace(
            'columns', (out_c * kh * kw, h * w), gy.dtype)
        np.matmul(weights, gy[i].reshape(in_c, -1), out=columns)
        y[i] = conv.col2im_cpu(
            columns.reshape(1, out_c, kh, kw, h, w), func.sy, func.sx,
            func.ph, func.pw, func.outh, func.outw, dy=func.dy, dx=func.dx)[0]
        if b is not None:
            y[i] += b[:, None, None]

    parallel_for(one_image, n)
    return y


def _convolution_forward(self, original, x, W, b):
    if not takes(x, W, b):
        return original(x, W, b)
    return _forward(x, W, b, _Geometry(
        self, W.shape[2:], self._get_out_size(x.shape, W.shape))),


def _convolution_backward_weights(self, original, x, gy):
    if not takes(x, gy):
        return original(x, gy)
    gW = _backward_weights(
        x, gy, self.W_shape,
        _Geometry(self, (self.kh, self.kw), gy.shape[2:]))
    return gW.astype(self.W_dtype, copy=False),


class _FullCorrelation:
    """Attributes of the convolution that a deconvolution of stride 1 is."""

    def __init__(self, func, ksize):
        self.sy = self.sx = 1
        self.dy, self.dx = func.dy, func.dx
        self.ph = (ksize[0] - 1) * func.dy - func.ph
        self.pw = (ksize[1] - 1) * func.dx - func.pw


def _deconvolution_forward(self, original, x, W, b):
    if not takes(x, W, b):
        return original(x, W, b)
    full = _FullCorrelation(self, W.shape[2:])
    if (self.sy, self.sx) == (1, 1) and full.ph >= 0 and full.pw >= 0:
        # a convolution with the kernel turned by 180 degrees needs no col2im
        turned = W[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        return _forward(x, turned, b, _Geometry(
            full, W.shape[2:], (self.outh, self.outw))),
    return _backward_data(x, W, b, self),


def _sum_over_images(self, original, inputs):
    """Chainer's sum, for the gradient of a bias, in the order of memory."""
    x, = inputs
    if (self.axis == (0, 2, 3) and not self.keepdims and x.ndim == 4
            and takes(x) and x.flags.c_contiguous):
        rows = x.reshape(x.shape[0] * x.shape[1], -1)
        sums = np.empty(len(rows), x.dtype)
        parallel_slices(
            lambda part: np.sum(rows[part], axis=1, out=sums[part]), len(rows),
            least=-(-ELEMENTS_A_THREAD // rows.shape[1]))
        return sums.reshape(x.shape[:2]).sum(axis=0),
    return original(inputs)


def install():
    """Put the accelerated convolution in place."""
    replace_method(
        Convolution2DFunction, '_forward_cpu_core', _convolution_forward)
    replace_method(
        Convolution2DGradW, '_forward_cpu_core',
        _convolution_backward_weights)
    replace_method(
        Deconvolution2DFunction, '_forward_cpu_core', _deconvolution_forward)
    replace_method(Sum, 'forward', _sum_over_images)
