from vasily_fashion.retrieval import FaissIndex, FlatIndex, choose_factory

import numpy as np
import pytest

pytest.importorskip('faiss')

_DIM = 16
_N = 3000


@pytest.fixture(scope='module')
def embeddings():
    # clusters, as products have them
    random_state = np.random.default_rng(0)
    centres = random_state.normal(size=(60, _DIM))
    return (centres[random_state.integers(60, size=_N)] + .4 * random_state.normal(
        size=(_N, _DIM))).astype(np.float32)


@pytest.fixture(scope='module')
def categories():
    # category 7 is 1 % of all
    return np.where(np.arange(_N) % 100 == 0, 7, np.arange(_N) % 3)


@pytest.fixture(scope='module')
def queries(embeddings):
    return embeddings[:50] + np.float32(.1)


@pytest.fixture(scope='module')
def truth(embeddings, categories):
    index = FlatIndex(_DIM)
    index.add(embeddings, np.arange(_N), categories)
    return index


_FACTORIES = ['Flat', 'SQ8', 'HNSW16', 'HNSW16,SQ8', 'IVF32,Flat', 'IVF32,SQ8',
              'IVF32,PQ8', 'IVF32,PQ4x6']


@pytest.fixture(params=_FACTORIES, scope='module')
def index(request, embeddings, categories):
    index = FaissIndex(_DIM, factory=request.param)
    index.add(embeddings, np.arange(_N), categories)
    return index


def _recall(found, expected):
    return np.mean([
        len(set(a) & set(b)) / len(b)
        for a, b in zip(found.tolist(), expected.tolist(), strict=True)])


def test_recall(index, truth, queries):
    expected_distances, expected = truth.search(queries, 10)
    distances, found = index.search(queries, 10)
    assert found.shape == expected.shape
    least = {'Flat': 1, 'IVF32,PQ8': .6, 'IVF32,PQ4x6': .3}
    assert _recall(found, expected) >= least.get(index.factory, .9)
    if index.factory == 'Flat':
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(distances, expected_distances, rtol=1e-6)
    assert (np.diff(distances, axis=1) >= 0).all()


def test_filtered_search_loses_nothing(index, truth, queries):
    expected = truth.search(queries, 10, [7] * 50)[1]
    found = index.search(queries, 10, [7] * 50)[1]
    if index.factory in ('Flat', 'HNSW16', 'IVF32,Flat'):
        np.testing.assert_array_equal(found, expected)
    assert (found % 100 == 0).all()


def test_a_large_category_is_searched_by_faiss(
        index, truth, queries, monkeypatch):
    from vasily_fashion.retrieval import faiss_index
    monkeypatch.setattr(faiss_index, '_N_EXACT', 100)
    expected = truth.search(queries, 10, [1] * 50)[1]
    found = index.search(queries, 10, [1] * 50)[1]
    assert set((found % 3).ravel()) == {1}
    least = {'Flat': 1, 'IVF32,PQ8': .6, 'IVF32,PQ4x6': .3}
    assert _recall(found, expected) >= least.get(index.factory, .85)


def test_lists_that_hold_too_few(embeddings):
    """One list of 32 does not have 200 of the 300 asked for."""
    index = FaissIndex(_DIM, factory='IVF32,Flat', n_probe=1)
    index.add(embeddings[:320], np.arange(320))
    distances, found = index.search(embeddings[:3], 200)
    assert found.shape == (3, 200) and (found >= 0).all()
    truth = FlatIndex(_DIM)
    truth.add(embeddings[:320], np.arange(320))
    np.testing.assert_array_equal(found, truth.search(embeddings[:3], 200)[1])


def test_removed_rows_are_taken_away(embeddings):
    for factory in 'HNSW16', 'IVF4,Flat', 'SQ8':
        index = FaissIndex(_DIM, factory=factory)
        index.add(embeddings[:200], [f'p{i}' for i in range(200)])
        index.remove([f'p{i}' for i in range(60)])
        # a graph keeps them for a while
        assert index._index.ntotal == (200 if factory == 'HNSW16' else 140)
        assert len(index) == 140
        index.remove([f'p{i}' for i in range(60, 160)])
        assert index._index.ntotal == len(index) == 40
        index.add(embeddings[:1], ['p0'])
        assert index.search(embeddings[:1], 1)[1].tolist() == [['p0']]
        assert index.search(embeddings[170:171], 1)[1].tolist() == [['p170']]


@pytest.mark.parametrize('factory', ['IVF16,Flat', 'IVF16,SQ8', 'IVF16,PQ4'])
def test_taking_away_rounds_no_more(factory, embeddings):
    """What is rounded is not rounded again, in whatever list that would be."""
    index = FaissIndex(_DIM, factory=factory, n_probe=16)
    index.add(embeddings, np.arange(_N), np.zeros(_N, int))
    kept = np.arange(0, _N, 30)
    expected = _codes(index)
    for n in 1, 2, 3:
        index.remove(np.setdiff1d(index.ids, kept))
        assert index._index.ntotal == len(kept)
        assert _codes(index) == {i: expected[i] for i in kept.tolist()}
        index.add(embeddings[1::30], np.arange(100) + n * _N, [0] * 100)
        index.add(embeddings[2::30], np.arange(100, 200) + n * _N, [0] * 100)
    for categories in None, [0] * 100:  # some lists, and each of them
        found = index.search(embeddings[kept], 300, categories)[1]
        assert set(found.ravel().tolist()) == set(index.ids.tolist())


def _codes(index):
    """From the ids of an index to the lists and codes of Faiss."""
    from faiss.contrib.inspect_tools import get_invlist
    ids = dict(zip(index._rows.numbers.tolist(), index.ids.tolist(), strict=True))
    return {
        ids[number]: (i, code.tobytes()) for i in range(index._index.nlist)
        for number, code in zip(*get_invlist(index._index.invlists, i), strict=True)}


def test_save_and_load(index, queries, tmp_path):
    path = tmp_path / 'index.npz'
    index.save(path)
    index.save(path)
    assert list(tmp_path.iterdir()) == [path]
    loaded = FaissIndex.load(path)
    assert loaded.factory == index.factory and len(loaded) == _N
    for expected, found in zip(
            index.search(queries, 5), loaded.search(queries, 5), strict=True):
        np.testing.assert_array_equal(found, expected)
    loaded.add(queries[:1], [_N])
    assert len(loaded) == _N + 1


@pytest.fixture
def saved(embeddings, tmp_path):
    index = FaissIndex(_DIM)
    index.add(embeddings[:10], range(10))
    index.save(tmp_path / 'index.npz')
    return tmp_path / 'index.npz'


@pytest.mark.parametrize('part', ['faiss', 'ids', 'numbers'])
def test_damaged_file(saved, part):
    content = bytearray(saved.read_bytes())
    saved.write_bytes(content[:-20])
    with pytest.raises(ValueError, match='truncated or damaged'):
        FaissIndex.load(saved)
    # in an array, whose checksum zip keeps
    content[content.index(f'{part}.npy'.encode()) + 160] ^= 0xff
    saved.write_bytes(content)
    with pytest.raises(ValueError, match='truncated or damaged'):
        FaissIndex.load(saved)


@pytest.mark.parametrize('change, message', [
    ({'format': 'x'}, 'not written by FaissIndex.save'), ({'version': 4}, 'update'),
    ({'dim': -1}, 'dim must be'), ({'dim': 2 ** 31}, 'its dim'), ({'dim': 2 ** 40}, 'its dim'),
    ({'ef_search': 0}, 'ef_search'), ({'n_probe': -1}, 'n_probe'),
    ({'factory': 'IVF1000000000,Flat'}, 'of other embeddings'), ({'factory': 3}, 'its factory'),
    ({'extractor_sha256': None}, 'extractor_sha256'), ({'numbers': None}, 'numbers'),
    ({'dim': _DIM + 1}, 'of other embeddings'),
    ({'factory': 'PCA4,Flat'}, 'factory'), ({'factory': 'HNSW8'}, 'of other embeddings'),
    ({'metric': 'l1'}, 'metric must be'), ({'faiss': None}, 'faiss'),
    ({'faiss': np.zeros(8)}, 'is not bytes'),
    ({'faiss': np.zeros(99, np.uint8)}, 'cannot be used'),
    ({'ids': np.arange(9)}, '9 ids for 10'), ({'ids': np.zeros(10, int)}, 'given twice'),
    ({'numbers': np.arange(10)[::-1]}, 'do not grow'),
    ({'numbers': np.arange(1, 11)}, 'of other embeddings')])
def test_foreign_content(saved, change, message):
    with np.load(saved) as file:
        content = {**file, **change}
    np.savez(saved, **{key: x for key, x in content.items() if x is not None})
    with pytest.raises(ValueError, match=message):
        FaissIndex.load(saved)


def test_training(embeddings):
    index = FaissIndex(_DIM, factory='IVF32,PQ8')
    assert index.n_training == 39 * 256
    with pytest.raises(ValueError, match='too few .* 9,984 or more'):
        index.add(embeddings[:20], range(20))
    assert len(index) == 0
    # nor has it learnt a part: 100 are enough for the lists alone
    with pytest.raises(ValueError, match='too few'):
        index.train(embeddings[:100])
    assert not index._index.quantizer.ntotal
    index.train(embeddings)
    assert index.n_training == 0
    index.add(embeddings[:20], range(20))
    assert len(index) == 20


@pytest.mark.parametrize('factory, n', [
    ('Flat', 0), ('HNSW32', 0), ('SQ8', 1000), ('HNSW32,SQ8', 1000), ('IVF32,Flat', 1248),
    ('IVF32,PQ8x4', 1248), ('IVF32,PQ8x6', 39 * 64)])
def test_how_many_train(factory, n):
    assert FaissIndex(_DIM, factory=factory).n_training == n


@pytest.mark.parametrize('name', ['ef_search', 'n_probe'])
def test_numbers_that_are_refused(name):
    with pytest.raises(ValueError, match=f'{name} must be a positive integer, not 0'):
        FaissIndex(_DIM, **{name: 0})


@pytest.mark.parametrize('factory', [
    'PCA8,Flat', 'OPQ8,IVF32,PQ8', 'flat', 'IVF32', 'LSH', 'IVF32,PQ7',
    # these end the process
    'HNSW0', 'HNSW1', 'IVF0,Flat', 'IVF4_HNSW0,Flat', 'IVF4,PQ8x0'])
def test_factory_that_is_refused(factory):
    with pytest.raises(ValueError, match='factory'):
        FaissIndex(_DIM, factory=factory)


@pytest.mark.parametrize('n, memory, expected', [
    (0, None, 'Flat'), (50000, None, 'Flat'), (50000, 1000 * 1000, None),
    (1000000, None, 'HNSW32'), (1000000, 400e6, 'IVF4096,SQ8'),
    (1000000, 100e6, 'IVF4096,PQ32'), (100000000, 60e9, 'IVF32768,SQ8')])
def test_choose_factory(n, memory, expected):
    if expected is None:
        with pytest.raises(ValueError, match='on several machines'):
            choose_factory(n, 128, memory)
    else:
        assert choose_factory(n, 128, memory) == expected
        FaissIndex(128, factory=expected)
