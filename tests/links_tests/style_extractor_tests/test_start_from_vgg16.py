from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.links.style_extractor.start_from_vgg16 import start_from_vgg16
from vasily_fashion.utils import save_weights

import numpy as np
import pytest


def test_six_convolutions_are_taken_and_the_rest_stays(tmp_path):
    ssd = FashionSSD300()
    save_weights(tmp_path / 'ssd.npz', ssd)
    model = StyleExtractorBN()
    before = {name: param.array.copy() for name, param in model.namedparams()}
    start_from_vgg16(model, tmp_path / 'ssd.npz')
    taken = ['/conv1_1/W', '/conv1_2/W', '/conv2_1/W', '/conv2_2/W',
             '/conv3_1/W', '/conv3_2/W']
    for name, param in model.namedparams():
        if name in taken:
            layer = name.split('/')[1]
            np.testing.assert_array_equal(
                param.array, ssd.extractor[layer].W.array)
        else:
            np.testing.assert_array_equal(param.array, before[name])


@pytest.mark.parametrize('arrays', [
    {'x': np.zeros(3)},
    {'extractor/conv1_1/W': np.zeros((8, 3, 3, 3))},
])
def test_another_file_is_refused_by_name(tmp_path, arrays):
    np.savez(tmp_path / 'other.npz', **arrays)
    model = StyleExtractorBN()
    before = model.conv1_1.W.array.copy()
    with pytest.raises(ValueError, match=r'other\.npz has no extractor/conv1_1/W'):
        start_from_vgg16(model, tmp_path / 'other.npz')
    np.testing.assert_array_equal(model.conv1_1.W.array, before)


@pytest.mark.gpu
def test_gpu(tmp_path):
    ssd = FashionSSD300()
    save_weights(tmp_path / 'ssd.npz', ssd)
    model = StyleExtractorBN()
    model.to_device('@cupy:0')
    start_from_vgg16(model, tmp_path / 'ssd.npz')
    model.to_device('@numpy')
    for layer in ('conv1_1', 'conv3_2'):
        np.testing.assert_array_equal(
            model[layer].W.array, ssd.extractor[layer].W.array)
