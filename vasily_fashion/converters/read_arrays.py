import json
import os
from collections.abc import Mapping

from vasily_fashion.utils import check_npz

import numpy as np

_DTYPES = {
    'F64': '<f8', 'F32': '<f4', 'F16': '<f2', 'I64': '<i8', 'I32': '<i4'}
# VGG16 with its fully connected layers is 0.6 GB.
_MAX_BYTE = 4 << 30


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read all arrays of a weights file of any framework.

    No format may run code: .npz is read without pickle, and torch unpickles
    weights alone. What a file begins with says what it is, not its name.

    Args:
        path (str or path): An .npz of Chainer, an HDF5 file of Keras (needs
            h5py), a .safetensors file, or a .pth file of PyTorch (needs
            torch).

    Returns:
        dict: From names to arrays of numbers; anything else is left out.

    Raises:
        ImportError: If h5py or torch is needed and not there.
        OSError: If there is no such file, or it cannot be read.
        ValueError: If it holds no array.
    """
    path = os.fspath(path)
    try:
        with open(path, 'rb') as file:
            start = file.read(9)
    except FileNotFoundError:
        raise FileNotFoundError(
            f'{path}: there is no such weights file') from None
    if start.startswith(b'\x89HDF\r\n\x1a\n'):
        read, kind = _read_hdf5, 'an HDF5 file'
    elif start.startswith(b'PK'):
        # torch.save's archive is a zip file, too
        read, kind = _read_zip, 'an archive'
    elif start.startswith(b'\x80\x02\x8a\nl\xfc\x9cF\xf9'):
        # as torch.save wrote up to 1.5, and torchvision's vgg16 still is
        read, kind = _read_torch, 'a .pth file'
    elif start[8:] == b'{':
        read, kind = _read_safetensors, 'a .safetensors file'
    else:
        raise OSError(
            f'{path} is not a weights file: it is neither .npz nor HDF5, '
            '.safetensors or .pth')
    try:
        arrays = read(path)
    except ImportError:
        raise
    # Damaged files make these libraries raise nearly anything.
    except Exception as error:
        raise OSError(
            f'{path} begins as {kind} and cannot be read: it is damaged or of '
            f'another kind ({type(error).__name__}: {error})') from error
    arrays = {name: array for name, array in arrays.items()
              if array.dtype.kind in 'fiu'}
    if not arrays:
        raise ValueError(f'{path} holds no array of numbers')
    return arrays


def _read_zip(path):
    import zipfile

    with zipfile.ZipFile(path) as file:
        if any(name.endswith('data.pkl') for name in file.namelist()):
            return _read_torch(path)
        if not any(name.endswith('.npy') for name in file.namelist()):
            raise ValueError('it is neither of NumPy nor of PyTorch')
    arrays = {}
    with open(path, 'rb') as file:
        check_npz(file, _MAX_BYTE)
    with np.load(path, allow_pickle=False) as npz:
        for name in npz.files:
            try:
                arrays[name.lstrip('/')] = npz[name]
            except ValueError as error:
                # Chainer 2 and after pickle None for a parameter that was
                # never initialised: it has no values to convert
                if 'allow_pickle' not in str(error):
                    raise
    return arrays


def _read_torch(path):
    try:
        import torch
    except ImportError:
        raise ImportError(
            f'{path} was written by PyTorch: install torch, or save it as '
            '.safetensors, which is read without it') from None
    state_dict = torch.load(path, map_location='cpu', weights_only=True)
    if not isinstance(state_dict, Mapping):
        raise ValueError(
            f'it holds a {type(state_dict).__name__}, not a state dict')
    return {
        name: (value.float() if value.is_floating_point() else value).numpy()
        for name, value in state_dict.items()
        if isinstance(value, torch.Tensor)}


def _read_safetensors(path):
    # A length of 8 bytes, names and places as JSON, values
    with open(path, 'rb') as file:
        length = int.from_bytes(file.read(8), 'little')
        if length > os.path.getsize(path):
            raise ValueError('it ends within its header')
        header = json.loads(file.read(length))
        data = file.read()
    header.pop('__metadata__', None)
    arrays = {}
    for name, entry in header.items():
        start, stop = entry['data_offsets']
        values = data[start:stop]
        if entry['dtype'] == 'BF16':  # the upper half of float32
            array = (np.frombuffer(values, '<u2').astype(np.uint32)
                     << 16).view(np.float32)
        elif entry['dtype'] in _DTYPES:
            array = np.frombuffer(values, _DTYPES[entry['dtype']])
        else:
            continue
        arrays[name] = array.reshape(entry['shape'])
    return arrays


def _read_hdf5(path):
    try:
        import h5py
    except ImportError:
        raise ImportError(
            f'{path} is an HDF5 file: install h5py to read it') from None
    arrays = {}

    def read(name, node):
        if isinstance(node, h5py.Dataset):
            arrays[name] = np.asarray(node[()])

    with h5py.File(path) as file:
        file.visititems(read)
    return arrays
