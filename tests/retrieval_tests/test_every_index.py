"""What all indexes have in common, each against a dictionary and a loop."""
import inspect
import itertools
import subprocess
import sys

from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.retrieval import (
    FaissIndex,
    FlatIndex,
    Index,
    MilvusIndex,
    load_index,
)

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

pytest.importorskip('faiss')
pytest.importorskip('milvus_lite')

_DIM = 8


def _trained(index):
    index.train(np.random.default_rng(0).normal(size=(80, _DIM)))
    return index


_EXACT = {
    'flat': lambda path, **kwargs: FlatIndex(_DIM, **kwargs),
    'faiss-flat': lambda path, **kwargs: FaissIndex(_DIM, **kwargs),
    # with so few embeddings these find all there is
    'faiss-hnsw': lambda path, **kwargs: FaissIndex(_DIM, factory='HNSW16', **kwargs),
    'faiss-ivf': lambda path, **kwargs: _trained(FaissIndex(
        _DIM, factory='IVF2,Flat', n_probe=2, **kwargs)),
    'milvus': lambda path, **kwargs: MilvusIndex(
        _DIM, uri=path / 'milvus.db', **kwargs),
}


@pytest.fixture(params=_EXACT, scope='module')
def kind(request):
    return request.param


class _Model:
    """A dictionary and a loop."""

    def __init__(self, metric):
        self.metric = metric
        self.rows = {}

    def search(self, query, k, category):
        found = []
        for name, (x, c) in self.rows.items():
            if category is None or c == category:
                found.append((self._distance(query, x), name))
        found.sort()
        return found[:k]

    def _distance(self, q, g):
        q, g = q.astype(np.float64), g.astype(np.float64)
        if self.metric == 'cosine':
            return 1 - q @ g / np.sqrt((q @ q) * (g @ g))
        return sum((a - b) ** 2 for a, b in zip(q, g, strict=True))


def _save_and_load(index, path):
    if isinstance(index, MilvusIndex):
        index.save()
        index.close()
        return MilvusIndex.load(path / 'milvus.db')
    index.save(path / 'index.npz' if isinstance(index, FlatIndex)
               else path / 'index')
    return type(index).load(path / 'index.npz' if isinstance(index, FlatIndex)
                            else path / 'index')


def _assert_is_model(index, model, queries, k, categories):
    distances, ids = index.search(queries, k, categories)
    assert distances.dtype == np.float32 and distances.shape == ids.shape
    all_expected = [model.search(query, k, None if c < 0 else c) for query, c in zip(
        queries, [-1] * len(queries) if categories is None else categories, strict=True)]
    assert distances.shape == (len(queries), max(map(len, all_expected), default=0))
    for distance, row, query, expected in zip(
            distances, ids, queries, all_expected, strict=True):
        n = len(expected)
        assert np.isinf(distance[n:]).all()
        assert set(row[n:].tolist()) <= {-1, ''}
        distance, row = distance[:n], row[:n]
        np.testing.assert_allclose(
            distance, [d for d, _ in expected], rtol=1e-5, atol=1e-5)
        # equal distances may come in any order
        for name, d in zip(row.tolist(), distance, strict=True):
            assert model._distance(query, model.rows[name][0]) == pytest.approx(
                d, rel=1e-5, abs=1e-5)
        assert len(set(row.tolist())) == len(row)


_steps = st.lists(st.one_of(
    st.tuples(st.just('add'), st.integers(1, 12)),
    st.tuples(st.just('remove'), st.integers(1, 12)),
    st.tuples(st.just('save'), st.just(0)),
    st.tuples(st.just('search'), st.integers(1, 8))), min_size=3, max_size=12)
_number = itertools.count()


@pytest.mark.parametrize('kind, id_type, metric', [
    pytest.param(kind, id_type, metric, marks=(
        # its steps take a hundred times as long
        [pytest.mark.slow] if kind == 'milvus' and
        (id_type, metric) != (str, 'sqeuclidean') else []))
    for kind in _EXACT for id_type in (int, str)
    for metric in ('sqeuclidean', 'cosine')])
@settings(max_examples=5, derandomize=True, deadline=None,
          phases=[Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_steps, seed=st.integers(0, 2 ** 31))
def test_any_steps(kind, metric, id_type, tmp_path, steps, seed):
    path = tmp_path / str(next(_number))
    path.mkdir()
    random_state = np.random.default_rng(seed)
    index, model = _EXACT[kind](path, metric=metric), _Model(metric)
    try:
        for step, n in [*steps, ('search', 5), ('save', 0), ('search', 5)]:
            if step == 'add':
                x = random_state.normal(size=(n, _DIM)).astype(np.float32)
                ids = [id_type(i) for i in random_state.choice(
                    2 ** 40, n, replace=False).tolist()]
                categories = random_state.integers(-1, 3, n)
                index.add(x, ids, categories)
                model.rows.update(zip(
                    ids, zip(x, categories.tolist(), strict=True), strict=True))
            elif step == 'remove':
                ids = list(model.rows)
                random_state.shuffle(ids)
                index.remove(ids[:n])
                for i in ids[:n]:
                    del model.rows[i]
            elif step == 'save':
                index = _save_and_load(index, path) if model.rows else index
            else:
                queries = random_state.normal(
                    size=(n, _DIM)).astype(np.float32)
                if model.rows:  # one that is there
                    queries[0] = next(iter(model.rows.values()))[0]
                for categories in (None, [0] * n, random_state.integers(-1, 3, n)):
                    _assert_is_model(index, model, queries, n, categories)
            assert len(index) == len(model.rows)
            assert sorted(index.ids.tolist()) == sorted(model.rows)
    finally:
        if kind == 'milvus':
            index.close()


@pytest.fixture(scope='module')
def index(kind, tmp_path_factory):
    """One for all tests that change nothing."""
    index = _EXACT[kind](tmp_path_factory.mktemp(kind))
    index.add(np.eye(3, _DIM), [5, 6, 7], [0, 1, 1])
    yield index
    if kind == 'milvus':
        index.close()


def test_a_copy_has_the_distance_0(index):
    distances, ids = index.search(np.eye(3, _DIM, dtype=np.float32), 1)
    assert ids.tolist() == [[5], [6], [7]]
    assert distances.tolist() == [[0], [0], [0]]


def test_fewer_than_k(index):
    distances, ids = index.search(np.ones((1, _DIM)), 10, [1])
    assert sorted(ids[0].tolist()) == [6, 7] and distances.shape == (1, 2)
    assert index.search(np.ones((2, _DIM)), 10, [9, 9])[1].shape == (2, 0)


def test_a_category_a_query(index):
    queries = np.eye(4, _DIM, dtype=np.float32)
    distances, ids = index.search(queries, 2, np.array([1, 1, 0, -1]))
    assert sorted(ids[0].tolist()) == [6, 7] and ids[1].tolist() == [6, 7]
    assert ids[2].tolist() == [5, -1] and distances[2].tolist() == pytest.approx([2, np.inf])
    assert distances[3].tolist() == pytest.approx([2, 2])
    # each as if it were searched for alone
    for i, category in enumerate([1, 1, 0, -1]):
        alone, _ = index.search(queries[i:i + 1], 2, [category])
        assert alone[0].tolist() == pytest.approx(distances[i, :alone.shape[1]].tolist())


def test_what_an_index_is(index, kind):
    assert isinstance(index, Index)
    assert (index.dim, index.metric, index.fingerprint) == (_DIM, 'sqeuclidean', '')


@pytest.mark.parametrize('make', [
    lambda path: FlatIndex(128),
    lambda path: FaissIndex(128, factory='HNSW16'),
    lambda path: MilvusIndex(128, uri=path / 'milvus.db')], ids=['flat', 'faiss-hnsw', 'milvus'])
def test_many_copies_of_one_embedding(make, tmp_path):
    # A shop's placeholder picture under many ids. A graph of neighbours has no way out of them:
    # Milvus Lite's finds none of the 195.
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1600, 128)).astype(np.float32)
    x[:40] = 0
    categories = np.arange(len(x)) % 8
    categories[:40] = -1
    index = make(tmp_path)
    index.add(x, np.arange(len(x)), categories)
    if isinstance(index, MilvusIndex):
        index.save()
    of_category = x[categories == 3]
    for query in rng.normal(size=(20, 1, 128)).astype(np.float32):  # it scans for many at once
        distances, ids = index.search(query, 100, [3])
        right = np.sort(((query - of_category) ** 2).sum(axis=1))[:100]
        np.testing.assert_allclose(distances[0], right, rtol=1e-4)
        assert (categories[ids] == 3).all()
    if isinstance(index, MilvusIndex):
        index.close()


@pytest.mark.parametrize('call, error, message', [
    (lambda x: x.add(np.ones((1, 3)), [1]), ValueError, 'another network'),
    (lambda x: x.add(np.full((1, _DIM), np.nan), [1]), ValueError, 'NaN'),
    (lambda x: x.add(np.ones((2, _DIM)), [1]), ValueError, '1 ids for 2'),
    (lambda x: x.add(np.ones((2, _DIM)), [1, 1]), ValueError, 'twice'),
    (lambda x: x.add(np.ones((2, _DIM)), [1, 6]), ValueError, '6 is in the index already'),
    (lambda x: x.add(np.ones((1, _DIM)), ['a']), TypeError, 'are strings'),
    (lambda x: x.add(np.ones((1, _DIM)), [1], [-2]), ValueError, 'categories'),
    (lambda x: x.remove([8]), ValueError, '8 is not in the index'),
    (lambda x: x.remove([5, 8]), ValueError, '8 is not in the index'),
    (lambda x: x.remove([5, 5]), ValueError, 'twice'),
    (lambda x: x.remove(5), TypeError, 'ids must be a list or an array of ids, not int'),
    (lambda x: x.search(np.ones((1, _DIM)), 0), ValueError, 'k must be'),
    (lambda x: x.search(np.ones((1, _DIM)), 1, ['hat']), TypeError, 'categories'),
    (lambda x: x.search(np.ones((2, _DIM)), 1, [1]), ValueError, 'for 2 queries'),
    (lambda x: x.search(np.ones((1, _DIM)), 1, [-2]), ValueError, 'categories'),
    (lambda x: x.search(np.ones(_DIM), 1), ValueError, 'shape'),
    (lambda x: x.search([['a'] * _DIM], 1), TypeError, 'float32')])
def test_bad_arguments_change_nothing(index, call, error, message):
    with pytest.raises(error, match=message):
        call(index)
    assert sorted(index.ids.tolist()) == [5, 6, 7]
    _, ids = index.search(np.eye(1, _DIM), 3)
    assert sorted(ids[0].tolist()) == [5, 6, 7]


def test_an_empty_index(kind, tmp_path):
    index = _EXACT[kind](tmp_path)
    distances, ids = index.search(np.ones((2, _DIM)), 3)
    assert len(index) == 0 and distances.shape == ids.shape == (2, 0)
    index.add(np.empty((0, _DIM)), [])
    index.remove([])
    assert index.ids.tolist() == []


def test_cosine_of_nothing(kind, tmp_path):
    index = _EXACT[kind](tmp_path, metric='cosine')
    with pytest.raises(ValueError, match='all zeros'):
        index.add(np.zeros((1, _DIM)), [1])


def test_made_by_another_extractor(kind, tmp_path):
    extractor = StyleExtractorBN()
    index = _EXACT[kind](tmp_path, extractor=extractor)
    index.add(np.eye(3, _DIM), [5, 6, 7])
    _save_and_load(index, tmp_path).close() if kind == 'milvus' else (
        _save_and_load(index, tmp_path))
    path = {'flat': tmp_path / 'index.npz', 'milvus': tmp_path / 'milvus.db'
            }.get(kind, tmp_path / 'index')
    loaded = load_index(path, extractor)
    assert type(loaded) is type(index)
    assert loaded.search(np.eye(1, _DIM), 1)[1].tolist() == [[5]]
    if kind == 'milvus':
        loaded.close()
    extractor.fc5.b.array[0] += 1
    with pytest.raises(ValueError, match='by an extractor of weights'):
        load_index(path, extractor)


@pytest.mark.parametrize('name, error, message', [
    ('nothing.npz', OSError, 'nothing.npz'),
    ('nothing.db', OSError, 'nothing.db: there is no such file'),
    ('built', ValueError, 'built is a folder: name an index in it, such as .*index.npz'),
])
def test_what_is_no_index(tmp_path, name, error, message):
    (tmp_path / 'built').mkdir()
    (tmp_path / 'built' / 'index.npz').touch()
    with pytest.raises(error, match=message):
        load_index(tmp_path / name)


_ODD = [
    "women's dress", 'a "b"', 'back\\slash', "a', 'plain", 'plain', 'two\nlines', 'cr\r\nlf',
    'tab\t', 'ends in \\', 'ends in "', '%41', 'A', '\u2028', '\x85', '新しい靴', '" or id != "',
    'bell\a\x7f', 'name of bytes \udcff']


def test_any_text_is_an_id(kind, tmp_path):
    index = _EXACT[kind](tmp_path)
    x = np.random.default_rng(0).normal(size=(len(_ODD), _DIM)).astype(np.float32)
    index.add(x, _ODD)
    index = _save_and_load(index, tmp_path)
    assert sorted(index.ids.tolist()) == sorted(_ODD)
    assert index.search(x, 1)[1].ravel().tolist() == _ODD
    for n, name in enumerate(_ODD, 1):
        with pytest.raises(ValueError, match='in the index already'):
            index.add(x[:1], [name])
        index.remove([name])
        assert sorted(index.ids.tolist()) == sorted(_ODD[n:])
    if kind == 'milvus':
        index.close()


def test_many_odd_ids(kind, tmp_path):
    # Milvus lists a thousand at a time, and goes on behind the last of them
    ids = [f'{i:04} "\\\'' for i in range(2500)]
    index = _EXACT[kind](tmp_path)
    index.add(np.random.default_rng(0).normal(size=(2500, _DIM)), ids)
    assert sorted(index.ids.tolist()) == ids
    index.remove(ids[:2400])
    assert sorted(index.ids.tolist()) == ids[2400:]
    if kind == 'milvus':
        index.close()


def _elsewhere(path, code):
    """Run code with `index`, opened by another process; what it prints."""
    done = subprocess.run([sys.executable, '-c', f'''
import numpy as np
from vasily_fashion.retrieval import load_index
index = load_index({str(path)!r})
x = np.eye(3, {_DIM}, dtype=np.float32)
{code}
if hasattr(index, 'close'): index.close()
'''], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# HNSW and IVF have the files of Flat, and each process imports all there is
@pytest.mark.parametrize('kind', [
    pytest.param(kind, marks=pytest.mark.slow if kind in ('faiss-hnsw', 'faiss-ivf') else ())
    for kind in _EXACT])
def test_the_next_process_goes_on(kind, tmp_path):
    index = _EXACT[kind](tmp_path)
    index.add(np.eye(3, _DIM), ['p', 'q', 'r'], [0, 1, 1])
    if kind == 'milvus':
        index.save()
        index.close()
        path, save = tmp_path / 'milvus.db', 'index.save()'
    else:
        path = tmp_path / ('index.npz' if kind == 'flat' else 'index')
        index.save(path)
        save = f'index.save({str(path)!r})'
    assert _elsewhere(path, 'print(len(index), *index.search(x, 1)[1].ravel(), '
                      '*sorted(index.ids), *index.search(x[:1], 1, [1])[1].ravel())\n'
                      f'index.remove(["q"]); index.add(x[1:2] * 2, ["s"]); {save}')[:-1] == [
        '3', 'p', 'q', 'r', 'p', 'q', 'r']
    assert _elsewhere(path, 'print(*sorted(index.ids), *index.search(x * 2, 1)[1].ravel())') == [
        'p', 'r', 's', 'p', 's', 'r']
    again = load_index(path)  # and the process that made it
    again.remove(['s'])
    assert sorted(again.ids.tolist()) == ['p', 'r']
    if kind == 'milvus':
        again.close()


def test_another_collection_at_the_same_address(tmp_path):
    from milvus_lite.adapter.grpc.server import start_server_in_thread

    port = 0  # any free one first
    for number, ids in enumerate(([5, 6], ['a', 'b'])):
        server, database, port = start_server_in_thread(
            str(tmp_path / f'{number}.db'), port=port)
        index = MilvusIndex(_DIM, uri=f'http://127.0.0.1:{port}')
        index.add(np.eye(2, _DIM), ids)
        assert sorted(index.ids.tolist()) == ids
        index.close()
        server.stop(grace=None).wait()
        database.close()


def test_two_that_find_no_collection(tmp_path):
    """Both see what one of them makes, such as two machines that begin a catalogue."""
    one, other, third = (MilvusIndex(_DIM, uri=tmp_path / 'milvus.db') for _ in range(3))
    assert len(one) == len(other) == 0
    one.add(np.eye(2, _DIM), ['a', 'b'])
    with pytest.raises(ValueError, match="'a' is in the index already"):
        other.add(np.eye(1, _DIM), ['a'])
    other.add(2 * np.eye(1, _DIM), ['c'])
    third.remove(['a'])
    for index in one, other, third:
        assert sorted(index.ids.tolist()) == ['b', 'c']
        assert index.search(np.eye(1, _DIM), 1)[1].tolist() == [['c']]
        index.close()


def test_a_milvus_file_is_one_processs(tmp_path):
    index = MilvusIndex(_DIM, uri=tmp_path / 'milvus.db')
    index.add(np.eye(3, _DIM), [5, 6, 7])
    done = subprocess.run([sys.executable, '-c', f'''
from vasily_fashion.retrieval import load_index
try:
    load_index({str(tmp_path / 'milvus.db')!r})
except OSError as error:
    print(error)
'''], capture_output=True, text=True)
    assert f'{tmp_path / "milvus.db"}: Milvus cannot be opened' in done.stdout
    assert 'or another process, such as the app, has it open' in done.stdout
    index.close()


def test_the_working_folder_may_change(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    index = MilvusIndex(_DIM, uri='milvus.db')
    index.add(np.eye(3, _DIM), [5, 6, 7])
    monkeypatch.chdir('/')
    index.close()
    done = subprocess.run([sys.executable, '-c', f'''
from vasily_fashion.retrieval import load_index
print(len(load_index({str(tmp_path / 'milvus.db')!r})))
'''], capture_output=True, text=True)
    assert done.stdout == '3\n', done.stderr


def test_arguments_are_in_one_order():
    for kind in FlatIndex, FaissIndex, MilvusIndex:
        for function, first in (
                (kind, ['dim', 'metric', 'extractor']), (kind.load, ['path', 'extractor']),
                (kind.add, ['self', 'embeddings', 'ids', 'categories']),
                (kind.search, ['self', 'queries', 'k', 'categories']),
                (kind.save, ['self', 'path']), (kind.remove, ['self', 'ids'])):
            parameters = inspect.signature(function).parameters.values()
            assert [p.name for p in parameters
                    if p.kind is p.POSITIONAL_OR_KEYWORD] == first
            assert all(p.kind is p.KEYWORD_ONLY for p in list(parameters)[len(first):])
