from vasily_fashion.transforms import (
    crop_by_bbox,
    find_foreground,
    lay_product,
    product_augmentation,
    trim_ground,
    wear_product,
)

import numpy as np
import pytest
from chainercv.utils import mask_to_bbox

_ITEM = slice(60, 180), slice(50, 110)


def _product(ground=(236, 236, 232), item=(60, 90, 160), fade=0., noise=1.):
    """A plain item, 120 x 60, on a studio ground that fades to the right."""
    rng = np.random.default_rng(0)
    img = np.ones((3, 240, 160)) * np.array(ground)[:, None, None]
    img *= 1 - fade * np.linspace(0, 1, 160)
    img += rng.normal(0, noise, img.shape)
    img[(slice(None), *_ITEM)] = np.array(item)[:, None, None]
    return np.clip(img, 0, 255).astype(np.float32)


def _truth():
    mask = np.zeros((240, 160), bool)
    mask[_ITEM] = True
    return mask


@pytest.mark.parametrize('kwargs', [
    {}, {'ground': (255, 255, 255), 'noise': 0}, {'fade': .15},
    {'ground': (30, 30, 35)}, {'item': (215, 215, 215)}])
def test_foreground(kwargs):
    mask = find_foreground(_product(**kwargs))
    assert mask.dtype == bool and mask.shape == (240, 160)
    assert (mask & _truth()).sum() / (mask | _truth()).sum() > .93


def test_foreground_of_a_large_photo():
    img = np.repeat(np.repeat(_product(), 4, axis=1), 4, axis=2)
    mask = find_foreground(img)
    truth = np.repeat(np.repeat(_truth(), 4, axis=0), 4, axis=1)
    assert mask.shape == truth.shape
    assert (mask & truth).sum() / (mask | truth).sum() > .93


def test_what_is_inside_belongs_to_the_item():
    img = _product()
    img[:, 100:140, 70:90] = 236  # as light as the ground
    assert find_foreground(img)[110:130, 75:85].all()


@pytest.mark.parametrize('img', [
    np.full((3, 50, 40), 255, np.float32),  # nothing
    np.random.default_rng(0).uniform(0, 255, (3, 90, 70)).astype(np.float32),
    np.zeros((3, 4, 4), np.float32)])
def test_no_foreground(img):
    assert find_foreground(img) is None


def test_trimmed_ground():
    img = _product()
    trimmed = trim_ground(img)
    # 18 and 9 pixels of room around 120 x 60, to what the mask has too much
    assert np.abs(np.array(trimmed.shape[1:]) - [156, 78]).max() <= 4
    assert np.abs(trimmed[:, 78, 39] - [60, 90, 160]).max() == 0
    assert np.abs(np.array(trim_ground(img, 0.).shape[1:]) - [120, 60]).max() <= 4
    tight = img[:, 55:185, 48:112]  # no more room is made up
    assert trim_ground(tight).shape == tight.shape
    noise = np.random.default_rng(0).uniform(0, 255, (3, 90, 70)).astype(np.float32)
    assert trim_ground(noise) is noise


def test_product_augmentation():
    img, chance = _product(), np.random.default_rng(2)
    before = img.copy()
    texture = np.full((3, 20, 20), 100, np.float32) * np.array(
        [0, 1, 0], np.float32)[:, None, None]
    results = [product_augmentation(img, chance, texture) for _ in range(60)]
    np.testing.assert_array_equal(img, before)
    grounds, green = [], 0
    for out in results:
        assert out.dtype == np.float32 and out.flags.c_contiguous
        assert out.min() >= 0 and out.max() <= 255
        # the item is there as it was, but for light and a mirror image
        blue = (out[2] > out[0] + 50)
        assert .1 < blue.mean() < .95
        np.testing.assert_allclose(
            np.median(out[:, blue], axis=1), [60, 90, 160], rtol=.15)
        ground = np.median(out[:, ~blue], axis=1)
        green += ground[1] > ground[0] + 30
        grounds.append(ground.mean())
    assert len({out.shape for out in results}) > 20
    assert 12 < green < 40  # the texture
    assert np.std(grounds) > 15


def test_product_augmentation_without_a_plain_ground():
    img = np.random.default_rng(0).uniform(0, 255, (3, 90, 70)).astype(np.float32)
    out = product_augmentation(img, np.random.default_rng(0))
    assert out.shape == img.shape


@pytest.mark.parametrize('seed', range(5))
def test_worn(seed):
    chance = np.random.default_rng(seed)
    snap = np.full((3, 300, 200), 200, np.float32)
    bbox = np.float32([100, 60, 220, 120])
    out, worn = wear_product(_product(), _truth(), snap, bbox, chance)
    assert out.shape == snap.shape and out.dtype == np.float32
    assert (snap == 200).all()
    assert out.min() >= 0 and out.max() <= 255
    # near where the other was
    overlap = (np.minimum(worn[2:], bbox[2:]) - np.maximum(worn[:2], bbox[:2])).clip(0)
    assert overlap.prod() > .5 * 120 * 60
    crop, = crop_by_bbox(out, worn[None])
    assert (crop[2] > crop[0] + 30).mean() > .4
    outside = out.copy()
    y0, x0, y1, x1 = worn.astype(int)
    outside[:, y0 - 3:y1 + 3, x0 - 3:x1 + 3] = 200
    np.testing.assert_allclose(outside, 200, atol=20)
    again, _ = wear_product(
        _product(), _truth(), snap, bbox, np.random.default_rng(seed))
    np.testing.assert_array_equal(again, out)


def test_worn_at_the_edge():
    snap = np.full((3, 100, 80), 200, np.float32)
    for bbox in ([0, 0, 6, 5], [90, 70, 100, 80], [-50, -40, 200, 160]):
        out, worn = wear_product(
            _product(), _truth(), snap, np.float32(bbox), np.random.default_rng(0))
        assert out.shape == snap.shape
        assert (worn[:2] >= 0).all() and (worn[2:] <= [100, 80]).all()
        assert (worn[2:] > worn[:2]).all()


def test_laid():
    img, chance = _product(item=(30, 60, 220)), np.random.default_rng(3)
    ground = np.full((3, 20, 30), 150, np.float32)
    ground[:, :, 15:] = 90  # stripes
    before = img.copy(), ground.copy()
    shapes, n_stripe, angles = set(), [], []
    for _ in range(30):
        out = lay_product(img, _truth(), ground, chance)
        assert out.dtype == np.float32 and out.flags.c_contiguous
        assert out.shape[1] == 480 and 312 <= out.shape[2] <= 528
        assert out.min() >= 0 and out.max() <= 255
        shapes.add(out.shape)
        is_item = out[2] > out[0] + 60
        # all of it: what is 120 x 60 is 0.65 or more of the height, if not bent
        y0, x0, y1, x1 = mask_to_bbox(is_item[None])[0]
        assert y1 - y0 > .5 * 480 and is_item.mean() < .75
        angles.append(np.corrcoef(*np.nonzero(is_item))[0, 1])
        # the ground, no colour of the item, and lighter and darker stripes
        row = out[:, 0].mean(axis=0)
        n_stripe.append((np.diff(row > row.mean()) != 0).sum())
    np.testing.assert_array_equal(img, before[0])
    np.testing.assert_array_equal(ground, before[1])
    assert len(shapes) > 20 and np.std(angles) > .05
    assert min(n_stripe) >= 1 and max(n_stripe) >= 4  # repeated, more or less


def test_laid_items_throw_a_shadow():
    ground = np.full((3, 9, 9), 200, np.float32)
    out = lay_product(_product(), _truth(), ground, np.random.default_rng(0))
    far = out[:, 0, 0]
    is_ground = (abs(out / far[:, None, None] - (out / far[:, None, None]).mean(axis=0))
                 .max(axis=0) < .02)
    assert out[:, is_ground].mean() < far.mean() - 1
    assert (out[:, is_ground].max(axis=1) <= far + .01).all()


@pytest.mark.parametrize('size', [(1, 1), (3, 300), (300, 3)])
def test_laid_on_any_piece(size):
    out = lay_product(_product(), _truth(), np.full((3, *size), 90, np.float32),
                      np.random.default_rng(0))
    assert np.isfinite(out).all()
