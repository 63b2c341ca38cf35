import re

from vasily_fashion.converters.conversion import Conversion
from vasily_fashion.converters.vgg16_front import (
    add_convolution,
    add_fully_connected,
    require,
    scale_conv5_3,
    vgg16_shapes,
)
from vasily_fashion.links import StyleExtractorBN

import numpy as np

_SSD = re.compile(
    r'extractor/(conv\d+(_\d)?/[Wb]|norm4/scale)|multibox/(loc|conf)/\d/[Wb]')
_STYLE_EXTRACTOR = (
    *(f'conv{name}/{part}' for name in (
        '1_1', '1_2', '2_1', '2_2', '3_1', '3_2', '4_1') for part in 'Wb'),
    'fc5/W', 'fc5/b',
    *(f'bn{name}/{part}' for name in ('1_1', '1_2', '2_1', '2_2', '3_1', '3_2')
      for part in ('gamma', 'beta', 'avg_mean', 'avg_var')))


def convert_chainer_npz(arrays: dict[str, np.ndarray]) -> Conversion:
    """An .npz of Chainer or ChainerCV, of any version, as our link.

    What is told apart, by names; whatever stands before them, as in a train
    chain's file or a Trainer's snapshot, is dropped:

    ====================================== ===================================
    ChainerCV's SSD300, our FashionSSD300  as it is
    ChainerCV's SSD512                     up to conv9_2, which play the same
                                           part in SSD300; the boxes are others
    ChainerCV's Faster R-CNN (VGG16)       conv1_1 to conv5_3, fc6, fc7
    ChainerCV's VGG16                      the same
    Chainer's VGG16Layers                  the same; it takes BGR
    StyleExtractorBN, of Chainer v1 or not as it is
    ====================================== ===================================

    fc6 and fc7 become conv6 and conv7. Chainer v1's and today's batch
    normalisation look alike in a file; running statistics are taken for
    Chainer v1's, as `StyleExtractorBN` writes them under any Chainer.
    A VGG16 that ChainerCV's development version of June 2017 converted
    (vgg16_imagenet_convert_2017_06_15.npz) takes RGB but has the names of
    Chainer's, and would be misread; no release of ChainerCV used it.

    Args:
        arrays (dict): From the file's names to arrays.

    Returns:
        Conversion: Of `FashionSSD300` or `StyleExtractorBN`.

    Raises:
        ValueError: If it is of another layout; the message names what is
            missing.
    """
    stripped, sources = _strip(arrays)
    if 'extractor/conv1_1/conv/W' in stripped or (
            'extractor/conv1_1/W' in stripped and 'head/fc6/W' in stripped):
        conversion = _convert_vgg16(
            stripped, sources, "ChainerCV's Faster R-CNN with VGG16",
            'extractor/', 'head/', is_bgr=False)
    elif 'extractor/conv1_1/W' in stripped:
        conversion = _convert_ssd(stripped, sources)
    elif 'conv1_1/conv/W' in stripped:
        conversion = _convert_vgg16(
            stripped, sources, "ChainerCV's VGG16", '', '', is_bgr=False)
    elif 'conv5_3/W' in stripped:
        conversion = _convert_vgg16(
            stripped, sources, "Chainer's VGG16Layers", '', '', is_bgr=True)
    else:
        conversion = _convert_style_extractor(stripped, sources)
    used = set(conversion.sources.values())
    for name in sorted(set(arrays) - used - set(conversion.left_out)):
        conversion.left_out[name] = (
            f'{conversion.link_name} has no such array')
    return conversion


def _strip(arrays):
    """Drop what stands before the names of the link."""
    prefixes = {
        match[1] for match in (
            re.fullmatch(r'(.*?)(extractor/)?conv1_1/(conv/)?W', name)
            for name in arrays)
        if match}
    if len(prefixes) != 1:
        raise ValueError(
            'there is no conv1_1/W, with or without something before it: it '
            'is not the weights of SSD300, of a VGG16 or of StyleExtractorBN'
            if not prefixes else
            f'conv1_1/W is there under {" and ".join(sorted(prefixes))}: save '
            'the one model that is meant with chainer.serializers.save_npz')
    prefix, = prefixes
    sources = {
        name[len(prefix):]: name for name in arrays if name.startswith(prefix)}
    return {name: arrays[source] for name, source in sources.items()}, sources


def _convert_ssd(arrays, sources):
    is_512 = 'extractor/conv12_1/W' in arrays
    layout = f"ChainerCV's SSD{512 if is_512 else 300}"
    require(arrays, [f'extractor/{name}/{part}' for name in vgg16_shapes()
                     for part in 'Wb'], layout)
    conversion = Conversion(layout, 'FashionSSD300')
    for name, array in arrays.items():
        if not _SSD.fullmatch(name):
            continue
        if is_512 and (name.startswith('multibox/') or re.match(
                'extractor/conv1[0-9]_', name)):
            conversion.left_out[sources[name]] = (
                'SSD512 has other strides and default boxes from there on')
            continue
        shape = vgg16_shapes().get(name.split('/')[1])
        if shape is not None and name.endswith('/b'):
            shape = shape[:1]
        conversion.add(sources[name], name, array, shape)
    return conversion


def _convert_vgg16(arrays, sources, layout, front, top, is_bgr):
    inner = 'conv/' if f'{front}conv1_1/conv/W' in arrays else ''
    names = {
        name: [f'{front}{name}/{inner}{part}' for part in 'Wb']
        for name in vgg16_shapes()}
    require(arrays, sum(names.values(), []), layout)
    conversion = Conversion(layout, 'FashionSSD300')
    for name, shape in vgg16_shapes().items():
        W, b = (arrays[source] for source in names[name])
        if is_bgr and name == 'conv1_1' and W.ndim == 4:
            W = W[:, ::-1]  # BGR to RGB
        add_convolution(
            conversion, name, [sources[source] for source in names[name]],
            W, b, shape)
    fc6, fc7 = ([f'{top}{name}/{part}' for part in 'Wb']
                for name in ('fc6', 'fc7'))
    if all(name in arrays for name in fc6 + fc7):
        fc6_W, fc6_b, fc7_W, fc7_b = (arrays[name] for name in fc6 + fc7)
        if fc6_W.shape == (4096, 512 * 7 * 7):
            fc6_W = fc6_W.reshape(4096, 512, 7, 7)
        add_fully_connected(
            conversion, [sources[name] for name in fc6], (fc6_W, fc6_b),
            [sources[name] for name in fc7], (fc7_W, fc7_b))
    else:
        scale_conv5_3(conversion)
    return conversion


def _convert_style_extractor(arrays, sources):
    layout = 'StyleExtractorBN'
    require(arrays, _STYLE_EXTRACTOR, layout)
    conversion = Conversion(layout, 'StyleExtractorBN')
    shapes = {name[1:]: param.shape
              for name, param in StyleExtractorBN().namedparams()}
    for name in (*_STYLE_EXTRACTOR, *(
            f'bn{i}_{j}/N' for i in (1, 2, 3) for j in (1, 2))):
        if name in arrays:
            layer, part = name.split('/')
            shape = () if part == 'N' else shapes.get(name, shapes.get(f'{layer}/gamma'))
            conversion.add(sources[name], name, arrays[name], shape)
    return conversion
