from tests.training_tests.tiny import tiny_snaps, tiny_ssd, train_tiny
from vasily_fashion.training import TrainingPhotos

import chainer
import numpy as np
import pytest


@pytest.fixture(scope='module')
def dataset():
    return tiny_snaps()


def _weights(link):
    return {name: param.array.copy() for name, param in link.namedparams()}


def _train(dataset, out, iteration, **kwargs):
    return train_tiny('ssd', out, iteration, dataset, batch_size=2, **kwargs)


@pytest.fixture(scope='module')
def run(dataset, tmp_path_factory):
    """Five iterations without a break, conv1 frozen."""
    out = tmp_path_factory.mktemp('写真') / 'new' / 'out'
    return (*_train(dataset, out, 5, freeze_until='conv1_2'), out)


def test_files(run):
    model, log, out = run
    assert {path.name for path in out.iterdir()} == {
        'log', 'snapshot', 'model.npz'}
    assert [line['iteration'] for line in log] == [1, 2, 3, 4, 5]
    for line in log:
        assert np.isfinite(line['main/loss']) and line['main/loss'] >= 0
        assert line['main/loss'] == pytest.approx(
            line['main/loss/loc'] + line['main/loss/conf'], rel=1e-4)
    # the last weights, though 5 is not a multiple of the interval
    saved = tiny_ssd()
    chainer.serializers.load_npz(out / 'model.npz', saved)
    for name, array in _weights(model).items():
        np.testing.assert_array_equal(_weights(saved)[name], array, name)


def test_learning_rate_steps(run):
    # 0.7 and 0.9 of five iterations: after the 4th twice
    assert [line['lr'] for line in run[1]][:3] == [1e-3] * 3
    assert run[1][-1]['lr'] < 1e-3


def test_nothing_frozen(dataset, tmp_path):
    model = _train(dataset, tmp_path, 2)[0]
    before = _weights(tiny_ssd())
    for name, array in _weights(model).items():
        assert not np.array_equal(array, before[name]), name


def test_no_box_in_the_whole_batch(dataset, tmp_path):
    # the one photo with boxes is not in the first batch
    model, log = _train([*dataset[-1:] * 40, dataset[0]], tmp_path, 1)
    assert log[0]['main/loss'] == 0
    assert all(np.isfinite(array).all() for array in _weights(model).values())


def test_unknown_layer(dataset, tmp_path):
    with pytest.raises(ValueError, match="'conv9' is no convolution .*conv1_2"):
        _train(dataset, tmp_path, 1, freeze_until='conv9')


def test_empty_dataset():
    with pytest.raises(ValueError, match='dataset is empty'):
        TrainingPhotos([], tiny_ssd())


@pytest.mark.gpu
def test_gpu(dataset, tmp_path):
    """Two steps, the second from a snapshot, are those of the CPU."""
    expected, expected_log = _train(dataset, tmp_path / 'cpu', 2)
    _train(dataset, tmp_path / 'a', 1, device='@cupy:0')
    model, log = _train(
        dataset, tmp_path / 'b', 2, device='@cupy:0', resume=tmp_path / 'a' / 'snapshot')
    for line, expected_line in zip(log, expected_log, strict=True):
        assert line['main/loss'] == pytest.approx(expected_line['main/loss'], rel=1e-4)
    model.to_device('@numpy')
    before, expected = _weights(tiny_ssd()), _weights(expected)
    for name, array in _weights(model).items():
        np.testing.assert_allclose(
            array - before[name], expected[name] - before[name], err_msg=name,
            rtol=0, atol=1e-3 * np.abs(expected[name] - before[name]).max() + 1e-7)


def test_photos_without_a_box(dataset):
    img, bbox, label = dataset[0]
    with pytest.raises(ValueError, match='none of the 3 photos has a box'):
        TrainingPhotos([(img, bbox[:0], label[:0])] * 3, tiny_ssd())
