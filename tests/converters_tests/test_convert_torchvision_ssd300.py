from vasily_fashion.converters.convert_torchvision_ssd300 import convert_torchvision_ssd300
from vasily_fashion.links import FashionSSD300

import numpy as np
import pytest

_N_CLASS = 3
_VGG16 = (
    *(f'features.{i}' for i in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21)),
    *(f'extra.0.{i}' for i in (1, 3, 5)))
_EXTRA = {
    'conv6': ('extra.0.7.1', (1024, 512, 3, 3)),
    'conv7': ('extra.0.7.3', (1024, 1024, 1, 1)),
    'conv8_1': ('extra.1.0', (256, 1024, 1, 1)),
    'conv8_2': ('extra.1.2', (512, 256, 3, 3)),
    'conv9_1': ('extra.2.0', (128, 512, 1, 1)),
    'conv9_2': ('extra.2.2', (256, 128, 3, 3)),
    'conv10_1': ('extra.3.0', (128, 256, 1, 1)),
    'conv10_2': ('extra.3.2', (256, 128, 3, 3)),
    'conv11_1': ('extra.4.0', (128, 256, 1, 1)),
    'conv11_2': ('extra.4.2', (256, 128, 3, 3))}
_N_BOX = (4, 6, 6, 6, 4, 4)
_CHANNELS = (512, 1024, 512, 256, 256, 256)
_GRIDS = (38, 19, 10, 5, 3, 1)
_STEPS = (8, 16, 32, 64, 100, 300)
_SCALES = (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05)
_LOC = 'head.regression_head.module_list'
_CONF = 'head.classification_head.module_list'


@pytest.fixture(scope='module')
def state_dict(vgg16):
    random = np.random.default_rng(3)
    layers = dict(zip(_VGG16, vgg16.values(), strict=True))
    for place, shape in _EXTRA.values():
        layers[place] = tuple(
            random.standard_normal(s, np.float32) for s in (shape, shape[:1]))
    arrays = {'backbone.scale_weight': random.standard_normal(512, np.float32)}
    for place, (W, b) in layers.items():
        arrays[f'backbone.{place}.weight'] = W
        arrays[f'backbone.{place}.bias'] = b
    for i, (n_box, channels) in enumerate(zip(_N_BOX, _CHANNELS, strict=True)):
        for head, n in ((_LOC, 4), (_CONF, _N_CLASS)):
            shape = (n_box * n, channels, 3, 3)
            arrays[f'{head}.{i}.weight'] = (
                random.standard_normal(shape, np.float32) / 100)
            arrays[f'{head}.{i}.bias'] = random.standard_normal(
                n_box * n, np.float32)
    return arrays


@pytest.fixture(scope='module')
def conversion(state_dict):
    return convert_torchvision_ssd300(state_dict)


def test_arrays(state_dict, conversion, assert_vgg16):
    assert_vgg16(conversion)
    assert set(conversion.sources.values()) == set(state_dict)
    assert not conversion.left_out
    expected = {
        f'extractor/{name}': f'backbone.{place}'
        for name, (place, _) in _EXTRA.items()}
    expected |= {f'multibox/conf/{i}': f'{_CONF}.{i}' for i in range(6)}
    for name, place in expected.items():
        for letter, part in (('W', 'weight'), ('b', 'bias')):
            assert conversion.sources[f'{name}/{letter}'] == f'{place}.{part}'
            np.testing.assert_array_equal(
                conversion.arrays[f'{name}/{letter}'],
                state_dict[f'{place}.{part}'])
    np.testing.assert_array_equal(
        conversion.arrays['extractor/norm4/scale'],
        state_dict['backbone.scale_weight'])


def _torchvision_default_boxes(i):
    """(x, y, w, h) of the first cell, of the image as 1."""
    scale, after = _SCALES[i:i + 2]
    sizes = [(scale, scale), (np.sqrt(scale * after),) * 2]
    for ratio in (2, 3)[:(_N_BOX[i] - 2) // 2]:
        w, h = scale * np.sqrt(ratio), scale / np.sqrt(ratio)
        sizes += [(w, h), (h, w)]
    return [(0.5 * _STEPS[i] / 300, 0.5 * _STEPS[i] / 300, min(w, 1), min(h, 1))
            for w, h in sizes]


def test_same_boxes_come_out(state_dict, conversion):
    """Of torchvision's layers, default boxes and decoder, and of ours."""
    link = FashionSSD300(n_fg_class=_N_CLASS - 1)
    shapes = {name[1:]: param.shape for name, param in link.namedparams()}
    assert {name: array.shape for name, array in conversion.arrays.items()
            } == shapes

    first = 0
    random = np.random.default_rng(4)
    for i, n_box in enumerate(_N_BOX):
        # what the head sees at one cell
        x = random.standard_normal((_CHANNELS[i], 3, 3))

        def head(W, b, x=x):
            return (np.tensordot(W.astype(np.float64), x, 3) + b).reshape(-1, 4)

        theirs = head(state_dict[f'{_LOC}.{i}.weight'],
                      state_dict[f'{_LOC}.{i}.bias'])
        ours = head(*(conversion.arrays[f'multibox/loc/{i}/{part}']
                      for part in 'Wb'))
        defaults = link.coder._default_bbox[first:first + n_box]
        for j, (x0, y0, w0, h0) in enumerate(_torchvision_default_boxes(i)):
            dx, dy, dw, dh = theirs[j]
            expected = 300 * np.array((
                y0 + dy / 10 * h0, x0 + dx / 10 * w0,
                h0 * np.exp(dh / 5), w0 * np.exp(dw / 5)))
            dy, dx, dh, dw = ours[j]
            v0, v1 = link.coder._variance
            y, x_, h, w = defaults[j]
            np.testing.assert_allclose(
                (y + dy * v0 * h, x_ + dx * v0 * w,
                 h * np.exp(dh * v1), w * np.exp(dw * v1)),
                expected, rtol=1e-5, err_msg=f'map {i}, box {j}')
        first += _GRIDS[i] ** 2 * n_box
    assert first == len(link.coder._default_bbox)


@pytest.mark.parametrize('gone', [
    'backbone.scale_weight', 'backbone.extra.0.7.3.bias',
    'head.regression_head.module_list.5.weight'])
def test_missing_array_is_named(state_dict, gone):
    arrays = {name: array for name, array in state_dict.items()
              if name != gone}
    with pytest.raises(ValueError, match=f"{gone}.*torchvision's ssd300"):
        convert_torchvision_ssd300(arrays)


@pytest.mark.parametrize(('name', 'shape'), [
    ('backbone.extra.1.0.weight', (128, 1024, 1, 1)),
    # five boxes a cell
    (f'{_LOC}.0.weight', (20, 512, 3, 3)),
    # another class count than in the first map
    (f'{_CONF}.1.weight', (24, 1024, 3, 3))])
def test_another_shape(state_dict, name, shape):
    arrays = state_dict | {name: np.zeros(shape, np.float32)}
    with pytest.raises(ValueError, match=rf'{name}.*\({shape[0]}, '):
        convert_torchvision_ssd300(arrays)
