from collections.abc import Iterable, Sequence
from typing import Any

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.evaluations._check_photos import check_photos
from vasily_fashion.evaluations.bootstrap_interval import _resample

import numpy as np
from chainercv.evaluations import calc_detection_voc_ap
from chainercv.utils import bbox_iou


def eval_detection(
        pred_bboxes: Iterable[np.ndarray], pred_labels: Iterable[np.ndarray],
        pred_scores: Iterable[np.ndarray], gt_bboxes: Iterable[np.ndarray],
        gt_labels: Iterable[np.ndarray],
        gt_difficults: Iterable[np.ndarray] | None = None,
        iou_thresh: float = 0.5, use_07_metric: bool = False,
        label_names: Sequence[str] = FASHION_CATEGORIES,
        classes: Iterable[str] | None = None, count_last_pixel: bool = False,
        n_bootstrap: int = 0, seed: int = 0) -> dict[str, float]:
    """Average precision of each class, as PASCAL VOC defines it.

    It differs from ChainerCV's :func:`~chainercv.evaluations.eval_detection_voc`
    in two ways. The overlap of two boxes is exact. If detections have equal
    scores, the wrong ones come first, so their order does not matter. The area
    under the whole precision-recall curve is taken, unless :obj:`use_07_metric`
    asks for the eleven points of 2007.

    Give it predictions of low scores as well, such as
    ``detector.use_preset('evaluate')`` makes.

    Args:
        pred_bboxes (iterable of numpy.ndarray): For each image
            :math:`(R, 4)`, :obj:`float32`.
        pred_labels (iterable of numpy.ndarray): :math:`(R,)`, :obj:`int32`,
            indices into :obj:`label_names`.
        pred_scores (iterable of numpy.ndarray): :math:`(R,)`,
            :obj:`float32`.
        gt_bboxes (iterable of numpy.ndarray): As :obj:`pred_bboxes`.
        gt_labels (iterable of numpy.ndarray): As :obj:`pred_labels`.
        gt_difficults (iterable of numpy.ndarray): :math:`(R,)`, :obj:`bool`;
            boxes that count neither way. None by default.
        iou_thresh (float): The overlap from which a prediction is right.
        use_07_metric (bool): Whether to use the metric of 2007.
        label_names (sequence of str): The classes, such as the `label_names`
            of the detector.
        classes (iterable of str): Those of them that the data set labels. The
            others are not scored: they are NaN. All by default.
        count_last_pixel (bool): Whether a box has one more row and column of
            pixels than its coordinates say, as in PASCAL VOC's own evaluation
            and in tables that were made by it or by ChainerCV. It takes
            small boxes for nearer than they are.
        n_bootstrap (int): How often photos are drawn for the 95 % intervals;
            0 for none. See
            :func:`~vasily_fashion.evaluations.bootstrap_interval`.
        seed (int): Of the draws.

    Returns:
        dict of float:
        ``'ap/CLASS'`` for each class, NaN for one that is not in
        :obj:`gt_labels`, and ``'map'``, the mean of those that are not NaN
        (NaN when there is none). With :obj:`n_bootstrap` also
        ``'map/low'``, ``'map/high'``, ``'ap/CLASS/low'`` and
        ``'ap/CLASS/high'``.

    Raises:
        ValueError: The lists are of different lengths, a box or a score is
            NaN or infinite, or a label is not an index of a class. The
            message names the list and the image.

    """
    is_scored = _choose_classes(label_names, classes)
    photos = check_photos(
        len(label_names), pred_bboxes=pred_bboxes, pred_labels=pred_labels,
        pred_scores=pred_scores, gt_bboxes=gt_bboxes, gt_labels=gt_labels,
        gt_difficults=gt_difficults)
    curves = [_Curve(photos, label, iou_thresh, count_last_pixel)
              for label in range(len(label_names))]

    def score(weight):
        ap = calc_detection_voc_ap(
            *zip(*(curve.weigh(weight) for curve in curves), strict=True),
            use_07_metric=use_07_metric)
        ap[~is_scored] = np.nan
        return np.append(ap, _mean(ap))

    n_photo = len(photos['gt_labels'])
    keys = [*(f'ap/{name}' for name in label_names), 'map']
    result = dict(zip(keys, score(np.ones(n_photo, int)).tolist(), strict=True))
    if n_bootstrap:
        interval = (_resample(score, n_photo, n_bootstrap, seed)
                    if n_photo > 1 else np.full((2, len(keys)), np.nan))
        for key, (low, high) in zip(keys, interval.T.tolist(), strict=True):
            result.update({f'{key}/low': low, f'{key}/high': high})
    return result


class _Curve:
    """The counts behind the precision and recall of one class.

    Its detections, best first, of which each is right (1), wrong (0), or
    neither (-1).
    """

    def __init__(self, photos, label, iou_thresh, count_last_pixel):
        n_photo = len(photos['gt_labels'])
        self.n_item = np.zeros(n_photo, int)
        difficults = photos.get(
            'gt_difficults', [np.zeros(len(x), bool) for x in photos['gt_labels']])
        scores, matches = [np.empty(0)], [np.empty(0, int)]
        for i in range(n_photo):
            found = photos['pred_labels'][i] == label
            there = photos['gt_labels'][i] == label
            difficult = difficults[i][there].astype(bool)
            self.n_item[i] = (~difficult).sum()
            scores.append(photos['pred_scores'][i][found])
            matches.append(_match(
                photos['pred_bboxes'][i][found], scores[-1],
                photos['gt_bboxes'][i][there], difficult, iou_thresh,
                count_last_pixel))
        photo = np.repeat(
            np.arange(n_photo), [len(match) for match in matches[1:]])
        scores, match = np.concatenate(scores), np.concatenate(matches)
        order = np.lexsort((match == 1, -scores))
        self.photo, self.match = photo[order], match[order]

    def weigh(self, weight):
        """Precision and recall with weights for the photos."""
        n_item = weight @ self.n_item
        if not n_item:
            return None, None
        weight = weight[self.photo]
        right = np.cumsum(weight * (self.match == 1))
        n = np.cumsum(weight * (self.match >= 0))
        # 0 as long as only difficult boxes are found
        return right / np.maximum(n, 1), right / n_item


def _match(bbox, score, gt_bbox, difficult, iou_thresh, count_last_pixel):
    match = np.zeros(len(bbox), int)
    if len(bbox) == 0 or len(gt_bbox) == 0:
        return match
    # in single precision 3 / 5 is more than 0.6
    bbox, gt_bbox = bbox.astype(np.float64), gt_bbox.astype(np.float64)
    if count_last_pixel:
        bbox[:, 2:] += 1
        gt_bbox[:, 2:] += 1
    with np.errstate(invalid='ignore'):  # of two boxes without area
        iou = np.nan_to_num(bbox_iou(bbox, gt_bbox))
    nearest = iou.argmax(axis=1)
    is_taken = np.zeros(len(gt_bbox), bool)
    for i in np.argsort(-score, kind='stable'):
        j = nearest[i]
        if iou[i, j] >= iou_thresh:
            match[i] = -1 if difficult[j] else not is_taken[j]
            is_taken[j] = True
    return match


def _choose_classes(
        label_names: Sequence[str],
        classes: Iterable[str] | None) -> Any:
    """Which of the classes are scored, one bool each."""
    if len(set(label_names)) < len(label_names):
        raise ValueError(f'label_names has a name twice: {list(label_names)}')
    if classes is None:
        return np.ones(len(label_names), bool)
    classes = list(classes)
    unknown = [name for name in classes if name not in label_names]
    if unknown:
        raise ValueError(
            f'classes has {unknown}, which label_names has not: '
            f'{list(label_names)}')
    return np.isin(label_names, classes)


def _mean(ap: np.ndarray) -> float:
    known = ap[~np.isnan(ap)]
    return float(known.mean()) if len(known) else float('nan')
