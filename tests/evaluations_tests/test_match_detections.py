from vasily_fashion.evaluations import match_detections

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def _iou(a, b):
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    inter = max(height, 0) * max(width, 0)
    area = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return inter / (sum(area) - inter)


def oracle(pred_bbox, pred_score, gt_bbox, pred_label, gt_label, iou_thresh):
    """The loops of DeepFashion2's evaluation code."""
    chosen = []
    for item in range(len(gt_bbox)):
        best = -1
        for i, box in enumerate(pred_bbox):
            ious = [_iou(box, other) for other in gt_bbox]
            if ious.index(max(ious)) != item or max(ious) < iou_thresh:
                continue
            if pred_label is not None and pred_label[i] != gt_label[item]:
                continue
            if best < 0 or pred_score[i] > pred_score[best]:
                best = i
        chosen.append(best)
    return chosen


def random_boxes(rng, n):
    lower = rng.randint(0, 6, (n, 2))
    return np.hstack((lower, lower + rng.randint(1, 6, (n, 2)))).astype('f')


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.integers(0, 10 ** 6), st.integers(0, 8), st.integers(0, 4),
       st.booleans(), st.sampled_from([0., .3, .5]))
def test_is_the_oracle(seed, n_pred, n_gt, with_label, iou_thresh):
    rng = np.random.RandomState(seed)
    pred, gt = random_boxes(rng, n_pred), random_boxes(rng, n_gt)
    score = rng.randint(0, 5, n_pred).astype('f')  # ties, too
    labels = (rng.randint(0, 2, n_pred), rng.randint(0, 2, n_gt))
    if not with_label:
        labels = None, None
    chosen = match_detections(pred, score, gt, *labels, iou_thresh)
    assert chosen.tolist() == oracle(
        pred.tolist(), score, gt.tolist(), *labels, iou_thresh)


_GT = np.array([(0, 0, 10, 10), (20, 20, 30, 30)], np.float32)


def test_by_hand():
    pred = np.array([
        (0, 0, 10, 9), (0, 0, 10, 6), (0, 0, 10, 4), (21, 20, 30, 30),
        (50, 50, 60, 60)], np.float32)
    score = np.array([.5, .6, .7, .4, .9], np.float32)
    # of the first item those of overlaps 0.9 and 0.6: the better score
    assert match_detections(
        pred, score, _GT, iou_thresh=.5).tolist() == [1, 3]
    assert match_detections(
        pred, score, _GT, iou_thresh=.65).tolist() == [0, 3]
    # no minimum: the one far from all is the first item's
    assert match_detections(pred, score, _GT).tolist() == [4, 3]
    label = np.array([3, 3, 7, 3, 3])
    assert match_detections(
        pred, score, _GT, label, np.array([7, 2])).tolist() == [2, -1]


def test_nothing_there():
    none = np.zeros((0, 4), np.float32)
    assert match_detections(none, [], _GT).tolist() == [-1, -1]
    assert match_detections(_GT, [1, 1], none).shape == (0,)


def test_bad_input():
    with pytest.raises(ValueError, match='both pred_label and gt_label'):
        match_detections(_GT, [1, 1], _GT, pred_label=[0, 0])
