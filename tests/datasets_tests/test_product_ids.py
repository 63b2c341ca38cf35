"""Which product is which: ids, rows, and the files of a folder."""
import os

from tests.datasets_tests import trees
from tests.datasets_tests.test_accounting import _check
from vasily_fashion.datasets import (
    ConsumerToShopDataset,
    CSVRetrievalDataset,
    ProductFolderDataset,
    StreetShopPairDataset,
    leave_out_broken,
)
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.retrieval import Gallery

import numpy as np
import pytest

_HEAD = 'path,label,is_query,is_gallery,split\n'


def _csv(root, ids, head=_HEAD):
    trees.write_image(root / 'a.png')
    return trees.write_csv(root, head + ''.join(
        f'a.png,{id_},{i % 2 == 0},{i % 2 == 1},train\n' for i, id_ in enumerate(ids)))


@pytest.mark.parametrize('ids', [
    ['0108', '108', '00108', '109'], ['1_23', '12_3', '123', '1_2_3'],
    ['７', '7', '٧', '8'], ['+5', '5', '-5', '05'], ['1.0', '1', '1.00', '2.0'],
    ['99999999999999999999', '99999999999999999998', '1', '2'],
    ['9223372036854775808', '1'], ['-9223372036854775809', '1'], ['-0', '0'],
    ['9' * 4096, '9' * 4095], ['0x10', '16'], ['1e3', '1000'], ['A1', 'a1'],
    ['0108', '108', 'x', '109'], ['nan', '1'], ['True', '1']])
def test_ids_that_look_like_numbers(tmp_path, ids):
    dataset = CSVRetrievalDataset(_csv(tmp_path, ids))
    assert dataset.item_ids.tolist() == ids
    with pytest.raises(ValueError, match='nothing to train on'):
        StreetShopPairDataset(dataset)  # each is another item


@pytest.mark.parametrize('ids', [
    [5, -5, 0, 5], [2 ** 63 - 1, -2 ** 63]])
def test_ids_that_are_numbers(tmp_path, ids):
    dataset = CSVRetrievalDataset(_csv(tmp_path, ids))
    assert dataset.item_ids.dtype == np.int64 and dataset.item_ids.tolist() == ids


def test_an_item_without_an_id(tmp_path):
    with pytest.raises(ValueError, match='items.csv: label of a.png is empty'):
        CSVRetrievalDataset(_csv(tmp_path, ['1', '']))


def test_header_and_values_are_stripped(tmp_path):
    trees.write_image(tmp_path / 'a.jpg')
    path = trees.write_csv(
        tmp_path, '\ufeff Path, ID ,category, Type,Price,URL,Colour,\r\n'
        'a.jpg, 007 , Dresses, Jumpsuit, "1,200",http://x/1, red,\r\n\r\n,,,,,,,\r\n')
    dataset = ProductFolderDataset(tmp_path, path)
    assert dataset.item_ids.tolist() == ['007'] and dataset.prices == ['1,200']
    assert dataset.urls == ['http://x/1'] and dataset.unknown_columns == ['colour']
    assert dataset.label_names[dataset.labels[0]] == 'dress' and dataset.types == ['Jumpsuit']
    csv = CSVRetrievalDataset(_csv(
        tmp_path, [' 7', '8 '], 'path, label, is_query, is_gallery, split\n'))
    assert csv.item_ids.tolist() == [7, 8] and csv.unknown_columns == []


def test_empty_lines_before_the_header(tmp_path):
    trees.write_image(tmp_path / 'a.jpg')
    path = trees.write_csv(tmp_path, '\n , \n\npath,id\n\na.jpg,7\n,\n')
    assert ProductFolderDataset(tmp_path, path).item_ids.tolist() == ['7']


@pytest.mark.parametrize('text, message', [
    ('path,id,ID\na.jpg,1,2\n', "two columns 'id'"),
    ('path;id\na.jpg;1\n', "no column path: .* has 'path;id'"),
    ('path,id\na.jpg,1,2\n', 'line 2: it has not 2 columns'),
    ('path,id\na.jpg\n', 'line 2: it has not 2 columns'),
    ('path,name\na.jpg,coat\nb.jpg,"winter\nc.jpg,hat\n', 'after line 2; is a quote left open'),
    ('p\0a\0t\0h\0', 'save it as UTF-8, not as UTF-16')])
def test_csv_that_is_not_one(tmp_path, text, message):
    trees.write_image(tmp_path / 'a.jpg')
    path = trees.write_csv(tmp_path, text)
    with pytest.raises(ValueError, match=f'items.csv.*{message}'):
        ProductFolderDataset(tmp_path, path)


def test_two_products_of_one_photo(tmp_path):
    for seed, name in enumerate(('a.jpg', 'b.jpg')):
        trees.write_image(tmp_path / name, seed=seed)
    path = trees.write_csv(
        tmp_path, 'path,id,category,price,url,name\na.jpg,red-S,dress,10,https://x/1,Red dress\n'
        'gone.jpg,old,bag,1,https://x/9,Old\na.jpg,red-M,top,20,https://x/2,\n'
        'b.jpg,blue,bag,5,javascript:1,Blue bag\n')
    dataset = ProductFolderDataset(tmp_path, path, missing='skip')
    assert dataset.product_names == ['Red dress', '', 'Blue bag']
    assert dataset.prices == ['10', '20', '5']
    assert dataset.urls == ['https://x/1', 'https://x/2', 'javascript:1']
    shop = Gallery.from_dataset(dataset)
    names = dataset.label_names
    columns = shop.ids, shop.categories, shop.names, shop.prices, shop.urls
    assert list(zip(*columns, strict=True)) == [
        ('red-S', names.index('dress'), 'Red dress', '10', 'https://x/1'),
        ('red-M', names.index('top'), '', '20', 'https://x/2'),
        ('blue', names.index('bag'), 'Blue bag', '5', 'javascript:1')]
    np.testing.assert_array_equal(shop.read('red-S'), shop.read('red-M'))
    (tmp_path / 'a.jpg').write_bytes(b'gone')
    shop = Gallery.from_dataset(leave_out_broken(dataset)[0])
    assert (shop.names, shop.prices) == (['Blue bag'], ['5'])


def test_columns_of_a_photo_that_has_gone(tmp_path):
    names = 'a.jpg', 'b.jpg', 'c.jpg'
    for seed, name in enumerate(names):
        trees.write_image(tmp_path / name, seed=seed)
    path = trees.write_csv(tmp_path, 'path,id,price\na.jpg,A,10\nb.jpg,B,20\nc.jpg,C,30\n')
    dataset = ProductFolderDataset(tmp_path, path)
    (tmp_path / 'b.jpg').unlink()
    shop = Gallery.from_dataset(dataset)
    with pytest.warns(UserWarning, match='left out: .*b.jpg: there is no such file'):
        _, rows = shop.embed(StyleExtractorBN())
    assert [(shop.ids[row], shop.prices[row]) for row in rows] == [('A', '10'), ('C', '30')]


def test_a_new_suffix_renames_two_products_alone(tmp_path):
    for name in ('1.jpg', '2.jpg', 'x/2.jpg', '3.jpg.png'):
        trees.write_image(tmp_path / name)
    assert ProductFolderDataset(tmp_path).item_ids.tolist() == [
        '1', '2', '3.jpg', 'x/2']
    trees.write_image(tmp_path / '2.png')
    assert ProductFolderDataset(tmp_path).item_ids.tolist() == [
        '1', '2.jpg', '2.png', '3.jpg', 'x/2']
    # 3.jpg would be the id of two now
    for name in ('3.jpg', '3.png'):
        trees.write_image(tmp_path / name)
    assert ProductFolderDataset(tmp_path).item_ids.tolist() == [
        '1', '2.jpg', '2.png', '3.jpg', '3.jpg.png', '3.png', 'x/2']


def test_photos_that_the_csv_does_not_name(tmp_path, caplog):
    for name in ('a.png', 'b.png', 'x/c.png'):
        trees.write_image(tmp_path / 'shop' / name)
    path = trees.write_csv(tmp_path, 'path,id\na.png,7\n')
    dataset = ProductFolderDataset(tmp_path / 'shop', path)
    line = '2 photos that the CSV does not name, such as b.png'
    assert dataset.left_out_files == [line] and line in caplog.text
    path.write_text('path,id\na.png,7\nb.png,8\nx/c.png,9\n')
    assert ProductFolderDataset(tmp_path / 'shop', path).left_out_files == []


def test_files_that_are_left_out(tmp_path, capsys):
    for name in ('a.jpg', 'b.JFIF', 'c.avif', 'd.tiff', 'e.bmp'):
        (tmp_path / name).write_bytes(b'')
        if name[0] != 'c':  # an encoder is not everywhere
            trees.write_image(tmp_path / f'{name[0]}.png')
            (tmp_path / f'{name[0]}.png').rename(tmp_path / name)
    for name in ('IMG_1.HEIC', 'x.txt', 'y.TXT', 'z.pdf', 'Makefile', '.DS_Store',
                 '.git/a.jpg'):
        trees.write_text(tmp_path / name, 'x')
    os.mkfifo(tmp_path / 'fifo.png')
    (tmp_path / 'gone.png').symlink_to('nowhere')
    lines = [
        "'IMG_1.HEIC': HEIC is not read; convert it to JPEG",
        "'fifo.png': it is not a file", "'gone.png': it is not a file",
        '2 .txt', '1 .pdf', '2 hidden', '1 without suffix']
    try:
        (tmp_path / os.fsdecode(b'bad\xff.jpg')).touch()
        lines.append("'bad\\udcff.jpg': its name is not UTF-8; rename it")
    except OSError:  # macOS refuses it
        pass
    dataset = ProductFolderDataset(tmp_path)
    assert set(dataset.names) >= {'a.jpg', 'b.JFIF', 'd.tiff', 'e.bmp'}
    assert sorted(dataset.left_out_files) == sorted(lines)
    _, text = _check(capsys, 'folder', tmp_path)
    assert f'files left out           {len(lines)}\n' in text
    assert all(f'    {line}\n' in text for line in lines)
    for name in dataset.names:
        (tmp_path / name).unlink()
    with pytest.raises(ValueError, match="has no image, of .*it has .*'IMG_1.HEIC'"):
        ProductFolderDataset(tmp_path)


def test_unknown_folders_are_counted(tmp_path):
    for name in ('Dresses/a.png', 'rings/a.png', 'rings/b.png', 'a.png'):
        trees.write_image(tmp_path / name)
    dataset = ProductFolderDataset(tmp_path)
    assert dataset.unknown_categories == {'rings': 2}
    assert [dataset.label_names[k] if k >= 0 else None for k in dataset.labels] == [
        None, 'dress', None, None]


def test_consumer_to_shop_summer_wear(tmp_path):
    """The folder is there twice; under TROUSERS it is not a top."""
    root = trees.make_consumer_to_shop(tmp_path)
    for path in root.glob('*/*.txt'):
        path.write_text(path.read_text().replace(
            'TOPS/Blouse', 'TROUSERS/Summer_Wear'))
    (root / 'Img' / 'img' / 'TROUSERS').mkdir()
    (root / 'Img' / 'img' / 'TOPS' / 'Blouse').rename(
        root / 'Img' / 'img' / 'TROUSERS' / 'Summer_Wear')
    dataset = ConsumerToShopDataset(root, 'all')
    assert {(name.split('/')[1], dataset.label_names[k]) for name, k in zip(
        dataset.names, dataset.labels, strict=True)} == {
            ('TROUSERS', 'pants'), ('CLOTHING', 'top')}
    assert dataset.unknown_categories == {}
    for path in root.glob('*/*.txt'):
        path.write_text(path.read_text().replace('TROUSERS', 'DRESSES'))
    (root / 'Img' / 'img' / 'TROUSERS').rename(root / 'Img' / 'img' / 'DRESSES')
    dataset = ConsumerToShopDataset(root)
    assert set(dataset.labels) == {-1}
    assert dataset.unknown_categories == {'DRESSES/Summer_Wear': 4}
