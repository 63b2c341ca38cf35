from vasily_fashion.datasets import SyntheticFashionDataset, SyntheticItemDataset

import numpy as np
import pytest

SMALL = (192, 128)


@pytest.fixture(scope='module')
def snaps():
    return SyntheticFashionDataset(5, seed=2, n_item=36, size=SMALL,
                                   return_item_id=True)


@pytest.fixture(scope='module')
def items(snaps):
    return SyntheticItemDataset(snaps)


def test_one_example_an_item(snaps, items):
    marks = list(snaps.slice[:, ('bbox', 'label', 'item_id')])
    assert len(items) == sum(len(label) for _, label, _ in marks) > 10
    np.testing.assert_array_equal(
        items.item_ids, np.concatenate([m[2] for m in marks]))
    np.testing.assert_array_equal(
        items.categories, np.concatenate([m[1] for m in marks]))
    assert items.item_ids.dtype == items.categories.dtype == np.int32


def test_example(snaps, items):
    for k in (0, 3, len(items) - 1):
        crop, product, category = items[k]
        assert crop.dtype == product.dtype == np.float32
        assert category == items.categories[k]
        y0, x0, y1, x1 = items.bboxes[k].astype(int)
        img = snaps[int(items.snap_indices[k])][0]
        np.testing.assert_array_equal(crop, img[:, y0:y1, x0:x1])
        np.testing.assert_array_equal(
            product, snaps.product_images[int(items.item_ids[k])][0])


def test_crop_belongs_to_the_caller(items):
    first = items[0][0]
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(items[0][0], kept)


def test_margin(snaps, items):
    wide = SyntheticItemDataset(snaps, margin=.2)
    for k in range(4):
        a, b = items[k][0], wide[k][0]
        assert b.shape[1] >= a.shape[1] and b.shape[2] >= a.shape[2]
        y0, x0, y1, x1 = items.bboxes[k]
        assert b.shape[1] <= (y1 - y0) * 1.4 + 2
        assert b.shape[2] <= (x1 - x0) * 1.4 + 2
    assert any(wide[k][0].size > items[k][0].size for k in range(4))


def test_bad_input(snaps, items):
    with pytest.raises(TypeError, match='snaps'):
        SyntheticItemDataset([1, 2])
    with pytest.raises(ValueError, match='margin'):
        SyntheticItemDataset(snaps, margin=-.1)
    with pytest.raises(ValueError, match='margin'):
        SyntheticItemDataset(snaps, margin=float('nan'))
    with pytest.raises(IndexError):
        items[len(items)]
