from collections.abc import Iterable
from typing import Any

from vasily_fashion.evaluations.eval_retrieval import (
    _check_column,
    _check_embeddings,
    eval_retrieval,
)

import numpy as np


def eval_street2shop(
        query_embeddings: Any, query_products: Any, query_categories: Any,
        gallery_embeddings: Any, gallery_products: Any,
        gallery_categories: Any,
        ks: Iterable[int] = (1, 5, 10, 20)) -> dict[str, float]:
    """Exact Street2Shop: retrieval within the category of the query.

    The protocol of Exact Street2Shop [#]_. A query is the crop of a street
    photo by its true box, whose category is given. It is compared, by
    squared L2 distance, with the shop photos of that category, those of
    training products among them. Top-k accuracy is the share of queries with
    a photo of their product among the :math:`k` nearest; the paper's
    headline is :math:`k = 20`, for each category.

    .. [#] M. Hadi Kiapour, Xufeng Han, Svetlana Lazebnik, Alexander C. Berg,
       Tamara L. Berg. Where to Buy It: Matching Street Clothing Photos in
       Online Shops. ICCV 2015.

    Args:
        query_embeddings (array): One for each street photo, product and box.
        query_products (array): The product in each; a number may stand for
            two products of two categories.
        query_categories (array): Its category.
        gallery_embeddings (array): One for each shop photo and product.
        gallery_products (array): The product in each.
        gallery_categories (array): Its category.
        ks (iterable of int): The :math:`k` of top-k accuracy.

    .. csv-table::
        :header: name, shape, dtype, format

        embeddings, ":math:`(N, D)`", :obj:`float32`, --
        products, ":math:`(N,)`", ":obj:`int64` or :obj:`str`", --
        categories, ":math:`(N,)`", ":obj:`int32` or :obj:`str`", --

    Returns:
        dict of float:
        ``'hit@20/CATEGORY'`` for each :math:`k` and each category of the
        queries, and ``'hit@20'`` for all queries together.

    Raises:
        ValueError: As of :func:`~vasily_fashion.evaluations.eval_retrieval`.

    """
    q = _check_embeddings(query_embeddings, 'query_embeddings')
    query_products = _check_column(query_products, 'query_products', len(q))
    query_categories = _check_column(
        query_categories, 'query_categories', len(q))
    ks = list(ks)

    def score(rows):
        result = eval_retrieval(
            q[rows], query_products[rows], gallery_embeddings,
            gallery_products, ks, query_categories[rows], gallery_categories)
        return {f'hit@{k}': result[f'hit@{k}'] for k in ks}

    result = {}
    for category in np.unique(query_categories):
        of_category = score(query_categories == category)
        result.update({
            f'{key}/{category}': x for key, x in of_category.items()})
    return {**result, **score(slice(None))}
