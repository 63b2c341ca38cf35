from vasily_fashion.evaluations import eval_neighbor_purity

import numpy as np
import pytest


def _oracle(embeddings, categories, k):
    shares = []
    for i, x in enumerate(embeddings):
        distances = [(((x - y) ** 2).sum(), j) for j, y in enumerate(embeddings)
                     if j != i]
        near = [j for _, j in sorted(distances)[:k]]
        shares.append(np.mean([categories[j] == categories[i] for j in near]))
    return np.mean(shares)


def test_a_line():
    # neighbours: 1, 0, 1, 2
    x = np.array([[0.], [1.], [2.1], [3.5]])
    result = eval_neighbor_purity(x, [7, 7, 7, 3], 1)
    assert result == {'purity': .75, 'chance': .5}
    assert eval_neighbor_purity(x, [7, 7, 7, 3], 1.) == result


@pytest.mark.parametrize('k', [1, 4, 29])
def test_oracle(k):
    random = np.random.default_rng(k)
    x = random.normal(size=(30, 5)).astype(np.float32)
    categories = random.integers(3, size=30)
    result = eval_neighbor_purity(x, categories, k)
    assert result['purity'] == pytest.approx(_oracle(x, categories, k))
    if k == 29:  # all others are neighbours
        assert result['purity'] == pytest.approx(result['chance'])


def test_too_few():
    with pytest.raises(ValueError, match='10 embeddings have no 10 neighbours'):
        eval_neighbor_purity(np.zeros((10, 2)), [0] * 10)


@pytest.mark.parametrize('n_first', [100, 90, 11])
def test_a_point_is_not_pure_by_order(n_first):
    """All are as far: those of the other category come first."""
    categories = np.repeat([0, 1], [n_first, 100 - n_first])
    for order in categories, categories[::-1]:
        result = eval_neighbor_purity(np.ones((100, 4), 'f') / 3, order, 10)
        assert result['purity'] == (1 if n_first == 100 else 0)
    # 20 neighbours, of which 11 or fewer are of the other category
    if n_first == 90:
        result = eval_neighbor_purity(np.ones((100, 4)), categories, 20)
        assert result['purity'] == pytest.approx(.9 * .5)


@pytest.mark.parametrize('offset', [0, 1e3, 1e4])
def test_far_from_zero(offset):
    random = np.random.default_rng(0)
    categories = np.repeat(np.arange(5), 40)
    x = (random.normal(size=(5, 128))[categories]
         + .3 * random.normal(size=(200, 128)) + offset).astype(np.float32)
    assert eval_neighbor_purity(x, categories)['purity'] == 1
    x[7] *= 1e20
    assert eval_neighbor_purity(x, categories)['purity'] >= 199 / 200


@pytest.mark.parametrize('x, categories, k, message', [
    (np.full((3, 2), np.nan), [0, 0, 0], 1, 'embeddings has NaN'),
    (np.zeros(3), [0, 0, 0], 1, r'embeddings has shape \(3,\)'),
    (np.zeros((3, 2)), [0, 0], 1, r'categories has shape \(2,\) for 3'),
    (np.zeros((3, 2)), [0., 1., 1.], 1, 'categories are float'),
    (np.zeros((3, 2)), [0, 0, 0], 0, 'k must be an integer from 1, not 0'),
    (np.zeros((3, 2)), [0, 0, 0], 1.5, 'k must be'),
    (np.zeros((3, 2)), [0, 0, 0], float('nan'), 'k must be')])
def test_bad_input(x, categories, k, message):
    with pytest.raises(ValueError, match=message):
        eval_neighbor_purity(x, categories, k)
