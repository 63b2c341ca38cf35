import contextlib
import os
import warnings
import zipfile
from collections.abc import Iterable
from typing import Any

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.utils.check_npz import check_npz

import chainer
import numpy as np

# The names of the classes, as save_weights writes them.
_CLASSES = '/label_names'

# What a file holds that has such names.
_KINDS = {
    '/updater/': "a training's snapshot (the weights are in model.npz beside it)",
    '/multibox/': 'the weights of SSD, a detector',
    '/extractor/': 'the weights of VGG16 for SSD',
    '/fc5/': 'the weights of StyleExtractorBN, an extractor',
}


def load_weights(
        path: str | os.PathLike[str], link: chainer.Link,
        class_dependent: Iterable[str] = (), strict: bool = True) -> None:
    """Load a weights file into a link, or say why not.

    The file is an .npz as `chainer.serializers.save_npz` writes it, or
    :func:`~vasily_fashion.utils.save_weights`, which adds the names of the
    classes; where there are none, they are FASHION_CATEGORIES. It is read
    without pickle, so that it cannot run code. Half precision is widened.

    Args:
        path (str or path): The file.
        link (chainer.Link): The link, its parameters initialised; it is
            unchanged if an error is raised. Its `label_names` are compared
            with those of the file, or become those if they are :obj:`None`.
        class_dependent (iterable of str): Prefixes of the names that depend
            on the classes.
        strict (bool): Whether the file must have all of the link, for the
            same classes. If it is false, such as to train from the file,
            parameters that the file lacks keep their initial values, and a
            warning names them.

    Raises:
        OSError: If the file is missing or damaged.
        ValueError: If it holds the weights of another network or, with
            `strict`, of other classes or of a part of the network.
    """
    path, class_dependent = os.fspath(path), tuple(class_dependent)
    # a file may be in double precision, or of more classes
    max_byte = 10_000_000 + 8 * sum(int(param.size) for param in link.params())
    targets: dict[str, Any] = dict(link.namedparams())
    persistent = dict(_named_persistents(link))
    arrays, label_names = _read_npz(
        path, max_byte, {*targets, *persistent}, type(link).__name__)
    own_names: Any = getattr(link, 'label_names', None)
    if label_names is None and own_names and len(own_names) == len(FASHION_CATEGORIES):
        label_names = FASHION_CATEGORIES
    is_of_others = bool(label_names and own_names) and label_names != own_names

    left_out = []
    for name, array in arrays.items():
        if name in targets:
            shape = targets[name].shape
        else:
            shape = np.shape(persistent[name][2])
        depends = name.startswith(class_dependent)
        if array.shape == shape and not (depends and is_of_others):
            continue
        if not depends:
            raise ValueError(
                f'{path} holds the weights of another network than '
                f'{type(link).__name__}: {name} is of shape {array.shape}, '
                f'not {shape}')
        left_out.append(name)
    for name in left_out:
        del arrays[name]
    missing = sorted({*targets, *persistent} - {*arrays, *left_out})
    why_left_out = 'has them for another number of classes'
    if is_of_others:
        why_left_out = (f'has them for other classes, {", ".join(label_names)}, '
                        f'not {", ".join(own_names)}')
    for names, why in (
            (left_out, why_left_out), (missing, 'does not have them')):
        if not names:
            continue
        listed = ', '.join(sorted(names))
        if strict:
            raise ValueError(
                f'{path} does not fit {type(link).__name__}: {listed} would keep '
                f'their initial values; the file {why}. Take a file of these '
                'classes, or strict=False to train from this one')
        warnings.warn(
            f'{path}: {listed} keep their initial values; the file {why}',
            stacklevel=3)

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
    if label_names and not own_names and not left_out and hasattr(link, 'label_names'):
        link.label_names = label_names


def _read_npz(path, max_byte, known, link_name):
    """Its arrays by name, and the names of the classes."""
    try:
        file = open(path, 'rb')
    except FileNotFoundError:
        raise FileNotFoundError(
            f'{path}: there is no such weights file') from None
    with file:
        with _told_as_damaged(path):
            # numpy.load takes what is not an archive for a pickle, and would
            # advise to load it unsafely
            if file.read(2) != b'PK':
                raise ValueError('it is not a zip archive')
            with zipfile.ZipFile(file) as archive:
                names = {'/' + name.removesuffix('.npy').lstrip('/')
                         for name in archive.namelist()}
        # before its size, which may be that of a larger network
        _check_names(path, names - {_CLASSES}, known, link_name)
        with _told_as_damaged(path):
            check_npz(file, max_byte)
            with np.load(file, allow_pickle=False) as npz:
                arrays = {'/' + name.lstrip('/'): npz[name] for name in npz.files}
            label_names = arrays.pop(_CLASSES, None)
            if label_names is not None:
                label_names = tuple(_plain(label_names, _CLASSES, 'U').ravel().tolist())
            return {name: _plain(array, name)
                    for name, array in arrays.items()}, label_names


def _check_names(path, names, known, link_name):
    if not names:
        raise ValueError(f'{path} holds no array at all')
    unknown = sorted(names - known)
    if not unknown:
        return
    kind = next((kind for prefix, kind in _KINDS.items() if any(
        name.startswith(prefix) for name in names)), 'weights')
    raise ValueError(
        f'{path} holds {kind}: it is of another network than '
        f'{link_name}, which has no {", ".join(unknown[:3])}'
        + (f' and {len(unknown) - 3} more' if len(unknown) > 3 else ''))


@contextlib.contextmanager
def _told_as_damaged(path):
    try:
        yield
    # A damaged archive makes zipfile, zlib and NumPy raise nearly
    # anything: BadZipFile, zlib.error, EOFError, ValueError, RuntimeError.
    except Exception as error:
        raise OSError(
            f'{path} is not a weights file, or is damaged: it must be an '
            '.npz of plain arrays, as chainer.serializers.save_npz writes '
            f'({error})') from error


def _plain(array, name, kinds='fiu'):
    if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
        raise ValueError(f'{name} is not an array of numbers')
    return array


def _named_persistents(link):
    for prefix, owner in link.namedlinks():
        for name in owner._persistent:
            yield (f'{prefix.rstrip("/")}/{name}',
                   (owner, name, getattr(owner, name)))
