from vasily_fashion.converters.conversion import Conversion
from vasily_fashion.converters.vgg16_front import (
    add_convolution,
    add_fully_connected,
    require,
    scale_conv5_3,
    vgg16_shapes,
)

import numpy as np

#: Places of the convolutions in torchvision's `vgg16().features`.
PLACES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
# What IMAGENET1K_V1 takes, of 0..1 in RGB, and what SSD300 subtracts
_MEAN = np.array((0.485, 0.456, 0.406))
_STD = np.array((0.229, 0.224, 0.225))
_SSD_MEAN = np.array((123, 117, 104))


def convert_torchvision_vgg16(arrays: dict[str, np.ndarray]) -> Conversion:
    """torchvision's `vgg16` as the front of SSD300.

    The two sets of weights are told apart by their classifier.
    IMAGENET1K_V1 takes :math:`(x / 255 - mean) / std`, which goes into the
    weights and biases of conv1_1, so that conv1_1 gives what it gave, but for
    a margin of one pixel: zero padding means another grey. Its fully
    connected layers become conv6 and conv7. IMAGENET1K_FEATURES takes what
    SSD300 takes, 0..255 minus the mean, and its classifier is NaN: conv6 and
    conv7 keep their initial values, and conv5_3 is scaled to unit output.

    Args:
        arrays (dict): The state dict, from names such as 'features.0.weight'
            to arrays.

    Returns:
        Conversion: conv1_1 to conv5_3 of `FashionSSD300`; of IMAGENET1K_V1
        conv6 and conv7 too.

    Raises:
        ValueError: If it is of another layout; the message names the layer.
    """
    layout = "torchvision's vgg16"
    fully_connected = [
        (f'classifier.{i}.weight', f'classifier.{i}.bias') for i in (0, 3)]
    # without the classifier, nobody knows what conv1_1 takes
    require(
        arrays, [
            f'features.{place}.{part}' for place in PLACES
            for part in ('weight', 'bias')]
        + [name for names in fully_connected for name in names], layout)
    has_top = not np.isnan(arrays[fully_connected[0][0]][:1]).all()
    conversion = Conversion(layout, 'FashionSSD300')
    for place, (name, shape) in zip(
            PLACES, vgg16_shapes().items(), strict=True):
        sources = f'features.{place}.weight', f'features.{place}.bias'
        W, b = (arrays[source] for source in sources)
        if name == 'conv1_1' and has_top and W.shape == shape:
            W, b = _take_ssd_input(W, b)
        add_convolution(conversion, name, sources, W, b, shape)

    if has_top:
        fc6, fc7 = (
            [arrays[source] for source in sources]
            for sources in fully_connected)
        if fc6[0].shape == (4096, 512 * 7 * 7):
            fc6[0] = fc6[0].reshape(4096, 512, 7, 7)
        add_fully_connected(
            conversion, fully_connected[0], fc6, fully_connected[1], fc7)
    else:
        scale_conv5_3(conversion)
    for name in sorted(set(arrays) - set(conversion.sources.values())):
        conversion.left_out[name] = (
            'SSD300 has no such layer' if has_top else 'it is NaN')
    return conversion


def _take_ssd_input(W, b):
    # (x / 255 - mean) / std = ((x - ssd_mean) + ssd_mean - 255 mean) / (255 std)
    W = W.astype(np.float64) / (255 * _STD)[:, None, None]
    return W, b + np.einsum('oihw,i->o', W, _SSD_MEAN - 255 * _MEAN)
