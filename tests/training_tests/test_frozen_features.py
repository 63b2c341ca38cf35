import json

from tests.training_tests.tiny import TinyStyleExtractor, tiny_items, train_tiny
from vasily_fashion.training import train_style_extractor
from vasily_fashion.training.frozen_features import FrozenFeatures

import numpy as np
import pytest


def _raise():
    raise AssertionError('computed twice')


def test_each_output_is_computed_once(tmp_path):
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(3, 2, 4)).astype(np.float32)
    features = FrozenFeatures(tmp_path / 'f', (2, 4), 3, b'key')
    for i in (2, 0):
        found = features.get(i, lambda i=i: outputs[i])
        np.testing.assert_array_equal(found, outputs[i].astype(np.float16))
        assert found.dtype == np.float32
    again = FrozenFeatures(tmp_path / 'f', (2, 4), 3, b'key')
    for i in (0, 2):
        np.testing.assert_array_equal(
            again.get(i, _raise), outputs[i].astype(np.float16))
    with pytest.raises(AssertionError, match='computed twice'):
        again.get(1, _raise)


def test_an_output_that_failed_is_not_there(tmp_path):
    features = FrozenFeatures(tmp_path, (2,), 1, b'key')
    with pytest.raises(AssertionError):
        features.get(0, _raise)
    np.testing.assert_array_equal(features.get(0, lambda: [3, 4]), [3, 4])


@pytest.mark.parametrize('shape, n, key', [
    ((2,), 3, b'other'), ((2,), 4, b'key'), ((3,), 3, b'key')])
def test_a_folder_belongs_to_one_key(tmp_path, shape, n, key):
    FrozenFeatures(tmp_path, (2,), 3, b'key')
    with pytest.raises(ValueError, match='of other weights, images or views'):
        FrozenFeatures(tmp_path, shape, n, key)


def test_a_folder_that_was_not_finished_is_made_anew(tmp_path):
    (tmp_path / 'features.npy').write_bytes(b'half')
    features = FrozenFeatures(tmp_path, (2,), 3, b'key')
    np.testing.assert_array_equal(features.get(1, lambda: [5, 6]), [5, 6])


class _Blind(list):
    """Items whose images are gone, but for two that tell whose they are."""

    def __getitem__(self, i):
        if i not in (0, len(self) - 1):
            raise AssertionError('image read again')
        return super().__getitem__(i)


class _Darker(list):
    def __getitem__(self, i):
        crop, product, category = super().__getitem__(i)
        return crop / 2, product, category


@pytest.fixture(scope='module')
def trained():
    """A model whose batch normalisation has seen images."""
    model = TinyStyleExtractor()
    model.bn1_2.avg_var[:] = model.bn1_1.avg_var[:] = 0.01
    return model


def _train(model, dataset, out, features, iteration=12, **kwargs):
    train_style_extractor(
        model, dataset, out, iteration, batch_size=4, log_interval=1,
        snapshot_interval=3, n_frozen_block=1, features=features, n_view=2,
        lr_steps=(), **kwargs)
    with open(f'{out}/log') as file:
        return [line['main/loss'] for line in json.load(file)]


def test_second_training_reads_no_image(trained, tmp_path):
    items = tiny_items()
    model = trained.copy('copy')
    before = {name: x.array.copy() for name, x in model.namedparams()}
    # 8 epochs and more: chance leaves out no view
    first = _train(
        model, items, tmp_path / 'a', tmp_path / 'f', 12 * len(items))
    assert np.load(tmp_path / 'f' / 'is_there.npy').all()
    for name, param in model.namedparams():
        assert name.startswith('/fc5') != np.array_equal(
            param.array, before[name]), name
    blind = _Blind(items)
    blind.item_ids, blind.categories = items.item_ids, items.categories
    second = _train(
        trained.copy('copy'), blind, tmp_path / 'b', tmp_path / 'f')
    np.testing.assert_allclose(second, first[:12], rtol=1e-5)


def test_features_of_other_images(trained, tmp_path):
    items = tiny_items()
    _train(trained.copy('copy'), items, tmp_path / 'a', tmp_path / 'f', 1)
    darker = _Darker(items)
    darker.item_ids, darker.categories = items.item_ids, items.categories
    with pytest.raises(ValueError, match='other weights, images or views'):
        _train(trained.copy('copy'), darker, tmp_path / 'b', tmp_path / 'f', 1)


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
    with pytest.raises(ValueError, match='give n_frozen_block'):
        train_tiny('style', tmp_path, 1, features=tmp_path / 'f')
