from typing import Any

from vasily_fashion.evaluations.bootstrap_interval import bootstrap_interval
from vasily_fashion.evaluations.score_embedding import Images, embed_all
from vasily_fashion.retrieval.fashion_item_retriever import DETECTED_MARGIN, FashionItemRetriever
from vasily_fashion.retrieval.flat_index import FlatIndex

import numpy as np
from chainercv.utils import bbox_iou
from tqdm import tqdm

_IOU_THRESH = .5
_KS = 1, 5, 20


def score_retrieve(
        detector: Any, extractor: Any, queries: Images, gallery: Images,
        category: str = 'same', margin: float = DETECTED_MARGIN) -> dict[str, float]:
    """Score what `retrieve` finds for the items of street photos.

    It is given the photo alone: neither the item's box nor its category. The
    box of a query says which of the retrieved items is meant: the one that
    overlaps it most, by an IoU of 0.5 or more. If there is none, it is a miss.

    Args:
        detector, extractor: As of
            :class:`~vasily_fashion.retrieval.FashionItemRetriever`.
        queries (Images): Items, whose `files` are paths, with `bboxes`.
        gallery (Images): Product images, distractors among them.
        category ({'same', 'any'}), margin: As of
            :class:`~vasily_fashion.retrieval.FashionItemRetriever`.

    Returns:
        dict of float:
        ``'hit@1'``, ``'hit@5'`` and ``'hit@20'``, ties being misses, each with
        the ends of its 95 % interval over photos, ``'/low'`` and ``'/high'``;
        ``'category@5'``, the share of the five nearest that are of the query's
        category, NaN where none is known; ``'found'``, the share of the queries with an item.
    """
    index = FlatIndex(extractor.dim)
    index.add(embed_all(extractor.extract, gallery.read, len(gallery.ids)),
              np.arange(len(gallery.ids)), gallery.categories)
    retriever = FashionItemRetriever(detector, extractor, index, margin=margin)
    photos = np.unique(queries.files).tolist()
    # so many that ties are seen
    k = max(_KS) + int(np.unique(gallery.ids, return_counts=True)[1].max())
    ranks = np.full(len(queries.ids), np.inf)
    of_category: list[float] = []
    found = zip(photos, retriever.iter_retrieve(photos, k, category=category), strict=True)
    for photo, items in tqdm(found, 'retrieve', len(photos), disable=None):
        if not items:
            continue
        boxes = np.stack([item.bbox for item in items])
        for row in np.flatnonzero(queries.files == photo):
            iou = bbox_iou(queries.bboxes[row:row + 1], boxes)[0]
            if not iou.max() >= _IOU_THRESH:  # NaN where no box is known
                continue
            item = items[int(iou.argmax())]
            is_own = gallery.ids[item.ids] == queries.ids[row]
            own = item.distances[is_own].min(initial=np.inf)
            ranks[row] = (item.distances[~is_own] <= own).sum() if is_own.any() else np.inf
            of_category.append(
                np.mean(gallery.categories[item.ids[:5]] == queries.categories[row])
                if queries.categories[row] >= 0 else np.nan)
    result = {}
    for k in _KS:
        low, high = bootstrap_interval(ranks < k, queries.files)
        result.update({f'hit@{k}': float(np.mean(ranks < k)),
                       f'hit@{k}/low': low, f'hit@{k}/high': high})
    known = np.array(of_category)[np.isfinite(of_category)]
    result['category@5'] = float(known.mean()) if len(known) else float('nan')
    result['found'] = len(of_category) / len(ranks)
    return result
