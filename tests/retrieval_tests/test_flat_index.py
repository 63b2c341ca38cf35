import os
import tracemalloc
import zipfile

from vasily_fashion.retrieval import FlatIndex, flat_index

import numpy as np
import pytest
from chainer.backends import cuda
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def _oracle(gallery, query, k, category=None):
    """gallery: a dictionary id -> (embedding, category), in order."""
    found = []
    for order, (name, (embedding, c)) in enumerate(gallery.items()):
        if category is not None and c != category:
            continue
        distance = 0.
        for a, b in zip(query.tolist(), embedding.tolist(), strict=True):
            distance += (a - b) ** 2
        found.append((np.float32(distance), order, name))
    found.sort(key=lambda x: x[:2])
    return [x[0] for x in found[:k]], [x[2] for x in found[:k]]


def _assert_is_oracle(index, gallery, queries, k, category=None):
    distances, ids = index.search(
        queries, k, None if category is None else [category] * len(queries))
    assert distances.dtype == np.float32
    assert distances.shape == ids.shape
    for distance, row, query in zip(distances, ids, queries, strict=True):
        expected_distance, expected_ids = _oracle(gallery, query, k, category)
        np.testing.assert_allclose(distance, expected_distance, rtol=3e-7)
        assert row.tolist() == expected_ids


def _random(n, dim, seed=0):
    return np.random.RandomState(seed).randn(n, dim).astype(np.float32)


# Few different values, so that equal distances are the rule.
_coarse = st.integers(-2, 2).map(float)
_fine = st.floats(-2 ** 40, 2 ** 40, width=32)


@st.composite
def _cases(draw):
    dim = draw(st.integers(1, 4))
    n = draw(st.integers(0, 40))
    value = draw(st.sampled_from([_coarse, _fine]))
    embeddings = draw(hnp.arrays(np.float32, (n, dim), elements=value))
    queries = draw(hnp.arrays(
        np.float32, (draw(st.integers(0, 4)), dim), elements=value))
    if n:  # some queries are in the gallery
        queries = np.concatenate((queries, embeddings[:2]))
    ids = draw(st.one_of(
        st.lists(st.integers(-2 ** 63, 2 ** 63 - 1),
                 min_size=n, max_size=n, unique=True),
        st.lists(st.text(max_size=3).filter(lambda s: not s.endswith('\0')),
                 min_size=n, max_size=n, unique=True)))
    categories = draw(st.lists(
        st.integers(-1, 2), min_size=n, max_size=n))
    cuts = sorted(draw(st.lists(st.integers(0, n), max_size=3)))
    return dim, embeddings, queries, ids, categories, [0] + cuts + [n]


@settings(derandomize=True, deadline=None, max_examples=150)
@given(_cases(), st.integers(1, 50), st.sampled_from([None, 0, 1, 2]),
       st.integers(1, 9), st.integers(1, 4), st.sampled_from([1, 9, 10 ** 6]))
def test_search_is_the_oracle(
        case, k, category, gallery_block, query_block, n_candidate):
    dim, embeddings, queries, ids, categories, cuts = case
    gallery = {
        name: (e, c) for name, e, c
        in zip(ids, embeddings, categories, strict=True)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flat_index, '_GALLERY_BLOCK', gallery_block)
        patch.setattr(flat_index, '_N_SCORE', 12)
        patch.setattr(flat_index, '_QUERY_BLOCK', query_block)
        patch.setattr(flat_index, '_CHUNK', 3)
        patch.setattr(flat_index, '_N_CANDIDATE', n_candidate)
        patch.setattr(flat_index, '_REFINE_SIZE', 4 * dim)
        index = FlatIndex(dim)
        for start, stop in zip(cuts[:-1], cuts[1:], strict=True):
            index.add(embeddings[start:stop], ids[start:stop],
                      categories[start:stop])
        assert len(index) == len(ids)
        assert index.ids.tolist() == ids
        assert index.categories.tolist() == categories
        _assert_is_oracle(index, gallery, queries, k, category)


def test_result_does_not_depend_on_blocks_or_other_queries(monkeypatch):
    embeddings, queries = _random(500, 16), _random(30, 16, seed=1)
    index = FlatIndex(16)
    index.add(embeddings, range(500))
    distances, ids = index.search(queries, 7)
    for i in (0, 29):
        alone = index.search(queries[i:i + 1], 7)
        np.testing.assert_array_equal(alone[0][0], distances[i])
        np.testing.assert_array_equal(alone[1][0], ids[i])
    monkeypatch.setattr(flat_index, '_GALLERY_BLOCK', 33)
    monkeypatch.setattr(flat_index, '_N_SCORE', 100)
    monkeypatch.setattr(flat_index, '_QUERY_BLOCK', 7)
    again = index.search(queries, 7)
    np.testing.assert_array_equal(again[0], distances)
    np.testing.assert_array_equal(again[1], ids)
    # more neighbours begin with the same neighbours
    np.testing.assert_array_equal(index.search(queries, 99)[1][:, :7], ids)


def test_self_search_gives_zero():
    # Far from the origin, where |q|^2 - 2qg + |g|^2 loses every digit.
    embeddings = _random(300, 128) + 1e4
    index = FlatIndex(128)
    index.add(embeddings, np.arange(300))
    distances, ids = index.search(embeddings, 3)
    np.testing.assert_array_equal(ids[:, 0], np.arange(300))
    np.testing.assert_array_equal(distances[:, 0], 0)
    assert (distances[:, 1:] > 0).all()


def test_exact_where_single_precision_fails():
    gallery = _random(2000, 8) * 1e-2 + 1e3
    queries = _random(20, 8, seed=1) * 1e-2 + 1e3
    index = FlatIndex(8)
    index.add(gallery, range(2000))
    expected = ((queries[:, None].astype(float) - gallery) ** 2).sum(axis=2)
    distances, ids = index.search(queries, 5)
    np.testing.assert_array_equal(
        ids, np.argsort(expected.astype(np.float32), kind='stable')[:, :5])
    np.testing.assert_allclose(
        distances, np.sort(expected)[:, :5], rtol=1e-6)


def test_equal_distances_come_in_insertion_order():
    index = FlatIndex(4)
    ids = np.random.RandomState(0).permutation(20000)
    index.add(np.ones((20000, 4), dtype=np.float32), ids)
    distances, found = index.search(np.zeros((2, 4), dtype=np.float32), 50)
    np.testing.assert_array_equal(found, [ids[:50]] * 2)
    np.testing.assert_array_equal(distances, 4)


def test_tiny_and_huge_numbers():
    gallery = np.array([[1e-25], [0], [1e18], [-1e18]], dtype=np.float32)
    index = FlatIndex(1)
    index.add(gallery, list('abcd'))
    distances, ids = index.search(gallery, 4)
    assert np.isfinite(distances).all()
    # 1e-50 is not a float32: equal to 0, so in insertion order
    assert [''.join(row) for row in ids] == ['abcd', 'abcd', 'cabd', 'dabc']


def test_k_beyond_the_index_gives_fewer_columns():
    index = FlatIndex(2)
    index.add(np.eye(2, dtype=np.float32), ['a', 'b'], [3, 5])
    queries = np.zeros((3, 2), dtype=np.float32)
    assert index.search(queries, 10 ** 9)[0].shape == (3, 2)
    assert index.search(queries, 2, [5] * 3)[1].tolist() == [['b']] * 3
    assert index.search(queries, 2, [4] * 3)[1].shape == (3, 0)


def test_empty_index_and_no_queries():
    index = FlatIndex(2)
    distances, ids = index.search(np.zeros((3, 2), dtype=np.float32), 5)
    assert distances.shape == ids.shape == (3, 0)
    assert distances.dtype == np.float32 and ids.dtype == np.int64
    index.add(np.zeros((1, 2), dtype=np.float32), [7])
    distances, ids = index.search(np.zeros((0, 2), dtype=np.float32), 5)
    assert distances.shape == ids.shape == (0, 1)


def test_many_small_adds_are_fast_and_kept():
    index = FlatIndex(3)
    embeddings = _random(3000, 3)
    capacities = set()
    for i, embedding in enumerate(embeddings):
        index.add(embedding[None], [i])
        capacities.add(len(index._embeddings._buffer))
    assert len(capacities) < 15  # copies: amortised growth
    np.testing.assert_array_equal(
        index.search(embeddings, 1)[1][:, 0], np.arange(3000))


@pytest.mark.parametrize('order', ['random', 'nearer and nearer'])
def test_memory_is_bounded_by_the_blocks(monkeypatch, order):
    monkeypatch.setattr(flat_index, '_QUERY_BLOCK', 64)
    monkeypatch.setattr(flat_index, '_GALLERY_BLOCK', 512)
    monkeypatch.setattr(flat_index, '_N_SCORE', 1 << 15)
    monkeypatch.setattr(flat_index, '_REFINE_SIZE', 1 << 14)
    embeddings = _random(10000, 8)
    if order != 'random':
        embeddings *= np.linspace(50, 1, 10000, dtype=np.float32)[:, None]
    index = FlatIndex(8)
    index.add(embeddings, range(10000))
    queries = _random(1000, 8)  # the whole matrix would be 40 MB
    tracemalloc.start()
    try:
        index.search(queries, 3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3e6


@pytest.mark.parametrize('embeddings, ids, categories, error, message', [
    (np.zeros((2, 5), np.float32), [1, 2], None, ValueError,
     r'embeddings has shape \(2, 5\).*\(N, 4\).*another network'),
    (np.zeros(4, np.float32), [1], None, ValueError, r'embeddings has shape'),
    ([[0, 0, 0, np.nan]], [1], None, ValueError, r'embeddings\[0\] has NaN'),
    ([[0, 0, 0, 0], [0, 0, -np.inf, 0]], [1, 2], None, ValueError,
     r'embeddings\[1\] has NaN, infinite'),
    ([[0, 0, 0, 1e30]], [1], None, ValueError, r'embeddings\[0\].*enormous'),
    ([[0, 0, 0, 1e300]], [1], None, ValueError, r'embeddings\[0\].*enormous'),
    ([list('abcd')], [1], None, TypeError, r'embeddings must be.*float32'),
    (np.zeros((2, 4), np.float32), [1], None, ValueError, r'ids has 1 .* 2'),
    (np.zeros((2, 4), np.float32), 'ab', None, TypeError, r'ids must be a l'),
    (np.zeros((1, 4), np.float32), 5, None, TypeError, r'ids must be a list'),
    (np.zeros((2, 4), np.float32), np.array('ab'), None, TypeError, r'ids must be a list'),
    (np.zeros((2, 4), np.float32), [1, 'a'], None, TypeError, r'ids must be'),
    (np.zeros((2, 4), np.float32), [1., 2.], None, TypeError, r'ids must be'),
    (np.zeros((2, 4), np.float32), [True, 2], None, TypeError, r'ids must be'),
    (np.zeros((2, 4), np.float32), ['a', 'b'], None, TypeError,
     r'ids are strings, but those in the index are integers'),
    (np.zeros((1, 4), np.float32), ['a\0'], None, ValueError, r'null char'),
    (np.zeros((1, 4), np.float32), [2 ** 63], None, ValueError, r'int64'),
    (np.zeros((2, 4), np.float32), [5, 5], None, ValueError,
     r'ids: 5 is given twice'),
    (np.zeros((2, 4), np.float32), [5, 77], None, ValueError,
     r'ids: 77 is in the index already'),
    (np.zeros((2, 4), np.float32), [5, 6], [1], ValueError,
     r'categories has shape \(1,\) for 2'),
    (np.zeros((2, 4), np.float32), [5, 6], [1., 2.], TypeError,
     r'categories must be integers'),
    (np.zeros((2, 4), np.float32), [5, 6], [0, -2], ValueError,
     r'categories must be 0 or more'),
    (np.zeros((2, 4), np.float32), [5, 6], [0, 2 ** 31], ValueError,
     r'categories must be 0 or more'),
])
def test_bad_add_is_refused_and_changes_nothing(
        embeddings, ids, categories, error, message):
    index = FlatIndex(4)
    index.add(np.ones((1, 4), dtype=np.float32), [77], [2])
    with pytest.raises(error, match=message):
        index.add(embeddings, ids, categories)
    assert len(index) == 1
    distances, ids = index.search(np.zeros((1, 4), dtype=np.float32), 9)
    assert distances.tolist() == [[4.]] and ids.tolist() == [[77]]
    index.add(np.zeros((1, 4), dtype=np.float32), [5])
    assert index.ids.tolist() == [77, 5]


def test_string_id_twice_is_named():
    index = FlatIndex(1)
    index.add([[0.]], ['shirt'])
    with pytest.raises(ValueError, match="'shirt' is in the index already"):
        index.add([[1.]], ['shirt'])


@pytest.mark.parametrize('k', [0, -1, 2.5, '3', None, True])
def test_bad_k(k):
    index = FlatIndex(1)
    index.add([[0.]], [1])
    with pytest.raises(ValueError, match='k must be a positive integer'):
        index.search([[0.]], k)


@pytest.mark.parametrize('categories, error', [
    ([-2], ValueError), (['bag'], TypeError), ([1.5], TypeError), ([1, 1], ValueError),
    (1, ValueError)])
def test_bad_categories(categories, error):
    index = FlatIndex(1)
    index.add([[0.]], [1])
    with pytest.raises(error, match='categories'):
        index.search([[0.]], 1, categories)


@pytest.mark.parametrize('queries, error, message', [
    (np.zeros((2, 3)), ValueError, r'queries has shape \(2, 3\).*network'),
    ([[np.nan, 0]], ValueError, r'queries\[0\] has NaN'),
    (np.array([['a', 'b']]), TypeError, r'queries must be an array'),
])
@pytest.mark.parametrize('empty', [True, False])
def test_bad_queries(queries, error, message, empty):
    index = FlatIndex(2)
    if not empty:
        index.add([[0., 0.]], [1])
    with pytest.raises(error, match=message):
        index.search(queries, 1)


@pytest.mark.parametrize('dim', [0, -1, 1.5, '3', True])
def test_bad_dim(dim):
    with pytest.raises(ValueError, match='dim must be a positive integer'):
        FlatIndex(dim)


@pytest.mark.parametrize('ids', [
    [4, -3, 2 ** 62], ['b', '', 'コート/赤.jpg'], []])
def test_save_and_load(tmp_path, ids):
    embeddings = _random(len(ids), 5)
    index = FlatIndex(5)
    index.add(embeddings, ids, [0, -1, 11][:len(ids)])
    index.save(tmp_path / 'index.npz')
    assert os.listdir(tmp_path) == ['index.npz']
    again = FlatIndex.load(tmp_path / 'index.npz')
    assert len(again) == len(ids) and again.dim == 5
    assert again.ids.tolist() == ids
    assert again.categories.tolist() == [0, -1, 11][:len(ids)]
    queries = _random(4, 5, seed=1)
    for a, b in zip(index.search(queries, 2), again.search(queries, 2),
                    strict=True):
        np.testing.assert_array_equal(a, b)
    # it takes more, of its own kind
    again.add(_random(1, 5), ['new' if ids and ids[0] == 'b' else 9])
    assert len(again) == len(ids) + 1


def test_save_and_load_never_used(tmp_path):
    FlatIndex(6).save(tmp_path / 'index.npz')
    index = FlatIndex.load(tmp_path / 'index.npz')
    assert len(index) == 0 and index.dim == 6


def test_failed_save_keeps_the_older_file(tmp_path, monkeypatch):
    index = FlatIndex(1)
    index.add([[0.]], [1])
    index.save(tmp_path / 'index.npz')
    old = (tmp_path / 'index.npz').read_bytes()

    def fail(f, **kwargs):
        f.write(b'half')
        raise OSError('disk full')

    monkeypatch.setattr(np, 'savez', fail)
    with pytest.raises(OSError, match='disk full'):
        index.save(tmp_path / 'index.npz')
    assert os.listdir(tmp_path) == ['index.npz']
    assert (tmp_path / 'index.npz').read_bytes() == old


def test_load_of_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing.npz.*check the path'):
        FlatIndex.load(tmp_path / 'nothing.npz')


@pytest.mark.parametrize('part', [0, 0.1, 0.5, 0.99])
def test_load_of_a_truncated_file(tmp_path, part):
    index = FlatIndex(4)
    index.add(_random(50, 4), range(50))
    path = tmp_path / 'index.npz'
    index.save(path)
    content = path.read_bytes()
    path.write_bytes(content[:int(len(content) * part)])
    with pytest.raises(ValueError, match='index.npz: .*truncated'):
        FlatIndex.load(path)


def test_load_of_a_damaged_file(tmp_path):
    index = FlatIndex(4)
    index.add(_random(50, 4), range(50))
    path = tmp_path / 'index.npz'
    index.save(path)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as z:
        at = z.getinfo('embeddings.npy').header_offset
    content[at + 300] ^= 0xff
    path.write_bytes(content)
    with pytest.raises(ValueError, match='index.npz: .*damaged'):
        FlatIndex.load(path)


def _index_content(**changed):
    content = dict(
        format='vasily_fashion.FlatIndex', version=2, metric='sqeuclidean',
        extractor_sha256='',
        embeddings=np.zeros((1, 2), np.float32), ids=np.array([1]),
        categories=np.array([-1], np.int32))
    content.update(changed)
    return {key: x for key, x in content.items() if x is not None}


@pytest.mark.parametrize('content, message', [
    (dict(conv1=np.zeros(3)), 'not written by FlatIndex.save'),
    (_index_content(version=3), 'format version is 3.*update'),
    (_index_content(version=None), 'cannot be used.*version'),
    (_index_content(ids=None), 'cannot be used.*ids'),
    (_index_content(ids=np.array([1, 2])), 'ids has 2 ids for 1'),
    (_index_content(embeddings=np.zeros(2)), 'cannot be used'),
    (_index_content(embeddings=np.full((1, 2), np.nan)), 'has NaN'),
    (_index_content(categories=np.array([.5])), 'must be integers'),
])
def test_load_of_a_foreign_file(tmp_path, content, message):
    np.savez(tmp_path / 'a.npz', **content)
    with pytest.raises(ValueError, match='a.npz: .*' + message):
        FlatIndex.load(tmp_path / 'a.npz')


def test_load_of_a_single_array(tmp_path):
    np.save(tmp_path / 'a.npy', np.zeros(3))
    with pytest.raises(ValueError, match='a.npy: .*not an index'):
        FlatIndex.load(tmp_path / 'a.npy')


class _Bomb:
    def __reduce__(self):
        return pytest.fail, ('the file ran code',)


def test_load_runs_no_code(tmp_path):
    np.savez(tmp_path / 'a.npz', **_index_content(
        ids=np.array([_Bomb()], dtype=object)))
    with pytest.raises(ValueError, match='a.npz'):
        FlatIndex.load(tmp_path / 'a.npz')


@pytest.mark.gpu
@pytest.mark.parametrize('index_gpu', [False, True])
@pytest.mark.parametrize('query_gpu', [False, True])
def test_cupy(index_gpu, query_gpu, tmp_path):
    embeddings, queries = _random(3000, 16), _random(20, 16, seed=1)
    categories = np.arange(3000) % 3
    expected = FlatIndex(16)
    expected.add(embeddings, range(3000), categories)
    index = FlatIndex(16)
    if index_gpu:
        index.add(cuda.to_gpu(embeddings[:9]), range(9), categories[:9])
        index.add(embeddings[9:], range(9, 3000), categories[9:])
    else:
        index.add(cuda.to_gpu(embeddings[:9]), range(9), categories[:9])
        index.to_cpu()
        index.add(cuda.to_gpu(embeddings[9:]), range(9, 3000),
                  categories[9:])
    for categories in (None, [1] * 20, np.arange(20) % 3):
        distances, ids = index.search(
            cuda.to_gpu(queries) if query_gpu else queries, 5, categories)
        assert isinstance(
            distances, cuda.ndarray if query_gpu else np.ndarray)
        assert isinstance(ids, np.ndarray)
        e = expected.search(queries, 5, categories)
        np.testing.assert_array_equal(cuda.to_cpu(distances), e[0])
        np.testing.assert_array_equal(ids, e[1])
    index.save(tmp_path / 'index.npz')
    again = FlatIndex.load(tmp_path / 'index.npz').to_gpu()
    np.testing.assert_array_equal(
        again.search(queries, 5)[1], expected.search(queries, 5)[1])


@pytest.mark.gpu
def test_cupy_more_equal_distances_than_candidates():
    # 100 copies of each: the order among them is that of adding
    embeddings = np.repeat(_random(30, 16), 100, axis=0)
    categories = np.arange(3000) % 3
    expected = FlatIndex(16)
    expected.add(embeddings, range(3000), categories)
    index = FlatIndex(16)
    index.add(*(cuda.to_gpu(x) for x in (
        embeddings, np.arange(3000), categories)))
    for categories in (None, [1] * 8):
        distances, ids = index.search(
            cuda.to_gpu(embeddings[::400]), 5, categories)
        e = expected.search(embeddings[::400], 5, categories)
        np.testing.assert_array_equal(cuda.to_cpu(distances), e[0])
        np.testing.assert_array_equal(ids, e[1])
        assert not e[0].any()


@pytest.mark.gpu
def test_cupy_from_an_empty_index():
    embeddings = _random(40, 16)
    index = FlatIndex(16).to_gpu()
    assert index.search(cuda.to_gpu(embeddings), 1)[1].shape == (40, 0)
    index.add(embeddings, range(40))
    for _ in range(2):
        distances, ids = index.search(embeddings, 1)
        assert type(distances) is np.ndarray and not distances.any()
        np.testing.assert_array_equal(ids[:, 0], range(40))
        index.to_cpu()


@pytest.mark.gpu(2)
@pytest.mark.parametrize('metric', ['sqeuclidean', 'cosine'])
@pytest.mark.parametrize('query_gpu', [None, 0, 1])
def test_cupy_on_another_gpu_than_the_current(query_gpu, metric):
    embeddings, queries = _random(300, 16), _random(5, 16, seed=1)
    if query_gpu is not None:
        queries = cuda.to_gpu(queries, query_gpu)
    expected, index = FlatIndex(16, metric), FlatIndex(16, metric)
    expected.add(embeddings, range(300), np.arange(300) % 3)
    index.add(cuda.to_gpu(embeddings[:100], 1), range(100), np.arange(100) % 3)
    index.add(cuda.to_gpu(embeddings[100:], 0), range(100, 300), np.arange(100, 300) % 3)
    for one in expected, index:
        one.remove(range(0, 300, 7))
    for categories in None, np.arange(5) % 3:
        distances, ids = index.search(queries, 4, categories)
        e = expected.search(cuda.to_cpu(queries), 4, categories)
        np.testing.assert_allclose(cuda.to_cpu(distances), e[0], rtol=1e-6)
        np.testing.assert_array_equal(ids, e[1])
        if query_gpu is not None:
            assert distances.device.id == query_gpu
    index.to_gpu(0)
    np.testing.assert_array_equal(index.search(queries, 4)[1], expected.search(
        cuda.to_cpu(queries), 4)[1])


@pytest.mark.gpu
def test_cupy_does_not_rely_on_partition(monkeypatch):
    # right only where the threads of a warp keep step
    for name in 'partition', 'argpartition':
        monkeypatch.setattr(cuda.cupy, name, lambda a, *args, **kwargs: a)
    monkeypatch.setattr(flat_index, '_GALLERY_BLOCK', 64)
    embeddings, queries = _random(500, 16), _random(4, 16, seed=1)
    expected, index = FlatIndex(16), FlatIndex(16)
    expected.add(embeddings, range(500))
    index.add(cuda.to_gpu(embeddings), range(500))
    for k in 1, 5, 40:
        for found, e in zip(
                index.search(queries, k), expected.search(queries, k), strict=True):
            np.testing.assert_array_equal(found, e)


def _all_smaller(monkeypatch):
    """A search by a sixteenth of the memory, of 64 queries at a time."""
    monkeypatch.setattr(flat_index, '_QUERY_BLOCK', 1024 // 16)
    for name in '_N_CANDIDATE', '_REFINE_SIZE':
        monkeypatch.setattr(flat_index, name, getattr(flat_index, name) // 16)


def test_memory_of_a_search_among_copies(monkeypatch):
    _all_smaller(monkeypatch)
    index = FlatIndex(8)
    index.add(np.ones((8192, 8), np.float32), range(8192))
    tracemalloc.start()
    try:
        index.search(_random(64, 8), 3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200e6 / 16


@pytest.mark.gpu
def test_cupy_memory_of_a_search(monkeypatch):
    _all_smaller(monkeypatch)
    index = FlatIndex(16)
    index.add(cuda.to_gpu(_random(8192, 16)), range(8192))
    queries = cuda.to_gpu(_random(64, 16, seed=1))
    pool = cuda.cupy.cuda.MemoryPool()
    with cuda.cupy.cuda.using_allocator(pool.malloc):
        index.search(queries, 10)
    # the scores are on the GPU, and little else
    assert 4 * 64 * 8192 < pool.total_bytes() < 200e6 / 16


@pytest.mark.gpu
@pytest.mark.parametrize('gpu_saves', [False, True])
def test_cupy_saved_on_one_and_loaded_on_the_other(gpu_saves, tmp_path):
    embeddings, queries = _random(50, 16), _random(5, 16, seed=1)
    index = FlatIndex(16)
    index.add(cuda.to_gpu(embeddings) if gpu_saves else embeddings, range(50))
    expected = index.search(queries, 4)
    index.save(tmp_path / 'a.npz')
    loaded = FlatIndex.load(tmp_path / 'a.npz')
    if not gpu_saves:
        loaded.to_gpu()
    for found, e in zip(loaded.search(queries, 4), expected, strict=True):
        np.testing.assert_allclose(found, e, rtol=1e-6)
