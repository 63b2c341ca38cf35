from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import CCPItemDataset

import cv2
import numpy as np
import pytest
from scipy.io import savemat

_SIZE = 80, 60


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """One photo of the train split with three items, one of val and test with one."""
    root = tmp_path_factory.mktemp('ccp')
    folder = root / 'annotations' / 'pixel-level'
    folder.mkdir(parents=True)
    (root / 'photos').mkdir()
    names = np.empty((1, 59), object)
    names[0] = [np.array([name]) for name in (
        'null', 'bag', 'belt', 'dress', 'skin', *['other'] * 54)]
    savemat(root / 'label_list.mat', {'label_list': names})
    values = np.zeros(_SIZE, np.uint8)
    values[5:25, 10:50] = 4  # skin
    values[30:70, 10:40] = 3  # a dress
    values[50:57, 12:32] = 2  # a belt 7 px high: too small
    values[40:60, 45:60] = 1  # a bag
    savemat(folder / '0007.mat', {'groundtruth': values})
    savemat(folder / '0010.mat', {'groundtruth': values * (values == 1)})
    # a photo of the full set that is in no list
    savemat(folder / '0004.mat', {'groundtruth': values * (values == 1)})
    # green everywhere but the items: the dress is red, the bag blue
    img = np.zeros((*_SIZE, 3), np.uint8)
    img[:] = 0, 200, 0
    img[values == 3] = 40, 40, 200
    img[values == 1] = 200, 40, 40
    for name in ('0004', '0007', '0010'):
        cv2.imwrite(str(root / 'photos' / f'{name}.jpg'), img,
                    [cv2.IMWRITE_JPEG_QUALITY, 100,
                     cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
                     cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444])
    return root


@pytest.fixture(scope='module')
def items(root):
    return CCPItemDataset(root)


def test_items(items):
    # boxes of a photo go by label value: bag 0, belt 1 (left out), dress 2
    assert len(items) == 2
    np.testing.assert_array_equal(items.item_ids, [700, 702])
    np.testing.assert_array_equal(
        items.categories,
        [FASHION_CATEGORIES.index('bag'), FASHION_CATEGORIES.index('dress')])
    assert items.item_ids.dtype == items.categories.dtype == np.int32
    np.testing.assert_array_equal(items.snap_indices, [0, 0])
    np.testing.assert_array_equal(
        items.bboxes, [(40, 45, 60, 60), (30, 10, 70, 40)])
    assert items.bboxes.dtype == np.float32


def test_splits_share_no_item(root, items):
    val = CCPItemDataset(root, 'val')
    np.testing.assert_array_equal(val.item_ids, [1000])
    np.testing.assert_array_equal(CCPItemDataset(root, 'test').item_ids, [400])
    np.testing.assert_array_equal(
        CCPItemDataset(root, 'all').item_ids, [400, 700, 702, 1000])


def test_chance_changes_the_cutout(items):
    chance = np.random.default_rng(0)
    exact = items[1][1]
    np.testing.assert_array_equal(items.read_product(1), exact)
    cutouts = [items.read_product(1, chance) for _ in range(3)]
    assert len({x.tobytes() for x in (exact, *cutouts)}) == 4
    np.testing.assert_array_equal(items.read_street(1, chance), items[1][0])


def test_crop(items):
    crop, _, category = items[1]
    assert category == FASHION_CATEGORIES.index('dress')
    assert crop.shape == (3, 40, 30) and crop.dtype == np.float32
    np.testing.assert_array_equal(
        crop, items.snaps[0][0][:, 30:70, 10:40])


def test_box_jitter(root, items):
    jittered = CCPItemDataset(root, box_jitter=.1)
    photo, chance = items.snaps[0][0], np.random.default_rng(0)
    heights = []
    for _ in range(40):  # the dress: 40 high, not at an edge
        crop = jittered.read_street(1, chance)
        heights.append(crop.shape[1])
        # 2 of 10 % of 40 pixels on each side, rounded outwards
        assert 24 <= crop.shape[1] <= 58 and 18 <= crop.shape[2] <= 44
        whole = np.lib.stride_tricks.sliding_window_view(
            photo, crop.shape)[0]
        assert (whole == crop).all(axis=(-3, -2, -1)).any()
    assert len(set(heights)) > 8 and min(heights) < 40 < max(heights)
    # without chance the box is exact
    np.testing.assert_array_equal(jittered[1][0], items[1][0])


def test_box_margin(root, items):
    roomy, chance = CCPItemDataset(root, box_margin=.2), np.random.default_rng(0)
    sizes = [roomy.read_street(1, chance).shape[1:] for _ in range(40)]
    assert min(sizes) < (44, 34) and max(sizes) > (52, 36)
    assert min(sizes) >= (40, 30) and max(sizes) <= (56, 42)
    np.testing.assert_array_equal(roomy[1][0], items[1][0])


def test_crop_belongs_to_the_caller(items):
    first = items[1][0]
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(items[1][0], kept)


@pytest.mark.parametrize('seed', range(6))
def test_cutout_is_the_item_alone_on_white(root, seed):
    for index, (own, other) in enumerate([(2, 0), (0, 2)]):
        product = CCPItemDataset(root, seed=seed)[index][1]
        assert product.dtype == np.float32 and product.shape[0] == 3
        assert product.min() >= 0 and product.max() <= 255
        # white around, but for soft edges of an item that fills its box
        border = np.concatenate([
            product[:, 0], product[:, -1], product[:, :, 0],
            product[:, :, -1]], axis=1)
        assert border.mean() > 240
        # the item, blue or red, fills much of it
        coloured = product.min(axis=0) < 100
        assert coloured.mean() > .25
        assert (product[own] > product[other] + 50)[coloured].all()
        # and nowhere the green of the background
        assert not (product[1] > product[[0, 2]].max(axis=0) + 20).any()


def test_deterministic(root, items):
    again = CCPItemDataset(root)
    backwards = [again[i] for i in (1, 0)][::-1]
    for i in range(2):
        for a, b in zip(items[i], backwards[i], strict=True):
            np.testing.assert_array_equal(a, b)


def test_seed_changes_the_cutout_alone(root, items):
    other = CCPItemDataset(root, seed=1)
    np.testing.assert_array_equal(other[1][0], items[1][0])
    a, b = other[1][1], items[1][1]
    assert a.shape != b.shape or np.abs(a - b).max() > 1


def test_cutout_is_no_copy_of_the_crop(items):
    crop, product, _ = items[1]
    assert product.shape != crop.shape


def test_order_of_access_and_slices(items):
    assert len(items[:]) == 2
    np.testing.assert_array_equal(items[-1][0], items[1][0])
    with pytest.raises(IndexError):
        items[2]


def test_wrong_root(tmp_path):
    with pytest.raises(FileNotFoundError, match='root'):
        CCPItemDataset(tmp_path)
