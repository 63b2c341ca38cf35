import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np
from chainer.backends import cuda

# Distances held at a time, in numbers (float64).
_BLOCK_SIZE = 1 << 22


def eval_retrieval(
        query_embeddings: Any, query_ids: Any, gallery_embeddings: Any,
        gallery_ids: Any, ks: Iterable[int] = (1, 5, 20),
        query_categories: Any = None, gallery_categories: Any = None,
        n_missed: int = 0, query_images: Any = None,
        gallery_images: Any = None,
        per_query: bool = False) -> dict[str, Any]:
    """Evaluate the search of product images by street snaps.

    Each query is compared with the whole gallery by squared L2 distance. Its
    positives are the gallery images with its id: one or several.

    * **hit@k**: the share of queries with a positive among the :math:`k` \
        nearest, "top-k accuracy" in the literature.
    * **map**: the mean over queries of the average precision: for each \
        positive the share of positives among the images up to it, averaged \
        over the query's positives.

    A query without a positive in the gallery is a miss: 0 in every number.
    If a positive and a negative are equally far, the positive is ranked behind
    the negative. So an embedding that has collapsed to a point scores 0, and
    luck plays no part. Distances are equal if they differ by no more than a
    rounding error. If an image is both in the queries and in the gallery,
    :obj:`query_images` and :obj:`gallery_images` keep it from finding itself.

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
        query_images (array): With :obj:`gallery_images`: the file that each
            query is of, or its number. A query is not compared with images of
            its own file.
        gallery_images (array): The file that each gallery image is of.
        per_query (bool): Whether to return the numbers of each query, not
            their means, such as for
            :func:`~vasily_fashion.evaluations.bootstrap_interval`.

    .. csv-table::
        :header: name, shape, dtype, format

        :obj:`query_embeddings`, ":math:`(Q, D)`", :obj:`float32`, --
        :obj:`query_ids`, ":math:`(Q,)`", ":obj:`int64` or :obj:`str`", --
        :obj:`gallery_embeddings`, ":math:`(G, D)`", :obj:`float32`, --
        :obj:`gallery_ids`, ":math:`(G,)`", ":obj:`int64` or :obj:`str`", --
        :obj:`query_categories`, ":math:`(Q,)`", ":obj:`int32` or :obj:`str`", --
        :obj:`gallery_categories`, ":math:`(G,)`", ":obj:`int32` or :obj:`str`", --
        :obj:`query_images`, ":math:`(Q,)`", ":obj:`int64` or :obj:`str`", --
        :obj:`gallery_images`, ":math:`(G,)`", ":obj:`int64` or :obj:`str`", --

    Returns:
        dict of float:
        ``'hit@1'``, ``'hit@5'``, ``'hit@20'`` (or as in :obj:`ks`) and
        ``'map'``, each in :math:`[0, 1]`. NaN when there are no queries. With
        :obj:`per_query` of arrays, each :math:`(Q + n_{missed},)`, the
        missed ones last.

    Raises:
        ValueError: Shapes do not fit, NaN, ids that are neither integers nor
            text, a :math:`k` below 1, or :obj:`n_missed` below 0.

    """
    q = _check_embeddings(query_embeddings, 'query_embeddings')
    g = _check_embeddings(gallery_embeddings, 'gallery_embeddings')
    if q.shape[1] != g.shape[1]:
        raise ValueError(
            f'query_embeddings have {q.shape[1]} dimensions and '
            f'gallery_embeddings {g.shape[1]}; embed both by one network')
    q_ids, g_ids = _check_columns(
        'ids', query_ids, gallery_ids, len(q), len(g))
    q_categories, g_categories = _check_columns(
        'categories', query_categories, gallery_categories, len(q), len(g))
    q_images, g_images = _check_columns(
        'images', query_images, gallery_images, len(q), len(g))

    def match(block):
        return q_ids[block, None] == g_ids

    def other(block):
        left_out: Any = False
        if q_categories is not None:
            left_out = q_categories[block, None] != g_categories
        if q_images is not None:
            left_out = left_out | (q_images[block, None] == g_images)
        return left_out

    result = _rank(q, g, match, other, ks, n_missed)
    return result if per_query else _means(result)


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
        dict of numpy.ndarray: As of :func:`eval_retrieval`, by query.

    """
    ks = list(ks)
    if any(not float(k).is_integer() or k < 1 for k in ks):
        raise ValueError(f'ks must be positive integers, not {ks}')
    if not float(n_missed).is_integer() or n_missed < 0:
        raise ValueError(
            f'n_missed must be an integer from 0, not {n_missed}')

    n = len(q) + int(n_missed)
    first, precision = np.full(n, np.inf), np.zeros(n)
    for block, keys, positive in _compare(q, g, match, other):
        order = np.argsort(keys, axis=1)
        positive = np.take_along_axis(positive, order, axis=1)
        row, rank = np.nonzero(positive)  # row by row, by rank
        n_positive = positive.sum(axis=1)
        nth = np.arange(len(row)) - (np.cumsum(n_positive) - n_positive)[row]
        first[block][row[nth == 0]] = rank[nth == 0]
        np.add.at(precision[block], row, (nth + 1) / (rank + 1) / n_positive[row])
    return {**{f'hit@{k}': (first < k).astype(float) for k in ks},
            'map': precision}


def _means(result):
    return {key: float(x.mean()) if len(x) else float('nan')
            for key, x in result.items()}


def _compare(q, g, match, other):
    """Yield, block by block, what orders the gallery for each query.

    Args:
        q, g, match, other: As of :func:`_rank`.

    Yields:
        (slice, numpy.ndarray, numpy.ndarray): The queries, their distances to
        the gallery, :math:`(B, G)`, and which images are positives. Positives
        are moved back, and the others to the front, by as much as rounding
        may have changed the distance: a tie is never in favour of a positive.
        What a query is not compared with is at infinity, and not a positive.

    """
    g2 = np.einsum('ij,ij->i', g, g)
    q_norm, g_norm = np.sqrt(np.einsum('ij,ij->i', q, q)), np.sqrt(g2)
    eps = (q.shape[1] + 8) * np.finfo(np.float64).eps
    size = max(1, _BLOCK_SIZE // max(1, len(g)))
    for start in range(0, len(q), size):
        block = slice(start, min(start + size, len(q)))
        positive = match(block)
        # |q|^2 does not change the order.
        distances = q[block].dot(g.T)
        distances *= -2
        distances += g2
        # Above 0 even where all is zero.
        doubt = np.multiply.outer(2 * eps * q_norm[block], g_norm)
        doubt += eps * g2 + 1e-300
        np.negative(doubt, out=doubt, where=~positive)
        distances += doubt
        left_out = other(block)
        if left_out is not False:
            distances[left_out] = np.inf
            positive[left_out] = False
        yield block, distances, positive


def _check_embeddings(x, name):
    x = np.asarray(cuda.to_cpu(x) if isinstance(x, cuda.ndarray) else x)
    if x.ndim != 2:
        raise ValueError(
            f'{name} has shape {x.shape}; it must be (number, dimensions)')
    x = x.astype(np.float64)
    # beyond, squares are infinite
    if not (np.abs(x) <= np.finfo(np.float32).max).all():
        raise ValueError(
            f'{name} has NaN, or values that are too large for float32')
    return x


def _check_columns(what, query, gallery, n_query, n_gallery):
    """A column of both sides as int64, equal where their values are equal."""
    names = f'query_{what}', f'gallery_{what}'
    if query is None and gallery is None:
        return None, None
    if query is None or gallery is None:
        raise ValueError(f'give both {names[0]} and {names[1]}, or neither')
    query = _check_column(query, names[0], n_query)
    gallery = _check_column(gallery, names[1], n_gallery)
    if n_query and n_gallery and query.dtype.kind != gallery.dtype.kind:
        raise ValueError(
            f'{names[0]} are {query.dtype} and {names[1]} {gallery.dtype}; '
            'they would never be equal')
    values = np.unique(
        np.concatenate([query, gallery]), return_inverse=True)[1].reshape(-1)
    return values[:n_query], values[n_query:]


def _check_column(x, name, n):
    """A column of integers, as int64, or of text."""
    x = cuda.to_cpu(x) if isinstance(x, cuda.ndarray) else x
    # a list is not made an array at once, which would make text of 1 and of NaN
    x = x if isinstance(x, np.ndarray) else np.array(list(x), object)
    if x.shape != (n,):
        raise ValueError(
            f'{name} has shape {x.shape} for {n} embeddings')
    if n == 0:
        return np.zeros(0, np.int64)
    if x.dtype == object and all(isinstance(value, str) for value in x):
        x = x.astype(str)
    if x.dtype == object and all(
            isinstance(value, numbers.Integral) and not isinstance(value, bool)
            for value in x):
        x = np.array(x.tolist())
    if x.dtype.kind == 'u' and x.max() <= np.iinfo(np.int64).max:
        x = x.astype(np.int64)
    if x.dtype.kind not in 'iU':
        kinds = sorted({type(value).__name__ for value in x})
        raise ValueError(
            f'{name} are {" and ".join(kinds)}; they must be all integers '
            '(of 64 bits), or all text')
    return x


def _check_known(x, name, n, known):
    """A column of some known values."""
    x = np.asarray(cuda.to_cpu(x) if isinstance(x, cuda.ndarray) else x)
    if x.shape != (n,):
        raise ValueError(
            f'{name} has shape {x.shape} for {n} embeddings')
    unknown = [value for value in np.unique(x).tolist() if value not in known]
    if unknown:
        raise ValueError(f'{name} has {unknown}; they must be of {known}')
    return x.astype(type(known[0]))
