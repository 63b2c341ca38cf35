import math
import zipfile
from typing import BinaryIO

import numpy as np


def check_npz(file: BinaryIO, max_byte: int) -> None:
    """Refuse an .npz file that would take too much memory.

    A few kilobytes of zip can hold gigabytes of zeros, and the header of an
    array can claim any shape, which NumPy takes memory for before it reads on.
    Here only headers are read.

    Args:
        file (binary file): The archive; it is left at its beginning.
        max_byte (int): That its arrays may take together.

    Raises:
        ValueError: If they would take more, or an array claims more than is
            there.
        zipfile.BadZipFile: If it is not an archive. What is damaged may raise
            more, as of :func:`numpy.load`.
    """
    total = 0
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            total += member.file_size
            with archive.open(member) as array:
                size = _claimed_size(array)
            if size > member.file_size:
                raise ValueError(
                    f'{member.filename} claims {size:,} bytes and has {member.file_size:,}')
    if total > max_byte:
        raise ValueError(
            f'its arrays take {total:,} bytes of memory, {max_byte:,} are allowed')
    file.seek(0)


def _claimed_size(array):
    version = np.lib.format.read_magic(array)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(array)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(array)
    else:
        raise ValueError(f'an array is of version {version} of its format')
    if dtype.hasobject:
        return 0  # pickled, so of any size; numpy.load refuses it
    if any(n < 0 for n in shape):
        raise ValueError(f'an array claims to be of shape {shape}')
    return math.prod(shape) * dtype.itemsize
