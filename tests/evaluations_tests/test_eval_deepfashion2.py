import importlib

from vasily_fashion.evaluations import eval_deepfashion2

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


def _oracle(users, shops, ks, iou_thresh):
    """The loops of DeepFashion2's evaluation code, from embeddings on."""
    gallery = [(photo, box.tolist(), embedding)
               for photo, (bbox, embeddings, _, _) in enumerate(shops)
               for box, embedding in zip(bbox, embeddings, strict=True)]
    hits, n_query, n_found = dict.fromkeys(ks, 0), 0, 0
    for bbox, label, score, embedding, gt_bbox, gt_label, gt_item in users:
        for item, (pair, style) in enumerate(gt_item.tolist()):
            if style == 0:
                continue
            n_query += 1
            best = None
            for i, box in enumerate(bbox.tolist()):
                ious = [_iou(box, other) for other in gt_bbox.tolist()]
                if (ious.index(max(ious)) == item and max(ious) >= iou_thresh
                        and label[i] == gt_label[item]
                        and (best is None or score[i] > score[best])):
                    best = i
            if best is None:
                continue
            n_found += 1
            ranked = []
            for photo, box, other in gallery:
                _, _, gt_boxes, gt_items = shops[photo]
                right = any(
                    (pair, style) == tuple(candidate)
                    and _iou(box, gt_box) >= 0.5
                    for gt_box, candidate in zip(
                        gt_boxes.tolist(), gt_items.tolist(), strict=True))
                distance = ((embedding[best] - other) ** 2).sum()
                ranked.append((float(distance), right))
            ranked.sort()  # of equals the wrong first
            for k in ks:
                hits[k] += any(right for _, right in ranked[:k])
    if not n_query:
        return {**{f'hit@{k}': np.nan for k in ks}, 'found': np.nan}
    return {**{f'hit@{k}': hits[k] / n_query for k in ks},
            'found': n_found / n_query}


def _boxes(rng, n):
    lower = rng.randint(0, 3, (n, 2))
    return np.hstack((lower, lower + rng.randint(2, 6, (n, 2)))).astype('f')


def _items(rng, n):
    return np.stack((rng.randint(0, 2, n), rng.randint(0, 3, n)), axis=1)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.integers(0, 10 ** 6), st.integers(0, 4), st.integers(0, 4),
       st.sampled_from([0., .5]), st.sampled_from([1, 7, 10 ** 6]))
def test_is_the_oracle(seed, n_user, n_shop, iou_thresh, block_size):
    rng = np.random.RandomState(seed)
    users, shops = [], []
    for _ in range(n_user):
        n, n_gt = rng.randint(0, 6), rng.randint(0, 4)
        users.append((
            _boxes(rng, n), rng.randint(0, 2, n), rng.rand(n),
            rng.randint(-2, 3, (n, 2)).astype('f'),
            _boxes(rng, n_gt), rng.randint(0, 2, n_gt), _items(rng, n_gt)))
    for _ in range(n_shop):
        n, n_gt = rng.randint(0, 6), rng.randint(0, 4)
        shops.append((
            _boxes(rng, n), rng.randint(-2, 3, (n, 2)).astype('f'),
            _boxes(rng, n_gt), _items(rng, n_gt)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            importlib.import_module('vasily_fashion.evaluations.eval_retrieval'),
            '_BLOCK_SIZE', block_size)
        result = eval_deepfashion2(
            *(list(x) for x in zip(*users, strict=True)) if users
            else [[]] * 7,
            *(list(x) for x in zip(*shops, strict=True)) if shops
            else [[]] * 4,
            ks=(1, 2, 9), iou_thresh=iou_thresh)
    expected = _oracle(users, shops, (1, 2, 9), iou_thresh)
    assert list(result) == list(expected)
    for key in expected:
        assert type(result[key]) is float
        assert result[key] == pytest.approx(expected[key], nan_ok=True), key


_LEFT, _RIGHT = (0, 0, 10, 10), (0, 20, 10, 30)
_NEARLY_LEFT, _HALF_LEFT = (0, 0, 10, 9), (0, 0, 10, 4)


def _case(**kwargs):
    # one consumer's photo of three items, the last of style 0; two shop
    # photos, of which the first shows outer and top in nearly one box
    return {**dict(
        user_bboxes=[np.array([_LEFT, _RIGHT], 'f')],
        user_labels=[np.array([3, 8])],
        user_scores=[np.array([.9, .8])],
        user_embeddings=[np.array([[0.], [10.]], 'f')],
        gt_user_bboxes=[np.array([_LEFT, _RIGHT, (50, 50, 60, 60)], 'f')],
        gt_user_labels=[np.array([3, 8, 1])],
        gt_user_items=[np.array([(5, 1), (5, 2), (5, 0)])],
        shop_bboxes=[np.array([_LEFT, _HALF_LEFT], 'f'),
                     np.array([_RIGHT], 'f')],
        shop_embeddings=[np.array([[2.], [1.]], 'f'), np.array([[10.]], 'f')],
        gt_shop_bboxes=[np.array([_NEARLY_LEFT, _LEFT], 'f'),
                        np.array([_RIGHT], 'f')],
        gt_shop_items=[np.array([(5, 1), (5, 2)]), np.array([(5, 0)])],
        ks=(1, 2, 3)), **kwargs}


def test_by_hand():
    # Query (5, 1) from 0: the nearest box is right by its photo and too
    # small, the second is right. Query (5, 2) from 10: the nearest is of
    # style 0, which is nobody's; the second, at 2, is right for (5, 2) too.
    assert eval_deepfashion2(**_case()) == {
        'hit@1': 0, 'hit@2': 1, 'hit@3': 1, 'found': 1}


def test_misses_count():
    # of the wrong category: as if not detected
    assert eval_deepfashion2(**_case(user_labels=[np.array([3, 9])])) == {
        'hit@1': 0, 'hit@2': .5, 'hit@3': .5, 'found': .5}
    far = [np.array([_HALF_LEFT, _RIGHT], 'f')]
    assert eval_deepfashion2(**_case(user_bboxes=far))['found'] == 1
    assert eval_deepfashion2(
        **_case(user_bboxes=far, iou_thresh=.5))['found'] == .5
    # of another pair
    assert eval_deepfashion2(**_case(
        gt_user_items=[np.array([(6, 1), (6, 2), (6, 0)])])) == {
            'hit@1': 0, 'hit@2': 0, 'hit@3': 0, 'found': 1}


@pytest.mark.parametrize('nothing', [[], np.zeros((0, 1)), np.zeros((0, 7))])
def test_a_photo_without_detections(nothing):
    assert eval_deepfashion2(**_case(
        user_bboxes=[[]], user_labels=[[]], user_scores=[[]], user_embeddings=[nothing])) == {
            'hit@1': 0, 'hit@2': 0, 'hit@3': 0, 'found': 0}


@pytest.mark.parametrize('kwargs, message', [
    (dict(user_scores=[]), r"one array a photo.*'user_scores': 0"),
    (dict(shop_bboxes=[]), r"one array a photo.*'shop_bboxes': 0"),
    (dict(shop_embeddings=[np.zeros((1, 1)), np.zeros((1, 1))]),
     r'shop_embeddings\[0\] has 1 entries and shop_bboxes\[0\] 2'),
    (dict(user_embeddings=[np.full((2, 1), np.nan)]), r'user_embeddings\[0\] has NaN'),
    (dict(ks=[0]), 'ks must be'),
])
def test_bad_input(kwargs, message):
    with pytest.raises(ValueError, match=message):
        eval_deepfashion2(**_case(**kwargs))
