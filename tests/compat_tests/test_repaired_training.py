"""A Trainer runs, writes snapshots and goes on from them."""
import warnings

import chainer
import numpy as np
import pytest
from chainer import training
from chainer.training import extensions


def _dataset():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 4)).astype(np.float32)
    return chainer.datasets.TupleDataset(
        x, x @ np.array([[1.], [-2.], [3.], [0.5]], dtype=np.float32))


def _trainer(out, n_epoch, iterator):
    np.random.seed(0)
    model = chainer.links.Classifier(
        chainer.links.Linear(4, 1), chainer.functions.mean_squared_error)
    model.compute_accuracy = False
    optimizer = chainer.optimizers.MomentumSGD(0.05)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(1e-4))
    updater = training.updaters.StandardUpdater(iterator, optimizer)
    trainer = training.Trainer(updater, (n_epoch, 'epoch'), out)
    trainer.extend(extensions.snapshot(autoload=True),
                   trigger=(1, 'epoch'))
    trainer.extend(extensions.LogReport(trigger=(1, 'epoch')))
    trainer.extend(extensions.PlotReport(['main/loss'], 'epoch'))
    trainer.extend(extensions.DumpGraph('main/loss'))
    return trainer, model


def _iterator(kind):
    if kind == 'serial':
        return chainer.iterators.SerialIterator(
            _dataset(), 4, shuffle=False)
    return chainer.iterators.MultiprocessIterator(
        _dataset(), 4, n_processes=2, shared_mem=1024)


@pytest.mark.parametrize('kind', ['serial', 'multiprocess'])
def test_training_stopped_and_resumed(tmp_path, kind):
    pytest.importorskip('matplotlib', reason='PlotReport needs matplotlib')
    weights = {}
    for name, epochs in (('at once', (4,)), ('resumed', (2, 4))):
        out = tmp_path / name
        for n_epoch in epochs:
            iterator = _iterator(kind)
            try:
                trainer, model = _trainer(str(out), n_epoch, iterator)
                trainer.run()
            finally:
                iterator.finalize()
        weights[name] = model.predictor.W.array
        log = trainer.get_extension('LogReport').log
        assert [entry['epoch'] for entry in log] == [1, 2, 3, 4]
        assert log[-1]['main/loss'] < log[0]['main/loss']
        assert {path.name for path in out.iterdir()} >= {
            'log', 'snapshot_iter_6', 'snapshot_iter_12', 'cg.dot',
            'plot.png'}
    assert trainer.updater.iteration == 12
    if kind == 'serial':        # the other shuffles
        np.testing.assert_array_equal(weights['resumed'], weights['at once'])


def test_npz_round_trip_without_pickle(tmp_path):
    path = str(tmp_path / 'model.npz')
    saved, loaded = (chainer.links.Linear(3, 2) for _ in range(2))
    chainer.serializers.save_npz(path, saved)
    with np.load(path, allow_pickle=False) as arrays:
        assert sorted(arrays) == ['W', 'b']
    chainer.serializers.load_npz(path, loaded)
    np.testing.assert_array_equal(loaded.W.array, saved.W.array)


def test_examples_of_other_lengths_are_padded():
    examples = [np.array([1, 2], np.float32), np.array([3], np.float32)]
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        batch = chainer.dataset.concat_examples(examples, padding=-1)
    np.testing.assert_array_equal(batch, [[1, 2], [3, -1]])
