"""What is made of several data sets, or of product photos, to train on."""
import pickle
import types

from tests.datasets_tests import trees
from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import (
    ColorfulFashionBboxDataset,
    ConcatenatedBboxDataset,
    CSVRetrievalDataset,
    GenericVOCBboxDataset,
    ProductBboxDataset,
    ProductFolderDataset,
    RepeatRareDataset,
    StreetShopPairDataset,
    SyntheticFashionDataset,
    SyntheticItemDataset,
    WornProductDataset,
    leave_out_broken,
)
from vasily_fashion.datasets.find_boxes import find_boxes
from vasily_fashion.datasets.named_datasets import (
    BBOX_DATASETS,
    RETRIEVAL_DATASETS,
    find_all_splits,
    find_split,
)
from vasily_fashion.datasets.read_grounds import read_grounds

import chainer
import cv2
import numpy as np
import pytest


def _label(*names):
    return [FASHION_CATEGORIES.index(name) for name in names]


def _object(name, *box):
    return (f'<object><name>{name}</name><bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin>'
            f'<xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>')


@pytest.fixture
def colorful(tmp_path):
    root = tmp_path / 'colorful'
    for i, objects in enumerate([
            _object('shoe', 11, 81, 20, 95) + _object('dress', 5, 10, 30, 60)
            + _object('shoe', 26, 82, 33, 97),
            _object('shirt', 5, 10, 30, 60) + _object('shoe', 11, 81, 20, 95)]):
        trees.write_image(root / 'JPEGImages' / f'{i}.jpg', size=(120, 40), seed=i)
        trees.write_text(
            root / 'Annotations' / f'{i}.xml', f'<annotation>{objects}</annotation>')
    trees.write_text(root / 'ImageSets' / 'Main' / 'train.txt', '0\n1\n')
    return root


def test_shoes_of_colorful_fashion_are_one_item(colorful):
    dataset = ColorfulFashionBboxDataset(colorful)
    _, bbox, label = dataset[0]
    assert label.tolist() == _label('dress', 'footwear')
    np.testing.assert_array_equal(bbox[1], [80, 10, 97, 33])
    _, bbox, label = dataset[1]
    assert label.tolist() == _label('top', 'footwear')
    np.testing.assert_array_equal(bbox[1], [80, 10, 95, 20])
    assert dataset.left_out == {'joined with the other shoe': 1}
    unlabelled = set(range(12)) - set(dataset.labelled)
    assert sorted(unlabelled) == sorted(_label('belt', 'scarf_tie'))


def test_a_photo_says_what_it_is_annotated_with(colorful):
    part = ColorfulFashionBboxDataset(colorful)
    world = SyntheticFashionDataset(3, size=(96, 64))
    dataset = ConcatenatedBboxDataset(
        world, RepeatRareDataset(part))
    assert len(dataset) == 3 + len(RepeatRareDataset(part))
    img, bbox, label, is_labelled = dataset[1]
    np.testing.assert_array_equal(img, world[1][0])
    assert is_labelled.shape == (13,) and is_labelled.all()
    *_, label, is_labelled = dataset[3]
    assert label.tolist() == part[0][2].tolist()
    assert np.flatnonzero(~is_labelled).tolist() == [
        i + 1 for i in _label('belt', 'scarf_tie')]
    assert dataset.parts.tolist()[:4] == [0, 0, 0, 1]
    np.testing.assert_array_equal(dataset[-len(dataset)][0], world[0][0])
    np.testing.assert_array_equal(dataset[-1][1], part[-1][1])
    np.testing.assert_array_equal(part[-2][1], part[0][1])


def test_other_categories_are_refused(colorful):
    own = GenericVOCBboxDataset(colorful, category_map=None)
    for part in own, RepeatRareDataset(own), leave_out_broken(own)[0]:
        with pytest.raises(ValueError, match='data set 1 is of dress, shirt, shoe'):
            ConcatenatedBboxDataset(ColorfulFashionBboxDataset(colorful), part)


def test_what_is_left_says_the_same(colorful):
    part = ColorfulFashionBboxDataset(colorful)
    (colorful / 'JPEGImages' / '0.jpg').write_bytes(b'')
    left = leave_out_broken(part)[0]
    assert (left.root, left.names, left.label_names) == (
        part.root, ['1.jpg'], part.label_names)
    np.testing.assert_array_equal(
        ConcatenatedBboxDataset(left)[0][3], ConcatenatedBboxDataset(part)[1][3])


@pytest.fixture
def shop(tmp_path):
    """Three products on white, and one that fills its photo with noise."""
    for name, colour in (('dress/0', 30), ('dress/1', 90), ('belt/2', 150)):
        img = np.full((100, 60, 3), 255, np.uint8)
        img[20:90, 10:40] = colour
        (tmp_path / 'shop' / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / 'shop' / f'{name}.png'), img)
    trees.write_image(tmp_path / 'shop' / 'dress' / '3.png', size=(100, 60))
    return tmp_path / 'shop'


def test_boxes_of_products(shop):
    dataset = ProductBboxDataset(ProductFolderDataset(shop))
    assert dataset.names == ['belt/2.png', 'dress/0.png', 'dress/1.png']
    assert dataset.n_left_out == 1
    img, bbox, label = dataset[1]
    assert img.shape == (3, 100, 60) and label.tolist() == _label('dress')
    np.testing.assert_allclose(bbox, [[20, 10, 90, 40]], atol=2)
    none = ProductFolderDataset(shop).choose(np.arange(4) == 3)
    with pytest.raises(ValueError, match='none of the 1 photos has a plain ground'):
        ProductBboxDataset(none)


def test_worn_products(shop, colorful):
    dataset = WornProductDataset(
        ProductFolderDataset(shop), [ColorfulFashionBboxDataset(colorful)])
    # no snap shows a belt
    assert dataset.item_ids.tolist() == ['dress/0', 'dress/1', 'dress/3']
    assert dataset.n_left_out == 1
    crop, product, category = dataset[0]
    assert [category] == _label('dress')
    assert product.shape == (3, 100, 60)
    # about as large as the dress that was there, and as dark as the product
    assert 30 < crop.shape[1] < 90 and 12 < crop.shape[2] <= 40
    assert np.median(crop) < 70 < 90 < np.median(product)
    np.testing.assert_array_equal(dataset[0][0], crop)
    chance = np.random.default_rng(0)
    shapes = {dataset.read_street(0, chance).shape for _ in range(8)}
    assert len(shapes) > 3
    # a photo without a plain ground is its own street side
    np.testing.assert_array_equal(dataset[2][0], dataset[2][1])
    with pytest.raises(ValueError, match='nothing to train on'):
        WornProductDataset(
            ProductFolderDataset(shop).choose(np.array([1, 0, 0, 0], bool)),
            [ColorfulFashionBboxDataset(colorful)])
    with pytest.raises(ValueError, match='snaps is empty'):
        WornProductDataset(ProductFolderDataset(shop), [])


def test_a_process_that_loads_can_be_given_them(shop, colorful, tmp_path):
    photos = ColorfulFashionBboxDataset(colorful)
    csv = trees.make_csv(tmp_path / 'pairs')
    for dataset in (
            ConcatenatedBboxDataset(
                RepeatRareDataset(photos), ProductBboxDataset(ProductFolderDataset(shop))),
            WornProductDataset(ProductFolderDataset(shop), [photos]),
            StreetShopPairDataset(CSVRetrievalDataset(csv, split='test')),
            SyntheticItemDataset(SyntheticFashionDataset(1))):
        sent = pickle.loads(pickle.dumps(dataset))
        for x, y in zip(sent[0], dataset[0], strict=True):
            np.testing.assert_array_equal(x, y)


def test_worn_products_that_lie_on_a_ground(shop, colorful):
    parts = ProductFolderDataset(shop), [ColorfulFashionBboxDataset(colorful)]
    ground = np.full((3, 20, 30), [[[200]], [[100]], [[50]]], np.float32)
    dataset = WornProductDataset(*parts, grounds=[ground], p_ground=1.)
    n_ground = 0
    for seed in range(12):
        photo = dataset.read_street(0, np.random.default_rng(seed))
        assert photo.shape[1] == 480
        # the ground by its colour, lit otherwise, at the margin; or cloth of a product
        corner = photo[:, 0, 0] / [200, 100, 50]
        is_ground = corner.std() < .2 * corner.mean()
        n_ground += is_ground
        # the item is in it; cloth may have its colour
        covered = abs(photo - photo[:, :1, :1]).max(axis=0) > 20
        assert not is_ground or .2 < covered.mean() < .98
    assert 2 < n_ground < 10
    # only in training: without chance it is worn
    worn = WornProductDataset(*parts)
    np.testing.assert_array_equal(dataset.read_street(0), worn.read_street(0))
    with pytest.raises(ValueError, match='no grounds'):
        WornProductDataset(*parts, p_ground=.5)
    with pytest.raises(ValueError, match='p_ground must be from 0 to 1'):
        WornProductDataset(*parts, p_ground=-.5)


def test_grounds(colorful):
    snaps = ColorfulFashionBboxDataset(colorful)
    found = read_grounds(snaps, 9)
    # the left corner of both photos, and the right one of the second: shoes
    # reach into all but the last
    photo = snaps[1][0]
    height, width = int(.22 * 120), int(.3 * 40)
    assert len(found) == 1
    np.testing.assert_array_equal(found[0], photo[:, 120 - height:, 40 - width:])
    assert read_grounds(snaps, 0) == []


class _Detector(chainer.Chain):
    """Finds the upper half (a dress), twice, and the lower half (a bag)."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.W = chainer.Parameter(np.zeros(1, np.float32))
        self.n = 0

    def predict(self, imgs):
        self.n += len(imgs)
        bbox = [np.float32([
            [0, 0, h / 2 - 1, w], [0, 0, h / 2, w], [h / 2, 0, h, w]])
            for _, h, w in (img.shape for img in imgs)]
        n = len(imgs)
        return bbox, [np.array(_label('dress', 'dress', 'bag'))] * n, [
            np.float32([.6, .8, .9])] * n


def test_detected_boxes_of_queries(tmp_path, monkeypatch):
    monkeypatch.setenv('CHAINER_DATASET_ROOT', str(tmp_path / 'cache'))
    monkeypatch.setattr(
        chainer.dataset.download, '_dataset_root', str(tmp_path / 'cache'))
    for name in ('street/0.jpg', 'street/1.jpg', 'street/2.jpg', 'shop/0.jpg'):
        trees.write_image(tmp_path / name)
    path = trees.write_csv(tmp_path, '\n'.join([
        'label,path,split,is_query,is_gallery,category,x_1,x_2,y_1,y_2',
        '1,street/0.jpg,train,True,False,dress,,,,',
        '2,street/1.jpg,train,True,False,pants,,,,',
        '3,street/2.jpg,train,True,False,dress,1,9,1,9',
        '1,shop/0.jpg,train,False,True,dress,,,,', '']))
    detector = _Detector()
    for _ in range(2):  # from the cache, the second time
        dataset = CSVRetrievalDataset(path)
        without = find_boxes(dataset, detector)
        assert without.tolist() == [False, True, False, False]
        np.testing.assert_array_equal(dataset.bboxes[0], [0, 0, 20, 30])
        np.testing.assert_array_equal(dataset.bboxes[2], [1, 1, 9, 9])
        assert np.isnan(dataset.bboxes[[1, 3]]).all()
        assert detector.n == 1  # the same photo is under two names
    detector.W.array += 1
    find_boxes(CSVRetrievalDataset(path), detector)
    assert detector.n == 2
    for kept in (tmp_path / 'cache').rglob('*.json'):
        kept.write_bytes(b'{"half": [')
    find_boxes(CSVRetrievalDataset(path), detector)
    find_boxes(CSVRetrievalDataset(path), detector)
    assert detector.n == 3  # made anew once
    detector.engine = types.SimpleNamespace(precision='bf16')
    find_boxes(CSVRetrievalDataset(path), detector)
    assert detector.n == 4
    detector.coder = types.SimpleNamespace(vote_thresh=.6)  # where boxes are is another then
    find_boxes(CSVRetrievalDataset(path), detector)
    assert detector.n == 5
    detector.label_names = ('obi', 'geta')
    with pytest.raises(ValueError, match='the detector finds obi, geta'):
        find_boxes(CSVRetrievalDataset(path), detector)


def test_detected_boxes_are_kept_when_a_photo_is_broken(tmp_path, monkeypatch):
    monkeypatch.setattr(
        chainer.dataset.download, '_dataset_root', str(tmp_path / 'cache'))
    rows = ['label,path,split,is_query,is_gallery']
    for i in range(9):  # one more than a batch
        trees.write_image(tmp_path / f'{i}.png', seed=i)
        rows.append(f'{i},{i}.png,train,True,False')
    dataset = CSVRetrievalDataset(trees.write_csv(tmp_path, '\n'.join(rows)))
    trees.write_text(tmp_path / '8.png', 'gone')
    detector = _Detector()
    for _ in range(2):
        with pytest.raises(OSError, match='8.png'):
            find_boxes(dataset, detector)
        assert detector.n == 8


def test_no_split_is_for_two_purposes():
    for name, (_, splits) in {**BBOX_DATASETS, **RETRIEVAL_DATASETS}.items():
        named = [split for split in splits.values() if split is not None]
        assert len(set(named)) == len(named), name
        assert set(splits) <= {'train', 'val', 'test'}
        assert len(find_all_splits(name)) >= 1
    assert find_split('deepfashion2', 'test') == 'validation'
    with pytest.raises(ValueError, match="in-shop has no split for 'val'"):
        find_split('in-shop', 'val')


def test_products_of_one_design_are_of_one_split(tmp_path):
    rows = [f'{i}.png,{i},{i // 3}' for i in range(90)]
    trees.write_text(tmp_path / 'shop.csv', '\n'.join(['path,id,design', *rows]))
    for i in range(90):
        trees.write_image(tmp_path / f'{i}.png', size=(4, 4))
    train, val = (set(ProductFolderDataset(
        tmp_path, tmp_path / 'shop.csv', split=split).item_ids.tolist())
        for split in ('train', 'val'))
    assert len(train) + len(val) == 90 and not train & val
    designs = [{int(i) // 3 for i in ids} for ids in (train, val)]
    assert not designs[0] & designs[1] and 0 < len(designs[1]) < 10
    trees.write_image(tmp_path / 'two' / 'a.png')
    with pytest.raises(ValueError, match="two has too few products for a split 'val'"):
        ProductFolderDataset(tmp_path / 'two', split='val')
