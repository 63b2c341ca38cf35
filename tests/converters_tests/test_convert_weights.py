from vasily_fashion.converters import convert_weights

import numpy as np
import pytest


@pytest.mark.parametrize(('name', 'layout'), [
    ('backbone.features.0.weight', "torchvision's ssd300_vgg16"),
    ('features.0.weight', "torchvision's vgg16"),
    ('block1/layers/conv2d/vars/0', "Keras' VGG16"),
    ('block1_conv1/block1_conv1/kernel:0', "Keras' VGG16"),
    ('model_weights/block1_conv1/block1_conv1/kernel:0', "Keras' VGG16"),
    ('layers/conv2d/vars/0', "Keras' VGG16"),
    ('extractor/conv1_1/W', "ChainerCV's SSD300"),
    ('conv1_1/conv/W', "ChainerCV's VGG16"),
    ('model/conv1_1/W', 'StyleExtractorBN')])
def test_layout_is_found_by_name(tmp_path, name, layout):
    """One array says whose the file is, and that the rest is missing."""
    path = tmp_path / 'one 配列.npz'
    np.savez(path, **{name: np.zeros((64, 3, 3, 3), np.float32)})
    with pytest.raises(ValueError, match=rf'{path.name}: .*{layout}'):
        convert_weights(path)


def test_no_layout(tmp_path):
    path = tmp_path / 'other.npz'
    np.savez(path, **{'layer1.0.conv1.weight': np.zeros(3)})
    with pytest.raises(
            ValueError, match='other.npz.*layer1.0.conv1.weight.*conv1_1/W'):
        convert_weights(path)


def test_lines_name_every_array(tmp_path, vgg16):
    arrays = {f'{name}/conv/{part}': array for name, pair in vgg16.items()
              for part, array in zip('Wb', pair, strict=True)}
    arrays['fc8/W'] = np.zeros((2, 3), np.float32)
    np.savez(tmp_path / 'a.npz', **arrays)
    conversion = convert_weights(tmp_path / 'a.npz')
    lines = conversion.lines()
    assert len(lines) == 27
    assert lines[0] == (
        'conv1_1/conv/W -> extractor/conv1_1/W (64, 3, 3, 3)')
    assert lines[-1] == (
        'fc8/W: left out, FashionSSD300 has no such array')
