import os
import warnings
from collections.abc import Iterable
from typing import Any

from vasily_fashion.utils.check_npz import check_npz

import chainer
import numpy as np


def load_weights(
        path: str | os.PathLike[str], link: chainer.Link,
        class_dependent: Iterable[str] = ()) -> None:
    """Load a weights file into a link, or say why not.

    The file is an .npz as `chainer.serializers.save_npz` writes it. It is read
    without pickle, so that it cannot run code. Half precision is widened.

    Args:
        path (str or path): The file.
        link (chainer.Link): The link, its parameters initialised; it is
            unchanged if an error is raised.
        class_dependent (iterable of str): Prefixes of the names whose shape
            depends on the number of classes. They are left out where the
            shapes differ, and a warning names them.

    Raises:
        OSError: If the file is missing or damaged.
        ValueError: If it holds the weights of another network.
    """
    path, class_dependent = os.fspath(path), tuple(class_dependent)
    # a file may be in double precision, or of more classes
    max_byte = 10_000_000 + 8 * sum(int(param.size) for param in link.params())
    arrays = _read_npz(path, max_byte)
    targets: dict[str, Any] = dict(link.namedparams())
    persistent = dict(_named_persistents(link))
    if not arrays:
        raise ValueError(f'{path} holds no array at all')
    unknown = sorted(set(arrays) - set(targets) - set(persistent))
    if unknown:
        raise ValueError(
            f'{path} holds the weights of another network than '
            f'{type(link).__name__}, which has no {", ".join(unknown[:3])}'
            + (f' and {len(unknown) - 3} more' if len(unknown) > 3 else ''))

    left_out = []
    for name, array in arrays.items():
        if name in targets:
            shape = targets[name].shape
        else:
            shape = np.shape(persistent[name][2])
        if array.shape == shape:
            continue
        if not name.startswith(class_dependent):
            raise ValueError(
                f'{path} holds the weights of another network than '
                f'{type(link).__name__}: {name} is of shape {array.shape}, '
                f'not {shape}')
        left_out.append(name)
    for name in left_out:
        del arrays[name]
    missing = sorted({*targets, *persistent} - {*arrays, *left_out})

    for name, array in arrays.items():
        if name in targets:
            param = targets[name]
            param.array[...] = param.xp.asarray(array, param.dtype)
        else:
            owner, attribute, value = persistent[name]
            if np.ndim(value):
                value[...] = owner.xp.asarray(array, value.dtype)
            else:
                setattr(owner, attribute, type(value)(array.item()))
    for names, why in (
            (left_out, 'has them for another number of classes'),
            (missing, 'does not have them')):
        if names:
            warnings.warn(
                f'{path}: {", ".join(sorted(names))} keep their initial '
                f'values; the file {why}', stacklevel=3)


def _read_npz(path, max_byte):
    try:
        file = open(path, 'rb')
    except FileNotFoundError:
        raise FileNotFoundError(
            f'{path}: there is no such weights file') from None
    with file:
        try:
            # numpy.load takes what is no archive for a pickle, and would
            # advise to load it unsafely
            if file.read(2) != b'PK':
                raise ValueError('it is no zip archive')
            check_npz(file, max_byte)
            with np.load(file, allow_pickle=False) as npz:
                return {'/' + name.lstrip('/'): _plain(npz[name], name)
                        for name in npz.files}
        # A damaged archive makes zipfile, zlib and NumPy raise nearly
        # anything: BadZipFile, zlib.error, EOFError, ValueError, RuntimeError.
        except Exception as error:
            raise OSError(
                f'{path} is no weights file, or is damaged: it must be an '
                '.npz of plain arrays, as chainer.serializers.save_npz writes '
                f'({error})') from error


def _plain(array, name):
    if not isinstance(array, np.ndarray) or array.dtype.kind not in 'fiu':
        raise ValueError(f'{name} is no array of numbers')
    return array


def _named_persistents(link):
    for prefix, owner in link.namedlinks():
        for name in owner._persistent:
            yield (f'{prefix.rstrip("/")}/{name}',
                   (owner, name, getattr(owner, name)))
