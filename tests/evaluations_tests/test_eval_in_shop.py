from vasily_fashion.evaluations import eval_in_shop

import numpy as np
import pytest


@pytest.mark.parametrize('seed', range(10))
def test_is_the_oracle(seed):
    rng = np.random.RandomState(seed)
    embeddings = rng.randint(-1, 2, (60, 3)).astype('f')
    item_ids = rng.randint(0, 5, 60)
    statuses = np.array(['train', 'query', 'gallery'])[rng.randint(3, size=60)]
    recalls = {1: [], 4: []}
    for i in np.flatnonzero(statuses == 'query'):
        ranked = sorted(
            (float(((embeddings[i] - embeddings[j]) ** 2).sum()),
             bool(item_ids[j] == item_ids[i]))
            for j in range(60) if statuses[j] == 'gallery')
        for k in recalls:
            recalls[k].append(any(p for _, p in ranked[:k]))
    assert eval_in_shop(
        embeddings, item_ids, statuses, ks=(1, 4)) == pytest.approx(
            {f'recall@{k}': np.mean(r) for k, r in recalls.items()})


def test_by_hand():
    # the nearest of the item 7 is a training image; in the gallery, the third
    result = eval_in_shop(
        [[0.], [.1], [1.], [2.], [3.]], [7, 7, 8, 8, 7],
        ['query', 'train', 'gallery', 'gallery', 'gallery'], ks=(1, 2, 3))
    assert result == {'recall@1': 0, 'recall@2': 0, 'recall@3': 1}


def test_bad_input():
    with pytest.raises(ValueError, match='statuses has shape'):
        eval_in_shop([[0.]], [1], [])


def test_unknown_status():
    with pytest.raises(ValueError, match=r"statuses has \['Query'\].*'query'"):
        eval_in_shop(np.zeros((2, 2)), [1, 1], ['Query', 'gallery'])
