import json

from tests.datasets_tests import trees
from vasily_fashion.categories import (
    CONSUMER_TO_SHOP_TO_FASHION,
    DEEPFASHION2_TO_FASHION,
    FASHION_CATEGORIES,
    FASHIONPEDIA_TO_FASHION,
    IN_SHOP_TO_FASHION,
    MODANET_TO_FASHION,
    STREET2SHOP_TO_FASHION,
)
from vasily_fashion.datasets import (
    CCPBboxDataset,
    DeepFashion2BboxDataset,
    FashionpediaBboxDataset,
    GenericCOCOBboxDataset,
    GenericVOCBboxDataset,
    ModaNetBboxDataset,
    leave_out_broken,
    write_coco,
)

import numpy as np
import pytest
from chainercv.utils import assert_is_bbox_dataset


@pytest.mark.parametrize('to_fashion', [
    CONSUMER_TO_SHOP_TO_FASHION, DEEPFASHION2_TO_FASHION,
    FASHIONPEDIA_TO_FASHION, IN_SHOP_TO_FASHION, MODANET_TO_FASHION,
    STREET2SHOP_TO_FASHION])
def test_maps_lead_to_fashion_categories(to_fashion):
    assert set(to_fashion.values()) <= set(FASHION_CATEGORIES)


def _named(dataset):
    """{photo: [(category, box)]}"""
    return {
        name: [(dataset.label_names[k], tuple(b)) for k, b in zip(
            label, bbox.tolist(), strict=True)]
        for name, (bbox, label) in zip(
            dataset.names, dataset.slice[:, ('bbox', 'label')], strict=True)}


# DeepFashion2

@pytest.fixture
def deepfashion2(tmp_path):
    return trees.make_deepfashion2(tmp_path)


def test_deepfashion2(deepfashion2):
    dataset = DeepFashion2BboxDataset(deepfashion2)
    assert_is_bbox_dataset(dataset, 12)
    assert _named(dataset) == {
        'train/image/000001.jpg': [
            ('top', (4, 2, 24, 12)), ('pants', (20, 3, 39, 20))],
        'train/image/000002.jpg': [
            ('top', (0, 0, 40, 30)), ('top', (0, 0, 10, 10))],
        'train/image/000003.jpg': [('dress', (5, 5, 35, 25))]}
    own = DeepFashion2BboxDataset(deepfashion2, own_categories=True)
    # spelt in two ways, and one id
    assert [[name for name, _ in x] for x in _named(own).values()] == [
        ['short sleeve top', 'trousers'], ['short sleeve top'] * 2,
        ['long sleeve dress']]


def test_deepfashion2_items_are_in_order_of_their_number(deepfashion2):
    path = deepfashion2 / 'train' / 'annos' / '000003.json'
    anno = json.loads(path.read_text())
    for number in 10, 2:
        anno[f'item{number}'] = {
            **anno['item1'], 'bounding_box': [0, 0, number, 20]}
    path.write_text(json.dumps(anno))
    _, bbox, _ = DeepFashion2BboxDataset(deepfashion2)[2]
    assert bbox[:, 3].tolist() == [25, 2, 10]


@pytest.mark.parametrize('change, message', [
    ({'source': 'street'}, 'source'), ({'pair_id': None}, '000001.json'),
    ({'item1': {'category_id': 14}}, 'KeyError'),
    ({'item2': 5}, 'not an annotation of DeepFashion2')])
def test_deepfashion2_damaged_annotation(deepfashion2, change, message):
    path = deepfashion2 / 'train' / 'annos' / '000001.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    dataset = DeepFashion2BboxDataset(deepfashion2)
    with pytest.raises(ValueError, match=message):
        dataset[0]
    path.write_text('{"source": "user", "pair')
    with pytest.raises(ValueError, match='000001.json is not a whole JSON file'):
        dataset[0]


def test_deepfashion2_wrong_root(deepfashion2):
    with pytest.raises(FileNotFoundError, match='root must be the folder'):
        DeepFashion2BboxDataset(deepfashion2 / 'train')
    with pytest.raises(ValueError, match="'train' or 'validation'"):
        DeepFashion2BboxDataset(deepfashion2, 'val')


# missing and broken photos, for all

@pytest.mark.parametrize('open_it, make, lost, n', [
    (DeepFashion2BboxDataset, trees.make_deepfashion2,
     'train/image/000002.jpg', 3),
    (lambda root, **kwargs: GenericCOCOBboxDataset(
        root / 'annotations.json', root / 'photos', **kwargs),
     trees.make_coco, 'photos/sub/å.png', 3),
    (GenericVOCBboxDataset, trees.make_voc, 'JPEGImages/empty.jpg', 2),
    (CCPBboxDataset, None, 'photos/0001.jpg', 3)])
def test_missing_and_broken_photos(open_it, make, lost, n, tmp_path):
    if make is None:
        from tests.datasets_tests.test_ccp_bbox_dataset import make_ccp as make
    root = make(tmp_path / 'root')
    assert len(open_it(root)) == n
    (root / lost).write_bytes((root / lost).read_bytes()[:200])
    dataset = open_it(root)
    i = [str(dataset.root / name) for name in dataset.names].index(
        str(root / lost))
    with pytest.raises(OSError, match=lost.rpartition('/')[2]):
        dataset[i]
    readable, broken = leave_out_broken(dataset)
    assert len(readable) == n - 1 and len(broken) == 1
    assert [x.shape[0] for x in readable.slice[:, 'img']] == [3] * (n - 1)
    (root / lost).unlink()
    with pytest.raises(
            FileNotFoundError, match=f"1 of the {n} images .*missing='skip'"):
        open_it(root)
    dataset = open_it(root, missing='skip')
    assert len(dataset) == n - 1 == len(dataset[:]) and dataset.n_missing == 1
    with pytest.raises(ValueError, match="'raise' or 'skip'"):
        open_it(root, missing='black')


def test_not_one_photo_is_there(tmp_path):
    root = trees.make_coco(tmp_path)
    (root / 'other').mkdir()
    with pytest.raises(FileNotFoundError, match='3 of the 3 .*belong together'):
        GenericCOCOBboxDataset(
            root / 'annotations.json', root / 'other', missing='skip')


# COCO

def test_coco(tmp_path):
    root = trees.make_coco(tmp_path)
    dataset = GenericCOCOBboxDataset(root / 'annotations.json', root / 'photos')
    assert_is_bbox_dataset(dataset, 12)
    assert _named(dataset) == {
        'b.jpg': [('scarf_tie', (2, 1, 6, 3))],
        'sub/å.png': [('footwear', (4, 2, 24, 12))], 'empty.jpg': []}
    assert dataset.left_out == {'crowd': 1, 'empty': 1}
    assert dataset.unknown_categories == {'sleeve': 1}
    assert dataset.label_names == FASHION_CATEGORIES
    own = GenericCOCOBboxDataset(
        root / 'annotations.json', root / 'photos', category_map=None,
        use_crowded=True)
    assert own.label_names == ('boots', 'scarf/tie', 'sleeve')
    assert _named(own) == {
        'b.jpg': [('scarf/tie', (0, 0, 5, 5)), ('scarf/tie', (2, 1, 6, 3))],
        'sub/å.png': [
            ('boots', (4, 2, 24, 12)), ('sleeve', (1, 1, 6, 6))],
        'empty.jpg': []}


def test_coco_category_map(tmp_path):
    root = trees.make_coco(tmp_path)
    dataset = GenericCOCOBboxDataset(
        root / 'annotations.json', root / 'photos', {'sleeve': 'top'})
    assert _named(dataset)['sub/å.png'] == [('top', (1, 1, 6, 6))]
    for category_map, message in (
            ({'sleeve': 'shirt'}, "leads to 'shirt'"),
            ({'robe': 'dress'}, "it has 'boots', 'scarf/tie', 'sleeve'")):
        with pytest.raises(ValueError, match=message):
            GenericCOCOBboxDataset(
                root / 'annotations.json', root / 'photos', category_map)


def _annotation(**kwargs):
    return {**trees.coco()['annotations'][0], **kwargs}


@pytest.mark.parametrize('kwargs, message', [
    ({'images': None}, 'no list of images'),
    ({'categories': {}}, 'no list of categories'),
    ({'annotations': []}, 'has no annotation'),
    ({'annotations': [_annotation(category_id=99)]}, 'category_id 99'),
    ({'annotations': [_annotation(image_id=6)]}, 'image_id 6'),
    ({'annotations': [{'id': 3}]}, "an entry lacks 'category_id'"),
    ({'images': [{'id': 5, 'file_name': 'b.jpg'}] * 2}, 'two images of one id'),
    *(({'images': [{'id': 5, 'file_name': name}],
        'annotations': [_annotation()]}, 'not a file in the folder')
      for name in ('../b.jpg', '/etc/passwd', 'a/../../b.jpg', 'C:\\b.jpg',
                   '..\\b.jpg', '')),
])
def test_coco_bad_input(tmp_path, kwargs, message):
    root = trees.make_coco(tmp_path, **kwargs)
    with pytest.raises(ValueError, match=message) as caught:
        GenericCOCOBboxDataset(root / 'annotations.json', root / 'photos')
    assert 'annotations.json' in str(caught.value)


@pytest.mark.parametrize('text, message', [
    ('{"images": [', 'not a whole JSON'), ('[]', 'holds a list'),
    (b'{"a": "\xff"}', 'UTF-8')])
def test_coco_damaged_file(tmp_path, text, message):
    root = trees.make_coco(tmp_path)
    (root / 'annotations.json').write_bytes(
        text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        GenericCOCOBboxDataset(root / 'annotations.json', root / 'photos')


def test_a_name_with_dots_is_fine(tmp_path):
    root = trees.make_coco(
        tmp_path, images=[{'id': 5, 'file_name': 'a..b.jpg'}],
        annotations=[_annotation()])
    trees.write_image(root / 'photos' / 'a..b.jpg')
    dataset = GenericCOCOBboxDataset(root / 'annotations.json', root / 'photos')
    assert dataset[0][0].shape == (3, 40, 30)


def test_coco_loop_of_links(tmp_path):
    root = trees.make_coco(tmp_path)
    (root / 'photos' / 'b.jpg').unlink()
    (root / 'photos' / 'b.jpg').symlink_to('b.jpg')
    dataset = GenericCOCOBboxDataset(root / 'annotations.json', root / 'photos')
    with pytest.raises(OSError, match='b.jpg'):
        dataset[0]
    assert list(leave_out_broken(dataset)[1]) == ['b.jpg']


def test_coco_there_and_back(tmp_path):
    root = trees.make_coco(tmp_path)
    for category_map in ('common', None):
        dataset = GenericCOCOBboxDataset(
            root / 'annotations.json', root / 'photos', category_map)
        write_coco(dataset, root / 'again.json')
        again = GenericCOCOBboxDataset(
            root / 'again.json', root / 'photos', category_map=None)
        assert again.label_names == dataset.label_names
        assert _named(again) == _named(dataset)
    image = json.loads((root / 'again.json').read_text())['images'][0]
    assert (image['width'], image['height']) == (30, 40)


@pytest.mark.parametrize('make, reader', [
    (trees.make_deepfashion2, DeepFashion2BboxDataset),
    (trees.make_voc, GenericVOCBboxDataset)])
def test_others_to_coco(tmp_path, make, reader):
    dataset = reader(make(tmp_path))
    write_coco(dataset, tmp_path / 'out.json')
    again = GenericCOCOBboxDataset(tmp_path / 'out.json', dataset.root)
    assert _named(again) == _named(dataset)


def test_modanet(tmp_path):
    value = trees.coco()
    value['categories'] = [
        {'id': i + 1, 'name': name} for i, name in enumerate((
            'bag', 'belt', 'boots', 'footwear', 'outer', 'dress',
            'sunglasses', 'pants', 'top', 'shorts', 'skirt', 'headwear',
            'scarf/tie'))]
    value['annotations'] = value['annotations'][:2]
    trees.make_coco(tmp_path)
    (tmp_path / 'photos').rename(tmp_path / 'images')
    trees.write_json(
        tmp_path / 'annotations' / 'modanet2018_instances_train.json', value)
    dataset = ModaNetBboxDataset(tmp_path)
    assert _named(dataset)['sub/å.png'] == [('footwear', (4, 2, 24, 12))]
    own = ModaNetBboxDataset(tmp_path, own_categories=True)
    assert len(own.label_names) == 13
    assert _named(own)['sub/å.png'] == [('boots', (4, 2, 24, 12))]
    # the file published for val lists photos alone
    trees.write_json(
        tmp_path / 'annotations' / 'modanet2018_instances_val.json',
        {**value, 'annotations': []})
    with pytest.raises(ValueError, match='instances_val.json has no annotation'):
        ModaNetBboxDataset(tmp_path, 'val')


@pytest.mark.parametrize('split, folder', [('train', 'train'), ('val', 'test')])
def test_fashionpedia(tmp_path, split, folder):
    value = trees.coco()
    value['categories'] = [
        {'id': 0, 'name': 'shirt, blouse', 'supercategory': 'upperbody',
         'level': 2, 'taxonomy_id': 'obj0'},
        {'id': 31, 'name': 'sleeve', 'supercategory': 'garment parts'}]
    value['annotations'] = [
        _annotation(category_id=0, attribute_ids=[1, 2]),
        _annotation(id=9, category_id=31)]
    trees.write_json(
        tmp_path / f'instances_attributes_{split}2020.json', value)
    trees.make_coco(tmp_path / 'x')
    (tmp_path / 'x' / 'photos').rename(tmp_path / folder)
    dataset = FashionpediaBboxDataset(tmp_path, split)
    # ids start at 0, and a part is not an item
    assert _named(dataset)['sub/å.png'] == [('top', (4, 2, 24, 12))]
    own = FashionpediaBboxDataset(tmp_path, split, own_categories=True)
    assert own.label_names == ('shirt, blouse', 'sleeve')


# VOC

def test_voc(tmp_path):
    root = trees.make_voc(tmp_path)
    dataset = GenericVOCBboxDataset(root)
    assert_is_bbox_dataset(dataset, 12)
    # 1..40 of 40 rows is all of them
    assert _named(dataset) == {
        'empty.jpg': [],
        '写真.png': [('dress', (0, 0, 40, 30)),
                   ('headwear', (2.5, 1.5, 8, 9.25))]}
    own = GenericVOCBboxDataset(
        root, 'train', category_map=None, use_difficult=True)
    assert own.label_names == ('bag', 'dress', 'hat', 'tattoo')
    assert own.names == ['写真.png'] and len(own[0][1]) == 4


@pytest.mark.parametrize('text', [
    '<annotation><object>', '<annotation><object><name>bag</name></object>'
    '</annotation>', '<annotation><object><name>bag</name><bndbox><xmin>a'
    '</xmin></bndbox></object></annotation>'])
def test_voc_damaged_annotation(tmp_path, text):
    root = trees.make_voc(tmp_path)
    (root / 'Annotations' / 'empty.xml').write_text(text)
    with pytest.raises(ValueError, match='empty.xml is not an annotation'):
        GenericVOCBboxDataset(root)


def test_voc_wrong_root(tmp_path):
    root = trees.make_voc(tmp_path)
    with pytest.raises(FileNotFoundError, match='root must be the folder'):
        GenericVOCBboxDataset(root / 'Annotations')
    with pytest.raises(FileNotFoundError, match='val.txt'):
        GenericVOCBboxDataset(root, 'val')
    trees.write_text(root / 'ImageSets' / 'Main' / 'up.txt', '../../secret\n')
    with pytest.raises(FileNotFoundError, match='up.txt names .*secret'):
        GenericVOCBboxDataset(root, 'up')


def test_boxes_belong_to_the_caller(tmp_path):
    dataset = GenericVOCBboxDataset(trees.make_voc(tmp_path))
    dataset[1][1][:] = -1
    np.testing.assert_array_equal(dataset[1][1][0], [0, 0, 40, 30])


def test_a_name_of_many_folders(tmp_path):
    trees.write_json(tmp_path / 'c.json', {
        'images': [{'id': 1, 'file_name': 'a/' * 2000 + 'b.jpg', 'height': 40, 'width': 30}],
        'categories': [{'id': 1, 'name': 'dress'}],
        'annotations': [
            {'id': 1, 'image_id': 1, 'category_id': 1, 'bbox': [1, 1, 9, 9]}]})
    with pytest.raises(FileNotFoundError, match='a/a/a/'):
        GenericCOCOBboxDataset(tmp_path / 'c.json', tmp_path)


@pytest.mark.parametrize('named, there', [
    ('\u30ac/\u30ac.jpg', '\u30ab\u3099/\u30ab\u3099.jpg'), ('sub\\a.jpg', 'sub/a.jpg')])
def test_names_of_other_systems(tmp_path, named, there):
    """Of an archive that a Mac made, and of an annotation of Windows."""
    trees.write_image(tmp_path / there)
    trees.write_json(tmp_path / 'c.json', {
        'images': [{'id': 1, 'file_name': named, 'height': 40, 'width': 30}],
        'categories': [{'id': 1, 'name': 'dress'}],
        'annotations': [
            {'id': 1, 'image_id': 1, 'category_id': 1, 'bbox': [1, 1, 9, 9]}]})
    dataset = GenericCOCOBboxDataset(tmp_path / 'c.json', tmp_path)
    assert dataset[0][0].shape == (3, 40, 30) and list(dataset.sizes) == dataset.names


def test_hidden_files_are_no_annotations(deepfashion2):
    trees.write_text(deepfashion2 / 'train' / 'annos' / '._000001.json', 'of a Mac')
    assert len(DeepFashion2BboxDataset(deepfashion2)) == 3
