from vasily_fashion.accelerate import parallel
from vasily_fashion.accelerate.parallel import parallel_for, parallel_slices, workspace

import chainer
import numpy as np

# Toom-Cook matrices of F(4 x 4, 3 x 3): Andrew Lavin, Scott Gray. Fast
# Algorithms for Convolutional Neural Networks. CVPR 2016, section 4.3.
_BT = np.array([
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1]])
_G = np.array([
    [6, 0, 0],
    [-4, -4, -4],
    [-4, 4, -4],
    [1, 2, 4],
    [1, -2, 4],
    [0, 0, 24]]) / 24
_AT = np.array([
    [1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 0],
    [0, 1, 1, 4, 4, 0],
    [0, 1, -1, 8, -8, 1]])
# On flattened tiles each two-dimensional transform is one matrix product.
_IMAGE = np.kron(_BT, _BT).astype(np.float32)
_KERNEL = np.kron(_G, _G).astype(np.float32)
_OUTPUT = np.kron(_AT, _AT).astype(np.float32)

# What is added to this element of a transformed tile is added to each output:
# it belongs to the interpolation point 1, whose powers are all 1.
_ONE = 7

_TILE = 4
_PATCH = 6
# Tiles in one matrix product: enough to pay for reading the kernels, few
# enough to stay in the cache, and not all of them where threads are idle then.
_GROUP_SIZE = 192
# With fewer to transform one thread is as fast as two.
_KERNELS_A_THREAD = 1 << 12


class _Tiling:
    """The tiles of a batch's outputs, and their groups."""

    def __init__(self, n, out_size, pad):
        self.pad = pad
        self.rows = -(-out_size[0] // _TILE)
        self.columns = -(-out_size[1] // _TILE)
        n_tile = n * self.rows * self.columns
        group_size = min(_GROUP_SIZE, -(-n_tile // parallel.n_thread()))
        # parts of one size, or one thread gets all the large ones
        n_part = -(-self.rows // max(group_size // self.columns, 1))
        step = -(-self.rows // n_part)
        units = [(i, slice(r, min(r + step, self.rows)))
                 for i in range(n) for r in range(0, self.rows, step)]
        #: lists of (image, tile rows), each list for one matrix product
        self.groups = [[]]
        size = 0
        for unit in units:
            n_tile = (unit[1].stop - unit[1].start) * self.columns
            if self.groups[-1] and size + n_tile > group_size:
                self.groups.append([])
                size = 0
            self.groups[-1].append(unit)
            size += n_tile

    def spans(self, group):
        """(image, tile rows, slice of the group's tiles) of each unit."""
        start = 0
        for i, rows in group:
            stop = start + (rows.stop - rows.start) * self.columns
            yield i, rows, slice(start, stop)
            start = stop

    def n_tile(self, group):
        return sum(rows.stop - rows.start for _, rows in group) * self.columns

    def patches(self, image, rows):
        """Overlapping input patches, (6, 6, C, rows, columns), a view."""
        c, h, w = image.shape
        height = (rows.stop - rows.start) * _TILE + 2
        width = self.columns * _TILE + 2
        padded = workspace('padded', (c, height, width), image.dtype)
        top = rows.start * _TILE - self.pad[0]
        y0 = max(top, 0)
        y1 = max(min(top + height, h), y0)
        left = self.pad[1]
        right = left + min(width - left, w)
        padded[:, :y0 - top] = 0
        padded[:, y1 - top:] = 0
        padded[:, y0 - top:y1 - top, :left] = 0
        padded[:, y0 - top:y1 - top, right:] = 0
        padded[:, y0 - top:y1 - top, left:right] = image[:, y0:y1, :right - left]
        sc, sy, sx = padded.strides
        return np.lib.stride_tricks.as_strided(
            padded, (_PATCH, _PATCH, c, rows.stop - rows.start, self.columns),
            (sy, sx, sc, sy * _TILE, sx * _TILE), writeable=False)

    def transformed_patches(self, x, group):
        """(36, C, tiles): the patches in the transformed domain."""
        c = x.shape[1]
        shape = (_PATCH ** 2, c, self.n_tile(group))
        patches = workspace('patches', shape, x.dtype)
        for i, rows, span in self.spans(group):
            view = self.patches(x[i], rows)
            # to split axes makes no copy
            patches[:, :, span].reshape(view.shape)[...] = view
        out = workspace('transformed', shape, x.dtype)
        np.matmul(_IMAGE, patches.reshape(shape[0], -1),
                  out=out.reshape(shape[0], -1))
        return out


def is_suitable(x, W_shape, geometry):
    """Whether the fast algorithm supports this convolution and is faster."""
    return (
        chainer.config.accelerate == 'fast'
        and x.dtype == np.float32
        and (geometry.kh, geometry.kw, geometry.sy, geometry.sx,
             geometry.dy, geometry.dx) == (3, 3, 1, 1, 1, 1)
        and min(W_shape[:2]) >= 32
        and min(geometry.oh, geometry.ow) >= _TILE)


def forward(x, W, b, geometry):
    """Convolution, :math:`(N, C, H, W)` to :math:`(N, O, H', W')`."""
    n = len(x)
    out_c, c = W.shape[:2]
    size = (geometry.oh, geometry.ow)
    W = np.ascontiguousarray(W)
    tiling = _Tiling(n, size, (geometry.ph, geometry.pw))
    kernel = (_KERNEL @ W.reshape(-1, 9).T).reshape(-1, out_c, c)
    y = np.empty((n, out_c) + size, x.dtype)

    def one_group(g, worker):
        group = tiling.groups[g]
        patches = tiling.transformed_patches(x, group)
        product = workspace(
            'patches', (_PATCH ** 2, out_c, patches.shape[2]), x.dtype)
        np.matmul(kernel, patches, out=product)
        if b is not None:
            product[_ONE] += b[:, None]
        tiles = workspace(
            'transformed', (_TILE ** 2, out_c, patches.shape[2]), x.dtype)
        np.matmul(_OUTPUT, product.reshape(_PATCH ** 2, -1),
                  out=tiles.reshape(_TILE ** 2, -1))
        for i, rows, span in tiling.spans(group):
            part = tiles[:, :, span].reshape(
                _TILE, _TILE, out_c, -1, tiling.columns)
            _write_tiles(part, y[i], rows)

    parallel_for(one_group, len(tiling.groups))
    return y


def _write_tiles(tiles, out, rows):
    h = out.shape[1]
    for j in range(_TILE):
        y = slice(rows.start * _TILE + j, min(rows.stop * _TILE, h), _TILE)
        for k in range(_TILE):
            target = out[:, y, k::_TILE]
            target[...] = tiles[
                j, k, :, :target.shape[1], :target.shape[2]]


def _read_tiles(gy, rows, out):
    """Tiles of an output gradient, (4, 4, O, rows, columns), into `out`."""
    h = gy.shape[1]
    out[...] = 0
    for j in range(_TILE):
        y = slice(rows.start * _TILE + j, min(rows.stop * _TILE, h), _TILE)
        for k in range(_TILE):
            part = gy[:, y, k::_TILE]
            out[j, k, :, :part.shape[1], :part.shape[2]] = part


def backward_weights(x, gy, geometry):
    """Gradient of the weights, :math:`(O, C, 3, 3)`.

    The transpose of what :func:`forward` does to the weights.
    """
    n, c = x.shape[:2]
    out_c = gy.shape[1]
    tiling = _Tiling(
        n, (geometry.oh, geometry.ow), (geometry.ph, geometry.pw))
    sums = {}

    def one_group(g, worker):
        group = tiling.groups[g]
        patches = tiling.transformed_patches(x, group)
        tiles = workspace(
            'patches', (_TILE ** 2, out_c, patches.shape[2]), x.dtype)
        for i, rows, span in tiling.spans(group):
            part = tiles[:, :, span].reshape(  # a view
                _TILE, _TILE, out_c, -1, tiling.columns)
            _read_tiles(gy[i], rows, part)
        gradient = workspace(
            'gradient', (_PATCH ** 2, out_c, patches.shape[2]), x.dtype)
        np.matmul(_OUTPUT.T, tiles.reshape(_TILE ** 2, -1),
                  out=gradient.reshape(_PATCH ** 2, -1))
        transposed = patches.transpose(0, 2, 1)
        if worker in sums:
            product = workspace(
                'product', (_PATCH ** 2, out_c, c), x.dtype)
            sums[worker] += np.matmul(gradient, transposed, out=product)
        else:
            sums[worker] = np.matmul(gradient, transposed)

    n_worker = parallel_for(one_group, len(tiling.groups))
    first, *others = (
        sums[worker].reshape(_PATCH ** 2, -1) for worker in range(n_worker))
    gW = np.empty((out_c, c, 3, 3), x.dtype)

    def one_part(part):
        for other in others:
            first[:, part] += other[:, part]
        np.matmul(first[:, part].T, _KERNEL, out=gW.reshape(-1, 9)[part])

    parallel_slices(one_part, out_c * c, least=_KERNELS_A_THREAD)
    return gW
