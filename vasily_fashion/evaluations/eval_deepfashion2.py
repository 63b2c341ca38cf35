from collections.abc import Iterable, Sequence

from vasily_fashion.evaluations._check_photos import check_photos
from vasily_fashion.evaluations.eval_retrieval import _check_embeddings, _means, _rank
from vasily_fashion.evaluations.match_detections import match_detections

import numpy as np
from chainercv.utils import bbox_iou
from scipy.sparse import csr_array

# A box of the gallery shows an item from this overlap on.
_GALLERY_IOU_THRESH = 0.5


def eval_deepfashion2(
        user_bboxes: Sequence[np.ndarray], user_labels: Sequence[np.ndarray],
        user_scores: Sequence[np.ndarray], user_embeddings: Sequence[np.ndarray],
        gt_user_bboxes: Sequence[np.ndarray], gt_user_labels: Sequence[np.ndarray],
        gt_user_items: Sequence[np.ndarray],
        shop_bboxes: Sequence[np.ndarray], shop_embeddings: Sequence[np.ndarray],
        gt_shop_bboxes: Sequence[np.ndarray], gt_shop_items: Sequence[np.ndarray],
        ks: Iterable[int] = (1, 5, 10, 15, 20),
        iou_thresh: float = 0.) -> dict[str, float]:
    """Consumer-to-shop retrieval with detected boxes, as DeepFashion2 does it.

    The protocol of DeepFashion2 [#]_ and its evaluation code:

    * A query is an item of a consumer's photo whose style is above 0. The \
        detection that stands for it is chosen by \
        :func:`~vasily_fashion.evaluations.match_detections`, and must be of \
        its category. A query that is not detected is a miss.
    * The gallery is every detected box of every shop photo, of all \
        categories. One is right if it overlaps, by 0.5 or more, an item there \
        with the pair id and the style of the query.
    * **hit@k**: the share of queries with a right box among the :math:`k` \
        nearest by squared L2 distance.

    For scores with true boxes, which the paper reports as well, give those as
    detected.

    .. [#] Yuying Ge, Ruimao Zhang, Xiaogang Wang, Xiaoou Tang, Ping Luo.
       DeepFashion2: A Versatile Benchmark for Detection, Pose Estimation,
       Segmentation and Re-Identification of Clothing Images. CVPR 2019.

    Args:
        user_bboxes (list of numpy.ndarray): Detected in each consumer's
            photo.
        user_labels (list of numpy.ndarray): Their categories.
        user_scores (list of numpy.ndarray): Their scores.
        user_embeddings (list of numpy.ndarray): Their embeddings.
        gt_user_bboxes (list of numpy.ndarray): The items of each consumer's
            photo.
        gt_user_labels (list of numpy.ndarray): Their categories.
        gt_user_items (list of numpy.ndarray): Their pair id and style.
        shop_bboxes (list of numpy.ndarray): Detected in each shop photo.
        shop_embeddings (list of numpy.ndarray): Their embeddings.
        gt_shop_bboxes (list of numpy.ndarray): The items of each shop photo.
        gt_shop_items (list of numpy.ndarray): Their pair id and style.
        ks (iterable of int): The :math:`k` of hit@k.
        iou_thresh (float): How much a detection must overlap the query that
            it stands for. DeepFashion2 has no minimum.

    .. csv-table::
        :header: name, shape, dtype, format

        bboxes, ":math:`[(R, 4)]`", :obj:`float32`, \
        ":math:`(y_{min}, x_{min}, y_{max}, x_{max})`"
        labels, ":math:`[(R,)]`", :obj:`int32`, --
        scores, ":math:`[(R,)]`", :obj:`float32`, --
        embeddings, ":math:`[(R, D)]`", :obj:`float32`, --
        items, ":math:`[(R, 2)]`", :obj:`int32`, "(pair id, style)"

    Returns:
        dict of float:
        ``'hit@1'``, ``'hit@5'``, ... as in :obj:`ks`, and ``'found'``, the
        share of queries that a detection stands for. NaN when there are no
        queries.

    Raises:
        ValueError: Shapes do not fit, NaN, labels that are not integers, or a
            :math:`k` below 1.

    """
    user = check_photos(
        user_bboxes=user_bboxes, user_labels=user_labels,
        user_scores=user_scores, user_embeddings=user_embeddings,
        gt_user_bboxes=gt_user_bboxes, gt_user_labels=gt_user_labels,
        gt_user_items=gt_user_items)
    shop = check_photos(
        shop_bboxes=shop_bboxes, shop_embeddings=shop_embeddings,
        gt_shop_bboxes=gt_shop_bboxes, gt_shop_items=gt_shop_items)

    dim = max((x.shape[1] for x in (*user['user_embeddings'], *shop['shop_embeddings'])
               if len(x)), default=0)
    q, g = [np.zeros((0, dim))], [np.zeros((0, dim))]
    items: list[tuple[int, int]]
    items, n_query = [], 0
    for bbox, label, score, embedding, gt_bbox, gt_label, gt_item in zip(
            *user.values(), strict=True):
        chosen = match_detections(
            bbox, score, gt_bbox, label, gt_label, iou_thresh)
        is_query = np.array([style > 0 for _, style in gt_item], bool)
        n_query += is_query.sum()
        is_query &= chosen >= 0
        if len(embedding):
            q.append(embedding[chosen[is_query]])
        items.extend(tuple(x) for x in gt_item[is_query].tolist())

    # Outer and top overlap: one box may be right for several items.
    row_of_item = {item: row for row, item in enumerate(dict.fromkeys(items))}
    rows, columns, n_gallery = [], [], 0
    for bbox, embedding, gt_bbox, gt_item in zip(*shop.values(), strict=True):
        if len(embedding):
            g.append(embedding)
        if len(bbox) and len(gt_bbox):
            iou = bbox_iou(bbox, gt_bbox)
            for i, j in np.argwhere(iou >= _GALLERY_IOU_THRESH):
                row = row_of_item.get(tuple(gt_item[j].tolist()))
                if row is not None:
                    rows.append(row)
                    columns.append(n_gallery + i)
        n_gallery += len(bbox)
    q = _check_embeddings(np.concatenate(q), 'user_embeddings')
    g = _check_embeddings(np.concatenate(g), 'shop_embeddings')
    right = csr_array(
        (np.ones(len(rows), bool), (rows, columns)),
        shape=(len(row_of_item), n_gallery))
    row_of_query = np.array([row_of_item[item] for item in items], int)

    result = _means(_rank(
        q, g, lambda block: right[row_of_query[block]].toarray(),
        lambda block: False, ks, n_query - len(q)))
    del result['map']  # without meaning where an item is detected twice
    result['found'] = float(len(q) / n_query) if n_query else float('nan')
    return result
