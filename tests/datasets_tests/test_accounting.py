"""Every annotation is a box, or it is said what became of it."""
import json
import logging
import os

from tests.datasets_tests import trees
from vasily_fashion import categories
from vasily_fashion.categories import COMMON_TO_FASHION
from vasily_fashion.datasets import (
    CCPBboxDataset,
    CSVRetrievalDataset,
    DeepFashion2BboxDataset,
    GenericCOCOBboxDataset,
    GenericVOCBboxDataset,
    check,
    leave_out_broken,
    write_coco,
)
from vasily_fashion.datasets.bbox_list_dataset import BboxListDataset
from vasily_fashion.datasets.category_map import make_label_map

import numpy as np
import pytest
from PIL import Image


def _coco(root, annotations, names=('dress', 'bag'), files=('a.png',), size=(40, 30),
          image_ids=None, category_ids=None):
    """A json about photos of 40 x 30; annotations are (image, category, box, more)."""
    for seed, file in enumerate(files):
        trees.write_image(root / 'photos' / file, seed=seed)
    image_ids = image_ids or range(1, len(files) + 1)
    category_ids = category_ids or range(1, len(names) + 1)
    trees.write_json(root / 'c.json', {
        'images': [{'id': i, 'file_name': file, 'height': size[0], 'width': size[1]}
                   for i, file in zip(image_ids, files, strict=True)],
        'categories': [{'id': i, 'name': name}
                       for i, name in zip(category_ids, names, strict=True)],
        'annotations': [
            {'id': i, 'image_id': image, 'category_id': category, 'bbox': box, **more}
            for i, (image, category, box, more) in enumerate(annotations)]})
    return root / 'c.json', root / 'photos'


def _object(name='dress', box=(1, 1, 20, 20), more=''):
    corners = ''.join(f'<{tag}>{x}</{tag}>' for tag, x in zip(
        ('xmin', 'ymin', 'xmax', 'ymax'), box, strict=True))
    return f'<object><name>{name}</name>{more}<bndbox>{corners}</bndbox></object>'


def _voc(root, xmls, photos):
    for name, text in xmls.items():
        trees.write_text(
            root / 'Annotations' / name, f'<annotation>{text}</annotation>')
    for name in photos:
        trees.write_image(root / 'JPEGImages' / name)
    return root


def _check(capsys, *argv):
    try:
        status = check.main([str(x) for x in argv])
    except SystemExit as error:
        status = error.code
    output = capsys.readouterr()
    return status, output.out + output.err


# what is left out

_FATES = [
    (1, 1, [1, 2, 10, 10], {'iscrowd': 0}), (1, 1, [1, 2, 10, 10], {}),
    (1, 2, [1, 2, 10, 10], {'iscrowd': 1}), (1, 2, [3, 3, 9, 9], {'iscrowd': '1'}),
    (1, 2, [3, 3, 9, 9], {'iscrowd': '0'}), (1, 1, [3, 3, 0, 9], {}),
    (1, 1, [3, 3, 9, -9], {}), (1, 1, [31, 3, 9, 9], {}), (1, 1, [3, -9, 9, 9], {}),
    (1, 3, [3, 3, 9, 9], {}), (1, 3, [4, 3, 9, 9], {'iscrowd': 1}),
    (2, 1, [3, 3, 9, 9], {})]


def test_every_annotation_of_a_coco_json(tmp_path, caplog):
    path, photos = _coco(
        tmp_path, _FATES, ('dress', 'bag', 'glove'), ('a.png', 'gone.png'))
    (photos / 'gone.png').unlink()
    dataset = GenericCOCOBboxDataset(path, photos, missing='skip')
    assert dataset[0][1].tolist() == [[2, 1, 12, 11], [3, 3, 12, 12]]
    assert dataset.left_out == {
        'twice': 1, 'crowd': 2, 'empty': 2, 'outside': 2, 'photo missing': 1}
    assert dataset.unknown_categories == {'glove': 2}
    assert 2 + sum(dataset.left_out.values()) + 2 == len(_FATES)
    message, = (record.getMessage() for record in caplog.records)
    assert '2 crowd' in message and "2 of the unknown category 'glove'" in message
    report = check.check(dataset)
    assert (report['boxes'], report['annotations']) == (2, len(_FATES))
    assert report['left out'] == dataset.left_out
    assert len(report['empty boxes']) == len(report['boxes outside']) == 2


def test_every_object_of_a_voc_folder(tmp_path, capsys):
    marks = '01', 'Unspecified', 'true', '0.0', ''
    root = _voc(tmp_path, {'a.xml': ''.join(
        _object(box=(1, 1, 9, 9 + i), more=f'<difficult>{mark}</difficult>')
        for i, mark in enumerate(marks)) + _object('glove') * 7 + _object('Sock')
        + _object(box=(9, 9, 1, 1))}, ['a.png'])
    dataset = GenericVOCBboxDataset(root)
    assert dataset[0][1][:, 2].tolist() == [10, 12, 13]
    assert dataset.left_out == {'difficult': 2, 'empty': 1}
    assert dataset.unknown_categories == {'glove': 7, 'Sock': 1}
    status, text = _check(capsys, 'voc', root)
    assert status == 1 and "'glove' 7\n" in text and "'Sock' 1\n" in text
    assert 'boxes                    3' in text
    assert 'annotations              14' in text


def test_what_is_computed_when_it_is_asked_for(tmp_path):
    root = trees.make_deepfashion2(tmp_path / 'a')
    path = root / 'train' / 'annos' / '000003.json'
    anno = json.loads(path.read_text())
    anno['item1']['bounding_box'] = [5, 5, 5, 35]
    path.write_text(json.dumps(anno))
    dataset = DeepFashion2BboxDataset(root)
    assert dataset.left_out == {'empty': 1}
    report = check.check(dataset)
    assert (report['boxes'], report['annotations']) == (4, 5)
    from tests.datasets_tests.test_ccp_bbox_dataset import make_ccp
    dataset = CCPBboxDataset(make_ccp(tmp_path / 'b'), 'all')
    known = sum(len(label) for label in dataset.slice[:, 'label'])
    own = CCPBboxDataset(tmp_path / 'b', 'all', own_categories=True)
    assert sum(dataset.unknown_categories.values()) == sum(
        len(label) for label in own.slice[:, 'label']) - known
    assert own.unknown_categories == {}


@pytest.mark.parametrize('more, reason', [
    ({'iscrowd': 1}, '2 crowd'), ({'bbox': [0, 0, 0, 5]}, '2 empty'),
    ({'bbox': [99, 0, 5, 5]}, '2 outside'),
    ({'bbox': [.1, .1, .5, .9]}, 'shares of the sides')])
def test_nothing_is_left(tmp_path, capsys, more, reason):
    path, photos = _coco(
        tmp_path, [(1, 1, [1, 1, 5, 5], more), (1, 2, [1, 1, 5, 5], more)])
    with pytest.raises(ValueError, match=reason) as caught:
        GenericCOCOBboxDataset(path, photos)
    assert str(path) in str(caught.value)
    status, text = _check(capsys, 'coco', path, '--images', photos)
    assert status == 2 and reason in text
    if 'iscrowd' in more:
        assert len(GenericCOCOBboxDataset(path, photos, use_crowded=True)[0][1]) == 2


# names of categories

def test_spellings_of_known_categories():
    names = ('top', 'Dress', 'BAG', 'pants ', 'skirts', 'Sunglasses', 'T-Shirt',
             't_shirt', 'T SHIRTS', 'sneaker', 'dresses', 'scarves', 'Scarf_Tie', 'tie',
             'Long-Sleeve', 'jean', 'shoes', 'Hat')
    labels, label_names = make_label_map(names, COMMON_TO_FASHION, 'x')
    assert {name: label_names[k] for name, k in labels.items()} == {
        'top': 'top', 'Dress': 'dress', 'BAG': 'bag', 'pants ': 'pants',
        'skirts': 'skirt', 'Sunglasses': 'sunglasses', 'T-Shirt': 'top',
        't_shirt': 'top', 'T SHIRTS': 'top', 'sneaker': 'footwear',
        'dresses': 'dress', 'scarves': 'scarf_tie', 'Scarf_Tie': 'scarf_tie',
        'tie': 'scarf_tie', 'Long-Sleeve': 'top', 'jean': 'pants',
        'shoes': 'footwear', 'Hat': 'headwear'}
    # other words stay other words
    assert make_label_map(
        ('cap', 'glove', 'tights', 'topcoat', 'dress'), COMMON_TO_FASHION, 'x'
    )[0].keys() == {'dress'}


def test_names_of_all_data_sets_are_known():
    for name, to_fashion in vars(categories).items():
        if name.endswith('_TO_FASHION'):
            labels, names = make_label_map(to_fashion, COMMON_TO_FASHION, name)
            found = {x: names[k] for x, k in labels.items()}
            # DeepFashion2's vest is a top without sleeves
            assert {**found, 'vest': ''} == {**to_fashion, 'vest': ''}, name
            assert 'vest' not in to_fashion or found['vest'] == 'outer'
    assert 'headband' in COMMON_TO_FASHION


def test_spellings_with_a_map_of_ones_own():
    labels, names = make_label_map(
        ('SHIRT', 'shirt', 'Shirt', 'tee', 'x'),
        {'shirt': 'top', 'Shirt': 'outer', 'Tees': 'dress'}, 'x')
    assert {name: names[k] for name, k in labels.items()} == {
        'shirt': 'top', 'Shirt': 'outer', 'tee': 'dress'}
    labels, names = make_label_map(
        ('T-shirt', 'belts', 't_SHIRT', 'belt'), None, 'x')
    assert names == ('T-shirt', 'belts', 'belt')
    assert labels == {'T-shirt': 0, 't_SHIRT': 0, 'belts': 1, 'belt': 2}


# the size of the picture

def _with_exif(path, orientation, size=(40, 30)):
    """A picture that is stored with this (height, width)."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(noise).save(path, exif=exif)


@pytest.mark.parametrize('orientation, stored, named, message', [
    (6, (40, 30), (40, 30), 'has 40 x 30 pixels, its annotation says 30 x 40: the '
     'picture is turned by its EXIF orientation'),
    (8, (40, 30), (40, 30), 'turned by its EXIF'),
    (6, (40, 30), (80, 60), 'turned by its EXIF orientation and scaled'),
    (1, (40, 30), (30, 40), 'the other way round'),
    (1, (40, 30), (20, 15), 'scaled by 2 '), (1, (40, 30), (81, 60), 'scaled by 0.5 '),
    (6, (40, 30), (15, 20), 'scaled by 2 '), (1, (40, 30), (50, 30), 'another picture'),
    (6, (40, 30), (30, 40), None), (1, (40, 30), (40, 30), None),
    (3, (40, 30), (40, 30), None), (1, (40, 30), (40, 31), None),
    (1, (40, 30), (0, 0), None)])
@pytest.mark.parametrize('kind', ['coco', 'voc'])
def test_size_that_is_named(
        tmp_path, capsys, kind, orientation, stored, named, message):
    if kind == 'coco':
        path, photos = _coco(tmp_path, [(1, 1, [1, 1, 9, 9], {})], size=named)
        argv = kind, path, '--images', photos
    else:
        photos, argv = tmp_path / 'JPEGImages', (kind, tmp_path)
        _voc(tmp_path, {'a.xml': '<size><width>{1}</width><height>{0}</height></size>'
                        .format(*named) + _object()}, ['a.png'])
    _with_exif(photos / 'a.png', orientation, stored)
    dataset = (GenericCOCOBboxDataset(path, photos) if kind == 'coco'
               else GenericVOCBboxDataset(tmp_path))
    status, text = _check(capsys, *argv)
    if message is None:
        assert dataset[0][0].shape[0] == 3 and status == 0
        assert leave_out_broken(dataset)[1] == {}
        # a half turn leaves the size as it is
        assert f'turned by EXIF           {int(orientation == 3)}' in text
    else:
        with pytest.raises(ValueError, match=message) as caught:
            dataset[0]
        assert 'a.png' in str(caught.value)
        assert status == 1 and 'another size             1' in text and message in text
        readable, broken = leave_out_broken(dataset)
        assert len(readable) == 0 and list(broken) == ['a.png']


def test_size_in_text(tmp_path):
    path, photos = _coco(tmp_path, [(1, 1, [1, 1, 9, 9], {})], size=('80', '60'))
    with pytest.raises(ValueError, match='scaled by 0.5'):
        GenericCOCOBboxDataset(path, photos)[0]
    _coco(tmp_path, [(1, 1, [1, 1, 9, 9], {})], size=('high', 60))
    with pytest.raises(ValueError, match="height and width of a.png are 'high' and 60"):
        GenericCOCOBboxDataset(path, photos)


@pytest.mark.parametrize('name', ['a.png', 'a.tiff'])
def test_a_turned_picture_is_written_as_it_is_read(tmp_path, name):
    path, photos = _coco(
        tmp_path, [(1, 1, [1, 1, 20, 9], {})], files=(name,), size=(0, 0))
    _with_exif(photos / name, 6)
    dataset = GenericCOCOBboxDataset(path, photos)
    write_coco(dataset, tmp_path / 'again.json')
    again = GenericCOCOBboxDataset(tmp_path / 'again.json', photos)
    assert again.sizes == {name: (30, 40)}
    np.testing.assert_array_equal(again[0][0], dataset[0][0])


def test_small_boxes_are_named(tmp_path, capsys):
    path, photos = _coco(tmp_path, [
        (1, 1, [1, 1, 9, 9], {}), (2, 1, [.1, .2, .5, .5], {}),
        (3, 1, [5, 5, 1.5, 9], {}), (4, 1, [5, 5, 2, 2], {})],
        files=('a.png', 'b.png', 'c.png', 'd.png'))
    status, text = _check(capsys, 'coco', path, '--images', photos)
    assert status == 1 and 'boxes under 2 pixels     2' in text
    assert 'b.png: is it in shares of the sides?' in text
    assert '    c.png\n' in text and 'd.png' not in text


# ids of COCO

def test_one_file_under_two_ids_is_one_photo(tmp_path):
    path, photos = _coco(
        tmp_path, [('x', 1, [1, 1, 9, 9], {}), ('y', 2, [2, 2, 9, 9], {}),
                   ('y', 1, [1, 1, 9, 9], {}), ('z', 1, [3, 3, 9, 9], {})],
        files=('a.png', './a.png', 'b.png'), image_ids=('x', 'y', 'z'))
    dataset = GenericCOCOBboxDataset(path, photos)
    assert dataset.names == ['a.png', 'b.png']
    assert dataset[0][1].tolist() == [[1, 1, 10, 10], [2, 2, 11, 11]]
    assert dataset.left_out == {'twice': 1}
    value = json.loads(path.read_text())
    value['images'][1]['height'] = 41
    trees.write_json(path, value)
    with pytest.raises(ValueError, match='two sizes of a.png'):
        GenericCOCOBboxDataset(path, photos)


@pytest.mark.parametrize('kwargs, message', [
    ({'category_ids': (1, 1)}, "two categories of the id 1: 'dress' and 'bag'"),
    ({'category_ids': (1, 1.0)}, 'two categories of the id 1'),
    ({'names': ('dress', None)}, 'the name of category 2 is None'),
    ({'names': ('dress', 5)}, 'the name of category 2 is 5'),
    ({'image_ids': ([1],)}, r'the id \[1\], which is not a number'),
    ({'image_ids': ('1',)}, r"image_id 1, .* such as \['1'\]"),
    ({'category_ids': (None, 2)}, 'the id None'),
    ({'more': {'iscrowd': 'perhaps'}}, "iscrowd 'perhaps'"),
    ({'more': {'iscrowd': float('nan')}}, 'iscrowd nan'), ({'more': {'iscrowd': 2}}, 'iscrowd 2'),
    ({'more': {'image_id': None}}, 'the image_id None')])
def test_coco_that_contradicts_itself(tmp_path, kwargs, message):
    more = kwargs.pop('more', {})
    path, photos = _coco(tmp_path, [(1, 1, [1, 1, 9, 9], more)], **kwargs)
    with pytest.raises(ValueError, match=message) as caught:
        GenericCOCOBboxDataset(path, photos)
    assert str(path) in str(caught.value)


def test_ids_of_two_kinds(tmp_path):
    path, photos = _coco(
        tmp_path, [(1, '2', [1, 1, 9, 9], {}), (1, 7, [2, 2, 9, 9], {})],
        category_ids=(7, '2'))
    _, _, label = GenericCOCOBboxDataset(path, photos, category_map=None)[0]
    assert label.tolist() == [1, 0]


def test_a_box_that_is_no_number_is_named(tmp_path):
    path, photos = _coco(
        tmp_path, [(1, 1, [1, 1, 9, 9], {}), (3, 1, [1, float('nan'), 9, 9], {})],
        files=('a.png', 'b.png', 'c.png'))
    with pytest.raises(ValueError, match='c.json: a box of c.png has NaN'):
        GenericCOCOBboxDataset(path, photos)


@pytest.mark.parametrize('labels, message', [
    ([[0], [0]], 'b.png has 2 boxes and 1 labels'),
    ([[0], [0, 2]], 'b.png has the label 2, .* of the 2 label_names'),
    ([[0], [0, -1]], 'b.png has the label -1')])
def test_labels_that_do_not_fit_their_boxes(tmp_path, labels, message):
    for name in 'a.png', 'b.png':
        trees.write_image(tmp_path / name)
    boxes = np.array([[0, 0, 9, 9], [1, 1, 5, 5]])
    with pytest.raises(ValueError, match=message):
        BboxListDataset(
            tmp_path, ['a.png', 'b.png'], [boxes[:1], boxes], labels, ('dress', 'bag'))


# files of VOC

def test_two_xmls_of_one_id(tmp_path):
    root = _voc(tmp_path, {'a.xml': _object(), 'a.XML': _object('bag')}, ['a.png'])
    with pytest.raises(ValueError, match=r'a.XML and .*a.xml have one id: join them'):
        GenericVOCBboxDataset(root)


def test_photo_of_an_xml(tmp_path):
    root = _voc(tmp_path, {
        'a.xml': '<filename>a.jpg</filename>' + _object(),
        'day1/a.XML': '<filename>a.png</filename>' + _object(),
        'day1/7.xml': r'<filename>C:\photos\b 1.png</filename>' + _object(),
        'c.xml': '<filename>elsewhere.jpg</filename>' + _object(),
        '._c.xml': 'not an xml'},
        ['a.jpg', 'a.png', 'day1/a.jpg', 'day1/a.png', 'day1/b 1.png', 'c.JPG',
         'd.png'])
    trees.write_text(root / 'JPEGImages' / 'c.txt', 'a note')
    dataset = GenericVOCBboxDataset(root)
    assert dataset.names == ['a.jpg', 'c.JPG', 'day1/b 1.png', 'day1/a.png']
    assert dataset.not_annotated == ['a.png', 'd.png', 'day1/a.jpg']
    trees.write_text(root / 'ImageSets' / 'Main' / 'dress_train.txt',
                     'day1/7 -1\nc  1\nday1/7 0\n')
    assert GenericVOCBboxDataset(root, 'dress_train').names == [
        'day1/b 1.png', 'c.JPG']
    trees.write_text(root / 'ImageSets' / 'Main' / 'lost.txt', 'day1/8 1\n')
    with pytest.raises(FileNotFoundError, match="lost.txt names 'day1/8 1'"):
        GenericVOCBboxDataset(root, 'lost')


def test_an_id_with_spaces(tmp_path):
    root = _voc(tmp_path, {'my 1.xml': _object(), 'my.xml': _object()},
                ['my 1.png', 'my.png'])
    trees.write_text(root / 'ImageSets' / 'Main' / 'train.txt', 'my 1\r\n')
    assert GenericVOCBboxDataset(root, 'train').names == ['my 1.png']


@pytest.mark.parametrize('filename, photos, message', [
    ('a', ('a.jpg', 'a.png'), "a.xml may be about a.jpg or a.png: its filename, 'a'"),
    ('', ('a.jpg', 'a.webp'), 'may be about a.jpg or a.webp'),
    ('b.jpg', ('a.jpg', 'b.jpg'), "filename 'b.jpg', and there is a.jpg as well"),
    ('z.jpg', ('z.jpg',), 'a.xml and .*b.xml are both about z.jpg')])
def test_an_xml_that_may_be_about_two_photos(tmp_path, filename, photos, message):
    root = _voc(tmp_path, {
        'a.xml': f'<filename>{filename}</filename>' + _object(),
        'b.xml': '<filename>z.jpg</filename>' + _object()}, photos)
    with pytest.raises(ValueError, match=message):
        GenericVOCBboxDataset(root)


def test_names_that_are_not_utf8(tmp_path, capsys):
    root = _voc(tmp_path, {'a.xml': _object()}, ['a.png'])
    bad = os.fsdecode(b'bad\xff')
    try:
        (root / 'JPEGImages' / f'{bad}.png').touch()
    except OSError:
        pytest.skip('this file system has UTF-8 names alone')
    status, text = _check(capsys, 'voc', root, '--json', tmp_path / 'report.json')
    assert status == 0 and 'photos not annotated' not in text
    (root / 'Annotations' / f'{bad}.xml').touch()
    with pytest.raises(ValueError, match='its name is not UTF-8; rename it'):
        GenericVOCBboxDataset(root)


def test_a_heic_is_named(tmp_path, capsys):
    root = _voc(tmp_path, {'a.xml': _object(), 'b.xml': _object()}, ['b.png'])
    trees.write_text(root / 'JPEGImages' / 'a.HEIC', 'ftypheic')
    status, text = _check(capsys, 'voc', root)
    assert status == 1 and 'a.HEIC: this is not an image of a known format' in text


@pytest.mark.parametrize('text, message', [
    ('<object><name>dress</name><polygon/></object>',
     r"object 2 \('dress'\) has no bndbox; it has name, polygon"),
    ('<object><bndbox/></object>', 'object 2 has no name'),
    ('<object><name/><bndbox/></object>', 'object 2 has no name'),
    ('<object><name>bag</name><bndbox><ymin>1</ymin></bndbox></object>',
     r"the bndbox of object 2 \('bag'\) has no xmin"),
    (_object('bag', ('a', 1, 2, 3)), "xmin of object 2 .*is 'a', which is not a number"),
    (_object('bag', more='<difficult>perhaps</difficult>'), "difficult 'perhaps'"),
    ('<size><width>wide</width></size>', "its width is 'wide'")])
def test_an_object_that_lacks_something(tmp_path, text, message):
    root = _voc(tmp_path, {'a.xml': _object() + text}, ['a.png'])
    with pytest.raises(ValueError, match=f'a.xml is not an annotation.*{message}') as caught:
        GenericVOCBboxDataset(root)
    assert 'NoneType' not in str(caught.value)


def test_an_xml_of_another_kind(tmp_path):
    root = _voc(tmp_path, {'a.xml': _object()}, ['a.png'])
    trees.write_text(root / 'Annotations' / 'a.xml', '<annotations/>')
    with pytest.raises(ValueError, match="a.xml is not .*its first tag is 'annotations'"):
        GenericVOCBboxDataset(root)


def test_the_report_has_what_the_log_has(tmp_path, capsys, caplog):
    path = trees.write_csv(
        tmp_path, 'label,path,split,is_query,is_gallery,category,note\n'
        '1,a.png,x,1,1,ring,\n2,a.png,x,1,1,dress,\n')
    trees.write_image(tmp_path / 'a.png')
    status, text = _check(capsys, 'csv', path)
    assert status == 0 and "'ring' 1\n" in text and not caplog.records
    assert 'unknown columns          1\n    note\n' in text
    CSVRetrievalDataset(path)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "'ring', column 'note' is not read" in caplog.text
