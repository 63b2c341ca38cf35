import os

from vasily_fashion.converters import read_arrays
from vasily_fashion.links.style_extractor.style_extractor_bn import StyleExtractorBN

_NAMES = ('conv1_1', 'conv1_2', 'conv2_1', 'conv2_2', 'conv3_1', 'conv3_2')


def start_from_vgg16(
        model: StyleExtractorBN, path: str | os.PathLike[str]) -> None:
    """Initialise StyleExtractorBN with the convolutions of a VGG16.

    Its first six convolutions are of the shapes of VGG16's, which have seen
    ImageNet. VGG16's scale (0..255 minus the mean, where ours is 0..1) and
    biases do not matter: each of these layers feeds a batch normalisation.
    The article does not say where its weights started; this takes a fraction
    of the time that random ones take.

    Args:
        model (vasily_fashion.links.StyleExtractorBN): Changed in place.
        path (str or path): An .npz with `extractor/conv1_1/W` and so on, as
            `examples/ssd/convert.py` or ChainerCV's SSD300 has them.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If a layer is missing or of another shape.
    """
    weights = read_arrays(path)
    for name in _NAMES:
        W = model[name].W.array
        found = weights.get(f'extractor/{name}/W')
        if found is None or found.shape != W.shape:
            raise ValueError(
                f'{path} has no extractor/{name}/W of shape {W.shape}: it '
                'holds no VGG16 in the layout of SSD300')
    for name in _NAMES:
        model[name].W.array[...] = model.xp.asarray(weights[f'extractor/{name}/W'])
