from typing import Any

from vasily_fashion.evaluations.bootstrap_interval import bootstrap_interval
from vasily_fashion.evaluations.score_embedding import Images, embed_all
from vasily_fashion.retrieval.fashion_item_retriever import DETECTED_MARGIN, FashionItemRetriever
from vasily_fashion.retrieval.flat_index import FlatIndex
from vasily_fashion.retrieval.retrieved_item import RetrievedItem

import numpy as np
from chainercv.utils import bbox_iou
from tqdm import tqdm

_IOU_THRESH = .5
_KS = 1, 5, 20


def score_retrieve(
        detector: Any, extractor: Any, queries: Images, gallery: Images,
        margin: float = DETECTED_MARGIN) -> dict[str, dict[str, float]]:
    """Score what `retrieve` finds for the items of street photos.

    It is given the photo alone: neither the item's box nor its category. The
    box of a query says which of the detected items is meant: the one that
    overlaps it most, by an IoU of 0.5 or more. If there is none, it is a miss.

    Args:
        detector, extractor, margin: As of
            :class:`~vasily_fashion.retrieval.FashionItemRetriever`.
        queries (Images): Items, whose `files` are paths, with `bboxes`.
        gallery (Images): Product images, distractors among them.

    Returns:
        dict of dict of float:
        By the `category` of
        :meth:`~vasily_fashion.retrieval.FashionItemRetriever.retrieve`, 'same'
        and 'any': ``'hit@1'``, ``'hit@5'`` and ``'hit@20'``, ties being
        misses, each with the ends of its 95 % interval over photos,
        ``'/low'`` and ``'/high'``; ``'category@5'``, the share of the five
        nearest that are of the query's category, NaN where none is known;
        ``'found'``, the share of the queries with an item.
    """
    index = FlatIndex(extractor.dim)
    index.add(embed_all(extractor.extract, gallery.read, len(gallery.ids)),
              np.arange(len(gallery.ids)), gallery.categories)
    retriever = FashionItemRetriever(detector, extractor, index, margin=margin)
    photos = np.unique(queries.files).tolist()
    item_of: dict[int, RetrievedItem] = {}
    for photo, items in tqdm(
            zip(photos, retriever.iter_retrieve(photos, 1), strict=True),
            'retrieve', len(photos), disable=None):
        for row in np.flatnonzero(queries.files == photo) if items else ():
            iou = bbox_iou(
                queries.bboxes[row:row + 1], np.stack([item.bbox for item in items]))[0]
            if iou.max() >= _IOU_THRESH:  # NaN where no box is known
                item_of[int(row)] = items[int(iou.argmax())]
    guesses = [(item.category, item.second_category) for item in item_of.values()]
    # so many that ties are seen
    k = max(_KS) + int(np.unique(gallery.ids, return_counts=True)[1].max())
    result = {}
    for category in 'same', 'any':
        ranks, of_category = np.full((2, len(queries.ids)), np.inf)
        of_category[:] = np.nan
        for query, (distances, ids) in zip(item_of, retriever.search(
                [item.embedding for item in item_of.values()], k, guesses, category),
                strict=True):
            is_own = gallery.ids[ids] == queries.ids[query]
            if is_own.any():
                ranks[query] = (distances[~is_own] <= distances[is_own].min()).sum()
            if queries.categories[query] >= 0:
                of_category[query] = np.mean(
                    gallery.categories[ids[:5]] == queries.categories[query])
        known = of_category[np.isfinite(of_category)]
        scores = {'category@5': float(known.mean()) if len(known) else float('nan'),
                  'found': len(item_of) / len(ranks)}
        for n in _KS:
            low, high = bootstrap_interval(ranks < n, queries.files)
            scores.update({f'hit@{n}': float(np.mean(ranks < n)),
                           f'hit@{n}/low': low, f'hit@{n}/high': high})
        result[category] = scores
    return result
