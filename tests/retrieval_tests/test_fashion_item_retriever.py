import inspect
import itertools
import threading
import weakref

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval import (
    FashionItemRetriever,
    FlatIndex,
    Gallery,
    RetrievedItem,
)
from vasily_fashion.utils import ImageReadError, read_image

import chainer
import chainer.functions as F
import numpy as np
import pytest
from PIL import Image

_COLOURS = np.array(
    [[250, 0, 0], [0, 250, 0], [0, 0, 250], [240, 240, 0]], dtype=np.float32)


class _BoxDetector:

    """Finds the upright rectangles of _COLOURS on black: a real detector."""

    def __init__(self):
        self.batches = []

    def predict(self, imgs):
        self.batches.append(len(imgs))
        bboxes, labels, scores = [], [], []
        for img in imgs:
            bbox, label = [], []
            for i, colour in enumerate(_COLOURS):
                y, x = np.nonzero((img == colour[:, None, None]).all(axis=0))
                if len(y):
                    # one pixel too large, so that borders are crossed
                    bbox.append([y.min(), x.min(), y.max() + 1, x.max() + 1])
                    label.append(i)
            bboxes.append(np.array(bbox, np.float32).reshape(-1, 4))
            labels.append(np.array(label, np.int32))
            scores.append(1 - 0.1 * np.arange(len(label), dtype=np.float32))
        return bboxes, labels, scores


class _ColourExtractor:

    """The mean colour: three floats."""

    def __init__(self):
        self.batches = []

    def extract(self, imgs):
        self.batches.append(len(imgs))
        return np.concatenate([
            F.average_pooling_2d(img[None], img.shape[1:]).array[:, :, 0, 0]
            for img in imgs])


def _snap(*colours, size=(40, 60)):
    img = np.zeros((3,) + size, dtype=np.float32)
    for i, c in enumerate(colours):
        img[:, 5:15 + i, 12 * i:12 * i + 9] = _COLOURS[c][:, None, None]
    return img


def _index():
    index = FlatIndex(3)
    # product image 10c + i is colour c, i shades away; categories as colours
    for c, colour in enumerate(_COLOURS):
        index.add(colour - np.arange(3)[:, None], 10 * c + np.arange(3),
                  [c] * 3)
    return index


def _retriever(**kwargs):
    return FashionItemRetriever(
        _BoxDetector(), _ColourExtractor(), _index(), **{'margin': 0, **kwargs})


def test_finds_each_item_of_each_snap():
    snaps = [_snap(2, 0), _snap(), _snap(3), _snap(1, 2, 3, size=(30, 48))]
    results = _retriever().retrieve(snaps, k=2)
    assert [[item.category for item in items] for items in results] == [
        [0, 2], [], [3], [1, 2, 3]]
    for items in results:
        for i, item in enumerate(items):
            assert isinstance(item, RetrievedItem)
            assert item.ids.tolist() == [
                10 * item.category, 10 * item.category + 1]
            assert item.distances.dtype == np.float32
            np.testing.assert_array_equal(item.distances, [0, 3])
            np.testing.assert_array_equal(item.embedding, _COLOURS[item.category])
            assert item.score == pytest.approx(1 - 0.1 * i)
    bbox = results[0][1].bbox
    assert bbox.dtype == np.float32
    np.testing.assert_array_equal(bbox, [5, 0, 15, 9])


def test_searches_again_by_embeddings():
    retriever = _retriever()
    item, = retriever.retrieve([_snap(2)], k=2)[0]
    for category, guesses, ids in (
            ('same', (2, None), [20, 21]), ('any', (0, None), [20, 21]), (3, (2, None), [32, 31]),
            ('same', (None, None), [20, 21]), ('same', (3, 2), [20, 21]),
            ('same', (2, 2), [20, 21]), ('same', (None, 2), [20, 21])):
        (distances, found), = retriever.search(item.embedding[None], 2, [guesses], category)
        assert found.tolist() == ids and distances.tolist() == sorted(distances)
    assert retriever.search(np.zeros((0, 3), np.float32), 2, []) == []
    (_, found), = retriever.search([item.embedding], 3, [(3, 2)])  # a list will do
    assert found.tolist()[:2] == [20, 21] and len(set(found.tolist())) == 3
    for category in 'same', 'any', 3:
        with pytest.raises(ValueError, match='guesses has 1 entries for 2 embeddings'):
            retriever.search(np.zeros((2, 3), np.float32), 2, [(2, None)], category)
    with pytest.raises(ValueError, match="category must be 'same'"):
        retriever.search(item.embedding[None], 2, [(2, None)], 'hat stand')


def test_detected_boxes_have_room_around_them():
    crops = []

    class Extractor(_ColourExtractor):

        def extract(self, imgs):
            crops.extend(imgs)
            return super().extract(imgs)

    snap = np.random.default_rng(0).uniform(size=(3, 40, 60)).astype(np.float32)
    snap[:, 10:30, 4:24] = _COLOURS[2][:, None, None]
    retriever = FashionItemRetriever(_BoxDetector(), Extractor(), _index(), margin=.25)
    item, = retriever.retrieve([snap])[0]
    np.testing.assert_array_equal(item.bbox, [10, 4, 30, 24])
    np.testing.assert_array_equal(crops[0], snap[:, 5:35, :29])
    # the caller's own are as the caller drew them
    retriever.retrieve([snap], bboxes=[item.bbox[None]])
    np.testing.assert_array_equal(crops[1], snap[:, 10:30, 4:24])


def test_batches_go_through_both_networks():
    retriever = _retriever(batch_size=2)
    results = retriever.retrieve(
        iter([_snap(0, 1), _snap(2), _snap(), _snap(), _snap(1, 2, 3)]))
    assert [len(items) for items in results] == [2, 1, 0, 0, 3]
    assert retriever.detector.batches == [2, 2, 1]
    assert retriever.extractor.batches == [3, 3]


def test_snaps_are_read_a_batch_ahead():
    retriever = _retriever(batch_size=2)
    seen = []

    def snaps():
        for i in range(20):
            # all but the current batch and the next have been detected
            seen.append(i - sum(retriever.detector.batches))
            yield _snap(0)

    assert len(retriever.retrieve(snaps())) == 20
    assert max(seen) < 4


def test_next_batch_is_read_while_the_networks_compute():
    read = threading.Event()

    class Waits(_BoxDetector):
        def predict(self, imgs):
            assert self.batches or read.wait(10)
            return super().predict(imgs)

    def snaps():
        for i in range(6):
            if i == 3:
                read.set()
            yield _snap(0)

    retriever = _retriever(batch_size=2)
    retriever.detector = Waits()
    assert len(retriever.retrieve(snaps())) == 6


def test_networks_compute_in_the_callers_thread():
    class Thread(_BoxDetector):
        def predict(self, imgs):
            # the configuration of Chainer is a thread's
            assert chainer.config.accelerate == 'fast'
            return super().predict(imgs)

    retriever = _retriever()
    retriever.detector = Thread()
    with chainer.using_config('accelerate', 'fast'):
        assert len(retriever.retrieve([_snap(0)])) == 1


@pytest.mark.parametrize('batch_size', [1, 2, 3, 8])
def test_iter_retrieve_is_retrieve(batch_size):
    snaps = [_snap(0, 1), _snap(2), _snap(), _snap(), _snap(1, 2, 3)]
    expected = _retriever().retrieve(snaps, k=2)
    n = 0
    for found in _retriever(batch_size=batch_size).iter_retrieve(iter(snaps), k=2):
        _assert_same_items(found, expected[n])
        n += 1
    assert n == 5


def _assert_same_items(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert (a.category, a.score) == (b.category, b.score)
        for name in ('bbox', 'distances', 'ids'):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_iter_retrieve_needs_no_end():
    retriever = _retriever(batch_size=2)
    found = retriever.iter_retrieve(
        _snap(i % 4) for i in itertools.count())
    for i in range(7):
        item, = next(found)
        assert item.category == i % 4
    found.close()
    # the thread has ended
    assert not [t for t in threading.enumerate() if 'read_ahead' in t.name]


def test_snaps_are_let_go():
    made = []

    def snaps():
        for i in range(30):
            snap = _snap(i % 4)
            made.append(weakref.ref(snap))
            yield snap
            del snap

    for _ in _retriever(batch_size=2).iter_retrieve(snaps()):
        # a batch, the next, and the one that is being made
        assert sum(snap() is not None for snap in made) <= 5
    assert not any(snap() is not None for snap in made)


@pytest.mark.parametrize('n_good', [0, 1, 2, 3, 8])
def test_bad_file_is_named_after_the_items_before_it(n_good, tmp_path):
    Image.fromarray(_snap(1).astype(np.uint8).transpose(1, 2, 0)).save(
        tmp_path / 'good.png')
    (tmp_path / 'bad.jpg').write_bytes(b'\xff\xd8\xff')
    names = ['good.png'] * n_good + ['bad.jpg', 'good.png']
    found = []
    with pytest.raises(ImageReadError, match='bad.jpg'):
        for items in _retriever(batch_size=2).iter_retrieve(
                read_image(tmp_path / name) for name in names):
            found.append([item.category for item in items])
    assert found == [[1]] * n_good


def test_bad_snap_is_named_after_the_items_before_it():
    found = []
    with pytest.raises(ValueError, match=r'imgs\[3\].*grey'):
        for items in _retriever(batch_size=2).iter_retrieve(
                [_snap(1)] * 3 + [_snap(1)[0]]):
            found.append(len(items))
    assert found == [1, 1, 1]


def test_iter_retrieve_refuses_bad_arguments_at_once():
    with pytest.raises(ValueError, match='k must be'):
        _retriever().iter_retrieve([_snap(0)], k=0)


def test_own_boxes():
    snap = _snap(2, 0)
    retriever = _retriever()
    retriever.detector = None
    results = retriever.retrieve(
        [snap, snap, snap], k=1,
        bboxes=[np.array([[6, 1, 10, 8.]]), np.zeros((0, 4)),
                [[5, 12, 14, 20], [-5, -9, 7, 200]]])
    assert [[item.ids.tolist() for item in items] for items in results][
        :2] == [[[20]], []]
    item = results[0][0]
    assert item.category is None and np.isnan(item.score)
    np.testing.assert_array_equal(item.bbox, [6, 1, 10, 8])
    assert results[2][0].ids.tolist() == [0]
    np.testing.assert_array_equal(results[2][1].bbox, [-5, -9, 7, 200])


def test_own_boxes_with_categories():
    results = _retriever().retrieve(
        [_snap(2)], k=9, bboxes=[[[5, 0, 15, 9]] * 3],
        categories=[[2, np.int32(1), None]])
    ids = [set(item.ids.tolist()) for item in results[0]]
    assert ids[0] == {20, 21, 22} and ids[1] == {10, 11, 12}
    assert len(ids[2]) == 9
    assert [item.category for item in results[0]] == [2, 1, None]
    assert [item.category_name for item in results[0]] == [
        'footwear', 'belt', None]


def test_same_category_or_any():
    retriever = _retriever()
    for item in retriever.retrieve([_snap(0, 1, 2)], k=7)[0]:
        assert item.ids.tolist() == [10 * item.category + i for i in range(3)]
    for item in retriever.retrieve([_snap(0, 1, 2)], k=7, category='any')[0]:
        assert len(item.ids) == 7


@pytest.mark.parametrize('category', [2, np.int64(2), 'footwear'])
def test_one_category(category):
    retriever = _retriever()
    items, = retriever.retrieve([_snap(0, 1)], k=7, category=category)
    assert [item.category for item in items] == [0, 1]
    for item in items:
        assert set(item.ids.tolist()) == {20, 21, 22}
    item, = retriever.retrieve(
        [_snap(1)], bboxes=[[[6, 1, 10, 8]]], category=1)[0]
    assert item.category is None and set(item.ids.tolist()) == {10, 11, 12}


@pytest.mark.parametrize('bad', [-1, 1.5, 'kimono', None, True])
def test_no_such_category(bad):
    with pytest.raises(ValueError, match='category must be'):
        _retriever().retrieve([_snap(0)], category=bad)


def test_categories_of_the_detector_have_its_names():
    retriever = _retriever()
    detector = _BoxDetector()
    detector.label_names = 'red', 'green', 'blue', 'yellow'
    retriever = FashionItemRetriever(
        detector, _ColourExtractor(), _index())
    item, = retriever.retrieve([_snap(2)], category='green')[0]
    assert item.category_name == 'blue'
    assert set(item.ids.tolist()) == {10, 11, 12}


class _Wavering(_BoxDetector):
    """Takes each box for a top (0.8), an outer (0.6) and a bag (0.5)."""

    def predict(self, imgs):
        bboxes, _, _ = super().predict(imgs)
        names = 'outer', 'top', 'bag'
        return (
            [np.repeat(bbox, 3, axis=0) for bbox in bboxes],
            [np.tile([FASHION_CATEGORIES.index(n) for n in names], len(bbox))
             for bbox in bboxes],
            [np.tile(np.float32([.6, .8, .5]), len(bbox)) for bbox in bboxes])


def test_boxes_on_one_garment_are_one_item():
    index = FlatIndex(3)
    # every category has a product of every colour
    for c, name in enumerate(FASHION_CATEGORIES):
        index.add(_COLOURS - c, [f'{name}-{i}' for i in range(4)], [c] * 4)
    retriever = FashionItemRetriever(_Wavering(), _ColourExtractor(), index, margin=0)
    top, bag = retriever.retrieve([_snap(1)], k=2)[0]
    assert (top.category_name, bag.category_name) == ('top', 'bag')
    assert FASHION_CATEGORIES[top.second_category] == 'outer'
    assert bag.second_category is None
    # both categories are searched together: the nearer one is first
    assert top.ids.tolist() == ['outer-1', 'top-1']
    assert bag.ids.tolist()[0] == 'bag-1'
    np.testing.assert_array_equal(top.distances, np.sort(top.distances))


def test_products_of_unknown_category_are_all_compared():
    retriever = _retriever()
    retriever.index = FlatIndex(3)
    retriever.index.add(_COLOURS, list('rgby'))
    snap = [_snap(1)]
    assert retriever.retrieve(snap, k=1)[0][0].ids.tolist() == ['g']
    assert retriever.retrieve(
        snap, k=1, category=1)[0][0].ids.shape == (0,)


def test_no_snaps():
    assert _retriever().retrieve([]) == []
    assert _retriever().retrieve([], bboxes=[]) == []


def test_empty_gallery():
    retriever = _retriever()
    retriever.index = FlatIndex(3)
    item, = retriever.retrieve([_snap(1)])[0]
    assert item.category == 1
    assert item.distances.shape == item.ids.shape == (0,)


def test_k_beyond_the_gallery():
    items, = _retriever().retrieve([_snap(1)], k=99, category='any')
    assert len(items[0].ids) == 12


def test_detected_boxes_are_cut_at_the_border():
    class Wide:
        def predict(self, imgs):
            bbox = np.array([[-9, -9, 20, 20], [5, 5, 99, 99],
                             [-9, 2, -1, 5], [2, 60, 5, 70]], np.float32)
            return ([bbox] * len(imgs), [np.arange(4)] * len(imgs),
                    [np.ones(4)] * len(imgs))

    retriever = _retriever()
    retriever.detector = Wide()
    items, = retriever.retrieve([_snap(0)])
    assert [item.category for item in items] == [0, 1]
    np.testing.assert_array_equal(items[0].bbox, [0, 0, 20, 20])
    np.testing.assert_array_equal(items[1].bbox, [5, 5, 40, 60])


@pytest.mark.parametrize('size', [(1, 1), (10000, 20), (20, 10000)])
def test_extreme_sizes(size):
    img = np.zeros((3,) + size, dtype=np.uint8)
    img[:] = _COLOURS[2][:, None, None]
    item, = _retriever().retrieve([img], k=1)[0]
    assert item.ids.tolist() == [20]
    np.testing.assert_array_equal(item.bbox, [0, 0, *size])


@pytest.mark.parametrize('kwargs, error, message', [
    (dict(imgs=_snap(0)), ValueError, r'imgs must be a list of images'),
    (dict(imgs='photo.jpg'), TypeError, r'imgs must be a list.*photo.jpg'),
    (dict(imgs=5), TypeError, r'imgs must be a list'),
    (dict(imgs=[_snap(0), 'no.jpg']), OSError, r'no.jpg: there is no such file'),
    (dict(imgs=[_snap(0), _snap(0)[0]]), ValueError, r'imgs\[1\].*grey'),
    (dict(imgs=[_snap(0).transpose(1, 2, 0)]), ValueError,
     r'imgs\[0\].*channels are last'),
    (dict(imgs=[_snap(0) * np.nan]), ValueError, r'imgs\[0\] has NaN'),
    (dict(imgs=[_snap(0)] * 9 + [_snap(0) > 3]), TypeError,
     r'imgs\[9\] has dtype bool'),
    (dict(k=0), ValueError, r'k must be'),
    (dict(k=1.5), ValueError, r'k must be'),
    (dict(categories=[[1]]), ValueError, r'give bboxes as well'),
    (dict(bboxes=[]), ValueError, r'bboxes has 0 entries for 1 snaps'),
    (dict(imgs=iter([_snap(0)]), bboxes=[]), ValueError, r'bboxes has 0'),
    (dict(imgs=iter([_snap(0)]), bboxes=[[], []]), ValueError,
     r'bboxes has 2 entries for 1'),
    (dict(bboxes=5), TypeError, r'bboxes must be a list'),
    (dict(bboxes=[[1, 2, 3, 4]]), ValueError, r'bboxes\[0\] has shape'),
    (dict(bboxes=[['ab']]), TypeError, r'bboxes\[0\] must be an array'),
    (dict(bboxes=[[[5, 0, 5, 3]]]), ValueError, r'bboxes\[0\]\[0\] is empty'),
    (dict(bboxes=[[[0, 0, 5, 3], [9, 0, np.nan, 3]]]), ValueError,
     r'bboxes\[0\]\[1\] is empty'),
    (dict(bboxes=[[[0, 0, 5, np.inf]]]), ValueError, r'bboxes\[0\] has inf'),
    (dict(bboxes=[[[0, 60, 5, 70]]]), ValueError, r'outside the snap.*40 h'),
    (dict(bboxes=[[[0, 5, 5, 5.9]]]), ValueError, r'\[0\] has less than a pixel of the snap'),
    (dict(bboxes=[[[-5, 5, .5, 9]]]), ValueError, r'\[0\] has less than a pixel of the snap'),
    (dict(bboxes=[[[0, 0, 5, 3]]], categories=[]), ValueError,
     r'categories has 0 entries'),
    (dict(imgs=iter([_snap(0)]), bboxes=[[[0, 0, 5, 3]]], categories=[]), ValueError,
     r'categories has 0 arrays, imgs has more snaps'),
    (dict(imgs=iter([_snap(0)]), bboxes=[[[0, 0, 5, 3]]], categories=[[1], [2]]),
     ValueError, r'categories has 2 entries for 1 snaps'),
    (dict(category=99), ValueError, r'or an index of these, not 99'),
    (dict(bboxes=[[[0, 0, 5, 3]]], categories=[[1, 2]]), ValueError,
     r'categories\[0\] has 2 entries for 1 boxes'),
    (dict(bboxes=[[[0, 0, 5, 3]]], categories=[['bag']]), ValueError,
     r"categories\[0\] has 'bag'"),
    (dict(bboxes=[[[0, 0, 5, 3]]], categories=[None]), TypeError,
     r'categories\[0\] must be a list'),
])
def test_bad_input(kwargs, error, message):
    with pytest.raises(error, match=message):
        _retriever().retrieve(**{'imgs': [_snap(0)], **kwargs})


def test_no_detector():
    retriever = _retriever()
    retriever.detector = None
    with pytest.raises(ValueError, match='give bboxes: there is no detector'):
        retriever.retrieve([_snap(0)])


def test_index_of_another_network():
    retriever = _retriever()
    retriever.index = FlatIndex(128)
    with pytest.raises(ValueError, match=r'\(N, 128\).*another network'):
        retriever.retrieve([_snap(0)])


@pytest.mark.parametrize('batch_size', [0, 1.5, None, True])
def test_bad_batch_size(batch_size):
    with pytest.raises(ValueError, match='batch_size must be'):
        _retriever(batch_size=batch_size)


def test_the_articles_network_finds_its_own_crops():
    snap = np.random.RandomState(0).randint(0, 256, (3, 90, 60))
    np.random.seed(0)
    extractor = StyleExtractorBN()
    index = FlatIndex(128)
    bbox = np.array([[0, 0, 40, 30], [40, 20, 90, 60]], dtype=np.float32)
    index.add(extractor.extract([snap[:, :40, :30], snap[:, 40:, 20:]]),
              ['left', 'right'])
    items, = FashionItemRetriever(None, extractor, index).retrieve(
        [snap], k=2, bboxes=[bbox])
    assert [item.ids.tolist() for item in items] == [
        ['left', 'right'], ['right', 'left']]
    for item in items:
        assert item.distances[0] < 1e-6 * item.distances[1]


def _see(cls, name, seen, monkeypatch):
    """Add to `seen` of what kind a method's first argument is."""
    original = getattr(cls, name)
    is_of_class = inspect.ismethod(original)

    def see(self, x, *args):
        seen.append((name, type(x)))
        return original(x, *args) if is_of_class else original(self, x, *args)

    monkeypatch.setattr(cls, name, see)


@pytest.mark.gpu
def test_all_of_it_on_a_gpu(monkeypatch):
    """Snap, boxes, crops, embeddings, neighbours: images do not come back."""
    dataset = SyntheticFashionDataset(2, n_item=12)
    detector = FashionSSD300(pretrained_model='fashion')
    detector.score_thresh = .2
    extractor = StyleExtractorBN(pretrained_model='fashion')
    products = dataset.product_images
    gallery = Gallery(
        list('0123'), lambda i: products[i][0], products.categories[:4])
    results, seen = [], []
    for device in ('@numpy', '@cupy:0'):
        for link in (detector, extractor):
            link.to_device(device)
        retriever = FashionItemRetriever(
            detector, extractor, gallery.make_index(extractor))
        if not results:
            for cls, name in ((FashionSSD300, '_prepare'), (StyleExtractorBN, 'prepare'),
                              (FlatIndex, 'search')):
                _see(cls, name, seen, monkeypatch)
        seen.clear()
        results.append(retriever.retrieve(
            [img for img, _, _ in dataset[:]], k=4))
        kinds = {'_prepare', 'prepare', 'search'}
        assert set(seen) == {(kind, detector.device.xp.ndarray) for kind in kinds}
    assert sum(len(items) for items in results[0]) > 1
    for items in zip(*results, strict=True):
        for expected, found in zip(*items, strict=True):
            assert type(found.distances) is np.ndarray
            assert found.category == expected.category
            assert found.score == pytest.approx(expected.score, abs=1e-3)
            np.testing.assert_allclose(found.bbox, expected.bbox, atol=.1)
            # a box a hair larger may be a pixel larger
            np.testing.assert_allclose(
                found.distances, expected.distances, rtol=.05)


def test_pixels_are_looked_at_once(monkeypatch):
    seen, is_finite = [], np.isfinite

    def look(x):
        seen.append(np.ndim(x))
        return is_finite(x)

    monkeypatch.setattr(np, 'isfinite', look)
    extractor = StyleExtractorBN(pretrained_model='fashion')
    index = FlatIndex(extractor.dim)
    index.add(np.eye(2, extractor.dim), [0, 1])
    detector = FashionSSD300(pretrained_model='fashion')
    detector.score_thresh = .2
    snaps = [img for img, _, _ in SyntheticFashionDataset(2, n_item=12)[:]]
    found = FashionItemRetriever(detector, extractor, index).retrieve(snaps, 2)
    assert any(found) and seen.count(3) == len(snaps)
    # the networks look by themselves
    snaps[1][0, 0, 0] = np.nan
    for call in detector.predict, extractor.extract:
        with pytest.raises(ValueError, match=r'imgs\[1\].*NaN'):
            call(snaps)


def test_snaps_by_their_paths(tmp_path):
    snap = np.round(_snap(0))
    path = tmp_path / 'snap.png'
    Image.fromarray(snap.astype(np.uint8).transpose(1, 2, 0)).save(path)
    retriever = _retriever()
    by_path, by_image, by_array = retriever.retrieve([path, Image.open(path), snap], k=2)
    assert by_array
    for found in by_path, by_image:
        assert [item.ids.tolist() for item in found] == [item.ids.tolist() for item in by_array]


def test_an_index_of_another_extractor():
    class Extractor(_ColourExtractor):
        dim, fingerprint = 3, 'a'

    index = FlatIndex(3, extractor=Extractor())
    FashionItemRetriever(None, Extractor(), index)
    FashionItemRetriever(None, _ColourExtractor(), index)  # which does not say what it is
    other = Extractor()
    other.fingerprint = 'b'
    with pytest.raises(ValueError, match='index: it was made by an extractor of weights a'):
        FashionItemRetriever(None, other, index)
