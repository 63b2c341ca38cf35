import importlib.util
from collections.abc import Iterable, Sequence

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.evaluations._check_photos import check_photos
from vasily_fashion.evaluations.eval_detection import _choose_classes, _mean

import chainercv
import numpy as np
from chainercv.utils import bbox_iou

# Our names of ChainerCV's.
_SCORES = {
    'ap': 'ap/iou=0.50:0.95/area=all/max_dets=100',
    'ap50': 'ap/iou=0.50/area=all/max_dets=100',
    'ap75': 'ap/iou=0.75/area=all/max_dets=100',
    'ap_small': 'ap/iou=0.50:0.95/area=small/max_dets=100',
    'ap_medium': 'ap/iou=0.50:0.95/area=medium/max_dets=100',
    'ap_large': 'ap/iou=0.50:0.95/area=large/max_dets=100',
}


def eval_detection_coco(
        pred_bboxes: Iterable[np.ndarray], pred_labels: Iterable[np.ndarray],
        pred_scores: Iterable[np.ndarray], gt_bboxes: Iterable[np.ndarray],
        gt_labels: Iterable[np.ndarray],
        gt_areas: Iterable[np.ndarray] | None = None,
        gt_crowdeds: Iterable[np.ndarray] | None = None,
        label_names: Sequence[str] = FASHION_CATEGORIES,
        classes: Iterable[str] | None = None) -> dict[str, float]:
    """Average precision of each class, as MS COCO defines it.

    ChainerCV's :func:`~chainercv.evaluations.eval_detection_coco`, which asks
    pycocotools, with the names of the classes. It is what ModaNet,
    DeepFashion2 and Fashionpedia are scored by. If detections have equal
    scores, those that overlap an item least come first; pycocotools would take
    them in the order of the images.

    * **ap**: the mean over the overlaps 0.50, 0.55, ..., 0.95 of the \
        precision at 101 recalls.
    * **ap50**, **ap75**: at an overlap of 0.50 or 0.75 alone.
    * **ap_small**, **ap_medium**, **ap_large**: of items below \
        :math:`32^2`, up to and from :math:`96^2` square pixels of their image.

    Give it predictions of low scores as well, such as
    ``detector.use_preset('evaluate')`` makes; the best 100 of each category
    of an image are looked at.

    Args:
        pred_bboxes, pred_labels, pred_scores, gt_bboxes, gt_labels, label_names, classes: As of
            :func:`~vasily_fashion.evaluations.eval_detection`.
        gt_areas (iterable of numpy.ndarray): :math:`(R,)`, :obj:`float32`;
            the square pixels of an item, of its mask in COCO's own data sets.
            Those of its box by default.
        gt_crowdeds (iterable of numpy.ndarray): :math:`(R,)`, :obj:`bool`;
            boxes around many items, which count neither way. None by default.

    Returns:
        dict of float:
        ``'ap/CLASS'`` for each class, NaN for one that is not in
        :obj:`gt_labels`, and ``'map'``, the mean of those that are not NaN
        (NaN when there is none); so for each of the six: ``'ap50/CLASS'``
        and ``'map50'``, ``'ap_small/CLASS'`` and ``'map_small'``.

    Raises:
        ImportError: pycocotools is not installed.
        ValueError: As of :func:`~vasily_fashion.evaluations.eval_detection`.

    """
    if importlib.util.find_spec('pycocotools') is None:
        raise ImportError('pycocotools is not installed: pip install pycocotools')
    is_scored = _choose_classes(label_names, classes)
    photos = check_photos(
        len(label_names), pred_bboxes=pred_bboxes, pred_labels=pred_labels,
        pred_scores=pred_scores, gt_bboxes=gt_bboxes, gt_labels=gt_labels,
        gt_areas=gt_areas, gt_crowdeds=gt_crowdeds)
    photos.setdefault('gt_areas', [
        (bbox[:, 2:] - bbox[:, :2]).prod(axis=1) for bbox in photos['gt_bboxes']])

    photos['pred_scores'] = _break_ties(photos)

    found = {}
    if any(len(x) for x in photos['pred_labels'] + photos['gt_labels']):
        found = chainercv.evaluations.eval_detection_coco(**photos)
    result = {}
    for name, key in _SCORES.items():
        ap = np.full(len(label_names), np.nan)
        values = found.get(key, ())
        # ChainerCV's arrays end at the greatest label that occurs.
        ap[:len(values)] = values
        ap[~is_scored] = np.nan
        result.update({
            f'{name}/{label_name}': float(x)
            for label_name, x in zip(label_names, ap, strict=True)})
        result[f'm{name}'] = _mean(ap)
    return result


def _break_ties(photos: dict[str, list[np.ndarray]]) -> list[np.ndarray]:
    """Make scores distinct in the same order; of equal ones the best match comes last."""
    scores, nearness = [np.empty(0)], [np.empty(0)]
    for bbox, label, score, gt_bbox, gt_label in zip(
            *(photos[name] for name in (
                'pred_bboxes', 'pred_labels', 'pred_scores', 'gt_bboxes', 'gt_labels')),
            strict=True):
        with np.errstate(invalid='ignore'):  # of two boxes without area
            iou = np.nan_to_num(bbox_iou(bbox.astype(float), gt_bbox.astype(float)))
        iou *= label[:, None] == gt_label
        scores.append(score)
        nearness.append(iou.max(axis=1, initial=0))
    order = np.lexsort((np.concatenate(nearness), -np.concatenate(scores)))
    rank = np.empty(len(order))
    rank[order] = np.arange(len(order), 0, -1)
    return np.split(rank, np.cumsum([len(x) for x in photos['pred_scores'][:-1]], dtype=int))
