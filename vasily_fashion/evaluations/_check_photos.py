from collections.abc import Iterable
from typing import Any

import numpy as np


def check_photos(
        n_class: int | None = None,
        **columns: Iterable[Any] | None) -> dict[str, list[np.ndarray]]:
    """Check the columns of a score, photo by photo: boxes, labels, scores and so on.

    Args:
        n_class (int): Labels are below it; of any class if not given.
        columns (iterable of arrays): By name, one array a photo; None is left
            out. The last word of a name says what it holds: `pred_bboxes` boxes. Columns that
            share the words before it have one entry a box.

    Returns:
        dict of lists of numpy.ndarray:
        The columns, by name.

    Raises:
        ValueError: One column has more photos than another or, in a photo,
            more entries; or what it holds is not what its name says. The
            message names the column and the photo.

    """
    photos = {name: list(column) for name, column in columns.items() if column is not None}
    lengths = {name: len(column) for name, column in photos.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f'there must be one array a photo, not {lengths}')
    first: dict[str, str] = {}
    for name, column in photos.items():
        side, _, kind = name.rpartition('_')
        column[:] = [_check(np.asarray(x), kind, f'{name}[{i}]', n_class)
                     for i, x in enumerate(column)]
        other = first.setdefault(side, name)
        for i, (x, y) in enumerate(zip(column, photos[other], strict=True)):
            if len(x) != len(y):
                raise ValueError(
                    f'{name}[{i}] has {len(x)} entries and {other}[{i}] '
                    f'{len(y)}; both are of the same boxes')
    return photos


def _check(x, kind, name, n_class):
    shape = {'bboxes': (4,), 'embeddings': x.shape[1:2], 'items': (2,)}.get(kind, ())
    if x.size == 0 and x.ndim == 1:  # an empty list
        return x.reshape(0, *shape)
    if x.ndim != 1 + len(shape) or x.shape[1:] != shape:
        raise ValueError(
            f'{name} has shape {x.shape}; it must be '
            f'({", ".join(["R", *map(str, shape)])})')
    if len(x) == 0:
        return x
    if kind in ('labels', 'items') and x.dtype.kind not in 'iu':
        raise ValueError(f'{name} are {x.dtype}; they must be integers')
    if x.dtype.kind not in 'biuf':
        raise ValueError(f'{name} are {x.dtype}; they must be numbers')
    if not np.isfinite(x).all():
        raise ValueError(f'{name} has NaN or infinite values')
    if kind == 'bboxes' and (x[:, :2] > x[:, 2:]).any():
        raise ValueError(
            f'{name} has a box whose y_min or x_min is greater than its y_max or '
            'x_max; boxes are (y_min, x_min, y_max, x_max)')
    if kind == 'labels' and n_class is not None and not (
            0 <= x.min() and x.max() < n_class):
        raise ValueError(
            f'{name} has labels {x.min()}..{x.max()}; they are indices of the '
            f'{n_class} label_names')
    return x
