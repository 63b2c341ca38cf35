import importlib.util
import warnings

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.evaluations import eval_detection_coco

import numpy as np
import pytest

needs_pycocotools = pytest.mark.skipif(
    importlib.util.find_spec('pycocotools') is None,
    reason='needs pycocotools')


def _boxes(*boxes):
    return np.array(boxes, dtype=np.float32).reshape(-1, 4)


def _labels(*labels):
    return np.array(labels, dtype=np.int32)


@needs_pycocotools
def test_by_hand():
    # bag, 40 x 40, medium: overlap 0.9. top, 10 x 10, small: a wrong one
    # first, then an overlap of 0.6; and 100 x 100, large: missed.
    result = eval_detection_coco(
        [_boxes((0, 0, 36, 40)), _boxes((50, 50, 60, 60), (0, 0, 6, 10))],
        [_labels(0), _labels(7, 7)],
        [np.array([.9], 'f'), np.array([.8, .7], 'f')],
        [_boxes((0, 0, 40, 40)),
         _boxes((0, 0, 10, 10), (100, 100, 200, 200))],
        [_labels(0), _labels(7, 7)])
    names = 'ap', 'ap50', 'ap75', 'ap_small', 'ap_medium', 'ap_large'
    assert list(result) == [
        key for name in names
        for key in [*(f'{name}/{c}' for c in FASHION_CATEGORIES), f'm{name}']]
    assert all(type(x) is float for x in result.values())
    # right at the overlaps 0.50 ... 0.90, that is 9 of 10
    assert result['ap/bag'] == pytest.approx(.9)
    assert result['ap50/bag'] == result['ap75/bag'] == pytest.approx(1)
    # precision 0.5 up to recall 0.5: 51 of 101 recalls; at 3 overlaps of 10
    half = .5 * 51 / 101
    assert result['ap50/top'] == pytest.approx(half)
    assert result['ap75/top'] == 0
    assert result['ap/top'] == pytest.approx(.3 * half)
    assert result['map'] == pytest.approx((.9 + .3 * half) / 2)
    assert result['map50'] == pytest.approx((1 + half) / 2)
    assert result['map75'] == pytest.approx(.5)
    # by size: the wrong box is small, too
    assert result['ap_small/top'] == pytest.approx(.3 * .5)
    assert np.isnan(result['ap_small/bag'])
    assert result['ap_medium/bag'] == result['map_medium'] == (
        pytest.approx(.9))
    assert result['ap_large/top'] == result['map_large'] == 0
    assert np.isnan(result['ap/belt']) and np.isnan(result['ap/scarf_tie'])


@needs_pycocotools
def test_areas_and_crowds():
    args = ([_boxes((0, 0, 40, 40))], [_labels(1)], [np.ones(1, 'f')],
            [_boxes((0, 0, 40, 40), (0, 50, 40, 90))], [_labels(1, 1)])
    half = 51 / 101
    assert eval_detection_coco(*args)['map_medium'] == pytest.approx(half)
    result = eval_detection_coco(*args, gt_areas=[np.array([1600., 100.])])
    assert result['map_medium'] == pytest.approx(1)
    assert result['map_small'] == 0
    assert result['map'] == pytest.approx(half)
    assert eval_detection_coco(
        *args, gt_crowdeds=[np.array([False, True])]
    )['map'] == pytest.approx(1)


def _iou(a, b):
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    inter = max(height, 0) * max(width, 0)
    area = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return inter / (sum(area) - inter)


def _oracle_ap(pred, gt, iou_thresh):
    """pred: (image, score, box), gt: image -> boxes; at 101 recalls."""
    used, curve, n_gt = set(), [], sum(len(b) for b in gt.values())
    right = 0
    for n, (image, _, box) in enumerate(
            sorted(pred, key=lambda x: -x[1]), 1):
        # COCO: the best of those not yet taken
        free = [(_iou(box, other), i) for i, other in enumerate(gt[image])
                if (image, i) not in used]
        if free and max(free)[0] >= iou_thresh:
            used.add((image, max(free)[1]))
            right += 1
        curve.append((right / n_gt, right / n))
    return sum(
        max([p for r, p in curve if r >= recall - 1e-9], default=0)
        for recall in np.arange(101) / 100) / 101


@needs_pycocotools
@pytest.mark.parametrize('seed', range(4))
def test_is_the_oracle(seed):
    rng = np.random.RandomState(seed)

    def boxes(n):
        # multiples of 1/4: ChainerCV rounds to 1/100
        lower = rng.randint(0, 160, (n, 2))
        return np.hstack((lower, lower + rng.randint(40, 160, (n, 2)))) / 4

    gt_bboxes = [boxes(rng.randint(1, 6)) for _ in range(8)]
    gt_labels = [rng.randint(0, 3, len(b)) for b in gt_bboxes]
    pred_bboxes = [
        np.vstack((b + rng.randint(-12, 13, b.shape) / 4, boxes(3)))
        for b in gt_bboxes]
    pred_labels = [np.append(lb, rng.randint(0, 3, 3)) for lb in gt_labels]
    pred_scores = [rng.uniform(size=len(b)) for b in pred_bboxes]
    result = eval_detection_coco(
        pred_bboxes, pred_labels, pred_scores, gt_bboxes, gt_labels)
    means = []
    for c in range(3):
        pred = [(i, s, b.tolist()) for i in range(8) for b, lb, s in zip(
            pred_bboxes[i], pred_labels[i], pred_scores[i], strict=True)
            if lb == c]
        gt = {i: gt_bboxes[i][gt_labels[i] == c].tolist() for i in range(8)}
        aps = [_oracle_ap(pred, gt, t / 100) for t in range(50, 100, 5)]
        means.append(np.mean(aps))
        name = FASHION_CATEGORIES[c]
        assert result[f'ap/{name}'] == pytest.approx(means[-1], abs=1e-6)
        assert result[f'ap50/{name}'] == pytest.approx(aps[0], abs=1e-6)
        assert result[f'ap75/{name}'] == pytest.approx(aps[5], abs=1e-6)
    assert 0.05 < result['map'] < 0.95
    assert result['map'] == pytest.approx(np.mean(means), abs=1e-6)


@needs_pycocotools
@pytest.mark.parametrize('step', [1, -1])
def test_the_order_of_detections_of_one_score_does_not_matter(step):
    # one right (0.9), one right at some overlaps (0.6), two wrong
    pred_bboxes = [_boxes((0, 0, y, 10)) for y in (9, 6, 4)] + [_boxes((0, 0, 10, 10))]
    pred_labels = [_labels(7)] * 4
    gt_labels = [_labels(7)] * 3 + [_labels(0)]
    result = eval_detection_coco(
        pred_bboxes[::step], pred_labels, [np.array([1.])] * 4,
        [_boxes((0, 0, 10, 10))] * 4, gt_labels[::step])
    # the two wrong ones first: precision 1/3 at recall 1/3, 2/4 at 2/3
    assert result['ap50/top'] == pytest.approx(.5 * 67 / 101)
    assert result['ap75/top'] == pytest.approx(.25 * 34 / 101)


@needs_pycocotools
def test_nothing_there_is_nan_without_a_warning(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        warnings.simplefilter('ignore', ResourceWarning)  # ChainerCV's
        result = eval_detection_coco([], [], [], [], [])
        assert all(np.isnan(x) for x in result.values())
        result = eval_detection_coco(
            [_boxes()], [_labels()], [np.zeros(0)], [_boxes((0, 0, 9, 9))],
            [_labels(4)])
        assert result['ap/dress'] == result['map'] == 0
        # predicted, and nowhere in truth
        result = eval_detection_coco(
            [_boxes((0, 0, 9, 9))], [_labels(4)], [np.ones(1)], [_boxes()],
            [_labels()])
        assert np.isnan(result['ap/dress']) and np.isnan(result['map'])
    assert capsys.readouterr().out == ''


@needs_pycocotools
@pytest.mark.parametrize('pred, gt, message', [
    ([_labels(12)], [_labels(0)], r'pred_labels\[0\] has labels 12..12'),
    ([_labels(0)], [_labels(0)] * 2, r"'pred_labels': 1.*'gt_labels': 2"),
])
def test_bad_input(pred, gt, message):
    box = _boxes((0, 0, 10, 10))
    with pytest.raises(ValueError, match=message):
        eval_detection_coco(
            [box] * len(pred), pred, [np.ones(1)] * len(pred),
            [box] * len(gt), gt)


@needs_pycocotools
def test_own_classes():
    box = _boxes((0, 0, 10, 10), (20, 20, 30, 30))
    args = [box], [_labels(1, 0)], [np.ones(2)], [box], [_labels(1, 2)]
    result = eval_detection_coco(*args, label_names=('obi', 'geta', 'zori'))
    assert result['ap/geta'] == pytest.approx(1)
    assert result['ap/zori'] == 0 and np.isnan(result['ap/obi'])
    assert result['map'] == pytest.approx(.5)
    assert eval_detection_coco(
        *args, label_names=('obi', 'geta', 'zori'), classes=['obi', 'geta']
    )['map'] == pytest.approx(1)
    with pytest.raises(ValueError, match=r'gt_crowdeds\[0\] has 1 entries'):
        eval_detection_coco(*args, gt_crowdeds=[np.zeros(1, bool)])
    with pytest.raises(ValueError, match=r'gt_areas\[0\] has NaN'):
        eval_detection_coco(*args, gt_areas=[np.array([1, np.nan])])


def test_without_pycocotools(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match='pip install pycocotools'):
        eval_detection_coco([], [], [], [], [])
