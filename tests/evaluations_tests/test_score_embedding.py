from vasily_fashion.evaluations.bootstrap_interval import bootstrap_interval
from vasily_fashion.evaluations.score_embedding import Images, score_embedding

import numpy as np


def _images(values, ids, categories, files):
    return Images(
        lambda i: np.full((3, 1, 1), values[i]), np.array(ids), np.array(categories),
        np.array(files))


def _embed(imgs):
    return np.array([[img[0, 0, 0]] for img in imgs])


def test_a_missed_query_is_of_its_photo():
    """Two photos of 20 queries each: all of one are found, none of the other."""
    queries = _images([0.] * 21, [1] * 21, [5] * 21, [7] * 20 + [8])
    gallery = _images([0., 9.], [1, 2], [5, 5], [-1, -2])
    result = score_embedding(_embed, queries, gallery, [8] * 19)
    low, high = bootstrap_interval([1] * 21 + [0] * 19, [7] * 20 + [8] * 20)
    assert (result['hit@1/low'], result['hit@1/high']) == (low, high)
    assert result['hit@1'] == result['within/hit@1'] == 21 / 40


def test_an_unknown_category_is_none():
    queries = _images([0., 5.], [1, 2], [-1, 5], ['a', 'b'])
    gallery = _images([0., 5.], [1, 2], [3, 5], ['c', 'd'])
    result = score_embedding(_embed, queries, gallery)
    assert result['hit@1'] == 1
    assert not any(key.startswith('within/') for key in result)
