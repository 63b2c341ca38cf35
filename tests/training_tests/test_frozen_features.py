import os
import subprocess
import sys

from tests.training_tests.tiny import TinyItems, TinyStyleExtractor, tiny_items, train_tiny
from vasily_fashion.training import FrozenPairs, TrainingPairs
from vasily_fashion.training.frozen_features import FrozenFeatures

import numpy as np
import pytest


def test_outputs_are_kept(tmp_path):
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(3, 2, 4)).astype(np.float32)
    features = FrozenFeatures(tmp_path / 'f', (2, 4), 3, b'key')
    for i in (2, 0):
        features[i] = outputs[i]
        np.testing.assert_array_equal(
            features[i], outputs[i].astype(np.float16))
        assert features[i].dtype == np.float32
    again = FrozenFeatures(tmp_path / 'f', (2, 4), 3, b'key')
    np.testing.assert_array_equal(again.find_missing(), [1])
    for i in (0, 2):
        np.testing.assert_array_equal(again[i], outputs[i].astype(np.float16))


@pytest.mark.parametrize('shape, n, key', [
    ((2,), 3, b'other'), ((2,), 4, b'key'), ((3,), 3, b'key')])
def test_a_folder_belongs_to_one_key(tmp_path, shape, n, key):
    FrozenFeatures(tmp_path, (2,), 3, b'key')
    with pytest.raises(ValueError, match='of other weights, images or views'):
        FrozenFeatures(tmp_path, shape, n, key)


def test_several_processes_make_a_folder_at_once(tmp_path):
    code = '''if True:
        import sys
        from vasily_fashion.training.frozen_features import FrozenFeatures
        print(flush=True)
        sys.stdin.readline()
        FrozenFeatures(sys.argv[1], (256,), 999, b'key')[int(sys.argv[2])] = 1
    '''
    processes = [subprocess.Popen(
        [sys.executable, '-c', code, tmp_path, str(i)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
        for i in range(3)]
    for process in processes:
        assert process.stdout.readline() == b'\n'
    for process in processes:
        process.stdin.write(b'\n')
        process.stdin.flush()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    features = FrozenFeatures(tmp_path, (256,), 999, b'key')
    np.testing.assert_array_equal(features.find_missing(), range(3, 999))
    assert all((features[i] == 1).all() for i in range(3))


def test_a_folder_that_was_not_finished_is_made_anew(tmp_path):
    (tmp_path / 'features.npy').write_bytes(b'half')
    features = FrozenFeatures(tmp_path, (2,), 3, b'key')
    features[1] = [5, 6]
    np.testing.assert_array_equal(features[1], [5, 6])
    np.testing.assert_array_equal(features.find_missing(), [0, 2])


class _Darker(TinyItems):

    def read_street(self, i, random_state=None):
        return super().read_street(i) / 2


@pytest.fixture(scope='module')
def trained():
    """A model whose batch normalisation has seen images."""
    model = TinyStyleExtractor()
    model.bn1_2.avg_var[:] = model.bn1_1.avg_var[:] = 0.01
    return model


def _train(model, dataset, out, features, iteration=12, **kwargs):
    _, log = train_tiny(
        'style', out, iteration, dataset, model=model, features=features,
        snapshot_interval=3, n_frozen_block=1, lr_steps=(), **kwargs)
    return [line['main/loss'] for line in log]


def test_second_training_reads_no_image(trained, tmp_path):
    items = tiny_items()
    model = trained.copy('copy')
    before = {name: x.array.copy() for name, x in model.namedparams()}
    first = _train(model, items, tmp_path / 'a', tmp_path / 'f', 12)
    # two views of both sides, all made before the training
    assert np.load(tmp_path / 'f' / 'is_there.npy').shape == (4 * len(items),)
    assert np.load(tmp_path / 'f' / 'is_there.npy').all()
    for name, param in model.namedparams():
        assert name.startswith(('/conv1', '/bn1')) == np.array_equal(
            param.array, before[name]), name
    again = tiny_items()
    second = _train(
        trained.copy('copy'), again, tmp_path / 'b', tmp_path / 'f')
    np.testing.assert_allclose(second, first, rtol=1e-5)
    # street photos, once, to tell whose features they are
    assert again.n_read == len(items)


def test_features_of_other_images(trained, tmp_path):
    items = tiny_items()
    _train(trained.copy('copy'), items, tmp_path / 'a', tmp_path / 'f', 1)
    darker = tiny_items()
    darker.__class__ = _Darker
    with pytest.raises(ValueError, match='other weights, images or views'):
        _train(trained.copy('copy'), darker, tmp_path / 'b', tmp_path / 'f', 1)


def test_features_of_another_augmentation(trained, tmp_path):
    items = tiny_items()
    for p_plain in 0., 1.:
        pairs = TrainingPairs(items, trained, p_plain=p_plain)
        if p_plain:
            with pytest.raises(ValueError, match='other weights, images or views'):
                FrozenPairs(pairs, trained, 1, tmp_path / 'f', 1)
        else:
            FrozenPairs(pairs, trained, 1, tmp_path / 'f', 1)


def test_each_example_has_its_own_number_of_views(trained, tmp_path):
    items = tiny_items()
    n_view = np.arange(1, len(items) + 1)
    _train(trained.copy('copy'), items, tmp_path / 'out', tmp_path / 'f', 1, n_view=n_view)
    features = np.load(tmp_path / 'f' / 'features.npy')
    assert len(features) == 2 * n_view.sum()
    # the views of an example differ, for the augmentation is another
    first, second = features[-n_view[-1]:][:2]
    assert not np.array_equal(first, second)


def test_resume(trained, tmp_path):
    items = tiny_items()
    whole = _train(
        trained.copy('copy'), items, tmp_path / 'a', tmp_path / 'f')
    model = trained.copy('copy')
    _train(model, items, tmp_path / 'b', tmp_path / 'f', 3)
    resumed = _train(
        trained.copy('copy'), items, tmp_path / 'b', tmp_path / 'f',
        resume=tmp_path / 'b' / 'snapshot')
    np.testing.assert_allclose(resumed, whole, rtol=1e-5)


def test_errors(trained, tmp_path):
    with pytest.raises(ValueError, match='no running statistics yet'):
        _train(TinyStyleExtractor(), tiny_items(), tmp_path, tmp_path / 'f')
