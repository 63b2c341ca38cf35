"""Small data sets in the exact layouts of the published ones."""
import json

import cv2
import numpy as np


def write_image(path, size=(40, 30), seed=0):
    """A picture of noise; (height, width)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    img = np.random.default_rng(seed).integers(
        0, 256, (*size, 3), dtype=np.uint8)
    suffix = path.suffix or '.jpg'
    path.write_bytes(cv2.imencode(suffix, img)[1].tobytes())


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def write_text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def _deepfashion2_item(category_id, name, style, bbox):
    return {
        'segmentation': [[1, 2, 3, 4, 5, 6]], 'scale': 2, 'viewpoint': 2,
        'zoom_in': 1, 'landmarks': [1, 2, 2] * 25, 'style': style,
        'bounding_box': bbox, 'category_id': category_id, 'occlusion': 1,
        'category_name': name}


def make_deepfashion2(root):
    """Photos 1 and 2 show pair 7; 3 is a shop's whose style is 0."""
    annos = {
        '000001': {'source': 'user', 'pair_id': 7,
                   'item1': _deepfashion2_item(
                       1, 'short sleeve top', 1, [2, 4, 12, 24]),
                   # numbers have gaps, and this one has no pair
                   'item3': _deepfashion2_item(
                       8, 'trousers', 0, [3, 20, 20, 39])},
        '000002': {'source': 'shop', 'pair_id': 7,
                   'item1': _deepfashion2_item(
                       1, 'short_sleeved_shirt', 1, [0, 0, 30, 40]),
                   'item2': _deepfashion2_item(
                       1, 'short sleeve top', 2, [0, 0, 10, 10])},
        '000003': {'source': 'shop', 'pair_id': 8,
                   'item1': _deepfashion2_item(
                       11, 'long sleeve dress', 0, [5, 5, 25, 35])},
    }
    for seed, (stem, anno) in enumerate(annos.items()):
        write_json(root / 'train' / 'annos' / f'{stem}.json', anno)
        write_image(root / 'train' / 'image' / f'{stem}.jpg', seed=seed)
    return root


def coco(**kwargs):
    """Sparse ids, a crowd, an RLE, an empty box, a photo without a box."""
    value = {
        'info': {}, 'year': 2018, 'type': 'instances',
        'images': [
            {'id': 900, 'file_name': 'b.jpg', 'width': 30, 'height': 40,
             'license': 3},
            {'id': 5, 'file_name': 'sub/å.png', 'width': 30, 'height': 40},
            {'id': 77, 'file_name': 'empty.jpg', 'width': 30, 'height': 40}],
        'categories': [
            {'id': 13, 'name': 'scarf/tie', 'supercategory': 'fashion'},
            {'id': 3, 'name': 'boots', 'supercategory': 'fashion'},
            {'id': 40, 'name': 'sleeve', 'supercategory': 'parts'}],
        'annotations': [
            {'id': 1, 'image_id': 5, 'category_id': 3, 'iscrowd': 0,
             'bbox': [2, 4, 10, 20], 'area': 200, 'segmentation': []},
            {'id': 2, 'image_id': 900, 'category_id': 13, 'iscrowd': 1,
             'bbox': [0, 0, 5, 5], 'area': 25},
            {'id': 3, 'image_id': 5, 'category_id': 13, 'iscrowd': 0,
             'bbox': [1, 1, 0, 5], 'area': 0},
            {'id': 4, 'image_id': 5, 'category_id': 40, 'iscrowd': 0,
             'bbox': [1, 1, 5, 5], 'area': 25},
            # no box: an RLE of 30 x 40, column by column; rows 2 to 5 of
            # columns 1 and 2
            {'id': 5, 'image_id': 900, 'category_id': 13, 'iscrowd': 0,
             'area': 8, 'segmentation': {
                 'size': [40, 30], 'counts': [42, 4, 36, 4, 1114]}},
        ]}
    value.update(kwargs)
    return value


def make_coco(root, **kwargs):
    write_json(root / 'annotations.json', coco(**kwargs))
    for seed, name in enumerate(('b.jpg', 'sub/å.png', 'empty.jpg')):
        write_image(root / 'photos' / name, seed=seed)
    return root


_VOC = '''<?xml version="1.0"?>
<annotation><folder>x</folder><filename>elsewhere.jpg</filename>{}</annotation>
'''
_OBJECT = '''<object><name>{}</name>{}<bndbox>
<xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax>
</bndbox></object>
'''


def make_voc(root):
    write_text(root / 'Annotations' / '写真.xml', _VOC.format(
        _OBJECT.format('dress', '', 1, 1, 30, 40)
        + _OBJECT.format('bag', '<difficult>1</difficult>', 2, 2, 5, 5)
        + _OBJECT.format('hat', '<difficult>0</difficult>', 2.5, 3.5, 9.25, 8)
        + _OBJECT.format('tattoo', '', 2, 2, 5, 5)).replace('\n', '\r\n'))
    write_text(root / 'Annotations' / 'empty.xml', _VOC.format(''))
    write_image(root / 'JPEGImages' / '写真.png')
    write_image(root / 'JPEGImages' / 'empty.jpg')
    write_text(root / 'ImageSets' / 'Main' / 'train.txt', '写真\r\n')
    return root


_C2S = 'img/TOPS/Blouse/id_00000001/'
_C2S_WEAR = 'img/CLOTHING/Summer_Wear/id_00000002/'


def make_consumer_to_shop(root, end='\n'):
    """Item 1 has two consumers' and two shop images, item 2 is val."""
    boxes = [
        (f'{_C2S}comsumer_01.jpg', 1, 2, 2, 4, 20, 36),
        (f'{_C2S}comsumer_02.jpg', 1, 2, 1, 1, 29, 39),
        (f'{_C2S}shop_01.jpg', 1, 1, 0, 0, 30, 40),
        (f'{_C2S}shop_02.jpg', 1, 1, 0, 0, 30, 40),
        (f'{_C2S_WEAR}comsumer_01.jpg', 1, 2, 3, 3, 9, 9),
        (f'{_C2S_WEAR}shop_01.jpg', 1, 1, 0, 0, 30, 40)]
    pairs = [(boxes[i][0], boxes[j][0], item, status) for i, j, item, status in (
        (0, 2, 'id_00000001', 'train'), (0, 3, 'id_00000001', 'train'),
        (1, 2, 'id_00000001', 'train'), (4, 5, 'id_00000002', 'val'))]
    # columns are separated by runs of spaces
    write_text(root / 'Anno' / 'list_bbox_consumer2shop.txt', end.join([
        f'{len(boxes)}',
        'image_name  clothes_type  source_type  x_1  y_1  x_2  y_2',
        *('   '.join(map(str, row)) for row in boxes), '']))
    write_text(root / 'Eval' / 'list_eval_partition.txt', end.join([
        f'{len(pairs)}',
        'image_pair_name_1 image_pair_name_2 item_id evaluation_status',
        *('     '.join(row) for row in pairs), '']))
    for seed, (name, *_) in enumerate(boxes):
        write_image(root / 'Img' / name, seed=seed)
    return root


def make_in_shop(root):
    images = [
        ('img/WOMEN/Dresses/id_00000002/02_1_front.jpg', 'id_00000002', 'train'),
        ('img/WOMEN/Dresses/id_00000002/02_2_side.jpg', 'id_00000002', 'train'),
        ('img/MEN/Denim/id_00000080/01_1_front.jpg', 'id_00000080', 'query'),
        ('img/MEN/Denim/id_00000080/01_2_side.jpg', 'id_00000080', 'gallery')]
    write_text(root / 'Eval' / 'list_eval_partition.txt', '\n'.join([
        f'{len(images)}', 'image_name item_id evaluation_status',
        *(f'{name:70}{item}   {status}' for name, item, status in images)]))
    write_text(root / 'Anno' / 'list_bbox_inshop.txt', '\n'.join([
        f'{len(images)}', 'image_name clothes_type pose_type x_1 y_1 x_2 y_2',
        *(f'{name:70} 3  1  002 004 020 036' for name, _, _ in images)]))
    for seed, (name, _, _) in enumerate(images):
        write_image(root / 'Img' / name, seed=seed)
    return root


def make_street2shop(root):
    """Two categories that share a product number; photo 4 is gone."""
    box = {'width': 10, 'top': 4, 'height': 20, 'left': 2}
    folder = root / 'meta' / 'json'
    write_json(folder / 'train_pairs_bags.json', [
        {'photo': 1, 'product': 10, 'bbox': box},
        {'photo': 1, 'product': 11, 'bbox': box}])
    write_json(folder / 'test_pairs_bags.json', [
        {'photo': 2, 'product': 12, 'bbox': box}])
    write_json(folder / 'test_pairs_dresses.json', [
        {'photo': 2, 'product': 10, 'bbox': {**box, 'left': 15}}])
    write_json(folder / 'retrieval_bags.json', [
        {'photo': 3, 'product': 10}, {'photo': 4, 'product': 11},
        {'photo': 5, 'product': 12}])
    write_json(folder / 'retrieval_dresses.json', [
        {'photo': 6, 'product': 10}])
    write_text(root / 'photos' / 'photos.txt', ''.join(
        f'{i:09},http://shop.example/{i},a=1,b.jpg\n' for i in range(1, 7)))
    for i, suffix in (1, 'jpg'), (2, 'png'), (3, 'jpg'), (5, 'webp'), (6, 'jpg'):
        write_image(root / 'images' / f'{i:09}.{suffix}', seed=i)
    return root


def write_csv(root, text):
    write_text(root / 'items.csv', text)
    return root / 'items.csv'


def make_csv(root):
    for seed, name in enumerate(('street/é.jpg', 'shop/1.jpg', 'shop/2.jpg')):
        write_image(root / name, seed=seed)
    return write_csv(root, '\ufeff' + '\r\n'.join([
        'label,path,split,is_query,is_gallery,category,x_1,x_2,y_1,y_2',
        '7,street/é.jpg,test,True,False,dress,2,12,4,24',
        '7,shop/1.jpg,test,False,True,dress,,,,',
        '8,shop/2.jpg,test,0,1,ring,,,,',
        '9,shop/1.jpg,train,,,bag,0,10.5,0,20', '']))
