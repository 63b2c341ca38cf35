from vasily_fashion.datasets import SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.evaluations.baselines import hsv_histogram
from vasily_fashion.training import teacher_features
from vasily_fashion.transforms import letterbox, trim_ground

import numpy as np
import pytest


@pytest.fixture(scope='module')
def pairs():
    dataset = SyntheticItemDataset(SyntheticFashionDataset(2, n_item=24))
    return dataset, np.unique(dataset.item_ids, return_inverse=True)[1].ravel()


def _write(path, shape, nodes, result):
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
            for name, shape in (('x', shape), (nodes[-1][2], result)))
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(kind, given.split(), [made]) for kind, given, made in nodes],
        'teacher', [x], [y])
    onnx.save(onnx.helper.make_model(
        graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid('', 13)]), path)
    return str(path)


_MEAN = ('GlobalAveragePool', 'x', 'mean')


@pytest.fixture
def mean_colour(tmp_path):
    """An ONNX file that returns the mean colour of 8 x 6 pixels."""
    return _write(tmp_path / 'mean.onnx', [1, 3, 8, 6], [_MEAN], [1, 3, 1, 1])


def _unit(x):
    x = x - x.mean(axis=0)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_the_mean_of_the_teachers(pairs, mean_colour, tmp_path):
    dataset, item_ids = pairs
    features = teacher_features(dataset, item_ids, ['hsv', mean_colour], tmp_path / 'kept')
    imgs = [trim_ground(dataset.read_product(int(np.flatnonzero(item_ids == i)[0])), .05)
            for i in range(item_ids.max() + 1)]
    hsv = _unit(hsv_histogram(imgs))
    colour = _unit(np.array([letterbox(img, (8, 6)).mean(axis=(1, 2)) for img in imgs]))
    assert features.shape == (len(imgs), 256 + 3)
    np.testing.assert_allclose(
        features @ features.T, (hsv @ hsv.T + colour @ colour.T) / 2, atol=.01)


def test_kept(pairs, tmp_path, monkeypatch):
    """What was computed is not computed again; another training has its own."""
    dataset, item_ids = pairs
    n = item_ids.max() + 1
    read = []
    monkeypatch.setattr(
        SyntheticItemDataset, 'read_product',
        lambda self, i, random_state=None, original=SyntheticItemDataset.read_product: (
            read.append(i), original(self, i, random_state))[1])
    features = teacher_features(dataset, item_ids, ['hsv'], tmp_path)
    assert len(read) >= n
    (path,) = tmp_path.glob('teacher_*/is_there.npy')
    is_there = np.load(path, mmap_mode='r+')
    is_there[3] = False  # as if it had been killed before
    del is_there, read[:]
    np.testing.assert_array_equal(
        teacher_features(dataset, item_ids, ['hsv'], tmp_path), features)
    assert len(read) <= 16 + 2
    teacher_features(dataset, item_ids[::-1].copy(), ['hsv'], tmp_path)
    assert len(list(tmp_path.glob('teacher_*/is_there.npy'))) == 2


def test_no_teacher(pairs, tmp_path):
    dataset, item_ids = pairs
    with pytest.raises(FileNotFoundError, match="nowhere.onnx: a teacher is 'hsv', or an ONNX"):
        teacher_features(dataset, item_ids, [str(tmp_path / 'nowhere.onnx')], tmp_path / 'kept')
    pytest.importorskip('onnxruntime')
    path = tmp_path / 'text.onnx'
    path.write_text('no network')
    with pytest.raises(ValueError, match='text.onnx is no network that takes'):
        teacher_features(dataset, item_ids, [str(path)], tmp_path / 'kept')


@pytest.mark.parametrize('shape, nodes, result, message', [
    ([1, 8, 6, 3], [_MEAN], [1, 8, 1, 1], 'is no network that takes'),
    ([8, 3, 8, 6], [_MEAN], [8, 3, 1, 1], 'is no network that takes'),
    ([1, 3, 8, 'W'], [_MEAN], [1, 3, 1, 1], 'is no network that takes'),
    ([1, 3, 8, 6], [('Relu', 'x', 'y')], [1, 3, 8, 6], r'returns \(1, 3, 8, 6\), not'),
    ([1, 3, 8, 6], [_MEAN, ('Exp', 'mean', 'y')], [1, 3, 1, 1], 'too large for float16')])
def test_wrong_networks(pairs, shape, nodes, result, message, tmp_path):
    dataset, item_ids = pairs
    path = _write(tmp_path / 'wrong.onnx', shape, nodes, result)
    with pytest.raises(ValueError, match='wrong.onnx .*' + message):
        teacher_features(dataset, item_ids, [path], tmp_path / 'kept')
    assert not list(tmp_path.glob('kept/*/is_there.npy'))
