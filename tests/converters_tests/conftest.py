import numpy as np
import pytest

_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


@pytest.fixture(scope='session')
def vgg16():
    """A made-up VGG16: 'conv1_1' to (W, b), W as (out, in, kh, kw)."""
    random = np.random.default_rng(0)
    layers = {}
    n_in = 3
    for block, (n_conv, n_out) in enumerate(_BLOCKS, 1):
        for i in range(1, n_conv + 1):
            layers[f'conv{block}_{i}'] = tuple(
                random.standard_normal(shape, np.float32)
                for shape in ((n_out, n_in, 3, 3), (n_out,)))
            n_in = n_out
    return layers


@pytest.fixture(scope='session', params=['unit', 'input'])
def fully_connected(request):
    """fc6 as (4096, 512, 7, 7) and fc7 as (4096, 4096), with their biases.

    They differ along one axis alone, so that they take no memory.
    """
    random = np.random.default_rng(1)
    units = random.standard_normal(4096, np.float32)
    inputs = random.standard_normal((512, 7, 7), np.float32)
    if request.param == 'unit':
        fc6 = np.broadcast_to(units[:, None, None, None], (4096, 512, 7, 7))
        fc7 = np.broadcast_to(units[:, None], (4096, 4096))
    else:
        fc6 = np.broadcast_to(inputs, (4096, 512, 7, 7))
        fc7 = np.broadcast_to(units, (4096, 4096))
    return (fc6, units), (fc7, -units)


@pytest.fixture(scope='session')
def assert_vgg16(vgg16):
    """That a conversion has conv1_1 to conv5_3 and their sources."""

    def check(conversion, conv5_3_std=1, bgr=False, skip=()):
        assert conversion.link_name == 'FashionSSD300'
        for name, (W, b) in vgg16.items():
            if name in skip:
                continue
            if name == 'conv1_1' and bgr:
                W = np.stack([W[:, 2], W[:, 1], W[:, 0]], axis=1)
            std = conv5_3_std if name == 'conv5_3' else 1
            for letter, expected in (('W', W), ('b', b)):
                array = conversion.arrays[f'extractor/{name}/{letter}']
                assert array.dtype == np.float32 and array.flags.c_contiguous
                np.testing.assert_allclose(
                    array * std, expected, rtol=1e-6, err_msg=name)

    return check


@pytest.fixture(scope='session')
def assert_fully_connected(fully_connected):
    """That conv6 and conv7 are fc6 and fc7, subsampled."""

    def check(conversion):
        (fc6, b6), (fc7, b7) = fully_connected
        conv6 = conversion.arrays['extractor/conv6/W']
        assert conv6.shape == (1024, 512, 3, 3)
        for unit, i, y, x in ((0, 0, 0, 0), (3, 5, 1, 2), (1023, 511, 2, 1)):
            assert conv6[unit, i, y, x] == fc6[4 * unit, i, 3 * y, 3 * x]
        conv7 = conversion.arrays['extractor/conv7/W']
        assert conv7.shape == (1024, 1024, 1, 1)
        for unit, i in ((0, 0), (7, 11), (1023, 1022)):
            assert conv7[unit, i, 0, 0] == fc7[4 * unit, 4 * i]
        for name, b in (('conv6', b6), ('conv7', b7)):
            np.testing.assert_array_equal(
                conversion.arrays[f'extractor/{name}/b'], b[::4])

    return check
