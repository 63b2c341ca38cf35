from vasily_fashion.evaluations import eval_street2shop

import numpy as np
import pytest


def _oracle(q, q_ids, q_cats, g, g_ids, g_cats, ks):
    right = []
    for x, product, category in zip(q, q_ids, q_cats, strict=True):
        ranked = sorted(
            (float(((x - y) ** 2).sum()), other == product)
            for y, other, c in zip(g, g_ids, g_cats, strict=True)
            if c == category)
        right.append({k: any(p for _, p in ranked[:k]) for k in ks})
    return {
        **{f'hit@{k}/{c}': np.mean([
            r[k] for r, other in zip(right, q_cats, strict=True)
            if other == c])
           for c in sorted(set(q_cats)) for k in ks},
        **{f'hit@{k}': np.mean([r[k] for r in right]) for k in ks}}


@pytest.mark.parametrize('seed', range(20))
def test_is_the_oracle(seed):
    rng = np.random.RandomState(seed)
    q, g = rng.randint(-1, 2, (12, 3)), rng.randint(-1, 2, (30, 3))
    names = np.array(['bags', 'tops', 'hats'])
    args = (q.astype('f'), rng.randint(0, 6, 12), names[rng.randint(3, size=12)],
            g.astype('f'), rng.randint(0, 6, 30), names[rng.randint(3, size=30)])
    result = eval_street2shop(*args, ks=(1, 3))
    expected = _oracle(*args, (1, 3))
    assert list(result) == list(expected)
    for key in expected:
        assert type(result[key]) is float
        assert result[key] == pytest.approx(expected[key]), key


def test_by_hand():
    # the dress of product 1 is nearest, but the query is a bag of product 1
    result = eval_street2shop(
        [[0.], [0.], [5.]], [1, 2, 2], ['bags', 'bags', 'tops'],
        [[0.], [1.], [2.], [9.]], [1, 2, 1, 2],
        ['dresses', 'bags', 'bags', 'tops'], ks=(1, 2))
    assert result == {
        'hit@1/bags': .5, 'hit@2/bags': 1,
        'hit@1/tops': 1, 'hit@2/tops': 1,
        'hit@1': pytest.approx(2 / 3), 'hit@2': 1}


def test_bad_input():
    with pytest.raises(ValueError, match='query_categories has shape'):
        eval_street2shop([[0.]], [1], [], [[0.]], [1], ['bags'])
