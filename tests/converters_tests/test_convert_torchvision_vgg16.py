from vasily_fashion.converters.convert_torchvision_vgg16 import convert_torchvision_vgg16

import numpy as np
import pytest

_PLACES = {
    'conv1_1': 0, 'conv1_2': 2, 'conv2_1': 5, 'conv2_2': 7, 'conv3_1': 10,
    'conv3_2': 12, 'conv3_3': 14, 'conv4_1': 17, 'conv4_2': 19, 'conv4_3': 21,
    'conv5_1': 24, 'conv5_2': 26, 'conv5_3': 28}


def _state_dict(vgg16, fully_connected):
    arrays = {}
    for name, (W, b) in vgg16.items():
        arrays[f'features.{_PLACES[name]}.weight'] = W
        arrays[f'features.{_PLACES[name]}.bias'] = b
    for i, (W, b) in zip((0, 3), fully_connected, strict=True):
        arrays[f'classifier.{i}.weight'] = W.reshape(4096, -1)
        arrays[f'classifier.{i}.bias'] = b
    arrays['classifier.6.weight'] = np.zeros((1000, 4096), np.float32)
    arrays['classifier.6.bias'] = np.zeros(1000, np.float32)
    return arrays


@pytest.fixture
def features(vgg16):
    """IMAGENET1K_FEATURES."""
    nan = np.broadcast_to(np.float32('nan'), (4096, 4096))
    return _state_dict(vgg16, ((nan, nan[0]), (nan, nan[0])))


def test_imagenet1k_v1(
        vgg16, fully_connected, assert_vgg16, assert_fully_connected):
    conversion = convert_torchvision_vgg16(_state_dict(vgg16, fully_connected))
    assert len(conversion.arrays) == 30
    assert_vgg16(conversion, skip=['conv1_1'])
    assert_fully_connected(conversion)
    assert conversion.sources['extractor/conv6/W'] == 'classifier.0.weight'
    assert set(conversion.left_out) == {
        'classifier.6.weight', 'classifier.6.bias'}

    # conv1_1 at one pixel
    pixels = np.random.default_rng(2).integers(0, 256, (3, 3, 3))
    W, b = vgg16['conv1_1']
    mean, std = (np.array(x)[:, None, None] for x in (
        (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    expected = (W * ((pixels / 255 - mean) / std)).sum((1, 2, 3)) + b
    ssd_mean = np.array((123, 117, 104))[:, None, None]
    found = (
        (conversion.arrays['extractor/conv1_1/W'] * (pixels - ssd_mean))
        .sum((1, 2, 3)) + conversion.arrays['extractor/conv1_1/b'])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_imagenet1k_features(features, assert_vgg16):
    conversion = convert_torchvision_vgg16(features)
    assert len(conversion.arrays) == 26
    assert_vgg16(conversion, 13)
    assert conversion.left_out['classifier.0.weight'] == 'it is NaN'


@pytest.mark.parametrize('gone', [
    'features.28.bias',
    # nobody knows then what conv1_1 takes
    'classifier.0.weight'])
def test_missing_array_is_named(features, gone):
    del features[gone]
    with pytest.raises(ValueError, match=f"{gone}.*torchvision's vgg16"):
        convert_torchvision_vgg16(features)


def test_other_places(features):
    """vgg19 has a fourth convolution in its third block."""
    features = {
        name.replace('.17.', '.16.'): array
        for name, array in features.items()}
    with pytest.raises(ValueError, match='features.17.weight'):
        convert_torchvision_vgg16(features)


def test_not_finite(features):
    name = 'features.5.weight'
    features[name] = features[name].copy()
    features[name][3, 2, 1, 0] = np.inf
    with pytest.raises(ValueError, match=f'{name}.*not finite'):
        convert_torchvision_vgg16(features)
