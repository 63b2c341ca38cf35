"""What every index checks of its arguments, in the same words."""
import numbers
import os
from collections.abc import Collection
from typing import Any

from vasily_fashion.utils import weights_sha256

import numpy as np
from chainer import backend

METRICS = ('sqeuclidean', 'cosine')
# With squared norms below this no intermediate result leaves float32.
_MAX_SQUARED_NORM = 2. ** 120


def check_dim(dim: int) -> int:
    if (not isinstance(dim, numbers.Integral) or isinstance(dim, bool)
            or dim < 1):
        raise ValueError(f'dim must be a positive integer, not {dim!r}')
    return int(dim)


def check_metric(metric: str) -> str:
    if metric not in METRICS:
        raise ValueError(
            f"metric must be 'sqeuclidean' or 'cosine', not {metric!r}")
    return metric


def check_k(k: int) -> int:
    if (not isinstance(k, numbers.Integral) or isinstance(k, bool)
            or k < 1):
        raise ValueError(f'k must be a positive integer, not {k!r}')
    return int(k)


def check_category(category: int | None) -> int | None:
    if category is not None and (
            not isinstance(category, numbers.Integral)
            or isinstance(category, bool) or category < 0):
        raise ValueError(
            'category must be None or the index of a category, '
            f'not {category!r}')
    return category


def check_embeddings(x: Any, name: str, dim: int, metric: str) -> Any:
    """Make embeddings contiguous float32; of length 1 for 'cosine'."""
    xp = backend.get_array_module(x)
    x = x if xp is not np else np.asarray(x)
    if x.dtype.kind not in 'fiu':
        raise TypeError(
            f'{name} must be an array of float32, not of {x.dtype}')
    if x.ndim != 2 or x.shape[1] != dim:
        raise ValueError(
            f'{name} has shape {x.shape}, but this index is of '
            f'(N, {dim}); was it made with another network?')
    with np.errstate(over='ignore'):  # what overflows is refused below
        x = xp.ascontiguousarray(x.astype(np.float32, copy=False))
        norms = squared_norms(x)
    bad = ~(norms < _MAX_SQUARED_NORM)
    if bad.any():
        raise ValueError(
            f'{name}[{int(bad.argmax())}] has NaN, infinite or enormous '
            'values')
    if metric == 'sqeuclidean':
        return x
    norms = xp.sqrt(squared_norms(x, np.float64))
    if (norms == 0).any():
        raise ValueError(
            f'{name}[{int((norms == 0).argmax())}] is all zeros, which has '
            'no cosine')
    return (x / norms[:, None]).astype(np.float32)


def squared_norms(x: Any, dtype: Any = np.float32) -> Any:
    xp = backend.get_array_module(x)
    return xp.einsum('ij,ij->i', x, x, dtype=dtype)


def check_new_ids(
        ids: np.ndarray, known: Collection[Any],
        known_dtype: Any) -> np.ndarray:
    """Refuse ids of another kind than the index's, known ones and doubles."""
    if len(ids) and known and ids.dtype != known_dtype:
        kinds = {'O': 'strings', 'i': 'integers'}
        raise TypeError(
            f'ids are {kinds[ids.dtype.kind]}, but those in the index are '
            f'{kinds[known_dtype.kind]}')
    new = set()
    for i in ids.tolist():
        if i in known:
            raise ValueError(f'ids: {i!r} is in the index already')
        if i in new:
            raise ValueError(f'ids: {i!r} is given twice')
        new.add(i)
    return ids


def sha256_of(extractor: Any) -> str:
    """Of an extractor's weights; '' if it is not known."""
    return '' if extractor is None else weights_sha256(extractor)


def check_extractor(
        path: str | os.PathLike[str], found: str, extractor: Any) -> None:
    """Refuse an index of embeddings that another extractor made."""
    expected = sha256_of(extractor)
    if extractor is not None and found != expected:
        made = f'weights {found[:12]}' if found else 'unknown weights'
        raise ValueError(
            f'{path}: it was made by an extractor of {made}, this one is of '
            f'{expected[:12]}: embed the products again, or load the weights '
            'that made it')
