from vasily_fashion.compat.nms_gpu_post import _nms_gpu_post

import numpy as np
import pytest
from chainercv.utils import non_maximum_suppression
from chainercv.utils.bbox import _nms_gpu_post as replaced

THREADS = 64


def _bbox(n, seed):
    """Boxes in clusters, so that they suppress each other; (n, 4) float32"""
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 4, (n, 2)) * 20 + rng.uniform(-3, 3, (n, 2))
    size = rng.uniform(8, 24, (n, 2))
    return np.concatenate((corner, corner + size), axis=1).astype(np.float32)


def _mask(bbox, thresh):
    """What the kernel writes: bits of the later boxes each box overlaps"""
    n = len(bbox)
    top_left = np.maximum(bbox[:, None, :2], bbox[None, :, :2])
    bottom_right = np.minimum(bbox[:, None, 2:], bbox[None, :, 2:])
    area_i = np.prod(np.maximum(bottom_right - top_left, 0), axis=2)
    area = np.prod(bbox[:, 2:] - bbox[:, :2], axis=1)
    overlaps = area_i / (area[:, None] + area[None] - area_i) >= thresh
    overlaps = np.triu(overlaps, k=1)
    col_blocks = -(-n // THREADS)
    bits = np.zeros((n, col_blocks * THREADS), dtype=np.uint8)
    bits[:, :n] = overlaps
    mask = np.packbits(bits, axis=1, bitorder='little').view('<u8')
    return np.ascontiguousarray(mask).reshape(-1), col_blocks


@pytest.mark.parametrize('thresh', [0.1, 0.45, 0.7, 1.0])
@pytest.mark.parametrize('n', [1, 2, 63, 64, 65, 127, 128, 129, 200, 513])
def test_equals_nms_on_the_cpu(n, thresh):
    bbox = _bbox(n, seed=n)
    mask, col_blocks = _mask(bbox, thresh)
    selec, n_selec = _nms_gpu_post(
        mask, n, THREADS, np.int32(col_blocks))
    expected = non_maximum_suppression(bbox, thresh)
    assert selec.dtype == np.int32
    assert selec.shape == (n,)
    np.testing.assert_array_equal(selec[:n_selec], expected)
    assert not selec[n_selec:].any()
    if thresh == 0.1 and n > 63:
        assert n_selec < n


def test_all_boxes_alike_leave_one():
    bbox = np.tile(np.array([[0, 0, 8, 8]], dtype=np.float32), (130, 1))
    mask, col_blocks = _mask(bbox, 0.5)
    selec, n_selec = _nms_gpu_post(mask, 130, THREADS, col_blocks)
    assert n_selec == 1
    assert selec[0] == 0


def test_mask_is_not_written_to():
    mask, col_blocks = _mask(_bbox(100, seed=0), 0.3)
    before = mask.copy()
    _nms_gpu_post(mask, 100, THREADS, col_blocks)
    np.testing.assert_array_equal(mask, before)


def test_chainercv_uses_it():
    # where nobody built the C extension
    if not replaced.__file__.endswith('.py'):
        pytest.skip("ChainerCV's own C extension is installed")
    assert replaced.__file__.endswith('nms_gpu_post.py')


@pytest.mark.gpu
def test_nms_on_a_gpu():
    from vasily_fashion.utils import gpu_available
    if not gpu_available():
        pytest.skip('no CuPy, or no GPU')
    from chainer.backends import cuda
    bbox = _bbox(700, seed=3)
    score = np.random.default_rng(0).uniform(size=700).astype(np.float32)
    np.testing.assert_array_equal(
        cuda.to_cpu(non_maximum_suppression(
            cuda.to_gpu(bbox), 0.45, cuda.to_gpu(score))),
        non_maximum_suppression(bbox, 0.45, score))
