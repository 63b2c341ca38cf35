"""The files of the data sets: one of them is of the given bytes, the others are whole."""
import functools
import json
import tempfile
from pathlib import Path

from tests.datasets_tests import trees
from tests.datasets_tests.test_ccp_bbox_dataset import make_ccp
from tests.fuzz.target import Target, write
from vasily_fashion.datasets import (
    CCPBboxDataset,
    CCPItemDataset,
    ConsumerToShopDataset,
    CSVRetrievalDataset,
    DeepFashion2BboxDataset,
    DeepFashion2RetrievalDataset,
    FashionpediaBboxDataset,
    GenericCOCOBboxDataset,
    GenericVOCBboxDataset,
    InShopDataset,
    ModaNetBboxDataset,
    ProductFolderDataset,
    Street2ShopDataset,
)

from PIL import Image


def _visit(dataset):
    for i in range(min(len(dataset), 3)):
        dataset[i]


def _of_tree(make, name, reader, **kwargs):
    """The target of a file of a tree that `make` makes.

    With several names the bytes are those of all, with a line between them.
    """
    names = [name] if isinstance(name, str) else name

    def read(data, folder):
        root = folder / 'root'
        if not root.exists():
            make(root)
        parts = data.split(_BETWEEN, len(names) - 1)
        for part_of, part in zip(names, parts, strict=False):
            write(part, root, part_of)
        for part_of in names[len(parts):]:
            write(b'', root, part_of)
        _visit(reader(root, missing='skip', **kwargs))

    def seeds():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, 'root')
            make(root)
            return [_BETWEEN.join((root / name).read_bytes() for name in names)]

    return Target(read, seeds)


_BETWEEN = b'\n----\n'


def _make_modanet(root):
    trees.make_coco(root)
    (root / 'photos').rename(root / 'images')
    (root / 'annotations').mkdir()
    (root / 'annotations.json').rename(
        root / 'annotations' / 'modanet2018_instances_train.json')


def _make_fashionpedia(root):
    trees.make_coco(root, categories=[
        {'id': 13, 'name': 'shirt, blouse'}, {'id': 3, 'name': 'shoe'},
        {'id': 40, 'name': 'sleeve'}])
    (root / 'photos').rename(root / 'train')
    (root / 'annotations.json').rename(root / 'instances_attributes_train2020.json')


def _shop(folder):
    """An image that annotations may name."""
    (folder / 'photos').mkdir(exist_ok=True)
    Image.new('RGB', (9, 9)).save(folder / 'photos' / 'a.png')
    return folder / 'photos'


def _coco(data, folder):
    _visit(GenericCOCOBboxDataset(
        write(data, folder, 'a.json'), _shop(folder), missing='skip'))


def _cocos(*kinds):
    return [json.dumps({
        'images': [{'id': 1, 'file_name': 'a.png', 'height': 9, 'width': 9}],
        'categories': [{'id': 7, 'name': 'top'}],
        'annotations': [{'id': 1, 'image_id': 1, 'category_id': 7, 'iscrowd': 0, **kind}],
    }).encode() for kind in kinds]


_BOX = {'bbox': [1, 1, 4, 4], 'segmentation': [[1, 1, 5, 1, 5, 5]]}
_MASKS = ({'segmentation': [[1, 1, 5, 1, 5, 5], [6, 6, 8, 6, 8, 8, 6, 8]]},
          {'segmentation': {'size': [9, 9], 'counts': [10, 3, 6, 3, 59]}},
          {'segmentation': {'size': [9, 9], 'counts': ':360e1'}})


def _csv(data, folder):
    _visit(CSVRetrievalDataset(
        write(data, folder, 'a.csv'), root=_shop(folder), missing='skip'))


def _csvs():
    return [b'path,label,split,is_query,is_gallery,category,x_1,x_2,y_1,y_2\n'
            b'a.png,1,train,True,False,top,0,5,0,5\na.png,1,train,False,True,top,,,,\n']


def _product_csv(data, folder):
    _visit(ProductFolderDataset(
        _shop(folder), write(data, folder, 'a.csv'), missing='skip'))


def _product_csvs():
    return ['path,id,category,price,url\na.png,é,top,"1,000",https://x.example\n'.encode()]


def _voc(data, folder):
    for name in 'Annotations', 'JPEGImages':
        (folder / name).mkdir(exist_ok=True)
    Image.new('RGB', (9, 9)).save(folder / 'JPEGImages' / 'a.jpg')
    write(data, folder / 'Annotations', 'a.xml')
    _visit(GenericVOCBboxDataset(folder, missing='skip'))


def _vocs():
    return [b'<annotation><filename>a.jpg</filename><size><width>9</width><height>9</height>'
            b'<depth>3</depth></size><object><name>top</name><difficult>0</difficult><bndbox>'
            b'<xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object>'
            b'</annotation>']


_DEEPFASHION2 = trees.make_deepfashion2, 'train/annos/000001.json'
_TABLES = 'Eval/list_eval_partition.txt', 'Anno/list_bbox_'
_JSON = 'meta/json'

DATASET_TARGETS = {
    'coco': Target(_coco, functools.partial(_cocos, _BOX)),
    'coco_masks': Target(_coco, functools.partial(_cocos, *_MASKS), needs=('pycocotools',)),
    'csv': Target(_csv, _csvs),
    'product_csv': Target(_product_csv, _product_csvs),
    'voc': Target(_voc, _vocs),
    'deepfashion2': _of_tree(*_DEEPFASHION2, DeepFashion2BboxDataset),
    'deepfashion2_pairs': _of_tree(*_DEEPFASHION2, DeepFashion2RetrievalDataset),
    'street2shop': _of_tree(
        trees.make_street2shop, f'{_JSON}/train_pairs_bags.json', Street2ShopDataset),
    'street2shop_shops': _of_tree(
        trees.make_street2shop, f'{_JSON}/retrieval_bags.json', Street2ShopDataset),
    'street2shop_photos': _of_tree(
        trees.make_street2shop, 'photos/photos.txt', Street2ShopDataset),
    'consumer_to_shop': _of_tree(
        trees.make_consumer_to_shop,
        (_TABLES[0], f'{_TABLES[1]}consumer2shop.txt'), ConsumerToShopDataset),
    'in_shop': _of_tree(
        trees.make_in_shop, (_TABLES[0], f'{_TABLES[1]}inshop.txt'), InShopDataset),
    'modanet': _of_tree(
        _make_modanet, 'annotations/modanet2018_instances_train.json', ModaNetBboxDataset),
    'fashionpedia': _of_tree(
        _make_fashionpedia, 'instances_attributes_train2020.json', FashionpediaBboxDataset),
    'ccp': _of_tree(make_ccp, 'annotations/pixel-level/0001.mat', CCPBboxDataset),
    'ccp_items': _of_tree(make_ccp, 'annotations/pixel-level/0001.mat', CCPItemDataset),
    'ccp_labels': _of_tree(make_ccp, 'label_list.mat', CCPBboxDataset),
}
