from collections.abc import Iterable
from typing import Any

from vasily_fashion.evaluations.eval_retrieval import (
    _check_column,
    _check_embeddings,
    _check_known,
    eval_retrieval,
)

import numpy as np

_GALLERIES = {'test': ['test'], 'val+test': ['val', 'test']}


def eval_consumer_to_shop(
        embeddings: Any, item_ids: Any, is_shop: Any, partitions: Any,
        gallery: str = 'test',
        ks: Iterable[int] = (1, 20, 50)) -> dict[str, float]:
    """DeepFashion Consumer-to-Shop retrieval.

    The benchmark of DeepFashion [#]_. Queries are the consumers' images of
    the test partition, cut by their true boxes. Top-k accuracy is the share
    of them with a shop image of their item among the :math:`k` nearest of the
    whole gallery, by squared L2 distance.

    Authors disagree about the gallery. The data set's README (v1.1) says "all
    shop images in the test set". Others add those of the validation set, which
    is harder. So the names of the scores say which gallery was searched.

    .. [#] Ziwei Liu, Ping Luo, Shi Qiu, Xiaogang Wang, Xiaoou Tang.
       DeepFashion: Powering Robust Clothes Recognition and Retrieval with
       Rich Annotations. CVPR 2016.

    Args:
        embeddings (array): One for each image, not for each pair:
            :math:`(N, D)`, :obj:`float32`.
        item_ids (array): :math:`(N,)`, :obj:`int64` or :obj:`str`.
        is_shop (array): :math:`(N,)`, :obj:`bool`: whether it is a shop's.
        partitions (array of str): :math:`(N,)`: ``'train'``, ``'val'`` or
            ``'test'``.
        gallery ({'test', 'val+test'}): The partitions whose shop images are
            the gallery.
        ks (iterable of int): The :math:`k` of top-k accuracy.

    Returns:
        dict of float:
        ``'hit@20/gallery=test'`` and so on.

    Raises:
        ValueError: The gallery or a partition is unknown, `is_shop` are not
            bools, or as of :func:`~vasily_fashion.evaluations.eval_retrieval`.

    """
    if gallery not in _GALLERIES:
        raise ValueError(
            f'gallery must be one of {list(_GALLERIES)}, not {gallery!r}')
    embeddings = _check_embeddings(embeddings, 'embeddings')
    item_ids = _check_column(item_ids, 'item_ids', len(embeddings))
    is_shop = _check_known(is_shop, 'is_shop', len(embeddings), (False, True))
    partitions = _check_known(
        partitions, 'partitions', len(embeddings), ('train', 'val', 'test'))
    q = ~is_shop & (partitions == 'test')
    g = is_shop & np.isin(partitions, _GALLERIES[gallery])
    ks = list(ks)
    result = eval_retrieval(
        embeddings[q], item_ids[q], embeddings[g], item_ids[g], ks)
    return {f'hit@{k}/gallery={gallery}': result[f'hit@{k}'] for k in ks}
