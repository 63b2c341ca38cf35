"""Read matrices from MATLAB's files.

SciPy takes types and sizes as a file gives them, and wrong ones end the process.
"""
import math
import os
import struct
import zlib
from typing import Any

import numpy as np

# https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
_NUMBERS = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 9: 'f8',
            12: 'i8', 13: 'u8'}
_TEXTS = {1: 'utf-8', 2: 'utf-8', 4: 'utf-16', 16: 'utf-8', 17: 'utf-16', 18: 'utf-32'}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _CHAR, _DENSE = 1, 4, range(6, 16)
_COMPLEX = 0x800
_MAX_BYTE = 20_000_000  # that of CCP have half a million


def read_mat(path: str | os.PathLike[str], name: str) -> Any:
    """Read an array of real numbers, of cells or a text from a MATLAB file.

    Args:
        path (str or path): The file, of version 5 to 7.2.
        name (str): Of the array.

    Returns:
        numpy.ndarray or str: Numbers as they are stored; of cells, an array of
        objects, which are such arrays or texts.

    Raises:
        OSError: If the file is missing.
        IndexError, KeyError, ValueError, struct.error, zlib.error: If it is
            damaged, of another kind, without the array, or takes more than
            20 MB of memory.
    """
    with open(path, 'rb') as file:
        data = file.read(_MAX_BYTE)
    orders = {b'IM': '<', b'MI': '>'}
    if data[126:128] not in orders:
        raise ValueError('it is not a MATLAB file of version 5')
    order = orders[data[126:128]]
    for kind, content in _elements(data[128:], order, 1):
        if kind == _COMPRESSED:
            stream = zlib.decompressobj()
            content = stream.decompress(content, _MAX_BYTE)
            if not stream.eof:
                raise ValueError(f'it is cut off, or has more than {_MAX_BYTE:,} bytes')
            (kind, content), = _elements(content, order, 1)
        elements = _elements(content, order)
        if kind == _MATRIX and elements[2][1] == name.encode():
            return _array(elements, order)
    raise KeyError(name)


def _elements(data, order, align=8):
    """Yield the type and content of each element."""
    elements, start = [], 0
    while start < len(data):
        kind, size = struct.unpack_from(f'{order}II', data, start)
        start += 8
        if kind >> 16:  # up to 4 bytes, in the place of the size
            kind, size = kind & 0xffff, kind >> 16
            start -= 4
        if start + size > len(data):
            raise ValueError('it is cut off')
        elements.append((kind, data[start:start + size]))
        start += size
        start += -start % align
    return elements


def _array(elements, order):
    (_, flags), (_, shape), _, *content = elements
    flags, = struct.unpack_from(f'{order}I', flags)
    shape = struct.unpack(f'{order}{len(shape) // 4}i', shape)
    if min(shape, default=-1) < 0:
        raise ValueError(f'an array is of shape {shape}')
    if flags & 0xff == _CELL:
        if len(content) != math.prod(shape):
            raise ValueError(f'{len(content)} cells are not of shape {shape}')
        cells = np.empty(len(content), object)
        for i, (kind, cell) in enumerate(content):
            if kind != _MATRIX:
                raise ValueError(f'a cell is of type {kind}')
            cells[i] = _array(_elements(cell, order), order) if cell else ''
        return cells.reshape(shape, order='F')
    (kind, values), = content
    if flags & 0xff == _CHAR and shape[0] <= 1:
        endian = '-le' if order == '<' else '-be'
        codec = _TEXTS[kind]
        return values.decode(codec + endian * (codec != 'utf-8'))
    if flags & 0xff not in _DENSE or flags & _COMPLEX:
        raise ValueError('an array does not hold real numbers')
    return np.frombuffer(values, order + _NUMBERS[kind]).reshape(shape, order='F')
