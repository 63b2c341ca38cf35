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


@settings(derandomize=True, deadline=None, max_examples=200)
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


def test_a_query_does_not_find_itself():
    """Two photos an item that have nothing in common, all of them both."""
    x = np.random.RandomState(0).randn(40, 8)
    ids, images = np.arange(40) // 2, np.arange(40)
    assert eval_retrieval(x, ids, x, ids, [1])['hit@1'] == 1
    result = eval_retrieval(
        x, ids, x, ids, [1], query_images=images, gallery_images=images)
    distances = ((x[:, None] - x) ** 2).sum(axis=2)
    distances[images, images] = np.inf
    assert result['hit@1'] == np.mean(ids[distances.argmin(axis=1)] == ids) < .2
    # names do as well, and two rows of one photo are one
    names = np.array([f'{i // 2 * 2}.jpg' for i in range(40)])
    assert eval_retrieval(
        x, ids, x, ids, query_images=names, gallery_images=names)['map'] == 0
    # alone with itself it is a miss
    assert eval_retrieval(
        x[:1], [7], x[:1], [7], [1], query_images=['a'], gallery_images=['a']
    ) == {'hit@1': 0, 'map': 0}
    # with categories
    assert eval_retrieval(
        [[0.]], [7], [[0.], [1.], [2.]], [7, 8, 7], [1], [3], [3, 4, 3],
        query_images=[0], gallery_images=[0, 1, 2]) == {'hit@1': 1, 'map': 1}


@pytest.mark.parametrize('scale', [1e2, 1e7, 1e12, 1e30])
@pytest.mark.parametrize('outlier_id', [-1, 0])
def test_a_huge_norm_is_one_rows_own_affair(scale, outlier_id):
    rng = np.random.RandomState(1)
    q = rng.randn(50, 128).astype('f')
    g = np.concatenate([q + .01 * rng.randn(50, 128), rng.randn(200, 128)]).astype('f')
    ids = np.append(np.arange(50), np.full(200, -1))
    ids[-1] = outlier_id
    g[-1] *= np.float32(scale)
    result = eval_retrieval(q, np.arange(50), g, ids, [1])
    assert result['hit@1'] == 1
    x = q.copy()
    x[-1] *= np.float32(scale)
    alone = eval_retrieval(q[:-1], np.arange(49), g, ids, [1])
    assert eval_retrieval(x, np.arange(50), g, ids, [1])['hit@1'] * 50 >= (
        alone['hit@1'] * 49) == 49


def test_ties_far_from_zero_are_pessimistic():
    # equal distances, as sums of rounded squares differ in the last digits
    q = np.full((1, 3), .1, 'f')
    g = q + np.float32([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0]])
    for right in range(4):
        for factor in (1, 1e-3, 1e6):
            x, y = (np.asarray(a * factor, 'f') for a in (q, q + (g - q)))
            distances = ((y.astype(float) - x.astype(float)) ** 2).sum(axis=1)
            rank = (distances <= distances[right]).sum()
            result = eval_retrieval(
                x, [7], y, np.where(np.arange(4) == right, 7, 8))
            assert result['map'] == pytest.approx(1 / rank)


def test_per_query():
    args = ([[0.], [10.]], [7, 8], [[1.], [2.], [3.], [4.]], [5, 7, 5, 7])
    result = eval_retrieval(*args, ks=(1, 2), n_missed=1, per_query=True)
    assert {key: x.tolist() for key, x in result.items()} == {
        'hit@1': [0, 0, 0], 'hit@2': [1, 0, 0], 'map': [.5, 0, 0]}


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
    (dict(query_images=[1, 2]), r'both query_images and gallery_images'),
    (dict(query_images=['a', 'b'], gallery_images=[1, 2]), r'never be equal'),
    (dict(query_ids=[1., 2.]), r'query_ids are float.*integers'),
    (dict(query_ids=np.array([1., np.nan])), r'query_ids are float64'),
    (dict(gallery_ids=['a', float('nan')]), r'gallery_ids are float and str'),
    (dict(gallery_ids=np.array(['a', None], object)), r'gallery_ids are NoneType and str'),
    (dict(query_ids=[1, '1']), r'query_ids are int and str'),
    (dict(query_ids=np.array([1, 2 ** 63], np.uint64)), r'query_ids are uint64'),
    (dict(gallery_embeddings=np.full((2, 3), 1e200)), r'gallery_embeddings has .*too large'),
    (dict(query_categories=[.5, 1], gallery_categories=[1, 2]),
     r'query_categories are float and int'),
    (dict(ks=[0]), r'ks must be'),
    (dict(ks=[1.5]), r'ks must be'),
    (dict(ks=[float('nan')]), r'ks must be'),
    (dict(n_missed=float('nan')), r'n_missed must be'),
    (dict(n_missed=-1), r'n_missed must be'),
])
def test_bad_input(kwargs, message):
    with pytest.raises(ValueError, match=message):
        eval_retrieval(**{**dict(
            query_embeddings=_X, query_ids=[1, 2], gallery_embeddings=_X,
            gallery_ids=[1, 2]), **kwargs})


def test_columns_of_objects():
    # as pandas has text
    assert eval_retrieval(
        np.eye(2), np.array(['a', 'b'], object), np.eye(2), ['a', 'b'],
        [1])['hit@1'] == 1
    big = 2 ** 62 + np.arange(2)
    assert eval_retrieval(
        np.eye(2), big, np.eye(2), big.astype(np.uint64), [1])['hit@1'] == 1
    assert eval_retrieval(
        np.eye(2), big, np.eye(2), (big + 1).astype(np.uint64), [1])['hit@1'] == 0


@pytest.mark.gpu
def test_cupy():
    x = np.random.RandomState(0).randn(9, 4).astype('f')
    y = np.random.RandomState(1).randn(9, 4).astype('f')
    assert eval_retrieval(
        cuda.to_gpu(x), range(9), cuda.to_gpu(y), range(9)
    ) == eval_retrieval(x, range(9), y, range(9))
