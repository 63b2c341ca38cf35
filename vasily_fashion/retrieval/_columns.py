"""What a caller gives beside the embeddings, checked."""
import numbers
from typing import Any

import numpy as np
from chainer.backends import cuda


def as_ids(ids: Any, n: int) -> np.ndarray:
    """Make :obj:`n` ids an array of int64, or of object that holds str."""
    if isinstance(ids, (str, bytes)) or not hasattr(ids, '__iter__'):
        raise TypeError(
            f'ids must be a list or an array of {n} ids, '
            f'not {type(ids).__name__}')
    if isinstance(ids, cuda.ndarray):
        ids = cuda.to_cpu(ids)
    ids = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
    if len(ids) != n:
        raise ValueError(f'ids has {len(ids)} ids for {n} embeddings')

    if all(isinstance(i, numbers.Integral) and not isinstance(i, bool)
           for i in ids):
        for i in ids:
            if not -2 ** 63 <= i < 2 ** 63:
                raise ValueError(f'ids has {i}, beyond int64')
        return np.array(ids, dtype=np.int64)
    if all(isinstance(i, str) for i in ids):
        for i in ids:
            # NumPy's strings end before it
            if i.endswith('\0'):
                raise ValueError(
                    f'ids has {i!r}, which ends in a null character')
        return np.array([str(i) for i in ids], dtype=object)
    raise TypeError(
        'ids must be all integers or all strings; the first are '
        f'{ids[:3]!r}')


def as_categories(categories: Any, n: int) -> np.ndarray:
    """Make :obj:`n` categories an array of int32; None is all unknown."""
    if categories is None:
        return np.full(n, -1, dtype=np.int32)
    if isinstance(categories, cuda.ndarray):
        categories = cuda.to_cpu(categories)
    categories = np.asarray(
        categories, dtype=None if len(categories) else np.int32)
    if categories.shape != (n,):
        raise ValueError(
            f'categories has shape {categories.shape} for {n} embeddings')
    if categories.dtype.kind not in 'iu':
        raise TypeError(
            f'categories must be integers, not {categories.dtype}; '
            'use -1 for unknown')
    if n and not -1 <= categories.min() <= categories.max() < 2 ** 31:
        raise ValueError(
            'categories must be 0 or more, or -1 for unknown; they are '
            f'{categories.min()}..{categories.max()}')
    return categories.astype(np.int32)
