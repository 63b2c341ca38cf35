from vasily_fashion.converters import convert_weights
from vasily_fashion.converters.convert_chainer_npz import convert_chainer_npz
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.utils import load_weights

import chainer
import numpy as np
import pytest

_STD = 13


def _named(vgg16, name='{}/{}'):
    return {name.format(layer, part): array for layer, pair in vgg16.items()
            for part, array in zip('Wb', pair, strict=True)}


def _top(fully_connected, prefix='', flat=True):
    arrays = {}
    for name, (W, b) in zip(('fc6', 'fc7'), fully_connected, strict=True):
        arrays[f'{prefix}{name}/W'] = W.reshape(4096, -1) if flat else W
        arrays[f'{prefix}{name}/b'] = b
    return arrays


@pytest.fixture
def ssd300(vgg16):
    return _named(vgg16, 'extractor/{}/{}') | {
        'extractor/norm4/scale': np.full(512, 20, np.float32),
        'extractor/conv8_1/W': np.ones((256, 1024, 1, 1), np.float32),
        'multibox/loc/0/b': np.arange(16, dtype=np.float32),
        'multibox/conf/5/b': np.arange(84, dtype=np.float32)}


# ChainerCV's file, a train chain's, a Trainer's snapshot
@pytest.mark.parametrize('prefix', [
    '', 'model/', 'updater/model:main/model/'])
def test_ssd300(ssd300, assert_vgg16, prefix):
    arrays = {prefix + name: array for name, array in ssd300.items()}
    if prefix:
        arrays['updater/optimizer:main/t'] = np.array(7)
    conversion = convert_chainer_npz(arrays)
    assert conversion.layout == "ChainerCV's SSD300"
    assert_vgg16(conversion)
    assert conversion.sources == {name: prefix + name for name in ssd300}
    for name, array in ssd300.items():
        np.testing.assert_array_equal(conversion.arrays[name], array)
    assert list(conversion.left_out) == (
        ['updater/optimizer:main/t'] if prefix else [])


def test_ssd512(ssd300, assert_vgg16):
    others = {
        f'extractor/conv{i}_1/W': np.ones((128, 256, 1, 1), np.float32)
        for i in (10, 11, 12)}
    conversion = convert_chainer_npz(ssd300 | others)
    assert conversion.layout == "ChainerCV's SSD512"
    assert_vgg16(conversion)
    assert 'extractor/conv8_1/W' in conversion.arrays
    assert set(conversion.left_out) == {
        *others, 'multibox/loc/0/b', 'multibox/conf/5/b'}


@pytest.mark.parametrize(('layout', 'name', 'top', 'is_bgr'), [
    ("ChainerCV's VGG16", '{}/conv/{}', '', False),
    ("ChainerCV's Faster R-CNN with VGG16", 'extractor/{}/conv/{}', 'head/',
     False),
    ("ChainerCV's Faster R-CNN with VGG16", 'extractor/{}/{}', 'head/',
     False),
    ("Chainer's VGG16Layers", '{}/{}', '', True)])
def test_vgg16(vgg16, fully_connected, assert_vgg16, assert_fully_connected,
               layout, name, top, is_bgr):
    arrays = _named(vgg16, name) | _top(fully_connected, top)
    arrays['fc8/b'] = np.zeros(1000, np.float32)
    conversion = convert_chainer_npz(arrays)
    assert conversion.layout == layout
    assert len(conversion.arrays) == 30
    assert_vgg16(conversion, bgr=is_bgr)
    assert_fully_connected(conversion)
    assert conversion.sources['extractor/conv6/W'] == f'{top}fc6/W'
    assert list(conversion.left_out) == ['fc8/b']


def test_vgg16_without_top(vgg16, assert_vgg16):
    conversion = convert_chainer_npz(_named(vgg16, '{}/conv/{}'))
    assert len(conversion.arrays) == 26
    assert_vgg16(conversion, _STD)


@pytest.fixture
def style_extractor():
    """A model whose every array is told from its initial one."""
    model = StyleExtractorBN()
    random = np.random.default_rng(5)
    for param in model.params():
        param.array[...] = random.standard_normal(param.shape, np.float32)
    for link in model.children():
        if hasattr(link, 'avg_mean'):
            link.avg_mean[...] = random.standard_normal(link.avg_mean.shape)
            link.avg_var[...] = random.uniform(1, 2, link.avg_var.shape)
    return model


def _dump(model):
    serializer = chainer.serializers.DictionarySerializer()
    serializer.save(model)
    return serializer.target


# a bare link's file, with a leading slash, a chain's
@pytest.mark.parametrize('prefix', ['', '/', 'model/', 'embedder/'])
def test_style_extractor(tmp_path, style_extractor, prefix):
    expected = _dump(style_extractor)
    path = tmp_path / 'v1.npz'
    np.savez(path, **{prefix + name: array for name, array in expected.items()})
    conversion = convert_weights(path)
    assert conversion.layout == conversion.link_name == 'StyleExtractorBN'
    assert not conversion.left_out
    assert conversion.sources['fc5/W'] == prefix.strip('/') + (
        '/fc5/W' if prefix.strip('/') else 'fc5/W')

    np.savez(tmp_path / 'ours.npz', **conversion.arrays)
    found = StyleExtractorBN()
    load_weights(tmp_path / 'ours.npz', found)
    found = _dump(found)
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize('gone', ['conv4_1/b', 'bn2_1/avg_var', 'fc5/W'])
def test_style_extractor_without_a_layer(style_extractor, gone):
    arrays = _dump(style_extractor)
    del arrays[gone]
    with pytest.raises(ValueError, match=f'{gone}.*StyleExtractorBN'):
        convert_chainer_npz(arrays)


def test_style_extractor_of_another_size(style_extractor):
    arrays = _dump(style_extractor)
    arrays['fc5/W'] = arrays['fc5/W'][:64]
    with pytest.raises(ValueError, match=r'fc5/W.*\(64, 3072\).*\(128, 3072\)'):
        convert_chainer_npz(arrays)


def test_ssd_without_a_layer(ssd300):
    del ssd300['extractor/conv5_2/b']
    with pytest.raises(ValueError, match='extractor/conv5_2/b.*SSD300'):
        convert_chainer_npz(ssd300)


def test_ssd_of_another_size(ssd300):
    ssd300['extractor/conv2_1/W'] = ssd300['extractor/conv2_1/W'][:, :32]
    with pytest.raises(ValueError, match=r'conv2_1/W.*\(128, 32, 3, 3\)'):
        convert_chainer_npz(ssd300)


def test_fully_connected_of_another_size(vgg16):
    arrays = _named(vgg16, '{}/conv/{}') | {
        f'{name}/{part}': np.zeros((2, 2), np.float32)
        for name in ('fc6', 'fc7') for part in 'Wb'}
    with pytest.raises(ValueError, match=r'fc6/W.*\(2, 2\)'):
        convert_chainer_npz(arrays)


def test_two_models(ssd300):
    arrays = {prefix + name: array for name, array in ssd300.items()
              for prefix in ('a/', 'b/')}
    with pytest.raises(ValueError, match='under a/ and b/'):
        convert_chainer_npz(arrays)


def test_not_finite(ssd300):
    ssd300['multibox/loc/0/b'][3] = np.nan
    with pytest.raises(ValueError, match='multibox/loc/0/b.*not finite'):
        convert_chainer_npz(ssd300)


def test_no_convolution():
    with pytest.raises(ValueError, match='no conv1_1/W'):
        convert_chainer_npz({'fc/W': np.zeros(3)})
