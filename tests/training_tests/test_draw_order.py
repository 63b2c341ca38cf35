from vasily_fashion.training import BatchOrder, DrawOrder, Draws

import numpy as np
import pytest
from chainer.iterators import SerialIterator


class _Itself(Draws):

    def __init__(self, n_example):
        super().__init__(range(n_example))

    def get_example(self, index):
        return index


class _Rank:

    def __init__(self, rank, size):
        self.rank, self.size = rank, size


def _order(kind, n_example, batch_size, seed=0, comm=None):
    if kind == 'draw':
        return DrawOrder(n_example, batch_size, seed, comm)
    return BatchOrder(np.arange(n_example) % 2, (1, 2), batch_size, seed, comm)


def _draw(order, n_batch):
    """What a SerialIterator takes, of some epochs."""
    iterator = SerialIterator(_Itself(order.n_example), order.n_own, order_sampler=order)
    return np.array([next(iterator) for _ in range(n_batch)])


@pytest.mark.parametrize('kind', ['draw', 'batch'])
def test_draws_are_numbered(kind):
    indices = _draw(_order(kind, 10, 4), 9)
    assert (indices // 10).ravel().tolist() == list(range(1, 37))


@pytest.mark.parametrize('n_example, batch_size', [(10, 4), (10, 5), (3, 8), (4, 1)])
def test_all_examples_come_as_often(n_example, batch_size):
    examples = _draw(_order('draw', n_example, batch_size), 20).ravel() % n_example
    turns = examples[:len(examples) // n_example * n_example].reshape(-1, n_example)
    assert (np.sort(turns) == np.arange(n_example)).all()
    assert len({tuple(turn) for turn in turns}) > 1


@pytest.mark.parametrize('kind', ['draw', 'batch'])
def test_workers_draw_the_parts_of_the_batches_of_one(kind):
    whole = _draw(_order(kind, 20, 6), 8)
    parts = [_draw(_order(kind, 20, 6, comm=_Rank(i, 3)), 8) for i in range(3)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    assert not np.array_equal(whole, _draw(_order(kind, 20, 6, seed=1), 8))


def test_batch_that_cannot_be_divided():
    with pytest.raises(ValueError, match='batch of 4 .* 3 workers'):
        DrawOrder(9, 4, comm=_Rank(0, 3))
