import json

from tests.training_tests.tiny import tiny_snaps, tiny_ssd
from vasily_fashion.training import train_fashion_ssd

import chainer
import numpy as np
import pytest


@pytest.fixture(scope='module')
def dataset():
    return tiny_snaps()


def _weights(link):
    return {name: param.array.copy() for name, param in link.namedparams()}


def _train(dataset, out, iteration, **kwargs):
    model = tiny_ssd()
    trainer = train_fashion_ssd(
        model, dataset, out, iteration,
        **{'batch_size': 2, 'log_interval': 1, 'snapshot_interval': 2,
           **kwargs})
    log = json.loads((out / 'log').read_text())
    return model, trainer, log


@pytest.fixture(scope='module')
def run(dataset, tmp_path_factory):
    """Five iterations without a break, conv1 frozen."""
    out = tmp_path_factory.mktemp('写真') / 'new' / 'out'
    return (*_train(dataset, out, 5, freeze_until='conv1_2'), out)


def test_frozen_layers_stay_and_others_change(run):
    before = _weights(tiny_ssd())
    for name, array in _weights(run[0]).items():
        is_frozen = name.startswith('/extractor/conv1')
        assert np.array_equal(array, before[name]) == is_frozen, name
        assert np.isfinite(array).all()


def test_files(run):
    model, trainer, log, out = run
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
    assert [line['lr'] for line in run[2]][:3] == [1e-3] * 3
    assert run[2][-1]['lr'] < 1e-3


def test_same_seed_same_losses(run, dataset, tmp_path):
    log = _train(dataset, tmp_path, 2, freeze_until='conv1_2')[2]
    for a, b in zip(run[2][:2], log, strict=True):
        assert a['main/loss'] == pytest.approx(b['main/loss'], rel=1e-6)
    other = _train(
        dataset, tmp_path / 'b', 1, freeze_until='conv1_2', seed=9)[2]
    assert other[0]['main/loss'] != pytest.approx(log[0]['main/loss'], 1e-3)


def test_resume(dataset, tmp_path):
    first = _train(dataset, tmp_path / 'a', 2, freeze_until='conv1_2')[0]
    model, trainer, log = _train(
        dataset, tmp_path / 'b', 3, freeze_until='conv1_2',
        resume=tmp_path / 'a' / 'snapshot')
    assert trainer.updater.iteration == 3
    assert [line['iteration'] for line in log] == [1, 2, 3]
    before, after = _weights(first), _weights(model)
    # one step on from the snapshot, not from the initial weights
    for name in before:
        step = np.abs(after[name] - before[name]).max()
        assert step < .1 * max(np.abs(before[name]).max(), .1), name
    assert (tmp_path / 'b' / 'model.npz').exists()


def test_nothing_frozen(dataset, tmp_path):
    model = _train(dataset, tmp_path, 2)[0]
    before = _weights(tiny_ssd())
    for name, array in _weights(model).items():
        assert not np.array_equal(array, before[name]), name


def test_no_box_in_the_whole_batch(dataset, tmp_path):
    # the one photo with boxes is not in the first batch
    model, _, log = _train([*dataset[-1:] * 40, dataset[0]], tmp_path, 1)
    assert log[0]['main/loss'] == 0
    assert all(np.isfinite(array).all() for array in _weights(model).values())


def test_unknown_layer(dataset, tmp_path):
    with pytest.raises(ValueError, match="freeze_until.*'conv9'.*conv1_2"):
        train_fashion_ssd(
            tiny_ssd(), dataset, tmp_path, 1, freeze_until='conv9')


def test_empty_dataset(tmp_path):
    with pytest.raises(ValueError, match='dataset is empty'):
        train_fashion_ssd(tiny_ssd(), [], tmp_path, 1)


@pytest.mark.gpu
def test_gpu(dataset, tmp_path):
    """Two steps, the second from a snapshot, are those of the CPU."""
    expected, _, expected_log = _train(dataset, tmp_path / 'cpu', 2)
    _train(dataset, tmp_path / 'a', 1, device='@cupy:0')
    model, _, log = _train(
        dataset, tmp_path / 'b', 2, device='@cupy:0', resume=tmp_path / 'a' / 'snapshot')
    for line, expected_line in zip(log, expected_log, strict=True):
        assert line['main/loss'] == pytest.approx(expected_line['main/loss'], rel=1e-4)
    model.to_device('@numpy')
    before, expected = _weights(tiny_ssd()), _weights(expected)
    for name, array in _weights(model).items():
        np.testing.assert_allclose(
            array - before[name], expected[name] - before[name], err_msg=name,
            rtol=0, atol=1e-3 * np.abs(expected[name] - before[name]).max() + 1e-7)


def test_photos_without_a_box(dataset, tmp_path):
    img, bbox, label = dataset[0]
    with pytest.raises(ValueError, match='none of the 3 photos has a box'):
        train_fashion_ssd(
            tiny_ssd(), [(img, bbox[:0], label[:0])] * 3, tmp_path / 'out', 1)
    assert not (tmp_path / 'out').exists()
