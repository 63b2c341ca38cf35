import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

_PERCENTILES = 2.5, 97.5


def bootstrap_interval(
        values: Any, groups: Any = None, n_resample: int = 1000,
        seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a mean, by the percentile bootstrap.

    Whole photos are drawn, with replacement: the queries of one photo are not
    independent of each other. See B. Efron, R. J. Tibshirani. An Introduction
    to the Bootstrap. 1993, chapter 13.

    Such as of hit@1, over photos::

        scores = eval_retrieval(..., per_query=True)
        low, high = bootstrap_interval(scores['hit@1'], query_photos)

    Args:
        values (array): :math:`(N,)`, one value a query.
        groups (array): :math:`(N,)`, the photo of each, a number or a name.
            Each is of a photo of its own if not given.
        n_resample (int): How often photos are drawn.
        seed (int): Of the draws.

    Returns:
        tuple of two floats:
        The lower and the upper end; NaN where there are less than two photos.

    Raises:
        ValueError: The shapes do not fit, a value is NaN or infinite, or
            :obj:`n_resample` is below 1.

    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError('values must be one list of numbers without NaN')
    group = np.arange(len(values)) if groups is None else np.asarray(groups)
    if group.shape != values.shape:
        raise ValueError(
            f'groups has shape {group.shape} for {len(values)} values')
    group = np.unique(group, return_inverse=True)[1].reshape(-1)
    total, count = np.bincount(group, values), np.bincount(group)
    if len(count) < 2:
        return float('nan'), float('nan')
    low, high = _resample(
        lambda weight: weight @ total / (weight @ count), len(count),
        n_resample, seed)
    return float(low), float(high)


def _resample(
        score: Callable[[np.ndarray], Any], n_photo: int, n_resample: int,
        seed: int) -> np.ndarray:
    """The 95 % interval of any score of two photos or more.

    Args:
        score (callable): From how often each photo was drawn, :math:`(n,)`
            int, to a number or an array.
        n_photo (int): How many photos there are.
        n_resample (int): How often all are drawn.
        seed (int): Of the draws.

    Returns:
        numpy.ndarray:
        The lower and the upper end, each as `score` returns them. Draws whose
        score is NaN do not count.

    """
    if n_resample < 1:
        raise ValueError(f'n_resample must be 1 or more, not {n_resample}')
    rng = np.random.default_rng(seed)
    scores = np.array([
        score(np.bincount(rng.integers(n_photo, size=n_photo), minlength=n_photo))
        for _ in range(n_resample)])
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'All-NaN slice')  # it is NaN
        return np.nanpercentile(scores, _PERCENTILES, axis=0)
