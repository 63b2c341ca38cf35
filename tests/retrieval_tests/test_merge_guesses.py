from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.retrieval import merge_guesses

import numpy as np
import pytest

_BOX = [10, 10, 110, 60]
_NEAR = [10, 10, 110, 70]  # IoU 5/6
_FAR = [10, 10, 110, 85]  # IoU 2/3


def _merge(*found):
    kept, second = merge_guesses(
        np.array([box for box, _, _ in found], np.float32).reshape(-1, 4),
        np.array([FASHION_CATEGORIES.index(name) for _, name, _ in found], int),
        np.array([score for _, _, score in found], np.float32))
    return kept.tolist(), [
        FASHION_CATEGORIES[i] if i >= 0 else None for i in second]


@pytest.mark.parametrize('a, b', [
    ('top', 'outer'), ('outer', 'dress'), ('dress', 'skirt'), ('pants', 'shorts')])
def test_the_better_stays(a, b):
    assert _merge((_BOX, a, .5), (_NEAR, b, .7)) == ([1], [a])
    assert _merge((_BOX, a, .7), (_NEAR, b, .5)) == ([0], [b])


@pytest.mark.parametrize('a, b, box', [
    ('top', 'outer', _FAR), ('top', 'skirt', _NEAR), ('top', 'bag', _NEAR),
    ('top', 'top', _NEAR)])
def test_two_items(a, b, box):
    assert _merge((_BOX, a, .5), (box, b, .7)) == ([0, 1], [None, None])


def test_of_three_the_second_best_is_the_guess():
    assert _merge(
        (_BOX, 'top', .3), (_BOX, 'bag', .9), (_BOX, 'outer', .8),
        (_BOX, 'dress', .5)) == ([1, 2], [None, 'dress'])


def test_names_of_ones_own():
    kept, second = merge_guesses(
        np.float32([_BOX, _BOX]), np.array([0, 14]), np.float32([.5, .4]),
        [f'class {i}' for i in range(20)])
    assert kept.tolist() == [0, 1] and second.tolist() == [-1, -1]


def test_nothing():
    assert _merge() == ([], [])
