import weakref

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import CSVRetrievalDataset, SyntheticFashionDataset
from vasily_fashion.retrieval import Gallery

import numpy as np
import pytest
from PIL import Image


class _MeanColour:
    dim = 3

    fingerprint = 'colour'

    def extract(self, imgs):
        return np.stack([img.mean(axis=(1, 2)) for img in imgs])


def _save(path, colour):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', (4, 6), colour).save(path)


def test_folder(tmp_path):
    _save(tmp_path / 'skirts' / 'a.png', (1, 2, 3))
    _save(tmp_path / 'b.png', (4, 5, 6))
    (tmp_path / 'notes.txt').write_text('x')
    gallery = Gallery.from_folder(tmp_path)
    assert gallery.ids == ['b', 'skirts/a'] and len(gallery) == 2
    assert gallery.categories.tolist() == [-1, FASHION_CATEGORIES.index('skirt')]
    assert gallery.read('skirts/a')[:, 0, 0].tolist() == [1, 2, 3]
    with pytest.raises(KeyError):
        gallery.read('c')
    index = gallery.make_index(_MeanColour())
    distances, ids = index.search(np.array([[1, 2, 3.]]), 2)
    assert ids.tolist() == [['skirts/a', 'b']]
    assert distances.tolist() == [[0, 27]]


def test_the_ground_around_a_product_is_trimmed():
    product, = SyntheticFashionDataset(1, 0, 12).product_images.slice[:1, 0]
    imgs = [np.pad(product, ((0, 0), (n, n), (n, n)), constant_values=255) for n in (99, 300)]
    gallery = Gallery(['on white', 'on more white'], imgs.__getitem__)
    one, other = gallery.embed(_MeanColour())[0]
    np.testing.assert_allclose(one, other, atol=4)
    assert np.abs(imgs[0].mean(axis=(1, 2)) - imgs[1].mean(axis=(1, 2))).max() > 20
    assert gallery.read('on more white').shape == imgs[1].shape


def test_some_of_it(tmp_path):
    for i, name in enumerate('abc'):
        _save(tmp_path / f'{name}.png', (i, 0, 0))
    some = Gallery.from_folder(tmp_path).choose([2, 0])
    assert some.ids == ['c', 'a'] and some.row('a') == 1
    assert [some[i][0, 0, 0] for i in range(2)] == [2, 0]
    assert some.is_there('c') and not some.is_there('b')
    (tmp_path / 'c.png').write_text('no image')
    with pytest.warns(UserWarning, match='left out: .*c.png'):
        embeddings, rows = some.embed(_MeanColour())
    assert rows == [1] and embeddings.tolist() == [[0, 0, 0]]
    (tmp_path / 'c.png').unlink()
    assert not some.is_there('c')


def test_categories_of_ones_own(tmp_path):
    for name in 'kimono', 'geta', 'hats':
        _save(tmp_path / name / 'a.png', (1, 2, 3))
    gallery = Gallery.from_folder(tmp_path, label_names=('kimono', 'geta'))
    assert dict(zip(gallery.ids, gallery.categories.tolist(), strict=True)) == {
        'geta/a': 1, 'hats/a': -1, 'kimono/a': 0}
    (tmp_path / 'p.csv').write_text('path,category\ngeta/a.png,Geta\n')
    gallery = Gallery.from_folder(tmp_path / 'p.csv', label_names=('kimono', 'geta'))
    assert gallery.categories.tolist() == [1]


def test_columns_of_another_length_are_refused():
    with pytest.raises(ValueError, match='categories has 1 entries for 2 ids'):
        Gallery(['a', 'b'], np.zeros((2, 3, 4, 4)).__getitem__, [1])
    with pytest.raises(ValueError, match='prices has 3 entries for 2 ids'):
        Gallery(['a', 'b'], np.zeros((2, 3, 4, 4)).__getitem__, prices=['', '', ''])
    with pytest.raises(ValueError, match="ids: 'b' is given twice"):
        Gallery(['a', 'b', 'b'], np.zeros((3, 3, 4, 4)).__getitem__)


def test_few_images_are_in_memory_at_a_time():
    there = []

    def read(i):
        img = np.full((3, 40, 40), 255, np.float32)
        img[:, 10:20, 10:20] = 0  # what is trimmed does not keep the whole photo
        there.append(weakref.ref(img))
        most.append(sum(ref() is not None for ref in there))
        return img

    most: list[int] = []
    Gallery([str(i) for i in range(99)], read).embed(_MeanColour())
    assert len(most) == 99 and max(most) <= 3


def test_csv(tmp_path):
    _save(tmp_path / 'a.png', (1, 2, 3))
    (tmp_path / 'p.csv').write_text(
        'path,id,category,price,url\na.png,7,bag,100,https://a.example\n')
    gallery = Gallery.from_folder(tmp_path / 'p.csv')
    assert gallery.ids == ['7'] and gallery.categories.tolist() == [0]
    assert gallery.prices == ['100'] and gallery.urls == ['https://a.example']


def test_data_set_gives_its_gallery(tmp_path):
    for name in 'abc':
        _save(tmp_path / f'{name}.png', (1, 2, 3))
    (tmp_path / 'pairs.csv').write_text(
        'label,path,split,is_query,is_gallery\n1,a.png,val,1,0\n'
        '1,b.png,val,0,1\n2,c.png,val,0,1\n')
    dataset = CSVRetrievalDataset(tmp_path / 'pairs.csv', 'val')
    assert Gallery.from_dataset(dataset).ids == ['1', '2']


def test_synthetic_world():
    world = SyntheticFashionDataset(1, 0, 12)
    gallery = Gallery.from_world(world)
    assert len(gallery) == 12
    assert gallery.categories.tolist() == world.product_images.categories.tolist()
    np.testing.assert_array_equal(gallery.read('3'), world.product_images[3][0])
