import json

from tests.datasets_tests import trees
from vasily_fashion.datasets import check, named_datasets

import pytest
from PIL import Image


def _run(capsys, *argv):
    try:
        status = check.main([str(x) for x in argv])
    except SystemExit as error:
        status = error.code
    output = capsys.readouterr()
    return status, output.out + output.err


def test_a_fit_data_set(tmp_path, capsys):
    root = trees.make_consumer_to_shop(tmp_path)
    partition = root / 'Eval' / 'list_eval_partition.txt'
    partition.write_text(partition.read_text() + (
        'img/TOPS/Blouse/id_00000001/comsumer_01.jpg '
        'img/TOPS/Blouse/id_00000001/shop_01.jpg id_00000001 test\n'))
    status, text = _run(
        capsys, 'consumer-to-shop', root, '--sheet', tmp_path / 'sheet.png',
        '--json', tmp_path / 'report.json')
    assert status == 0 and 'fit for training' in text and 'NOT' not in text
    report = json.loads((tmp_path / 'report.json').read_text())
    assert report['fit']
    train = report['splits']['train']
    assert train['examples'] == train['images'] == 4
    assert train['categories'] == {'top': 4}
    assert (train['queries'], train['gallery'], train['items']) == (2, 2, 1)
    assert train['queries without product'] == 0
    with Image.open(tmp_path / 'sheet.png') as image:
        assert min(image.size) > 500


def test_counts_of_boxes(tmp_path, capsys):
    status, text = _run(
        capsys, 'deepfashion2', trees.make_deepfashion2(tmp_path),
        '--split', 'train')
    assert status == 0
    assert 'dress 1, pants 1, top 3' in text


@pytest.mark.parametrize('fault, message', [
    ('missing', r'missing                  1'),
    ('broken', '000002.png: this is not an image'),
    ('outside', 'boxes outside            1'),
    ('empty', 'empty boxes              1')])
def test_faults(tmp_path, capsys, fault, message):
    root = trees.make_street2shop(tmp_path)
    trees.write_image(root / 'images' / '000000004.jpg')
    photo = root / 'images' / '000000002.png'
    pairs = root / 'meta' / 'json' / 'test_pairs_bags.json'
    box = {'width': 10, 'top': 4, 'height': 20, 'left': 2}
    if fault == 'missing':
        (root / 'images' / '000000005.webp').unlink()
    elif fault == 'broken':
        photo.write_text('<html>gone</html>')
    elif fault == 'outside':
        box['width'] = 300
    else:
        box['height'] = 0
    trees.write_json(pairs, [{'photo': 2, 'product': 12, 'bbox': box}])
    status, text = _run(capsys, 'street2shop', root, '--split', 'test')
    assert status == 1 and 'NOT fit' in text
    assert message in text


def test_what_is_no_fault(tmp_path, capsys):
    """Duplicates, and queries without a product image."""
    root = trees.make_street2shop(tmp_path)
    trees.write_image(root / 'images' / '000000004.jpg', seed=3)
    (root / 'meta' / 'json' / 'retrieval_dresses.json').write_text('[]')
    status, text = _run(capsys, 'street2shop', root, '--split', 'test')
    assert status == 0
    assert '000000003.jpg = 000000004.jpg' in text
    assert 'queries without product  1' in text


@pytest.mark.parametrize('name, make, argv', [
    ('coco', lambda root: trees.make_coco(root) / 'annotations.json',
     ['--images', 'photos']),
    ('voc', trees.make_voc, []), ('in-shop', trees.make_in_shop, []),
    ('csv', trees.make_csv, [])])
def test_other_readers(tmp_path, capsys, monkeypatch, name, make, argv):
    monkeypatch.chdir(tmp_path)
    status, text = _run(
        capsys, name, make(tmp_path), *argv, '--sheet', 'sheet.png')
    # the empty box of the COCO json is a fault, and so it is said
    assert status == (1 if name == 'coco' else 0), text
    with Image.open('sheet.png') as image:
        assert len(image.convert('RGB').getcolors(2 ** 24)) > 1000


def test_what_cannot_be_opened(tmp_path, capsys):
    status, text = _run(capsys, 'deepfashion2', tmp_path)
    assert status == 2 and 'root must be the folder of DeepFashion2' in text
    status, text = _run(capsys, 'deepfashion3', tmp_path)
    assert status == 2 and 'deepfashion2' in text


def test_images_are_for_some(tmp_path, capsys):
    status, text = _run(
        capsys, 'voc', trees.make_voc(tmp_path), '--images', tmp_path)
    assert status == 2 and 'images is for coco, csv and folder' in text


def test_names():
    names = {**named_datasets.BBOX_DATASETS, **named_datasets.RETRIEVAL_DATASETS}
    assert len(names) == 13
    for reader, splits in names.values():
        assert reader.__doc__ and splits


def test_a_sheet_of_photos_of_another_size(tmp_path, capsys):
    root = trees.make_coco(tmp_path)
    trees.write_image(root / 'photos' / 'b.jpg', (60, 30))
    status, text = _run(
        capsys, 'coco', root / 'annotations.json', '--images', root / 'photos',
        '--sheet', tmp_path / 'new' / 'sheet.png', '--json', tmp_path / 'report.json')
    assert status == 1 and 'another size             1' in text
    assert (tmp_path / 'new' / 'sheet.png').exists() and (tmp_path / 'report.json').exists()


def test_an_annotation_that_is_damaged(tmp_path, capsys):
    root = trees.make_deepfashion2(tmp_path)
    trees.write_text(root / 'train' / 'annos' / '000002.json', '{')
    status, text = _run(capsys, 'deepfashion2', root, '--split', 'train')
    assert status == 2 and '000002.json is not a whole JSON file' in text


def test_a_json_has_no_split(tmp_path, capsys):
    status, text = _run(
        capsys, 'coco', trees.make_coco(tmp_path) / 'annotations.json', '--split', 'val')
    assert status == 2 and "coco has no split 'val': name the json of that split" in text
