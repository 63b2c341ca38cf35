from vasily_fashion.training import BatchOrder

import numpy as np
import pytest

# 30 items of two examples each, then 40 of one
_ITEMS = np.concatenate([np.repeat(np.arange(30), 2), np.arange(30, 70)])
_PARTS = np.repeat([0, 1], [60, 40])
_CATEGORIES = _ITEMS % 4


def _batches(weights=(1, 3), batch_size=20, same_category=0., seed=0):
    order = BatchOrder(
        _PARTS, weights, batch_size, seed, None, _ITEMS, _CATEGORIES,
        same_category)(np.arange(100), 0)
    assert len(order) == 100  # an epoch
    return order.reshape(-1, batch_size) % 100


def test_no_item_is_twice_in_a_batch():
    for batch in _batches():
        assert len(set(_ITEMS[batch])) == 20


def test_weights():
    for batch in _batches(weights=(1, 3)):
        assert (_PARTS[batch] == 0).sum() == 5
    for batch in _batches(weights=(10, 20), batch_size=10):
        assert (_PARTS[batch] == 0).sum() == 3


def test_all_examples_of_an_item_have_their_turn():
    drawn = np.concatenate([_batches(seed=seed).ravel() for seed in range(20)])
    assert set(drawn) == set(range(100))


def test_same_category():
    share = [np.bincount(_CATEGORIES[batch]).max() / 20
             for seed in range(10)
             for batch in _batches(same_category=.8, seed=seed)]
    assert min(share) >= .7
    share = [np.bincount(_CATEGORIES[batch]).max() / 20 for batch in _batches()]
    assert np.mean(share) < .5


@pytest.mark.parametrize('kwargs, message', [
    ({'weights': (1,)}, '2 positive numbers'),
    ({'weights': (1, 0)}, 'positive'),
    ({'weights': (3, 1), 'batch_size': 60}, 'takes 45 items of data set 0, which has 30')])
def test_errors(kwargs, message):
    with pytest.raises(ValueError, match=message):
        _batches(**kwargs)


@pytest.mark.parametrize('weights, kwargs, message', [
    ([1, 100], {}, 'a batch of 8 takes nothing of data set 0: raise its weight'),
    ([1, 1], {'same_category': 2.}, 'same_category must be from 0 to 1, not 2'),
    ([1, 1], {'batch_size': 0}, 'batch_size must be at least 1, not 0')])
def test_orders_that_cannot_be(weights, kwargs, message):
    parts = np.repeat([0, 1], 20)
    with pytest.raises(ValueError, match=message):
        BatchOrder(parts, weights, **{'batch_size': 8, **kwargs})
