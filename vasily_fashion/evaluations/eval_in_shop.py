from collections.abc import Iterable
from typing import Any

from vasily_fashion.evaluations.eval_retrieval import (
    _check_column,
    _check_embeddings,
    _check_known,
    eval_retrieval,
)


def eval_in_shop(
        embeddings: Any, item_ids: Any, statuses: Any,
        ks: Iterable[int] = (1, 10, 20, 30, 40, 50)) -> dict[str, float]:
    """DeepFashion In-shop retrieval.

    The benchmark of DeepFashion [#]_. Its split names the queries and the
    gallery. Recall@k is the share of queries with an image of their item
    among the :math:`k` nearest of the whole gallery, by squared L2 distance.

    .. [#] Ziwei Liu, Ping Luo, Shi Qiu, Xiaogang Wang, Xiaoou Tang.
       DeepFashion: Powering Robust Clothes Recognition and Retrieval with
       Rich Annotations. CVPR 2016.

    Args:
        embeddings (array): One for each image: :math:`(N, D)`,
            :obj:`float32`.
        item_ids (array): :math:`(N,)`, :obj:`int64` or :obj:`str`.
        statuses (array of str): :math:`(N,)`: ``'query'``, ``'gallery'`` or
            ``'train'``, which takes no part.
        ks (iterable of int): The :math:`k` of recall@k.

    Returns:
        dict of float:
        ``'recall@1'``, ``'recall@10'``, ... as in :obj:`ks`.

    Raises:
        ValueError: A status is unknown, or as of
            :func:`~vasily_fashion.evaluations.eval_retrieval`.

    """
    embeddings = _check_embeddings(embeddings, 'embeddings')
    item_ids = _check_column(item_ids, 'item_ids', len(embeddings))
    statuses = _check_known(
        statuses, 'statuses', len(embeddings), ('train', 'query', 'gallery'))
    q, g = statuses == 'query', statuses == 'gallery'
    ks = list(ks)
    result = eval_retrieval(
        embeddings[q], item_ids[q], embeddings[g], item_ids[g], ks)
    return {f'recall@{k}': result[f'hit@{k}'] for k in ks}
