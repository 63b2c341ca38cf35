from vasily_fashion.transforms import letterbox, resize

import cv2
import numpy as np
import pytest

_SHAPES = [(50, 37), (500, 375), (10, 5), (30, 24), (60, 48), (1, 1), (700, 20), (31, 20)]


@pytest.mark.parametrize('area, flag', [(False, cv2.INTER_LINEAR), (True, cv2.INTER_AREA)])
def test_is_opencv(area, flag):
    img = np.random.default_rng(0).uniform(0, 255, (3, 50, 37)).astype(np.float32)
    expected = cv2.resize(img.transpose(1, 2, 0), (24, 30), interpolation=flag)
    np.testing.assert_array_equal(resize(img, (30, 24), area), expected.transpose(2, 0, 1))


@pytest.mark.gpu
@pytest.mark.parametrize('shape', _SHAPES)
def test_a_gpu_makes_the_same(shape):
    import cupy
    img = np.random.default_rng(0).uniform(0, 255, (3, *shape)).astype(np.float32)
    for work in (lambda img: resize(img, (30, 24)), lambda img: letterbox(img, (30, 24))):
        found = work(cupy.asarray(img))
        assert isinstance(found, cupy.ndarray) and found.dtype == np.float32
        np.testing.assert_allclose(found.get(), work(img), rtol=0, atol=1e-3)
