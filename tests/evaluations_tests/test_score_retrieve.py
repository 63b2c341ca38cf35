"""What `retrieve` finds, scored on pictures of rectangles of one colour."""
from vasily_fashion.evaluations.score_embedding import Images
from vasily_fashion.evaluations.score_retrieve import score_retrieve

import numpy as np
import pytest
from chainercv.utils import write_image


class _Detector:
    """Finds the rectangle that is not white; a red one is of category 0, others of 1."""

    label_names = 'red', 'other'

    def predict(self, imgs):
        bboxes, labels = [], []
        for img in imgs:
            y, x = np.nonzero((img < 250).any(axis=0))
            has = len(y) > 0
            bboxes.append(np.array(
                [[y.min(), x.min(), y.max() + 1, x.max() + 1]] if has else [],
                np.float32).reshape(-1, 4))
            labels.append(np.array([int(img[0, y[0], x[0]] < 150)] if has else [], np.int32))
        return bboxes, labels, [np.ones(len(label), np.float32) for label in labels]


class _Mean:

    dim = 3

    def extract(self, imgs):
        return np.stack([img.mean(axis=(1, 2)) for img in imgs]).astype(np.float32)


def _plain(colour):
    return np.tile(np.array(colour, np.float32)[:, None, None], (1, 20, 20))


def _score(tmp_path, photos, products, category='same'):
    """Photos are of (item, category, colour, whether the box is where it is)."""
    files, bboxes = [], []
    for i, (_, _, colour, is_right) in enumerate(photos):
        img = _plain((255, 255, 255))
        if colour:
            img[:, 5:15, 5:15] = _plain(colour)[:, :10, :10]
        files.append(str(tmp_path / f'{i}.png'))
        write_image(img, files[-1])
        bboxes.append((5, 5, 15, 15) if is_right else (15, 15, 20, 20))
    queries = Images(
        None, np.array([p[0] for p in photos]), np.array([p[1] for p in photos]),
        np.array(files), np.array(bboxes, np.float32))
    gallery = Images(
        lambda i: _plain(products[i][2]), np.array([p[0] for p in products]),
        np.array([p[1] for p in products]), np.array([f'p{i}' for i in range(len(products))]))
    return score_retrieve(_Detector(), _Mean(), queries, gallery, margin=0)[category]


_RED, _DARK, _BLUE = (200, 10, 10), (160, 0, 0), (10, 10, 200)


def test_items_are_found(tmp_path):
    scores = _score(
        tmp_path, [('a', 0, _RED, True), ('b', 1, _BLUE, True)],
        [('a', 0, _RED), ('c', 0, _DARK), ('b', 1, _BLUE)])
    assert [scores[k] for k in ('hit@1', 'found', 'category@5')] == [1, 1, 1]


def test_what_the_detector_takes_for_another_category(tmp_path):
    """A blue item of category 0 is looked for among those of 1, unless in all."""
    photos, products = [('a', 0, _BLUE, True)], [
        ('a', 0, _BLUE), ('b', 1, (10, 10, 190))]
    same = _score(tmp_path, photos, products)
    assert [same['hit@20'], same['category@5']] == [0, 0]
    both = _score(tmp_path, photos, products, category='any')
    assert [both['hit@1'], both['category@5']] == [1, .5]


@pytest.mark.parametrize('photo', [
    ('a', 0, _RED, False),  # the item is elsewhere
    ('a', 0, None, True),  # nothing is detected
])
def test_items_without_a_box_are_misses(photo, tmp_path):
    scores = _score(
        tmp_path, [photo, ('b', 1, _BLUE, True)], [('a', 0, _RED), ('b', 1, _BLUE)])
    assert [scores['hit@20'], scores['found']] == [.5, .5]
    assert scores['hit@20/low'] == 0 and scores['hit@20/high'] == 1


def test_a_collapsed_embedding_finds_nothing(tmp_path):
    """Beyond the twenty nearest there are ties, too."""
    products = [(str(i), 0, _RED) for i in range(30)]
    scores = _score(tmp_path, [('3', 0, _RED, True)], products)
    assert scores['hit@20'] == 0 and scores['found'] == 1


def test_category_that_is_not_known(tmp_path):
    scores = _score(tmp_path, [('a', -1, _RED, True)], [('a', -1, _RED), ('b', -1, _BLUE)])
    assert scores['hit@1'] == 1 and np.isnan(scores['category@5'])


def test_ties_are_misses(tmp_path):
    scores = _score(tmp_path, [('a', 0, _RED, True)], [('a', 0, _RED), ('b', 0, _RED)])
    assert [scores['hit@1'], scores['hit@5']] == [0, 1]
