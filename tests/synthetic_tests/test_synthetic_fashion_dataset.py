import hashlib
import os
import pickle
import subprocess
import sys

import vasily_fashion  # noqa: F401  (repairs chainer before its import)

import numpy as np
import pytest

from chainercv.utils import assert_is_bbox_dataset  # isort: skip
from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.synthetic.render_snap import render_snap

SMALL = (192, 128)


@pytest.fixture(scope='module')
def dataset():
    return SyntheticFashionDataset(40, seed=3, n_item=48, size=SMALL)


def _digest(example):
    h = hashlib.sha256()
    for x in example:
        h.update(np.ascontiguousarray(x).tobytes())
    return h.hexdigest()


def test_contract(dataset):
    assert dataset.keys == ('img', 'bbox', 'label')
    assert_is_bbox_dataset(
        dataset.slice[:6], len(FASHION_CATEGORIES))
    img, bbox, label = dataset[0]
    assert img.shape == (3,) + SMALL and img.dtype == np.float32
    assert img.std() > 20
    assert bbox.dtype == np.float32 and label.dtype == np.int32
    assert len(dataset) == 40
    assert dataset[-1][0].tobytes() == dataset[39][0].tobytes()


def test_default_size():
    img, bbox, _ = SyntheticFashionDataset(1)[0]
    assert img.shape == (3, 480, 320)
    assert (bbox[:, 2:] <= (480, 320)).all()


def test_item_id_key(dataset):
    with_id = SyntheticFashionDataset(
        40, 3, 48, SMALL, return_item_id=True)
    assert with_id.keys == ('img', 'bbox', 'label', 'item_id')
    assert _digest(with_id[1][:3]) == _digest(dataset[1])
    items = with_id.slice[:10, ('label', 'item_id')]
    for label, item_id in items:
        assert item_id.dtype == np.int32 and item_id.shape == label.shape
        assert len(set(item_id.tolist())) == len(item_id)
        np.testing.assert_array_equal(
            label, dataset.product_images.categories[item_id])


def test_any_order(dataset):
    other = SyntheticFashionDataset(40, seed=3, n_item=48, size=SMALL)
    backwards = {i: _digest(other[i]) for i in (7, 2, 0)}
    for i in (0, 2, 7):
        assert _digest(dataset[i]) == backwards[i]
    assert len(set(backwards.values())) == 3


def test_marks_without_pixels_are_the_same(dataset):
    for i in range(4):
        full = render_snap(3, i, 48, SMALL)
        fast = render_snap(3, i, 48, SMALL, with_img=False)
        assert fast.img is None
        np.testing.assert_array_equal(full.mask, fast.mask)
        np.testing.assert_array_equal(full.bbox, fast.bbox)
        np.testing.assert_array_equal(full.item_id, fast.item_id)


def test_another_process(dataset):
    code = (
        'import hashlib, numpy as np\n'
        'np.random.seed(99)\n'
        'from vasily_fashion.datasets import SyntheticFashionDataset\n'
        f'd = SyntheticFashionDataset(40, 3, 48, {SMALL})\n'
        'h = hashlib.sha256()\n'
        'for x in d[5]: h.update(np.ascontiguousarray(x).tobytes())\n'
        'for x in d.product_images[7]:\n'
        '    h.update(np.ascontiguousarray(x).tobytes())\n'
        'print(h.hexdigest())\n')
    path = os.pathsep.join(p for p in sys.path if p)
    out = subprocess.run(
        [sys.executable, '-c', code], check=True, capture_output=True,
        text=True, env={**os.environ, 'PYTHONPATH': path})
    expected = _digest(list(dataset[5]) + list(dataset.product_images[7]))
    assert out.stdout.split()[-1] == expected


def test_pickle(dataset):
    dataset[1]
    copy = pickle.loads(pickle.dumps(dataset))
    assert _digest(copy[1]) == _digest(dataset[1])


def test_global_random_state_is_left_alone(dataset):
    np.random.seed(5)
    expected = np.random.RandomState(5).rand()
    SyntheticFashionDataset(3, 8, size=SMALL)[2]
    assert np.random.rand() == expected


def test_boxes_are_exact():
    for i in range(8):
        snap = render_snap(3, i, 48, SMALL)
        assert len(snap.bbox) == len(snap.mask) == len(snap.label) > 0
        for mask, box in zip(snap.mask, snap.bbox, strict=True):
            y0, x0, y1, x1 = box.astype(int)
            inside = mask[y0:y1, x0:x1]
            assert inside.sum() == mask.sum()
            for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):
                assert edge.any()


def test_masks_are_where_the_item_is(monkeypatch):
    # the same snap without one item differs most inside that item's mask
    snap = render_snap(3, 2, 48, SMALL)
    name = FASHION_CATEGORIES[snap.label[0]]
    module = sys.modules[render_snap.__module__]
    sample = module.sample_outfit
    monkeypatch.setattr(module, 'sample_outfit', lambda *args: {
        k: v for k, v in sample(*args).items() if k != name})
    bare = render_snap(3, 2, 48, SMALL)
    assert len(bare.label) == len(snap.label) - 1
    change = np.abs(snap.img.astype(int) - bare.img).sum(axis=2)
    mask = snap.mask[0]
    assert change[mask].mean() > 4 * change[~mask].mean()


def test_small_and_hidden_items_are_left_out():
    size = (480, 320)
    for i in range(12):
        snap = render_snap(1, i, 144, size, with_img=False)
        sides = snap.bbox[:, 2:] - snap.bbox[:, :2]
        assert (sides >= 8).all()


def test_every_category_occurs():
    labels = [render_snap(0, i, 144, SMALL, with_img=False).label
              for i in range(60)]
    count = np.bincount(np.concatenate(labels), minlength=12)
    assert (count > 0).all(), dict(zip(FASHION_CATEGORIES, count, strict=True))


def test_outfits_are_consistent():
    name = FASHION_CATEGORIES.index
    for i in range(40):
        label = set(render_snap(
            0, i, 144, SMALL, with_img=False).label.tolist())
        legs = label & {name('pants'), name('shorts'), name('skirt')}
        assert len(legs) <= 1
        if name('dress') in label:
            assert not legs and name('top') not in label


def test_product_images(dataset):
    shop = dataset.product_images
    assert len(shop) == 48
    assert set(shop.categories.tolist()) == set(range(12))
    for k in range(24):
        img, category, item_id = shop[k]
        assert img.dtype == np.float32 and img.shape[0] == 3
        assert max(img.shape[1:]) == 256
        assert item_id == k and category == shop.categories[k]
        rim = np.concatenate([img[:, 0], img[:, -1], img[:, :, 0],
                              img[:, :, -1]], axis=1)
        assert (rim > 244).all(), FASHION_CATEGORIES[category]
        drawn = (np.abs(img - 255) > 12).any(axis=0).mean()
        assert .1 < drawn < .95, FASHION_CATEGORIES[category]


def test_items_of_a_category_differ(dataset):
    shop = dataset.product_images
    tops = np.flatnonzero(shop.categories == FASHION_CATEGORIES.index('top'))
    assert len({_digest(shop[int(k)][:1]) for k in tops}) == len(tops) > 3


def test_seeds_have_other_shops_and_snaps(dataset):
    other = SyntheticFashionDataset(40, seed=4, n_item=48, size=SMALL)
    for k in range(12):
        a, b = dataset.product_images[k], other.product_images[k]
        assert a[1] == b[1]
        assert a[0].shape != b[0].shape or np.abs(a[0] - b[0]).mean() > .5
    assert np.abs(dataset[0][0] - other[0][0]).mean() > 5


@pytest.mark.parametrize('options, error, word', [
    ({'n_snap': 0}, ValueError, 'n_snap'),
    ({'n_snap': 2.5}, TypeError, 'n_snap'),
    ({'seed': -1}, ValueError, 'seed'),
    ({'n_item': 11}, ValueError, 'n_item'),
    ({'size': (20, 320)}, ValueError, 'height'),
    ({'size': (480, 10)}, ValueError, 'width'),
    ({'size': 480}, ValueError, 'size'),
])
def test_bad_arguments(options, error, word):
    with pytest.raises(error, match=word):
        SyntheticFashionDataset(**options)


@pytest.mark.parametrize('index', [40, -41])
def test_bad_index(dataset, index):
    with pytest.raises(IndexError):
        dataset[index]
    with pytest.raises(IndexError):
        dataset.product_images[index * 2]


@pytest.mark.slow
def test_statistics():
    ds = SyntheticFashionDataset(200, seed=11)
    n_box, means, labels, heights = [], [], [], []
    for img, bbox, label in ds:
        n_box.append(len(bbox))
        means.append(img.mean())
        labels.append(label)
        heights.append((bbox[:, 2].max() - bbox[:, 0].min()) / img.shape[1])
    count = np.bincount(np.concatenate(labels), minlength=12)
    assert 4 < np.mean(n_box) < 7 and min(n_box) >= 1
    assert 100 < np.mean(means) < 160 and np.std(means) > 8
    assert .5 < np.mean(heights) < .95
    assert count.min() > 10
    assert count[FASHION_CATEGORIES.index('footwear')] > 150
