import warnings

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.evaluations import eval_detection

import numpy as np
import pytest
from chainercv.evaluations import eval_detection_voc


def _boxes(*boxes):
    return np.array(boxes, dtype=np.float32).reshape(-1, 4)


def _labels(*labels):
    return np.array(labels, dtype=np.int32)


_NEAR, _FAR = (0, 0, 10, 10), (20, 20, 30, 30)


def test_by_hand():
    # bag: right first, then wrong; top: wrong first, then right, one missed
    result = eval_detection(
        [_boxes(_NEAR, _FAR), _boxes(_FAR, _NEAR)],
        [_labels(0, 0), _labels(7, 7)],
        [np.array([.9, .8]), np.array([.7, .6])],
        [_boxes(_NEAR), _boxes(_NEAR, (50, 50, 60, 60))],
        [_labels(0), _labels(7, 7)])
    assert list(result) == [f'ap/{x}' for x in FASHION_CATEGORIES] + ['map']
    assert result['ap/bag'] == pytest.approx(1)
    assert result['ap/top'] == pytest.approx(0.5 * 0.5)
    assert result['map'] == pytest.approx((1 + 0.25) / 2)
    assert np.isnan(result['ap/belt']) and np.isnan(result['ap/scarf_tie'])
    assert all(type(x) is float for x in result.values())


def test_iou_thresh_and_difficult():
    args = ([_boxes((0, 0, 10, 6))], [_labels(3)], [np.array([1.])],
            [_boxes(_NEAR, _FAR)], [_labels(3, 3)])
    assert eval_detection(*args)['ap/outer'] == pytest.approx(0.5)
    assert eval_detection(*args, iou_thresh=0.8)['ap/outer'] == 0
    assert eval_detection(
        *args, gt_difficults=[np.array([False, True])]
    )['ap/outer'] == pytest.approx(1)


def _oracle_ap(pred, gt, iou_thresh=0.5):
    """pred: (image, score, box), gt: image -> boxes; area under the curve."""
    used, curve, n_gt = set(), [], sum(len(b) for b in gt.values())
    right = 0
    for n, (image, _, box) in enumerate(
            sorted(pred, key=lambda x: -x[1]), 1):
        best, best_iou = None, -1
        for i, other in enumerate(gt.get(image, ())):
            # PASCAL VOC counts the last pixel in
            height = min(box[2], other[2]) + 1 - max(box[0], other[0])
            width = min(box[3], other[3]) + 1 - max(box[1], other[1])
            inter = max(height, 0) * max(width, 0)
            area = [(b[2] + 1 - b[0]) * (b[3] + 1 - b[1])
                    for b in (box, other)]
            iou = inter / (sum(area) - inter)
            if iou > best_iou:
                best, best_iou = (image, i), iou
        if best_iou >= iou_thresh and best not in used:
            used.add(best)
            right += 1
        curve.append((right / n_gt, right / n))
    average, last = 0., 0.
    for i, (recall, _) in enumerate(curve):
        average += (recall - last) * max(p for _, p in curve[i:])
        last = recall
    return average


@pytest.mark.parametrize('seed', range(5))
def test_is_the_oracle(seed):
    rng = np.random.RandomState(seed)

    def boxes(n):
        lower = rng.uniform(0, 40, (n, 2))
        return np.hstack((lower, lower + rng.uniform(10, 40, (n, 2)))).astype(
            np.float32)

    gt_bboxes = [boxes(rng.randint(1, 6)) for _ in range(8)]
    gt_labels = [rng.randint(0, 3, len(b)) for b in gt_bboxes]
    pred_bboxes = [np.vstack((b + rng.randn(*b.shape) * 3, boxes(3)))
                   for b in gt_bboxes]
    pred_labels = [np.append(lb, rng.randint(0, 3, 3)) for lb in gt_labels]
    pred_scores = [rng.uniform(size=len(b)) for b in pred_bboxes]
    args = pred_bboxes, pred_labels, pred_scores, gt_bboxes, gt_labels
    result = eval_detection(*args)
    for c in range(3):
        pred = [(i, s, b.tolist()) for i in range(8) for b, lb, s in zip(
            pred_bboxes[i], pred_labels[i], pred_scores[i], strict=True)
            if lb == c]
        gt = {i: gt_bboxes[i][gt_labels[i] == c].tolist() for i in range(8)}
        assert result[f'ap/{FASHION_CATEGORIES[c]}'] == pytest.approx(
            _oracle_ap(pred, gt))
    for metric in (False, True):
        assert eval_detection(*args, use_07_metric=metric)['map'] == (
            pytest.approx(eval_detection_voc(
                *args, use_07_metric=metric)['map']))


def test_nothing_there_is_nan_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        result = eval_detection([], [], [], [], [])
        assert all(np.isnan(x) for x in result.values())
        result = eval_detection(
            [_boxes()], [_labels()], [np.zeros(0)], [_boxes(_NEAR)],
            [_labels(4)])
    assert result['ap/dress'] == result['map'] == 0


@pytest.mark.parametrize('pred, gt, message', [
    ([_labels(12)], [_labels(0)], r'pred_labels\[0\] has labels 12..12'),
    ([_labels(0)], [_labels(-1)], r'gt_labels\[0\] has labels -1..-1.*12'),
    ([_labels(0)], [_labels(0)] * 2, r'for 1 images .* truth for 2'),
])
def test_bad_input(pred, gt, message):
    with pytest.raises(ValueError, match=message):
        eval_detection(
            [_boxes(_NEAR)] * len(pred), pred, [np.ones(1)] * len(pred),
            [_boxes(_NEAR)] * len(gt), gt)
