from collections.abc import Sequence

from vasily_fashion.converters.conversion import Conversion
from vasily_fashion.converters.convert_torchvision_vgg16 import PLACES
from vasily_fashion.converters.vgg16_front import add_convolution, require, vgg16_shapes

import numpy as np

_LAYOUT = "torchvision's ssd300_vgg16"
_ASPECT_RATIOS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))
# Sizes of the default boxes as shares of the image, one more than maps:
# torchvision's, and SSD300's, of 300 pixels
_SCALES = (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05)
_SSD_SCALES = tuple(s / 300 for s in (30, 60, 111, 162, 213, 264, 315))
_VARIANCE = 0.2
# Convolutions after conv5_3 and their (out, in, kh, kw)
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
    'conv11_2': ('extra.4.2', (256, 128, 3, 3)),
}
_HEAD_CHANNELS = (512, 1024, 512, 256, 256, 256)


def convert_torchvision_ssd300(arrays: dict[str, np.ndarray]) -> Conversion:
    """torchvision's `ssd300_vgg16` as SSD300.

    All of it carries over. Its input is SSD300's: RGB, 0..255 minus the same
    mean. Its default boxes stand at the same places in the same order, but
    are of other sizes. Offsets are in units of the box, so each box's
    localisation is rescaled: the offset of the centre by the ratio of the
    sizes, and the logarithm of the size by an addition to the bias. The boxes
    that come out are the same. x, y, w, h become y, x, h, w.

    Class scores are for the classes of the file, COCO's 90 as it is
    published, and belong to default boxes of torchvision's sizes.
    `FashionSSD300` of that class count detects as torchvision does; of
    another class count, `multibox/conf` keeps its initial values, as its
    warning says when it loads the file.

    Args:
        arrays (dict): The state dict, from names such as
            'backbone.features.0.weight' to arrays.

    Returns:
        Conversion: All arrays of `FashionSSD300`.

    Raises:
        ValueError: If it is of another layout; the message names the layer.
    """
    places = [*(f'features.{place}' for place in PLACES[:10]),
              *(f'extra.0.{place}' for place in (1, 3, 5))]
    convolutions = {
        name: (f'backbone.{place}', shape) for place, (name, shape)
        in zip(places, vgg16_shapes().items(), strict=True)}
    convolutions |= {
        name: (f'backbone.{place}', shape)
        for name, (place, shape) in _EXTRA.items()}
    heads = {
        kind: [f'head.{torch_kind}_head.module_list.{i}' for i in range(6)]
        for kind, torch_kind in (
            ('loc', 'regression'), ('conf', 'classification'))}
    scale = 'backbone.scale_weight'
    layers = [source for source, _ in convolutions.values()]
    layers += heads['loc'] + heads['conf']
    require(
        arrays, [scale] + [
            f'{layer}.{part}' for layer in layers
            for part in ('weight', 'bias')], _LAYOUT)

    conversion = Conversion(_LAYOUT, 'FashionSSD300')
    for name, (source, shape) in convolutions.items():
        sources: Sequence[str] = f'{source}.weight', f'{source}.bias'
        add_convolution(  # type: ignore[call-arg]
            conversion, name, sources,
            *(arrays[source] for source in sources), shape)  # type: ignore[arg-type]
    conversion.add(scale, 'extractor/norm4/scale', arrays[scale], (512,))
    n_class = len(arrays[heads['conf'][0] + '.bias']) // _n_box(0)
    for i, in_channels in enumerate(_HEAD_CHANNELS):
        for kind, n in (('loc', 4), ('conf', n_class)):
            sources = [f'{heads[kind][i]}.{part}'
                       for part in ('weight', 'bias')]
            W, b = (arrays[source] for source in sources)
            shape = (_n_box(i) * n, in_channels, 3, 3)
            if kind == 'loc' and W.shape == shape:
                W, b = _convert_loc(W, b, i)
            for source, letter, array, expected in zip(
                    sources, 'Wb', (W, b), (shape, shape[:1]), strict=True):
                conversion.add(
                    source, f'multibox/{kind}/{i}/{letter}', array, expected)
    for name in sorted(set(arrays) - set(conversion.sources.values())):
        conversion.left_out[name] = 'SSD300 has no such layer'
    return conversion


def _n_box(i):
    return 2 + 2 * len(_ASPECT_RATIOS[i])


def _convert_loc(W, b, i):
    ratio = _sizes(_SCALES, i).clip(max=1) / _sizes(_SSD_SCALES, i)
    W, b = (array.astype(np.float64).reshape(-1, 4, *array.shape[1:])
            for array in (W, b))
    W[:, :2] *= ratio[:, :, None, None, None]
    b[:, :2] *= ratio
    b[:, 2:] += np.log(ratio) / _VARIANCE
    # x, y, w, h to y, x, h, w
    return (array[:, [1, 0, 3, 2]].reshape(-1, *array.shape[2:])
            for array in (W, b))


def _sizes(scales, i):
    """Widths and heights of a cell's default boxes, (boxes, 2)."""
    between = np.sqrt(scales[i] * scales[i + 1])
    sizes = [(scales[i], scales[i]), (between, between)]
    for ratio in np.sqrt(_ASPECT_RATIOS[i]):
        sizes += [(scales[i] * ratio, scales[i] / ratio),
                  (scales[i] / ratio, scales[i] * ratio)]
    return np.array(sizes)
