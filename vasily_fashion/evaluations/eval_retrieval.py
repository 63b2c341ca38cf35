from collections.abc import Iterable
from typing import Any

import numpy as np
from chainer.backends import cuda

# Distances held at a time, in numbers (float64).
_BLOCK_SIZE = 1 << 22
# Relative rounding error of a distance, generously.
_EPS = 1e-12


def eval_retrieval(
        query_embeddings: Any, query_ids: Any, gallery_embeddings: Any,
        gallery_ids: Any, ks: Iterable[int] = (1, 5, 20),
        query_categories: Any = None, gallery_categories: Any = None,
        n_missed: int = 0) -> dict[str, float]:
    """Evaluate the search of product images by street snaps.

    Each query is compared with the whole gallery by squared L2 distance. Its
    positives are the gallery images with its id: one or several.

    * **hit@k**: the share of queries with a positive among the :math:`k` \
        nearest, "top-k accuracy" in the literature.
    * **map**: the mean over queries of the average precision: for each \
        positive the share of positives among the images up to it, averaged \
        over the query's positives.

    A query without a positive in the gallery is a miss: 0 in every number.
    A positive that is as far as a negative is ranked behind it, so that an
    embedding that has collapsed to a point scores 0, not by luck. A query
    that is itself in the gallery finds itself: leave it out.

    Memory is bounded: 4 million distances are looked at at a time (at least
    those of one query), at up to about 200 MB.

    Args:
        query_embeddings (array): See the table below. NumPy or CuPy.
        query_ids (array): The item in each query.
        gallery_embeddings (array): See the table below.
        gallery_ids (array): The item in each gallery image.
        ks (iterable of int): The :math:`k` of hit@k.
        query_categories (array): With :obj:`gallery_categories`: compare a
            query only with images of its category.
        gallery_categories (array): The category of each gallery image.
        n_missed (int): How many queries there are besides, without an
            embedding, because their item was not detected: misses as well.

    .. csv-table::
        :header: name, shape, dtype, format

        :obj:`query_embeddings`, ":math:`(Q, D)`", :obj:`float32`, --
        :obj:`query_ids`, ":math:`(Q,)`", ":obj:`int64` or :obj:`str`", --
        :obj:`gallery_embeddings`, ":math:`(G, D)`", :obj:`float32`, --
        :obj:`gallery_ids`, ":math:`(G,)`", ":obj:`int64` or :obj:`str`", --
        :obj:`query_categories`, ":math:`(Q,)`", :obj:`int32`, --
        :obj:`gallery_categories`, ":math:`(G,)`", :obj:`int32`, --

    Returns:
        dict of float:
        ``'hit@1'``, ``'hit@5'``, ``'hit@20'`` (or as in :obj:`ks`) and
        ``'map'``, each in :math:`[0, 1]`. NaN when there are no queries.

    Raises:
        ValueError: Shapes do not fit, NaN, a :math:`k` below 1, or
            :obj:`n_missed` below 0.

    """
    q = _check_embeddings(query_embeddings, 'query_embeddings')
    g = _check_embeddings(gallery_embeddings, 'gallery_embeddings')
    if q.shape[1] != g.shape[1]:
        raise ValueError(
            f'query_embeddings have {q.shape[1]} dimensions and '
            f'gallery_embeddings {g.shape[1]}; embed both by one network')
    q_ids = _check_column(query_ids, 'query_ids', len(q))
    g_ids = _check_column(gallery_ids, 'gallery_ids', len(g))
    if len(q) and len(g) and (q_ids.dtype.kind in 'iu') != (
            g_ids.dtype.kind in 'iu'):
        raise ValueError(
            f'query_ids are {q_ids.dtype} and gallery_ids {g_ids.dtype}; '
            'they would never be equal')
    if (query_categories is None) != (gallery_categories is None):
        raise ValueError(
            'give both query_categories and gallery_categories, or neither')
    if query_categories is not None:
        query_categories = _check_column(
            query_categories, 'query_categories', len(q))
        gallery_categories = _check_column(
            gallery_categories, 'gallery_categories', len(g))

    def match(block):
        return q_ids[block, None] == g_ids

    def other(block):
        if query_categories is None:
            return False
        return query_categories[block, None] != gallery_categories

    return _rank(q, g, match, other, ks, n_missed)


def _rank(q, g, match, other, ks, n_missed):
    """Rank the gallery for each query, and score where the positives are.

    Args:
        q (numpy.ndarray): Embeddings of the queries, float64.
        g (numpy.ndarray): Of the gallery.
        match (callable): From a slice of the queries to :math:`(B, G)` bool:
            which images are their positives.
        other (callable): The same, for images that a query is not compared
            with, or :obj:`False` when there are none.
        ks (iterable of int): As of :func:`eval_retrieval`.
        n_missed (int): The same.

    Returns:
        dict of float: As of :func:`eval_retrieval`.

    """
    ks = list(ks)
    if any(int(k) != k or k < 1 for k in ks):
        raise ValueError(f'ks must be positive integers, not {ks}')
    if int(n_missed) != n_missed or n_missed < 0:
        raise ValueError(
            f'n_missed must be an integer from 0, not {n_missed}')

    hits = np.zeros(len(ks))
    precision = 0.
    g2 = np.einsum('ij,ij->i', g, g)
    size = max(1, _BLOCK_SIZE // max(1, len(g)))
    for start in range(0, len(q), size):
        block = slice(start, start + size)
        positive = match(block)
        # |q|^2 does not change the order.
        distances = q[block].dot(g.T)
        distances *= -2
        distances += g2
        q2 = np.einsum('ij,ij->i', q[block], q[block])
        # Even where all is zero; max() of an empty gallery needs `initial`.
        behind = _EPS * (q2 + g2.max(initial=0)) + 1e-300
        distances += positive * behind[:, None]
        left_out = other(block)
        if left_out is not False:
            distances[left_out] = np.inf
            positive[left_out] = False
        order = np.argsort(distances, axis=1)
        positive = np.take_along_axis(positive, order, axis=1)

        row, rank = np.nonzero(positive)  # row by row, by rank
        n_positive = positive.sum(axis=1)
        nth = np.arange(len(row)) - (np.cumsum(n_positive) - n_positive)[row]
        precision += ((nth + 1) / (rank + 1) / n_positive[row]).sum()
        first = rank[nth == 0]
        hits += [(first < k).sum() for k in ks]

    n = len(q) + n_missed
    result = {f'hit@{k}': float(x / n) if n else float('nan')
              for k, x in zip(ks, hits, strict=True)}
    result['map'] = float(precision / n) if n else float('nan')
    return result


def _check_embeddings(x, name):
    x = np.asarray(cuda.to_cpu(x) if isinstance(x, cuda.ndarray) else x)
    if x.ndim != 2:
        raise ValueError(
            f'{name} has shape {x.shape}; it must be (number, dimensions)')
    x = x.astype(np.float64)
    if not np.isfinite(x).all():
        raise ValueError(f'{name} has NaN or infinite values')
    return x


def _check_column(x, name, n):
    x = np.asarray(cuda.to_cpu(x) if isinstance(x, cuda.ndarray) else x)
    if x.shape != (n,):
        raise ValueError(
            f'{name} has shape {x.shape} for {n} embeddings')
    return x
