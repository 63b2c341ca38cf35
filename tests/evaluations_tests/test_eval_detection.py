import importlib.util
import warnings

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.evaluations import eval_detection, eval_detection_coco

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


def _oracle_ap(pred, gt, iou_thresh=0.5, pixel=0):
    """pred: (image, score, box), gt: image -> boxes; area under the curve."""
    used, curve, n_gt = set(), [], sum(len(b) for b in gt.values())
    right = 0
    for n, (image, _, box) in enumerate(
            sorted(pred, key=lambda x: -x[1]), 1):
        best, best_iou = None, -1
        for i, other in enumerate(gt.get(image, ())):
            height = min(box[2], other[2]) + pixel - max(box[0], other[0])
            width = min(box[3], other[3]) + pixel - max(box[1], other[1])
            inter = max(height, 0) * max(width, 0)
            area = [(b[2] + pixel - b[0]) * (b[3] + pixel - b[1])
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
    for pixel in (0, 1):
        result = eval_detection(*args, count_last_pixel=bool(pixel))
        for c in range(3):
            pred = [(i, s, b.tolist()) for i in range(8) for b, lb, s in zip(
                pred_bboxes[i], pred_labels[i], pred_scores[i], strict=True)
                if lb == c]
            gt = {i: gt_bboxes[i][gt_labels[i] == c].tolist() for i in range(8)}
            assert result[f'ap/{FASHION_CATEGORIES[c]}'] == pytest.approx(
                _oracle_ap(pred, gt, pixel=pixel))
    for metric in (False, True):
        assert eval_detection(
            *args, use_07_metric=metric, count_last_pixel=True)['map'] == (
            pytest.approx(eval_detection_voc(
                *args, use_07_metric=metric)['map']))


@pytest.mark.parametrize('shift, exact, with_last_pixel', [
    (2, 1, 1), (2.5, 1, 1), (3, 0, 1), (4, 0, 0)])
def test_overlap_is_that_of_half_open_boxes(shift, exact, with_last_pixel):
    """8 rows, moved by 3: 5 of 11 rows are common, 6 of 12 with the last."""
    box = _boxes((10, 10, 18, 30))
    args = ([box + np.float32([shift, 0, shift, 0])], [_labels(1)],
            [np.array([.9])], [box], [_labels(1)])
    assert eval_detection(*args)['ap/belt'] == exact
    assert eval_detection(
        *args, count_last_pixel=True)['ap/belt'] == with_last_pixel


def test_an_overlap_of_just_the_threshold_counts():
    args = ([_boxes((0, 0, 3, 10))], [_labels(0)], [np.ones(1)],
            [_boxes((0, 0, 10, 10))], [_labels(0)])
    assert eval_detection(*args, iou_thresh=.3)['map'] == 1
    assert eval_detection(*args, iou_thresh=.3001)['map'] == 0


@pytest.mark.parametrize('order', [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_of_equal_scores_the_wrong_come_first(order):
    """Two right and two wrong detections: precision 1 / 3, then 2 / 4."""
    pred = [(_NEAR, 0), (_FAR, 0), (_FAR, 1), (_NEAR, 1)]
    columns = [[[], []] for _ in range(3)]
    for k in order:
        box, image = pred[k]
        for column, value in zip(columns, (box, 0, .5), strict=True):
            column[image].append(value)
    bboxes, labels, scores = (
        [np.array(x, dtype) for x in column]
        for column, dtype in zip(columns, ('f', int, 'f'), strict=True))
    assert eval_detection(
        bboxes, labels, scores, [_boxes(_NEAR), _boxes(_NEAR)],
        [_labels(0), _labels(0)])['map'] == pytest.approx(.5)
    # all in one photo
    assert eval_detection(
        [_boxes(*([_NEAR, _FAR, _FAR][k % 3] for k in order))],
        [_labels(0, 0, 0, 0)], [np.full(4, .5)], [_boxes(_NEAR)], [_labels(0)]
    )['map'] == pytest.approx(1 / 4)


def test_boxes_without_area_are_wrong():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert eval_detection(
            [_boxes((5, 5, 5, 5), _NEAR)], [_labels(0, 0)], [np.array([.9, .8])],
            [_boxes((5, 5, 5, 5), _NEAR)], [_labels(0, 0)]
        )['map'] == pytest.approx(.5 * .5)


def test_own_classes():
    args = ([_boxes(_NEAR, _FAR)], [_labels(1, 0)], [np.array([.9, .8])],
            [_boxes(_NEAR, _NEAR)], [_labels(1, 0)])
    assert eval_detection(*args, label_names=('kimono', 'geta')) == {
        'ap/kimono': 0, 'ap/geta': 1, 'map': .5}
    # thirteen are not too many, two too few
    names = [f'class {i}' for i in range(13)]
    assert eval_detection(
        [_boxes(_NEAR)], [_labels(12)], [np.ones(1)], [_boxes(_NEAR)],
        [_labels(12)], label_names=names)['ap/class 12'] == 1
    with pytest.raises(ValueError, match=r'pred_labels\[0\] has labels 0..1.*the 1 label'):
        eval_detection(*args, label_names=['kimono'])
    with pytest.raises(ValueError, match='a name twice'):
        eval_detection(*args, label_names=['geta', 'geta'])


def test_classes_that_the_data_set_does_not_label():
    args = ([_boxes(_NEAR, _FAR)], [_labels(0, 1)], [np.array([.9, .8])],
            [_boxes(_NEAR, _NEAR)], [_labels(0, 1)])
    assert eval_detection(*args)['map'] == .5
    result = eval_detection(
        *args, classes=[x for x in FASHION_CATEGORIES if x != 'belt'])
    assert result['map'] == result['ap/bag'] == 1
    assert np.isnan(result['ap/belt'])
    with pytest.raises(ValueError, match="classes has .'Belt'.*label_names"):
        eval_detection(*args, classes=['Belt'])


def _photos(seed, n):
    rng = np.random.RandomState(seed)
    columns = [[] for _ in range(5)]
    for _ in range(n):
        n_item = rng.randint(1, 4)
        gt = np.hstack([lower := rng.randint(0, 40, (n_item, 2)), lower + 20])
        pred = np.vstack([gt + rng.randint(-8, 9, gt.shape), gt[:1] + 15])
        label = rng.randint(0, 3, n_item)
        for column, x in zip(columns, (
                pred, np.append(label, 1), rng.randint(1, 9, len(pred)) / 10,
                gt, label), strict=True):
            column.append(x)
    return columns


def test_interval_is_that_of_photos_drawn_anew():
    columns = _photos(0, 12)
    result = eval_detection(*columns, n_bootstrap=200, seed=3)
    rng, drawn = np.random.default_rng(3), []
    for _ in range(200):
        chosen = rng.integers(12, size=12)
        drawn.append(eval_detection(
            *([column[i] for i in chosen] for column in columns)))
    for key in ('map', 'ap/bag', 'ap/belt'):
        low, high = np.nanpercentile([x[key] for x in drawn], [2.5, 97.5])
        assert result[f'{key}/low'] == pytest.approx(low)
        assert result[f'{key}/high'] == pytest.approx(high)
        assert low < result[key] < high
    assert np.isnan(result['ap/scarf_tie/low'])
    assert {k: v for k, v in result.items() if k.count('/') < 2 and 'map/' not in k} == (
        pytest.approx(eval_detection(*columns), nan_ok=True))
    # one photo says nothing about others
    one = eval_detection(*(column[:1] for column in columns), n_bootstrap=9)
    assert np.isnan([one['map/low'], one['map/high']]).all()


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
    ([_labels(0)], [_labels(0)] * 2, r"'pred_labels': 1.*'gt_labels': 2"),
    ([np.array([0.])], [_labels(0)], r'pred_labels\[0\] are float64'),
    ([_labels(0)], [np.array([True])], r'gt_labels\[0\] are bool'),
    ([np.array(['bag'])], [_labels(0)], r'pred_labels\[0\] are <U3'),
    ([_labels(0)] * 2, [_labels(0), _labels(0, 0)],
     r'gt_labels\[1\] has 2 entries and gt_bboxes\[1\] 1'),
])
def test_bad_input(pred, gt, message):
    with pytest.raises(ValueError, match=message):
        eval_detection(
            [_boxes(_NEAR)] * len(pred), pred, [np.ones(1)] * len(pred),
            [_boxes(_NEAR)] * len(gt), gt)


def _bad_columns():
    nan, inf = np.float32('nan'), np.float32('inf')
    ok = dict(
        pred_bboxes=_boxes(_NEAR), pred_labels=_labels(0), pred_scores=np.ones(1),
        gt_bboxes=_boxes(_NEAR), gt_labels=_labels(0))
    for change, message in (
            (dict(pred_bboxes=_boxes((nan,) * 4)), r'pred_bboxes\[1\] has NaN'),
            (dict(pred_bboxes=_boxes((0, 0, 9, nan))), r'pred_bboxes\[1\] has NaN'),
            (dict(gt_bboxes=_boxes((0, 0, inf, 9))), r'gt_bboxes\[1\] has NaN'),
            (dict(gt_bboxes=_boxes((9, 0, 0, 9))), r'gt_bboxes\[1\].*y_min'),
            (dict(pred_bboxes=np.zeros((1, 5))), r'pred_bboxes\[1\] has shape \(1, 5\)'),
            (dict(pred_scores=np.array([nan])), r'pred_scores\[1\] has NaN'),
            (dict(pred_scores=np.ones(2)), r'pred_scores\[1\] has 2 entries'),
            (dict(pred_scores=np.ones((1, 1))), r'pred_scores\[1\] has shape'),
            (dict(pred_bboxes=_boxes()), r'pred_labels\[1\] has 1 entries and pred_bboxes\[1\] 0'),
            (dict(gt_bboxes=_boxes(_NEAR, _FAR)), r'gt_labels\[1\] has 1'),
            (dict(gt_difficults=np.zeros(2, bool)), r'gt_difficults\[1\] has 2')):
        yield {key: [ok.get(key, np.zeros(1, bool)), x]
               for key, x in {**ok, **change}.items()}, message
    columns = {key: [x, x] for key, x in ok.items()}
    for key in columns:
        yield {**columns, key: columns[key][:1]}, rf"'{key}': 1"
        yield {**columns, key: columns[key] * 2}, rf"'{key}': 4"


@pytest.mark.parametrize('columns, message', list(_bad_columns()))
def test_bad_columns(columns, message):
    with pytest.raises(ValueError, match=message):
        eval_detection(**columns)
    columns.pop('gt_difficults', None)
    if 'difficults' not in message and importlib.util.find_spec('pycocotools'):
        with pytest.raises(ValueError, match=message):
            eval_detection_coco(**columns)
