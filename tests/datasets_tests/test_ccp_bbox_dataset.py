import pickle

from vasily_fashion.categories import CCP_TO_FASHION, FASHION_CATEGORIES
from vasily_fashion.datasets import CCPBboxDataset

import cv2
import numpy as np
import pytest
from chainercv.utils import assert_is_bbox_dataset
from scipy.io import loadmat, savemat

# Made up, but with the traps of the real list: 59 names of which value 0 is
# 'null', and names that are not items.
_NAMES = ['null', 'accessories', 'bag', 'belt', 'skin', 'hair', 'dress',
          'shoes', 'hat']
_NAMES += [f'other{i}' for i in range(59 - len(_NAMES))]
_SIZE = 60, 40


def _label(name):
    return FASHION_CATEGORIES.index(name)


def _values(**rects):
    """An annotation: each label's rectangles, later ones in front."""
    values = np.zeros(_SIZE, np.uint8)
    for name, boxes in rects.items():
        for y0, x0, y1, x1 in boxes:
            values[y0:y1, x0:x1] = _NAMES.index(name)
    return values


_ANNOTATIONS = {
    # labels that are not items around two that are
    '0001': _values(skin=[(0, 0, 20, 40)], dress=[(10, 5, 50, 35)],
                    bag=[(20, 0, 30, 10)], hair=[(0, 0, 5, 5)]),
    # two shoes are one item; a stray mark of 1 % is none of it
    '0005': _values(shoes=[(50, 5, 60, 12), (50, 20, 60, 30), (0, 0, 1, 1)]),
    # no item at all; the ids are not consecutive
    '0010': _values(skin=[(5, 5, 20, 20)]),
    # 4 % beside 6 % of 100 pixels
    '0012': _values(hat=[(0, 0, 9, 10), (20, 0, 21, 4), (30, 30, 31, 36)]),
    # all of it is stray marks, of 4 % each but one of 8 %
    '0013': _values(belt=[(2 * i, 0, 2 * i + 1, 2) for i in range(23)]
                    + [(50, 30, 52, 32)]),
}


def make_ccp(root):
    (root / 'photos').mkdir(parents=True)
    folder = root / 'annotations' / 'pixel-level'
    folder.mkdir(parents=True)
    names = np.empty((1, 59), object)
    names[0] = [np.array([name]) for name in _NAMES]
    savemat(root / 'label_list.mat', {'label_list': names})
    random_state = np.random.RandomState(0)
    for photo_id, values in _ANNOTATIONS.items():
        savemat(folder / f'{photo_id}.mat', {'groundtruth': values})
        img = random_state.randint(0, 256, (*_SIZE, 3), np.uint8)
        cv2.imencode('.jpg', img)[1].tofile(
            root / 'photos' / f'{photo_id}.jpg')
    # a photo without an annotation
    cv2.imencode('.jpg', img)[1].tofile(root / 'photos' / '0003.jpg')
    return root


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return make_ccp(tmp_path_factory.mktemp('写真') / 'ccp')


def test_layout_is_that_of_the_real_files(root):
    names = loadmat(root / 'label_list.mat')['label_list']
    assert names.shape == (1, 59) and names.dtype == object
    assert names[0, 0].shape == (1,) and names[0, 0][0] == 'null'


@pytest.mark.parametrize('split, ids', [
    ('train', ['0001', '0012', '0013']), ('val', ['0005', '0010']),
    ('all', ['0001', '0005', '0010', '0012', '0013'])])
def test_split(root, split, ids):
    dataset = CCPBboxDataset(root, split)
    assert dataset.ids == ids
    assert len(dataset) == len(ids)


def test_contract(root):
    assert_is_bbox_dataset(CCPBboxDataset(root, 'all'), 12)
    assert CCPBboxDataset(str(root)).keys == ('img', 'bbox', 'label')


@pytest.mark.parametrize('photo_id, bbox, label', [
    ('0001', [(20, 0, 30, 10), (10, 5, 50, 35)], ['bag', 'dress']),
    ('0005', [(50, 5, 60, 30)], ['footwear']),
    ('0010', [], []),
    ('0012', [(0, 0, 31, 36)], ['headwear']),
    ('0013', [(50, 30, 52, 32)], ['belt']),
])
def test_boxes(root, photo_id, bbox, label):
    dataset = CCPBboxDataset(root, 'all')
    i = dataset.ids.index(photo_id)
    img, found_bbox, found_label = dataset[i]
    assert img.shape == (3, *_SIZE) and img.dtype == np.float32
    np.testing.assert_array_equal(
        found_bbox, np.array(bbox, np.float32).reshape(-1, 4))
    np.testing.assert_array_equal(
        found_label, [_label(name) for name in label])
    assert found_bbox.dtype == np.float32 and found_label.dtype == np.int32


def test_own_categories(root):
    dataset = CCPBboxDataset(root, 'all', own_categories=True)
    assert len(dataset.label_names) == 56
    assert not {'null', 'hair', 'skin'} & set(dataset.label_names)
    assert [dataset.label_names[k] for k in dataset[0][2]] == ['bag', 'dress']
    assert [dataset.label_names[k] for k in dataset[1][2]] == ['shoes']


def test_photo_is_rgb_of_its_id(root):
    dataset = CCPBboxDataset(root, 'val')
    expected = cv2.imdecode(
        np.fromfile(root / 'photos' / '0010.jpg', np.uint8),
        cv2.IMREAD_COLOR)
    np.testing.assert_allclose(
        dataset[1][0], expected[:, :, ::-1].transpose(2, 0, 1), atol=4)


def test_masks(root):
    dataset = CCPBboxDataset(root, 'all')
    mask = dataset.get_mask(0)
    values = _ANNOTATIONS['0001']
    assert mask.dtype == bool
    np.testing.assert_array_equal(
        mask, [values == _NAMES.index(n) for n in ('bag', 'dress')])
    # the mark of 4 % is gone, that of 6 % is there
    hat, = dataset.get_mask(3)
    assert not hat[20].any() and hat[30, 30:36].all() and hat.sum() == 96
    assert dataset.get_mask(2).shape == (0, *_SIZE)


def test_a_photo_is_missing(tmp_path):
    root = make_ccp(tmp_path / 'ccp')
    (root / 'photos' / '0005.jpg').unlink()
    with pytest.raises(FileNotFoundError, match='0005.jpg'):
        CCPBboxDataset(root, 'val')
    dataset = CCPBboxDataset(root, 'val', missing='skip')
    assert dataset.ids == ['0010'] and dataset.n_missing == 1
    assert [len(label) for label in dataset.slice[:, 'label']] == [0]


def test_pickle(root):
    dataset = pickle.loads(pickle.dumps(CCPBboxDataset(root)))
    np.testing.assert_array_equal(
        dataset[0][1], CCPBboxDataset(root)[0][1])


def test_other_files_among_the_annotations(tmp_path):
    # what macOS leaves on a disk
    root = make_ccp(tmp_path / 'ccp')
    folder = root / 'annotations' / 'pixel-level'
    (folder / '._0001.mat').write_bytes(b'')
    (folder / 'readme.txt').write_text('')
    assert CCPBboxDataset(root, 'all').ids == sorted(_ANNOTATIONS)


def test_every_mapped_name_is_a_category():
    assert set(CCP_TO_FASHION.values()) <= set(FASHION_CATEGORIES)
    assert 'null' not in CCP_TO_FASHION


@pytest.mark.parametrize('missing', [
    'photos', 'label_list.mat', 'annotations/pixel-level'])
def test_wrong_root(tmp_path, missing):
    root = make_ccp(tmp_path / 'ccp')
    (root / missing).rename(root / 'elsewhere')
    with pytest.raises(FileNotFoundError, match='root') as caught:
        CCPBboxDataset(root)
    assert str(root / missing) in str(caught.value)


def test_wrong_split(root):
    with pytest.raises(ValueError, match="split.*'test'"):
        CCPBboxDataset(root, 'test')


def _cut(path):
    data = path.read_bytes()
    path.write_bytes(data[:len(data) // 2])


def _empty(path):
    path.write_bytes(b'')


def _text(path):
    path.write_text('no matrix ' * 50)


def _other_name(path):
    savemat(path, {'something': np.zeros(3)})


@pytest.mark.parametrize('damage', [_cut, _empty, _text, _other_name])
def test_broken_annotation(tmp_path, damage):
    root = make_ccp(tmp_path / 'ccp')
    damage(root / 'annotations' / 'pixel-level' / '0005.mat')
    dataset = CCPBboxDataset(root, 'val')
    with pytest.raises(ValueError, match='0005.mat'):
        list(dataset.slice[:1, 'bbox'])
    assert len(dataset[1][1]) == 0


@pytest.mark.parametrize('damage', [_cut, _empty, _text, _other_name])
def test_broken_label_list(tmp_path, damage):
    root = make_ccp(tmp_path / 'ccp')
    damage(root / 'label_list.mat')
    with pytest.raises(ValueError, match='label_list.mat'):
        CCPBboxDataset(root)
