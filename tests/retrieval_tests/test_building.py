import itertools

from tests.datasets_tests import trees
from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import (
    CSVRetrievalDataset,
    ProductFolderDataset,
    RetrievalDataset,
)
from vasily_fashion.retrieval import (
    EmbeddingStore,
    FaissIndex,
    FlatIndex,
    build_index,
    embed_catalogue,
    load_index,
    measure_recall,
    update_index,
)
from vasily_fashion.retrieval.cut_products import cut_products
from vasily_fashion.utils import weights_sha256

import chainer
import numpy as np
import pytest


class _MeanColour(chainer.Chain):
    """Embeds the mean colour, and counts."""

    dim = 3

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.W = chainer.Parameter(np.eye(3, dtype=np.float32))
        self.n = 0

    @property
    def fingerprint(self):
        return weights_sha256(self)

    def extract(self, imgs):
        self.n += len(imgs)
        return np.stack([img.mean(axis=(1, 2)) for img in imgs]) @ self.W.array


@pytest.fixture
def shop(tmp_path):
    for i in range(7):
        trees.write_image(tmp_path / 'shop' / 'dress' / f'{i}.png', seed=i)
    (tmp_path / 'shop' / 'dress' / '3.png').write_bytes(b'no image')
    return tmp_path / 'shop'


def _update(shop, folder, index, extractor=None, first=0, **kwargs):
    extractor = extractor or _MeanColour()
    store = EmbeddingStore(folder, extractor)
    ids = embed_catalogue(
        ProductFolderDataset(shop), extractor, store,
        **{'batch_size': 2, 'shard_size': 3, **kwargs})
    return (*update_index(index, store, ids, first), store, extractor)


def _content(index):
    """From ids to embeddings, by searching for each axis."""
    distances, ids = index.search(np.zeros((1, 3)), len(index) or 1)
    return dict(sorted(zip(ids[0].tolist(), distances[0].tolist(), strict=True)))


@pytest.mark.parametrize('kind', ['flat', 'faiss'])
def test_from_one_day_to_the_next(shop, tmp_path, kind):
    if kind == 'faiss':
        pytest.importorskip('faiss')

    def make():
        return FlatIndex(3) if kind == 'flat' else FaissIndex(3, factory='HNSW8')

    folder, index = tmp_path / 'e', make()
    n_added, n_removed, store, extractor = _update(shop, folder, index)
    assert (n_added, n_removed, extractor.n) == (6, 0, 6)
    assert list(store.broken) == ['dress/3'] and '3.png' in store.broken['dress/3']
    assert store.n_shard == 3
    categories = dict(zip(
        index.ids.tolist(), index.categories.tolist(), strict=True))
    assert set(categories.values()) == {4}  # dress

    # nothing new: nothing is done, not even with the broken one
    n_added, n_removed, store, extractor = _update(
        shop, folder, index, first=store.n_shard)
    assert (n_added, n_removed, extractor.n, store.n_shard) == (0, 0, 0, 3)

    # one is gone, one is new, one has changed, and one has been mended
    (shop / 'dress' / '0.png').unlink()
    for i, seed in (7, 7), (1, 50), (3, 3):
        trees.write_image(shop / 'dress' / f'{i}.png', (30, 40), seed)
    n_added, n_removed, store, extractor = _update(
        shop, folder, index, first=store.n_shard)
    assert (n_added, n_removed, extractor.n) == (3, 1, 3)
    assert not store.broken
    anew = make()
    _update(shop, tmp_path / 'anew', anew)
    assert _content(index) == pytest.approx(_content(anew))

    # the one that was gone comes back, as it was
    trees.write_image(shop / 'dress' / '0.png', seed=0)
    n_added, n_removed, *_ = _update(
        shop, folder, index, first=store.n_shard)
    assert (n_added, n_removed) == (1, 0) and len(index) == 8


def test_a_photo_that_goes_while_it_builds(shop, tmp_path):
    catalogue = ProductFolderDataset(shop)
    (shop / 'dress' / '0.png').unlink()
    store = EmbeddingStore(tmp_path / 'e', _MeanColour())
    ids = embed_catalogue(catalogue, _MeanColour(), store)
    assert 'there is no such file' in store.broken['dress/0']
    index = FlatIndex(3)
    assert update_index(index, store, ids) == (5, 0) and 'dress/0' not in index.ids
    # it comes back
    trees.write_image(shop / 'dress' / '0.png', seed=0)
    assert _update(shop, tmp_path / 'e', index)[:2] == (6, 0) and len(index) == 6


def test_an_update_may_be_repeated(shop, tmp_path):
    index = FlatIndex(3)
    _update(shop, tmp_path / 'e', index)
    before = _content(index)
    n_added, _, _, _ = _update(shop, tmp_path / 'e', index, first=0)
    assert n_added == 6 and _content(index) == before


@pytest.mark.parametrize('n_before', range(4))
def test_killed_between_shards(shop, tmp_path, n_before):
    """Of whatever shards there are, the next run makes the same index."""
    class Killed(BaseException):
        pass

    class Store(EmbeddingStore):

        def write(self, *columns):
            if self.n_shard == n_before:
                raise Killed
            super().write(*columns)

    extractor = _MeanColour()
    store = Store(tmp_path / 'e', extractor)
    try:
        embed_catalogue(ProductFolderDataset(shop), extractor, store,
                        batch_size=2, shard_size=2)
    except Killed:
        pass
    (tmp_path / 'e' / '.shard-000009.npz.0123.tmp').write_text('half')
    index, at_once = FlatIndex(3), FlatIndex(3)
    *_, store, extractor = _update(shop, tmp_path / 'e', index)
    assert extractor.n < 6 or n_before == 0
    _update(shop, tmp_path / 'whole', at_once)
    assert _content(index) == _content(at_once)
    assert not list((tmp_path / 'e').glob('.*'))


def test_another_extractor(shop, tmp_path):
    _update(shop, tmp_path / 'e', FlatIndex(3))
    other = _MeanColour()
    other.W.array[0] = 2
    with pytest.raises(ValueError, match='shard-000000.npz: it was made by an'):
        EmbeddingStore(tmp_path / 'e', other)


@pytest.mark.parametrize('damage', ['cut', 'foreign', 'lost'])
def test_damaged_store(shop, tmp_path, damage):
    _update(shop, tmp_path / 'e', FlatIndex(3))
    path = tmp_path / 'e' / 'shard-000001.npz'
    if damage == 'cut':
        path.write_bytes(path.read_bytes()[:100])
    elif damage == 'foreign':
        np.savez(path, ids=np.array(['a']))
    else:
        path.unlink()
    message = 'shards are missing' if damage == 'lost' else 'not a whole shard'
    with pytest.raises(ValueError, match=message):
        EmbeddingStore(tmp_path / 'e', _MeanColour())


def test_ids_are_unique(tmp_path):
    dataset = CSVRetrievalDataset(trees.make_csv(tmp_path))
    assert dataset.choose(dataset.splits == 'train').image_ids() == ['9']
    # an item has two images, one of which shows another item as well
    assert dataset.image_ids() == ['street/é.jpg', 'shop/1.jpg', '8', '9']


def _named(tmp_path, items, names):
    for name in names:
        if not (tmp_path / name).exists():
            trees.write_image(tmp_path / name, seed=len(name))
    flags = np.ones(len(names), bool)
    return RetrievalDataset(tmp_path, names, np.array(items), flags, flags)


def test_a_second_image_renames_its_own_item_alone(tmp_path):
    assert _named(tmp_path, ['a', 'b'], ['1.png', '2.png']).image_ids() == ['a', 'b']
    assert _named(tmp_path, ['a', 'b', 'b'], ['1.png', '2.png', '3.png']).image_ids() == [
        'a', '2.png', '3.png']
    # an item may be called as an image is
    assert _named(tmp_path, ['2.png', 'b', 'b'], ['1.png', '2.png', '2.png']).image_ids() == [
            '2.png', '2.png#2', '2.png#3']


def test_what_has_another_id_is_not_embedded_again(shop, tmp_path):
    index = FlatIndex(3)
    *_, store, _ = _update(shop, tmp_path / 'e', index)
    before = _content(index)
    trees.write_image(shop / 'dress' / '2.jpg', seed=40)
    n_added, n_removed, store, extractor = _update(
        shop, tmp_path / 'e', index, first=store.n_shard)
    assert (n_added, n_removed, extractor.n) == (2, 1, 1)
    after = _content(index)
    assert after.pop('dress/2.png') == before.pop('dress/2') and after.pop('dress/2.jpg')
    assert after == before


def test_two_ids_of_one_image_become_one(tmp_path):
    for seed, name in enumerate(['a.png', 'b.png']):
        trees.write_image(tmp_path / name, seed=seed)

    def build(named):
        names, ids = zip(*named, strict=True)
        extractor = _MeanColour()
        built = build_index(
            _named(tmp_path, list(ids), list(names)), lambda: extractor, tmp_path / 'out')
        index = load_index(built.path, extractor)
        return sorted(index.ids.tolist()), extractor.n, built.n_added

    assert build([('a.png', 'S'), ('a.png', 'M'), ('b.png', 'B')]) == (['B', 'M', 'S'], 3, 3)
    # copied once, from either
    assert build([('a.png', 'L'), ('b.png', 'B')]) == (['B', 'L'], 0, 1)
    assert build([('a.png', 'L'), ('b.png', 'B')]) == (['B', 'L'], 0, 0)


def test_an_id_twice_in_a_shard(stored):
    store, ids = stored
    store.write(['x', 'x'], ['', ''], np.float32([[1, 0, 0], [2, 0, 0]]), [-1, -1], ['', ''])
    index = FlatIndex(3)
    update_index(index, store, [*ids, 'x'])
    assert index.search([[2, 0, 0]], 1)[1] == 'x'
    assert len(index) == 48
    assert measure_recall(index, store, [*ids, 'x'], 3) == 1


def test_shards_that_are_made_anew_are_seen(shop, tmp_path):
    out = tmp_path / 'out'

    def build():
        built = build_index(ProductFolderDataset(shop), _MeanColour, out, shard_size=3)
        return built.n_added, _content(load_index(built.path, _MeanColour()))

    _, before = build()
    # one photo is another, and the embeddings are deleted, as a message may say
    trees.write_image(shop / 'dress' / '0.png', seed=50)
    for path in (out / 'embeddings').iterdir():
        path.unlink()
    n_added, after = build()
    assert n_added == 6 and after.pop('dress/0') != before.pop('dress/0')
    assert after == before
    assert build()[0] == 0


@pytest.mark.parametrize('size', ['batch_size', 'shard_size'])
def test_sizes_of_nothing(shop, tmp_path, size):
    store = EmbeddingStore(tmp_path / 'out', _MeanColour())
    with pytest.raises(ValueError, match=f'{size} must be a positive integer, not 0'):
        embed_catalogue(ProductFolderDataset(shop), _MeanColour(), store, **{size: 0})
    assert store.n_shard == 0


def test_each_milvus_has_seen_its_own(shop, tmp_path):
    pytest.importorskip('milvus_lite')

    def build(name):
        return build_index(
            ProductFolderDataset(shop), _MeanColour, tmp_path / 'out', 'milvus',
            uri=str(tmp_path / name)).n_added

    assert build('a.db') == build('b.db') == 6
    trees.write_image(shop / 'dress' / '0.png', seed=50)
    assert build('a.db') == build('b.db') == 1
    assert build('a.db') == build('b.db') == 0


def test_one_at_a_time(shop, tmp_path):
    def load():
        with pytest.raises(OSError, match='out: another process is writing there'):
            build_index(ProductFolderDataset(shop), _MeanColour, tmp_path / 'out')
        return _MeanColour()

    assert build_index(ProductFolderDataset(shop), load, tmp_path / 'out').n_added == 6


def test_kinds(shop, tmp_path):
    with pytest.raises(ValueError, match="kind must be one of flat, faiss, milvus, not 'annoy'"):
        build_index(ProductFolderDataset(shop), _MeanColour, tmp_path / 'out', 'annoy')
    for kind, argument in ('flat', 'factory'), ('milvus', 'memory'), ('faiss', 'uri'):
        with pytest.raises(ValueError, match=f"{argument} is of an index of the kind '"):
            build_index(ProductFolderDataset(shop), _MeanColour, tmp_path / 'out', kind,
                        **{argument: 1})
    assert not (tmp_path / 'out').exists()


def test_a_factory_that_there_is_not_costs_no_embedding(shop, tmp_path):
    pytest.importorskip('faiss')
    with pytest.raises(ValueError, match="factory must be such as 'Flat'"):
        build_index(ProductFolderDataset(shop), _MeanColour, tmp_path / 'out', 'faiss',
                    factory='HNSW1')
    assert list((tmp_path / 'out').iterdir()) == []


def test_a_damaged_list_of_what_was_seen_is_made_anew(shop, tmp_path):
    build_index(ProductFolderDataset(shop), _MeanColour, tmp_path)
    whole = (tmp_path / 'seen.json').read_text()
    (tmp_path / 'seen.json').write_text('{"index.npz": [1, ')
    built = build_index(ProductFolderDataset(shop), _MeanColour, tmp_path)
    assert (built.n_product, built.n_removed) == (6, 0)
    assert (tmp_path / 'seen.json').read_text() == whole


def test_what_is_there_is_opened_before_the_work(shop, tmp_path):
    (tmp_path / 'index.npz').write_text('no index')
    with pytest.raises(ValueError, match='index.npz: this is not an index.*delete it'):
        build_index(ProductFolderDataset(shop), _MeanColour, tmp_path)
    assert not list(tmp_path.glob('embeddings/*.npz'))


def test_an_index_of_another_factory(shop, tmp_path):
    pytest.importorskip('faiss')

    def build(factory):
        return build_index(ProductFolderDataset(shop), _MeanColour, tmp_path / 'out', 'faiss',
                           factory=factory)

    assert build('SQ8').n_added == 6 and build(None).factory == build('SQ8').factory == 'SQ8'
    with pytest.raises(ValueError, match="faiss.npz is of the factory 'SQ8', not 'HNSW8'"):
        build('HNSW8')


def test_a_store_that_cannot_be_opened(shop, tmp_path):
    _update(shop, tmp_path / 'e', FlatIndex(3))
    path = tmp_path / 'e' / 'shard-000001.npz'
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match='shard-000001.npz.*cannot be opened'):
        EmbeddingStore(tmp_path / 'e', _MeanColour())


def test_equal_embeddings_are_as_near(tmp_path):
    store = EmbeddingStore(tmp_path / 'e', _MeanColour())
    ids = [str(i) for i in range(60)]
    for start in 0, 20, 40:
        store.write(ids[start:start + 20], [''] * 20, np.ones((20, 3)), [-1] * 20, [''] * 20)
    index = FlatIndex(3)
    update_index(index, store, ids)
    assert measure_recall(index, store, ids) == 1
    assert np.isnan(measure_recall(index, store, ids[:1]))


@pytest.mark.parametrize('kind', ['flat', 'faiss'])
def test_build_index_counts(shop, tmp_path, kind):
    """Also where all of a shard is unreadable, and what was there becomes so."""
    if kind == 'faiss':
        pytest.importorskip('faiss')
    for i in 0, 1, 2:
        (shop / 'dress' / f'{i}.png').write_bytes(b'no image')

    def build():
        return build_index(
            ProductFolderDataset(shop), _MeanColour, tmp_path / 'out', kind,
            factory='SQ8' if kind == 'faiss' else None, shard_size=2)

    built = build()
    assert (built.n_added, built.n_removed, built.n_product) == (3, 0, 3)
    assert list(built.broken) == [f'dress/{i}' for i in range(4)]
    assert (built.factory, built.recall) == (('SQ8', 1) if kind == 'faiss' else (None, None))
    (shop / 'dress' / '4.png').write_bytes(b'no image')
    built = build()
    assert (built.n_added, built.n_removed, built.n_product, len(built.broken)) == (0, 1, 2, 5)
    assert sorted(load_index(built.path, _MeanColour()).ids.tolist()) == ['dress/5', 'dress/6']
    for i in 5, 6:
        (shop / 'dress' / f'{i}.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match='has no image that can be read; .*0.png: '):
        build()


def test_shard_and_batch_sizes_do_not_matter(shop, tmp_path):
    contents = []
    for batch_size, shard_size in itertools.product((1, 4, 32), (1, 4, 512)):
        index = FlatIndex(3)
        _update(shop, tmp_path / f'{batch_size}-{shard_size}', index,
                batch_size=batch_size, shard_size=shard_size)
        contents.append(_content(index))
    assert all(content == contents[0] for content in contents)


@pytest.fixture
def stored(tmp_path):
    """50 embeddings in shards of 7; some are replaced, broken or gone."""
    random = np.random.default_rng(0)
    store = EmbeddingStore(tmp_path / 'e', _MeanColour())
    for start in range(0, 50, 7):
        ids = [str(i) for i in range(start, min(start + 7, 50))]
        store.write(ids, ids, random.normal(size=(len(ids), 3)),
                    [-1] * len(ids), [''] * len(ids))
    store.write(['3', '4'], ['', ''], random.normal(size=(2, 3)), [-1, -1],
                ['', 'broken'])
    return store, [str(i) for i in range(48)]


class _Half:
    """Finds every other of the nearest, and junk between."""

    dim, metric = 3, 'sqeuclidean'

    def __init__(self, flat):
        self._flat = flat

    def search(self, queries, k):
        distances, ids = self._flat.search(queries, k)
        ids = ids.astype(object)
        ids[:, 1::2] = 'junk'
        return distances, ids


def test_measure_recall(stored):
    store, ids = stored
    flat = FlatIndex(3)
    update_index(flat, store, ids)
    assert len(flat) == 47
    assert measure_recall(flat, store, ids, 6, n_query=20) == 1
    assert measure_recall(_Half(flat), store, ids, 6, n_query=20) == .5
    # more are asked for than there are
    assert measure_recall(flat, store, ids, 60, n_query=60) == 1
    assert np.isnan(measure_recall(flat, store, []))


def test_recall_of_an_approximate_index_is_that_of_its_results(stored):
    pytest.importorskip('faiss')
    store, ids = stored
    index, flat = FaissIndex(3, factory='IVF2,Flat', n_probe=1), FlatIndex(3)
    update_index(flat, store, ids)
    index.train(flat._embeddings.values)
    update_index(index, store, ids)
    found, truth = (each.search(flat._embeddings.values, 4)[1].tolist()
                    for each in (index, flat))
    expected = np.mean([  # each is its own nearest, which does not count
        len(set(a) & set(b) - {i}) / 3
        for i, a, b in zip(flat.ids.tolist(), found, truth, strict=True)])
    assert .5 < expected < 1
    np.testing.assert_allclose(
        measure_recall(index, store, ids, 3), expected)


class _HalfDetector(chainer.Chain):
    """Finds a bag in the upper half of what is lighter there."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.W = chainer.Parameter(np.zeros(1, np.float32))

    def predict(self, imgs):
        found = [int(img[:, :img.shape[1] // 2].mean() > img.mean()) for img in imgs]
        return ([np.float32([[0, 0, img.shape[1] // 2, img.shape[2]]])[:n]
                 for img, n in zip(imgs, found, strict=True)],
                [np.array([FASHION_CATEGORIES.index('bag')])[:n] for n in found],
                [np.float32([.9])[:n] for n in found])


def test_a_box_beside_the_photo_is_not_cut():
    class Detector:

        def predict(self, imgs):
            return ([np.float32([[-9, -9, -1, -1], [1, 0, 3, 2]])],
                    [np.array([0, 1])], [np.float32([.9, .5])])

    img = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    (crop,), categories = cut_products([img], [-1], Detector())
    np.testing.assert_array_equal(crop, img[:, :4, :3])  # with room around it
    assert categories == [1]


def test_products_are_cut_out(tmp_path):
    bag, dress = (FASHION_CATEGORIES.index(name) for name in ('bag', 'dress'))
    for name in ('a/0', 'a/1', 'dress/2'):
        trees.write_image(tmp_path / 'shop' / f'{name}.png', seed=int(name[-1]))
    dataset = ProductFolderDataset(tmp_path / 'shop')
    extractor, detector = _MeanColour(), _HalfDetector()
    store = EmbeddingStore(tmp_path / 'store', extractor)
    ids = embed_catalogue(dataset, extractor, store, detector=detector)
    assert ids == ['a/0', 'a/1', 'dress/2']
    found_ids, embeddings, categories = store.read(0)[:3]
    n_cut = 0
    for i, embedding, category in zip(ids, embeddings, categories, strict=True):
        img = dataset[ids.index(i)][0]
        cut = img[:, :20].mean() > img.mean() and i != 'dress/2'
        n_cut += cut
        np.testing.assert_allclose(
            embedding, (img[:, :23] if cut else img).mean(axis=(1, 2)), rtol=1e-5)
        assert category == (bag if cut else dress if i == 'dress/2' else -1)
    assert 0 < n_cut  # chance has it so
    # nothing is embedded again, and what the detector did is not undone unasked
    extractor.n = 0
    embed_catalogue(dataset, extractor, store, detector=detector)
    assert extractor.n == 0
    with pytest.raises(ValueError, match='store: a detector .* has cut these products out'):
        embed_catalogue(dataset, extractor, store)
