from vasily_fashion.evaluations import eval_retrieval

import numpy as np
import pytest
from chainer.backends import cuda
from hypothesis import given, settings
from hypothesis import strategies as st


def _oracle(q, q_ids, g, g_ids, ks, q_categories=None, g_categories=None):
    hits = {k: 0 for k in ks}
    precisions = []
    for i, name in enumerate(q_ids):
        ranked = []
        for j, other in enumerate(g_ids):
            if q_categories is not None and (
                    q_categories[i] != g_categories[j]):
                continue
            distance = sum((a - b) ** 2 for a, b in zip(
                q[i].tolist(), g[j].tolist(), strict=True))
            ranked.append((distance, other == name))  # negatives first
        ranked.sort()
        found = [positive for _, positive in ranked]
        for k in ks:
            hits[k] += any(found[:k])
        n_positive = sum(found)
        precision = 0.
        for rank in range(len(found)):
            if found[rank]:
                precision += sum(found[:rank + 1]) / (rank + 1)
        precisions.append(precision / n_positive if n_positive else 0.)
    result = {f'hit@{k}': hits[k] / len(q_ids) for k in ks}
    result['map'] = sum(precisions) / len(precisions)
    return result


@st.composite
def _cases(draw):
    n_query, n_gallery = draw(st.integers(1, 8)), draw(st.integers(0, 20))
    rng = np.random.RandomState(draw(st.integers(0, 10 ** 6)))
    if draw(st.booleans()):  # ties are the rule, and exact
        q, g = (rng.randint(-1, 2, (n, 2)) for n in (n_query, n_gallery))
    else:
        q, g = (rng.randn(n, 2) for n in (n_query, n_gallery))
    q_ids, g_ids = (rng.randint(0, 5, n) for n in (n_query, n_gallery))
    if draw(st.booleans()):
        q_ids, g_ids = (np.array(list('abcde'))[x] for x in (q_ids, g_ids))
    categories = (None, None)
    if draw(st.booleans()):
        categories = tuple(
            rng.randint(0, 2, n) for n in (n_query, n_gallery))
    return q.astype('f'), q_ids, g.astype('f'), g_ids, categories


@settings(deadline=None, max_examples=200)
@given(_cases(), st.sampled_from([1, 7, 10 ** 6]))
def test_is_the_oracle(case, block_size):
    q, q_ids, g, g_ids, categories = case
    with pytest.MonkeyPatch.context() as patch:
        import vasily_fashion.evaluations.eval_retrieval  # noqa: F401
        patch.setitem(eval_retrieval.__globals__, '_BLOCK_SIZE', block_size)
        result = eval_retrieval(q, q_ids, g, g_ids, (1, 2, 30), *categories)
    expected = _oracle(q, q_ids, g, g_ids, (1, 2, 30), *categories)
    assert result.keys() == expected.keys()
    for key in expected:
        assert result[key] == pytest.approx(expected[key], abs=1e-12), key


def test_by_hand():
    # from 0: ranks of the id 7 are 2 and 4; from 10: no 8 in the gallery
    result = eval_retrieval(
        [[0.], [10.]], [7, 8], [[1.], [2.], [3.], [4.]], [5, 7, 5, 7],
        ks=(1, 2))
    assert result == {
        'hit@1': 0, 'hit@2': 0.5, 'map': pytest.approx((0.5 + 0.5) / 2 / 2)}


def test_missed_queries_count():
    args = [[0.], [10.]], [7, 8], [[1.], [9.]], [7, 8]
    assert eval_retrieval(*args, ks=[1]) == {'hit@1': 1, 'map': 1}
    assert eval_retrieval(*args, ks=[1], n_missed=3) == {
        'hit@1': 2 / 5, 'map': 2 / 5}
    assert eval_retrieval(
        np.zeros((0, 1)), [], *args[2:], ks=[1], n_missed=3) == {
            'hit@1': 0, 'map': 0}


def test_perfect_and_collapsed():
    x = np.random.RandomState(0).randn(50, 16).astype('f')
    assert eval_retrieval(x, range(50), x, range(50)) == {
        'hit@1': 1, 'hit@5': 1, 'hit@20': 1, 'map': 1}
    point = np.full((50, 16), np.float32(0.1)) * x[0]
    result = eval_retrieval(point, range(50), point, range(50))
    assert result['hit@1'] == result['hit@20'] == 0
    assert result['map'] == pytest.approx(1 / 50)


def test_chance():
    rng = np.random.RandomState(0)
    result = eval_retrieval(
        rng.randn(2000, 4), range(2000), rng.randn(2000, 4), range(2000))
    assert 0.005 < result['hit@20'] < 0.016


def test_no_queries_and_no_gallery():
    none = np.zeros((0, 3), dtype=np.float32)
    one = np.zeros((1, 3), dtype=np.float32)
    assert np.isnan(eval_retrieval(none, [], one, [1])['hit@1'])
    assert eval_retrieval(one, [1], none, []) == {
        'hit@1': 0, 'hit@5': 0, 'hit@20': 0, 'map': 0}


def test_values_are_floats():
    # Chainer's reporter cannot take arrays of one number
    x = np.eye(3, dtype=np.float32)
    assert all(type(v) is float for v in eval_retrieval(
        x, range(3), x, range(3)).values())


_X = np.zeros((2, 3), dtype=np.float32)


@pytest.mark.parametrize('kwargs, message', [
    (dict(query_embeddings=_X[0]), r'query_embeddings has shape \(3,\)'),
    (dict(gallery_embeddings=_X[:, :2]), r'3 dimensions and .* 2'),
    (dict(gallery_embeddings=_X * np.nan), r'gallery_embeddings has NaN'),
    (dict(query_ids=[1]), r'query_ids has shape \(1,\) for 2'),
    (dict(gallery_ids=[[1, 2]]), r'gallery_ids has shape'),
    (dict(gallery_ids=['1', '2']), r'would never be equal'),
    (dict(query_categories=[1, 2]), r'both query_categories'),
    (dict(query_categories=[1, 2], gallery_categories=[1]),
     r'gallery_categories has shape'),
    (dict(ks=[0]), r'ks must be'),
    (dict(ks=[1.5]), r'ks must be'),
    (dict(n_missed=-1), r'n_missed must be'),
])
def test_bad_input(kwargs, message):
    with pytest.raises(ValueError, match=message):
        eval_retrieval(**{**dict(
            query_embeddings=_X, query_ids=[1, 2], gallery_embeddings=_X,
            gallery_ids=[1, 2]), **kwargs})


@pytest.mark.gpu
def test_cupy():
    x = np.random.RandomState(0).randn(9, 4).astype('f')
    y = np.random.RandomState(1).randn(9, 4).astype('f')
    assert eval_retrieval(
        cuda.to_gpu(x), range(9), cuda.to_gpu(y), range(9)
    ) == eval_retrieval(x, range(9), y, range(9))
