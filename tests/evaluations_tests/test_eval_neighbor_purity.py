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
