import random

from tests.training_tests.tiny import tiny_items, tiny_snaps, train_tiny
from vasily_fashion.training import ResumeError

import numpy as np
import pytest

# what is frozen has to stay so after a resume
_FREEZE = {'ssd': {'freeze_until': 'conv1_2'}, 'style': {'n_frozen_block': 1}}
_LAYERS = ('conv1_1', 'conv1_2')


@pytest.fixture(scope='module', params=['ssd', 'style'])
def kind(request):
    return request.param


@pytest.fixture(scope='module')
def dataset(kind):
    return tiny_snaps() if kind == 'ssd' else tiny_items()


@pytest.fixture(scope='module')
def at_once(kind, dataset, tmp_path_factory):
    return train_tiny(
        kind, tmp_path_factory.mktemp('at_once'), 9, dataset,
        lr_schedule='cosine', warm_up=2, **_FREEZE[kind])


def _losses(log):
    return [line['main/loss'] for line in log]


def _assert_same_training(one, other):
    (one, one_log), (other, other_log) = one, other
    assert [line['iteration'] for line in other_log] == [
        line['iteration'] for line in one_log]
    assert [line['lr'] for line in other_log] == pytest.approx(
        [line['lr'] for line in one_log])
    assert _losses(other_log) == pytest.approx(_losses(one_log), rel=1e-5)
    other = dict(other.namedparams())
    for name, param in one.namedparams():
        np.testing.assert_allclose(
            other[name].array, param.array, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize('stop', [2, 3, 6])
def test_as_if_never_stopped(kind, dataset, at_once, stop, tmp_path):
    """Over more than an epoch: order, augmentation, dropout, optimizer."""
    kwargs = {'lr_schedule': 'cosine', 'warm_up': 2, **_FREEZE[kind]}

    class Stop(Exception):
        pass

    class StopsAt(type(dataset)):
        """Raises in iteration `stop` + 1, as a crash would."""

        n_left = 4 * stop

        def __getitem__(self, index):
            if kind == 'ssd':
                self.count()
            return super().__getitem__(index)

        def read_street(self, i, random_state=None):
            self.count()
            return super().read_street(i, random_state)

        def count(self):
            if self.n_left == 0:
                raise Stop
            self.n_left -= 1

    stopping = StopsAt(dataset)
    stopping.__dict__.update(dataset.__dict__ if kind == 'style' else {})
    if kind == 'style':  # embeddings are scaled by a batch before
        stopping.n_left += 4
    with pytest.raises(Stop):
        train_tiny(kind, tmp_path, 9, stopping, snapshot_interval=1, **kwargs)
    random.seed(99)
    np.random.seed(99)
    resumed = train_tiny(
        kind, tmp_path, 9, dataset, resume=tmp_path / 'snapshot', **kwargs)
    _assert_same_training(at_once, resumed)


def test_frozen_layers_stay_frozen(kind, dataset, tmp_path):
    train_tiny(kind, tmp_path, 2, dataset, **_FREEZE[kind])
    model, _ = train_tiny(
        kind, tmp_path, 4, dataset, resume=tmp_path / 'snapshot',
        **_FREEZE[kind])
    start = train_tiny(
        kind, tmp_path / 'other', 1, dataset, lr=0., **_FREEZE[kind])[0]
    before = dict(start.namedparams())
    n_frozen = 0
    for name, param in model.namedparams():
        is_frozen = any(f'/{layer}/' in name for layer in _LAYERS)
        n_frozen += is_frozen
        if is_frozen:
            assert not param.requires_grad, name
            np.testing.assert_array_equal(
                param.array, before[name].array, name)
    assert n_frozen == 4


def test_snapshot_of_something_else(kind, dataset, tmp_path):
    train_tiny(kind, tmp_path, 1, dataset)
    with np.load(tmp_path / 'snapshot') as file:
        arrays = dict(file)
    del arrays['extensions/random_states/states']
    np.savez(tmp_path / 'old.npz', **arrays)
    with pytest.raises(ValueError, match='old.npz.*random_states'):
        train_tiny(kind, tmp_path, 2, dataset, resume=tmp_path / 'old.npz')


def test_an_interval_of_nothing(kind, dataset, tmp_path):
    with pytest.raises(ValueError, match='interval must be 1 or more iterations, not 0'):
        train_tiny(kind, tmp_path, 1, dataset, snapshot_interval=0)


def test_nothing_left(kind, dataset, tmp_path):
    train_tiny(kind, tmp_path, 2, dataset)
    log = (tmp_path / 'log').read_text()
    with pytest.warns(UserWarning, match='snapshot has had all 2 iterations: nothing is left'):
        train_tiny(kind, tmp_path, 2, dataset, resume=tmp_path / 'snapshot')
    with pytest.raises(ResumeError, match='snapshot has had 2 iterations, more than the 1 of'):
        train_tiny(kind, tmp_path, 1, dataset, resume=tmp_path / 'snapshot')
    assert (tmp_path / 'log').read_text() == log


def test_no_snapshot(kind, dataset, tmp_path):
    train_tiny(kind, tmp_path, 1, dataset)
    content = (tmp_path / 'snapshot').read_bytes()
    for name, wrong in ('text', b'no snapshot'), ('half', content[:len(content) // 2]):
        (tmp_path / name).write_bytes(wrong)
        with pytest.raises(ResumeError, match=f'{name}: no training with these arguments'):
            train_tiny(kind, tmp_path, 2, dataset, resume=tmp_path / name)
