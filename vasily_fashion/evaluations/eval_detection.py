from collections.abc import Iterable

from vasily_fashion.categories import FASHION_CATEGORIES

import numpy as np
from chainercv.evaluations import calc_detection_voc_ap, calc_detection_voc_prec_rec


def eval_detection(
        pred_bboxes: Iterable[np.ndarray], pred_labels: Iterable[np.ndarray],
        pred_scores: Iterable[np.ndarray], gt_bboxes: Iterable[np.ndarray],
        gt_labels: Iterable[np.ndarray],
        gt_difficults: Iterable[np.ndarray] | None = None,
        iou_thresh: float = 0.5, use_07_metric: bool = False,
) -> dict[str, float]:
    """Average precision of each fashion category, as PASCAL VOC defines it.

    ChainerCV's :func:`~chainercv.evaluations.eval_detection_voc` with the
    names of :obj:`~vasily_fashion.categories.FASHION_CATEGORIES`. See there
    for the arguments. The area under the whole precision-recall curve is
    taken unless :obj:`use_07_metric` asks for the eleven points of 2007.

    Give it predictions of low scores as well, such as
    ``detector.use_preset('evaluate')`` makes.

    Args:
        pred_bboxes (iterable of numpy.ndarray): For each image
            :math:`(R, 4)`, :obj:`float32`.
        pred_labels (iterable of numpy.ndarray): :math:`(R,)`, :obj:`int32`,
            indices into :obj:`FASHION_CATEGORIES`.
        pred_scores (iterable of numpy.ndarray): :math:`(R,)`,
            :obj:`float32`.
        gt_bboxes (iterable of numpy.ndarray): As :obj:`pred_bboxes`.
        gt_labels (iterable of numpy.ndarray): As :obj:`pred_labels`.
        gt_difficults (iterable of numpy.ndarray): :math:`(R,)`, :obj:`bool`;
            boxes that count neither way. None by default.
        iou_thresh (float): The overlap from which a prediction is right.
        use_07_metric (bool): Whether to use the metric of 2007.

    Returns:
        dict of float:
        ``'ap/CATEGORY'`` for each category, NaN for one that is not in
        :obj:`gt_labels`, and ``'map'``, the mean of those that are not NaN
        (NaN when there is none).

    Raises:
        ValueError: The lists are of different lengths, or a label is no index
            of a category.

    """
    pred_labels, gt_labels = _check_labels(pred_labels, gt_labels)
    ap = np.full(len(FASHION_CATEGORIES), np.nan)
    if any(len(x) for x in pred_labels + gt_labels):
        # The precision is 0 / 0 as long as only difficult boxes are found.
        with np.errstate(invalid='ignore'):
            precision, recall = calc_detection_voc_prec_rec(
                pred_bboxes, pred_labels, pred_scores, gt_bboxes, gt_labels,
                gt_difficults, iou_thresh=iou_thresh)
        # ChainerCV's arrays end at the greatest label that occurs.
        ap[:len(precision)] = calc_detection_voc_ap(
            precision, recall, use_07_metric=use_07_metric)
    result = {
        f'ap/{name}': float(x)
        for name, x in zip(FASHION_CATEGORIES, ap, strict=True)}
    known = ap[~np.isnan(ap)]
    result['map'] = float(known.mean()) if len(known) else float('nan')
    return result


def _check_labels(
        pred_labels: Iterable[np.ndarray], gt_labels: Iterable[np.ndarray],
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Both as lists of arrays, as many as there are images."""
    pred_labels = [_check(x, 'pred_labels', i)
                   for i, x in enumerate(pred_labels)]
    gt_labels = [_check(x, 'gt_labels', i) for i, x in enumerate(gt_labels)]
    if len(pred_labels) != len(gt_labels):
        raise ValueError(
            f'there are predictions for {len(pred_labels)} images and ground '
            f'truth for {len(gt_labels)}')
    return pred_labels, gt_labels


def _check(label, name, i):
    label = np.asarray(label)
    n_category = len(FASHION_CATEGORIES)
    if len(label) and not (0 <= label.min() and label.max() < n_category):
        raise ValueError(
            f'{name}[{i}] has labels {label.min()}..{label.max()}; '
            f'they are indices of the {n_category} FASHION_CATEGORIES')
    return label
