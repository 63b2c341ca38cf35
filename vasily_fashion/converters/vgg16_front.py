from collections.abc import Iterable, Sequence
from typing import Any

from vasily_fashion.converters.conversion import Conversion

import numpy as np

# Blocks of VGG16: (number of convolutions, their output channels).
_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
# Spread of conv5_3's output on street snaps, of a VGG16 that takes 0..255
# minus the mean. ImageNet's fc6 was trained to take it; SSD's conv6 starts at
# random then, and training diverges.
_CONV5_3_STD = 13


def vgg16_shapes() -> dict[str, tuple[int, int, int, int]]:
    """Shapes of VGG16's convolutions.

    Returns:
        dict: From 'conv1_1', ..., 'conv5_3' to (out, in, 3, 3), from the
        image onwards.
    """
    shapes = {}
    n_in = 3
    for block, (n_conv, n_out) in enumerate(_BLOCKS, 1):
        for i in range(1, n_conv + 1):
            shapes[f'conv{block}_{i}'] = (n_out, n_in, 3, 3)
            n_in = n_out
    return shapes


def add_convolution(
        conversion: Conversion, name: str, sources: Sequence[str],
        W: np.ndarray, b: np.ndarray, shape: tuple[int, ...]) -> None:
    """Map weight and bias of a convolution of the extractor.

    Args:
        conversion (Conversion): Where to.
        name (str): Such as 'conv1_1'.
        sources (pair of str): Names of weight and bias in the file.
        W, b (array): (out, in, kh, kw) and (out,).
        shape (tuple): What the shape of W must be.
    """
    for source, letter, array, expected in zip(
            sources, 'Wb', (W, b), (shape, shape[:1]), strict=True):
        conversion.add(
            source, f'extractor/{name}/{letter}', array, expected)


def add_fully_connected(
        conversion: Conversion, fc6_sources: Sequence[str],
        fc6: Sequence[np.ndarray], fc7_sources: Sequence[str],
        fc7: Sequence[np.ndarray]) -> None:
    """Map fc6 and fc7 of VGG16 to conv6 and conv7, as SSD does.

    "We convert fc6 and fc7 to convolutional layers, subsample parameters from
    fc6 and fc7" (Liu et al., SSD: Single Shot MultiBox Detector, ECCV 2016,
    section 3): every fourth of 4096 units, and every third row and column of
    7 x 7, which conv6 spreads by its dilation of 6.

    Args:
        conversion (Conversion): Where to.
        fc6_sources, fc7_sources (pair of str): Names of weight and bias.
        fc6 (pair of array): (4096, 512, 7, 7) and (4096,).
        fc7 (pair of array): (4096, 4096) and (4096,).
    """
    for array, shape, source in (
            (fc6[0], (4096, 512, 7, 7), fc6_sources[0]),
            (fc7[0], (4096, 4096), fc7_sources[0])):
        if array.shape != shape:
            raise ValueError(
                f'{source} is of shape {array.shape}, not {shape}')
    add_convolution(
        conversion, 'conv6', fc6_sources, fc6[0][::4, :, ::3, ::3],
        fc6[1][::4], (1024, 512, 3, 3))
    add_convolution(
        conversion, 'conv7', fc7_sources, fc7[0][::4, ::4, None, None],
        fc7[1][::4], (1024, 1024, 1, 1))


def scale_conv5_3(conversion: Conversion) -> None:
    """Scale conv5_3 to unit output, where conv6 will start at random.

    Args:
        conversion (Conversion): It has conv5_3 of a VGG16 that takes 0..255
            minus the mean, and no conv6.
    """
    for letter in 'Wb':
        array = conversion.arrays[f'extractor/conv5_3/{letter}']
        conversion.arrays[f'extractor/conv5_3/{letter}'] = (
            array / np.float32(_CONV5_3_STD))


def require(
        arrays: dict[str, Any], names: Iterable[str], layout: str) -> None:
    """Refuse a file of another layout.

    Args:
        arrays (dict): The file's arrays.
        names (iterable of str): What must be among them.
        layout (str): Whose layout has these names.

    Raises:
        ValueError: If one is missing; the message names the first.
    """
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ValueError(
            f'there is no {missing[0]}'
            + (f' and {len(missing) - 1} more' if len(missing) > 1 else '')
            + f': it is not the weights of {layout}')
