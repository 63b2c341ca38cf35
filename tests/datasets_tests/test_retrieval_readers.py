from tests.datasets_tests import trees
from vasily_fashion.datasets import (
    ConsumerToShopDataset,
    CSVRetrievalDataset,
    DeepFashion2RetrievalDataset,
    InShopDataset,
    ProductFolderDataset,
    RetrievalDataset,
    Street2ShopDataset,
    StreetShopPairDataset,
    leave_out_broken,
    write_retrieval_csv,
)
from vasily_fashion.utils import ImageReadError, read_image

import numpy as np
import pytest

_SIDES = {(True, False): 'query', (False, True): 'gallery',
          (True, True): 'both', (False, False): 'neither'}


def _rows(dataset):
    """(file, item, side, split, category, box) of each example."""
    return [
        (name, item_id.item(), _SIDES[query, gallery], str(split),
         dataset.label_names[label] if label >= 0 else None,
         None if np.isnan(bbox).all() else tuple(bbox.tolist()))
        for name, item_id, query, gallery, split, label, bbox in zip(
            dataset.names, dataset.item_ids, dataset.is_query.tolist(),
            dataset.is_gallery.tolist(), dataset.splits, dataset.labels,
            dataset.bboxes, strict=True)]


def test_deepfashion2(tmp_path):
    dataset = DeepFashion2RetrievalDataset(trees.make_deepfashion2(tmp_path))
    one, two, three = (f'train/image/00000{i}.jpg' for i in (1, 2, 3))
    assert _rows(dataset) == [
        (one, '7-1', 'query', 'train', 'top', (4, 2, 24, 12)),
        (one, '7-0-000001-2', 'neither', 'train', 'pants', (20, 3, 39, 20)),
        (two, '7-1', 'gallery', 'train', 'top', (0, 0, 40, 30)),
        (two, '7-2', 'gallery', 'train', 'top', (0, 0, 10, 10)),
        (three, '8-0-000003-1', 'gallery', 'train', 'dress', (5, 5, 35, 25)),
    ]
    img, item_id, label = dataset[0]
    np.testing.assert_array_equal(
        img, read_image(tmp_path / one)[:, 4:24, 2:12])
    assert item_id == '7-1' and dataset.label_names[label] == 'top'
    wide = DeepFashion2RetrievalDataset(tmp_path, margin=.5)
    assert wide[0][0].shape == (3, 34, 17)  # 10 rows more above, 4 there are


def test_deepfashion2_box_without_area(tmp_path):
    root = trees.make_deepfashion2(tmp_path)
    _change(root / 'train' / 'annos' / '000001.json', '[2, 4, 12, 24]', '[2, 24, 12, 4]')
    dataset = DeepFashion2RetrievalDataset(root)
    assert dataset.item_ids.tolist() == ['7-0-000001-2', '7-1', '7-2', '8-0-000003-1']
    assert dataset.left_out == {'empty': 1}


def test_consumer_to_shop(tmp_path):
    root = trees.make_consumer_to_shop(tmp_path)
    dataset = ConsumerToShopDataset(root)
    a, b = trees._C2S, trees._C2S_WEAR
    item = 'id_00000001'
    # a shop image of two pairs is there once
    assert _rows(dataset) == [
        (f'{a}comsumer_01.jpg', item, 'query', 'train', 'top', (4, 2, 36, 20)),
        (f'{a}shop_01.jpg', item, 'gallery', 'train', 'top', (0, 0, 40, 30)),
        (f'{a}shop_02.jpg', item, 'gallery', 'train', 'top', (0, 0, 40, 30)),
        (f'{a}comsumer_02.jpg', item, 'query', 'train', 'top', (1, 1, 39, 29))]
    assert [x[0] for x in _rows(ConsumerToShopDataset(root, 'val'))] == [
        f'{b}comsumer_01.jpg', f'{b}shop_01.jpg']
    assert len(ConsumerToShopDataset(root, 'all')) == 6


def test_consumer_to_shop_in_high_resolution(tmp_path):
    root = trees.make_consumer_to_shop(tmp_path)
    clothing = root / 'Img' / 'img' / 'CLOTHING'
    (clothing / 'Summer_Wear').rename(clothing / 'Summer_Suit')
    with pytest.raises(FileNotFoundError, match='Summer_Wear'):
        ConsumerToShopDataset(root, 'val')
    name = f'{trees._C2S_WEAR}comsumer_01.jpg'.replace('Wear', 'Suit')
    # twice the 300 pixels that the box (3, 3, 9, 9) was drawn on
    trees.write_image(root / 'Img' / name, (600, 450))
    dataset = ConsumerToShopDataset(root, 'val', highres=True)
    np.testing.assert_array_equal(
        dataset[0][0], read_image(root / 'Img' / name)[:, 6:18, 6:18])
    assert dataset.label_names[dataset[0][2]] == 'top'


def test_windows_line_ends(tmp_path):
    unix = ConsumerToShopDataset(trees.make_consumer_to_shop(tmp_path / 'a'))
    windows = ConsumerToShopDataset(
        trees.make_consumer_to_shop(tmp_path / 'b', '\r\n'))
    assert _rows(unix) == _rows(windows)


def _change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize('file, old, new, message', [
    ('Eval/list_eval_partition', '4\n', '5\n', '4 rows .* says 5'),
    ('Eval/list_eval_partition', '4\n', '', 'first line is not a number'),
    ('Eval/list_eval_partition', ' train', '', 'row 1 has 3 columns, not 4'),
    ('Eval/list_eval_partition', ' val', ' query', 'another benchmark'),
    ('Eval/list_eval_partition', 'img/TOPS', '../TOPS', 'no box of 4 images .* such as ../TOPS'),
    ('Anno/list_bbox_consumer2shop', 'shop_01', 'shop_09', 'has no box of 1'),
    ('Anno/list_bbox_consumer2shop', '36', '3x', 'list_bbox.*could not convert'),
])
def test_consumer_to_shop_bad_input(tmp_path, file, old, new, message):
    root = trees.make_consumer_to_shop(tmp_path)
    _change(root / f'{file}.txt', old, new)
    with pytest.raises(ValueError, match=message):
        ConsumerToShopDataset(root)


@pytest.mark.parametrize('make, reader, boxes', [
    (trees.make_consumer_to_shop, ConsumerToShopDataset, 'list_bbox_consumer2shop'),
    (trees.make_in_shop, InShopDataset, 'list_bbox_inshop')])
def test_photos_out_of_the_folder(make, reader, boxes, tmp_path):
    """Both files name them alike."""
    root = make(tmp_path)
    for file in 'Eval/list_eval_partition', f'Anno/{boxes}':
        _change(root / f'{file}.txt', 'img/', '../img/')
    with pytest.raises(ValueError, match='partition.txt names .*not a file in the folder'):
        reader(root)


def test_in_shop(tmp_path):
    root = trees.make_in_shop(tmp_path)
    box = (4, 2, 36, 20)
    dress, denim = 'img/WOMEN/Dresses/id_00000002', 'img/MEN/Denim/id_00000080'
    assert _rows(InShopDataset(root, 'all')) == [
        (f'{dress}/02_1_front.jpg', 'id_00000002', 'both', 'train', 'dress', box),
        (f'{dress}/02_2_side.jpg', 'id_00000002', 'both', 'train', 'dress', box),
        (f'{denim}/01_1_front.jpg', 'id_00000080', 'query', 'query', 'pants', box),
        (f'{denim}/01_2_side.jpg', 'id_00000080', 'gallery', 'gallery', 'pants',
         box)]
    assert InShopDataset(root).splits.tolist() == ['train'] * 2
    assert InShopDataset(root, 'test').splits.tolist() == ['query', 'gallery']


def test_partition_of_another_benchmark(tmp_path):
    """Both benchmarks name the file alike."""
    in_shop = trees.make_in_shop(tmp_path / 'a')
    consumer = trees.make_consumer_to_shop(tmp_path / 'b')
    path = 'Eval/list_eval_partition.txt'
    (in_shop / path).write_bytes((consumer / path).read_bytes())
    with pytest.raises(ValueError, match='row 1 has 4 columns, not 3'):
        InShopDataset(in_shop)


def test_street2shop(tmp_path):
    root = trees.make_street2shop(tmp_path)
    with pytest.raises(FileNotFoundError, match='1 of the 6 .*000000004'):
        Street2ShopDataset(root)
    dataset = Street2ShopDataset(root, missing='skip')
    shop = [
        ('000000003.jpg', 'bags/10', 'gallery', 'retrieval', 'bag', None),
        ('000000005.webp', 'bags/12', 'gallery', 'retrieval', 'bag', None),
        ('000000006.jpg', 'dresses/10', 'gallery', 'retrieval', 'dress', None)]
    assert _rows(dataset) == [
        ('000000001.jpg', 'bags/10', 'query', 'train', 'bag', (4, 2, 24, 12)),
        ('000000001.jpg', 'bags/11', 'query', 'train', 'bag', (4, 2, 24, 12)),
        *shop]
    assert dataset.n_missing == 1
    assert dataset.missing_photos == {4: 'http://shop.example/4,a=1,b.jpg'}
    assert dataset.categories.tolist() == ['bags'] * 4 + ['dresses']
    assert dataset.choose(dataset.is_gallery).categories.tolist() == ['bags', 'bags', 'dresses']
    assert _rows(Street2ShopDataset(root, 'test', 'skip')) == [
        ('000000002.png', 'bags/12', 'query', 'test', 'bag', (4, 2, 24, 12)),
        ('000000002.png', 'dresses/10', 'query', 'test', 'dress',
         (4, 15, 24, 25)), *shop]
    assert len(Street2ShopDataset(root, 'all', 'skip')) == 7


@pytest.mark.parametrize('text, message', [
    ('[{"photo": 1', 'not a whole JSON'), ('{}', 'holds a dict, not a list'),
    ('[{"photo": 1, "product": 2}]', "KeyError 'bbox'")])
def test_street2shop_bad_input(tmp_path, text, message):
    root = trees.make_street2shop(tmp_path)
    (root / 'meta' / 'json' / 'train_pairs_bags.json').write_text(text)
    with pytest.raises(ValueError, match=f'train_pairs_bags.json.*{message}'):
        Street2ShopDataset(root, missing='skip')


def test_street2shop_wrong_root(tmp_path):
    root = trees.make_street2shop(tmp_path)
    with pytest.raises(FileNotFoundError, match='root must be the folder'):
        Street2ShopDataset(root / 'meta')
    for path in (root / 'meta' / 'json').glob('retrieval_*'):
        path.unlink()
    with pytest.raises(FileNotFoundError, match='retrieval_CATEGORY.json'):
        Street2ShopDataset(root)


def test_csv(tmp_path):
    path = trees.make_csv(tmp_path)
    dataset = CSVRetrievalDataset(path)
    assert _rows(dataset) == [
        ('street/é.jpg', 7, 'query', 'test', 'dress', (4, 2, 24, 12)),
        ('shop/1.jpg', 7, 'gallery', 'test', 'dress', None),
        ('shop/2.jpg', 8, 'gallery', 'test', None, None),
        ('shop/1.jpg', 9, 'both', 'train', 'bag', (0, 0, 20, 10.5))]
    assert [img.shape for img in dataset.slice[:, 'img']] == [
        (3, 20, 10), (3, 40, 30), (3, 40, 30), (3, 20, 11)]
    assert dataset[-1][0].shape == (3, 20, 11)
    assert len(CSVRetrievalDataset(path, 'train')) == 1
    own = CSVRetrievalDataset(path, category_map=None)
    assert own.label_names == ('bag', 'dress', 'ring')


@pytest.mark.parametrize('old, new, message', [
    ('is_query', 'query', 'no column is_query'),
    ('True', 'maybe', "is_query of street/é.jpg is 'maybe'"),
    ('2,12', '2,x', 'box of street/é.jpg'), ('2,12', 'nan,12', 'box of street/é.jpg'),
    ('2,12', '2,', 'box of street/é.jpg'), ('2,12', '2,inf', 'box of street/é.jpg'),
    ('2,12', '12,2', 'box of street/é.jpg has no area'),
    ('shop/2.jpg', '../2.jpg', "items.csv names '../2.jpg'"),
    ('shop/2.jpg', '/2.jpg', "items.csv names '/2.jpg'")])
def test_csv_bad_input(tmp_path, old, new, message):
    path = trees.make_csv(tmp_path)
    _change(path, old, new)
    with pytest.raises(ValueError, match=message):
        CSVRetrievalDataset(path)


def test_a_box_outside_of_its_image(tmp_path):
    path = trees.make_csv(tmp_path)
    _change(path, '2,12,4,24', '30,42,4,24')
    with pytest.raises(ImageReadError, match='é.jpg: its box .* is outside of its 30 x 40 pixels'):
        CSVRetrievalDataset(path)[0]


def test_csv_boxes_in_shares(tmp_path):
    path = trees.make_csv(tmp_path)
    _change(path, '0,10.5,0,20', 'nan,NaN,,nan')  # no box
    assert np.isnan(CSVRetrievalDataset(path).bboxes[3]).all()
    _change(path, '2,12,4,24', '.2,1,.1,.9')
    with pytest.raises(ValueError, match='items.csv: all boxes are .* must be pixels'):
        CSVRetrievalDataset(path)


def test_csv_with_quotes_and_odd_line_ends(tmp_path):
    trees.write_image(tmp_path / 'a,\u2028b.jpg')
    dataset = CSVRetrievalDataset(trees.write_csv(
        tmp_path, 'label,path,split,is_query,is_gallery,note\r\n'
        '1,"a,\u2028b.jpg",x,0,1,"two\r\nlines"\r\n'))
    assert dataset.names == ['a,\u2028b.jpg'] and len(dataset) == 1


def test_csv_without_such_a_split(tmp_path):
    with pytest.raises(ValueError, match="there are 'test', 'train'"):
        CSVRetrievalDataset(trees.make_csv(tmp_path), 'val')
    for text, message in ('', 'is empty'), ('label,path\n', 'has a header, and no row below'):
        with pytest.raises(ValueError, match=message):
            CSVRetrievalDataset(trees.write_csv(tmp_path, text))


@pytest.mark.parametrize('make, reader', [
    (trees.make_deepfashion2, DeepFashion2RetrievalDataset),
    (trees.make_consumer_to_shop, ConsumerToShopDataset),
    (trees.make_in_shop, InShopDataset),
    (trees.make_street2shop,
     lambda root: Street2ShopDataset(root, 'all', 'skip')),
    (lambda root: trees.make_csv(root), CSVRetrievalDataset)])
def test_csv_there_and_back(tmp_path, make, reader):
    dataset = reader(make(tmp_path))
    write_retrieval_csv(dataset, tmp_path / 'out.csv')
    again = CSVRetrievalDataset(
        tmp_path / 'out.csv', root=dataset.root,
        category_map={name: name for name in dataset.label_names})
    assert _rows(again) == _rows(dataset)


def test_boxes_of_another_size_do_not_go_into_a_csv(tmp_path):
    dataset = ConsumerToShopDataset(
        trees.make_consumer_to_shop(tmp_path), highres=True)
    with pytest.raises(ValueError, match='images of another size'):
        write_retrieval_csv(dataset, tmp_path / 'out.csv')


def test_product_folder(tmp_path):
    for name in ('dress/b.JPG', 'dress/a.png', 'hat/old/c.webp', '.x.jpg',
                 'readme.txt'):
        trees.write_image(tmp_path / name) if name[-1] != 't' else (
            trees.write_text(tmp_path / name, 'hello'))
    (tmp_path / 'dress' / 'loop').symlink_to(tmp_path)
    dataset = ProductFolderDataset(tmp_path)
    assert _rows(dataset) == [
        ('dress/a.png', 'dress/a', 'gallery', '', 'dress', None),
        ('dress/b.JPG', 'dress/b', 'gallery', '', 'dress', None),
        ('hat/old/c.webp', 'hat/old/c', 'gallery', '', None, None)]
    assert dataset.prices == dataset.urls == [''] * 3
    (tmp_path / 'nothing').mkdir()
    with pytest.raises(ValueError, match='has no image'):
        ProductFolderDataset(tmp_path / 'nothing')


def test_product_csv(tmp_path):
    trees.write_image(tmp_path / 'a.jpg')
    trees.write_image(tmp_path / 'b.jpg')
    path = tmp_path / 'products.csv'
    trees.write_text(path, (
        'path,id,category,price,url\r\n'
        'b.jpg,17,hat,"1,200",http://shop.example/17\r\n'
        'c.jpg,18,hat,5,\r\na.jpg,19,,,\r\n'))
    with pytest.raises(FileNotFoundError, match='1 of the 3 .*c.jpg'):
        ProductFolderDataset(tmp_path, path)
    dataset = ProductFolderDataset(tmp_path, path, missing='skip')
    assert _rows(dataset) == [
        ('b.jpg', '17', 'gallery', '', 'headwear', None),
        ('a.jpg', '19', 'gallery', '', None, None)]
    assert dataset.prices == ['1,200', '']
    assert dataset.urls == ['http://shop.example/17', '']
    for text, message in (
            ('file\na.jpg\n', 'no column path'), ('path\n/a.jpg\n', 'relative'),
            ('path,id\na.jpg,1\nb.jpg,1\n', "the product '1' twice")):
        trees.write_text(path, text)
        with pytest.raises(ValueError, match=message):
            ProductFolderDataset(tmp_path, path)


def test_choose(tmp_path):
    dataset = CSVRetrievalDataset(trees.make_csv(tmp_path))
    chosen = dataset.choose(dataset.splits == 'train')
    assert _rows(chosen) == [_rows(dataset)[3]]
    assert chosen.label_names == dataset.label_names
    assert chosen.unknown_categories == {'ring': 1} and chosen.n_missing == 0
    (tmp_path / 'shop' / '2.jpg').unlink()
    some = CSVRetrievalDataset(tmp_path / 'items.csv', missing='skip')
    assert some.choose(some.is_query).n_missing == 1
    with pytest.raises(ValueError, match='4 bools'):
        dataset.choose([1, 2])


def test_columns_of_two_lengths(tmp_path):
    with pytest.raises(ValueError, match='of one length'):
        RetrievalDataset(tmp_path, ['a.jpg'], [1, 2], [True], [False])


def test_broken_image(tmp_path):
    dataset = CSVRetrievalDataset(trees.make_csv(tmp_path))
    (tmp_path / 'shop' / '1.jpg').write_bytes(b'\xff\xd8\xff')
    readable, broken = leave_out_broken(dataset)
    assert readable.names == ['street/é.jpg', 'shop/2.jpg']
    assert list(broken) == ['shop/1.jpg'] and '1.jpg' in broken['shop/1.jpg']


def test_pairs(tmp_path):
    dataset = ConsumerToShopDataset(trees.make_consumer_to_shop(tmp_path))
    pairs = StreetShopPairDataset(dataset)
    assert len(pairs) == 2 and pairs.n_without_product == 0
    assert pairs.item_ids.tolist() == ['id_00000001'] * 2
    assert [dataset.label_names[k] for k in pairs.categories] == ['top'] * 2
    crop, _, category = pairs[1]
    np.testing.assert_array_equal(crop, dataset[3][0])
    assert category == pairs.categories[1]
    chance = np.random.default_rng(0)
    found = {pairs.read_product(0, chance).tobytes() for _ in range(20)}
    assert found == {dataset[i][0].tobytes() for i in (1, 2)}
    # without chance it is always the first
    np.testing.assert_array_equal(pairs[0][1], dataset[1][0])


def test_pairs_of_street2shop(tmp_path):
    pairs = StreetShopPairDataset(Street2ShopDataset(
        trees.make_street2shop(tmp_path), missing='skip'))
    # the only shop photo of the other product is gone
    assert pairs.item_ids.tolist() == ['bags/10']
    assert pairs.n_without_product == 1


def test_pairs_of_moved_boxes(tmp_path):
    dataset = DeepFashion2RetrievalDataset(trees.make_deepfashion2(tmp_path))
    exact = StreetShopPairDataset(dataset)
    moved = StreetShopPairDataset(dataset, box_jitter=.2)
    chance = np.random.default_rng(0)
    crop, product, _ = exact[0]
    heights = {moved.read_street(0, chance).shape[1] for _ in range(30)}
    assert min(heights) < crop.shape[1] < max(heights)
    np.testing.assert_array_equal(moved[0][0], crop)
    # the product's box is not moved
    np.testing.assert_array_equal(moved.read_product(0, chance), product)


def test_pairs_with_room_around_boxes(tmp_path):
    dataset = DeepFashion2RetrievalDataset(trees.make_deepfashion2(tmp_path))
    exact = StreetShopPairDataset(dataset)[0][0]
    pairs, chance = StreetShopPairDataset(dataset, box_margin=.2), np.random.default_rng(0)
    heights = {pairs.read_street(0, chance).shape[1] for _ in range(30)}
    assert exact.shape[1] <= min(heights) < max(heights) <= exact.shape[1] * 1.4 + 2
    np.testing.assert_array_equal(pairs[0][0], exact)


def test_images_on_both_sides_are_not_paired_with_themselves(tmp_path):
    dataset = InShopDataset(trees.make_in_shop(tmp_path))
    pairs = StreetShopPairDataset(dataset)
    assert len(pairs) == 2
    for i in range(2):
        for _ in range(5):
            crop, product, _ = pairs[i]
            np.testing.assert_array_equal(crop, dataset[i][0])
            np.testing.assert_array_equal(product, dataset[1 - i][0])


def test_paths_of_other_spellings(tmp_path, caplog):
    """Folder and id are those of the file, as Windows or a shell may name it."""
    for name in 'dress/1.jpg', 'hat/2.jpg', '3.jpg':
        trees.write_image(tmp_path / name)
    path = tmp_path / 'products.csv'
    trees.write_text(path, 'path\ndress\\1.jpg\n./hat/2.jpg\n./3.jpg\n')
    with caplog.at_level('INFO'):
        dataset = ProductFolderDataset(tmp_path, path)
    assert _rows(dataset) == [
        ('dress/1.jpg', 'dress/1', 'gallery', '', 'dress', None),
        ('hat/2.jpg', 'hat/2', 'gallery', '', 'headwear', None),
        ('3.jpg', '3', 'gallery', '', None, None)]
    assert dataset.left_out_files == [] and 'does not name' not in caplog.text


def test_nothing_to_pair(tmp_path):
    trees.write_image(tmp_path / 'a.jpg')
    with pytest.raises(ValueError, match='nothing to train on'):
        StreetShopPairDataset(ProductFolderDataset(tmp_path))
