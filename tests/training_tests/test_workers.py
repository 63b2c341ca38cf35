import json
import os
import pathlib
import subprocess
import sys

from tests.training_tests.tiny import train_tiny
from vasily_fashion.training import create_communicator

import numpy as np
import pytest

_ROOT = pathlib.Path(__file__).parents[2]


def test_workers_without_a_communicator(monkeypatch):
    assert create_communicator(None) is None
    monkeypatch.setenv('PMI_SIZE', '2')
    with pytest.raises(ValueError, match='name the communicator'):
        create_communicator(None)


def test_no_mpi4py(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mpi4py', None)
    with pytest.raises(ValueError, match=r'extra \[mpi\]'):
        create_communicator('naive')


@pytest.fixture
def mpiexec():
    pytest.importorskip('mpi4py', reason='several workers need mpi4py')
    path = pathlib.Path(sys.executable).with_name('mpiexec')
    if not path.exists():
        pytest.skip('several workers need mpiexec, of the extra mpi')
    return path


def _start(mpiexec, n, kind, out, communicator='naive', **kwargs):
    subprocess.run(
        [mpiexec, '-n', str(n), sys.executable,
         _ROOT / 'tests/training_tests/tiny.py', kind, out,
         json.dumps(kwargs), communicator],
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': os.pathsep.join(
            [str(_ROOT), os.environ.get('PYTHONPATH', '')])},
        check=True, timeout=300)
    with open(out / 'log') as file:
        return json.load(file)


def _assert_same(log, expected):
    for line, other in zip(log, expected, strict=True):
        for key in line:
            if key != 'elapsed_time':
                assert line[key] == pytest.approx(
                    other[key], rel=1e-3, abs=1e-6), key


@pytest.mark.slow
@pytest.mark.parametrize('kind, kwargs', [
    ('ssd', {}),
    ('ssd', {'freeze_until': 'conv1_2', 'attr': 'alpha'}),
    ('style', {'multi_node_bn': True}),
    ('style', {'multi_node_bn': True, 'chain': {'negatives': 'random', 'loss': 'ratio'}}),
    ('style', {'multi_node_bn': True, 'chain': {'negatives': 'category'}}),
    ('style', {'multi_node_bn': True, 'chain': {'category_weight': .3}}),
])
def test_two_workers_train_as_one(mpiexec, kind, kwargs, tmp_path):
    model, expected = train_tiny(kind, tmp_path / 'one', 8, **kwargs)
    log = _start(mpiexec, 2, kind, tmp_path / 'two', iteration=8, **kwargs)
    _assert_same(log, expected)
    with np.load(tmp_path / 'one/model.npz') as one, \
            np.load(tmp_path / 'two/model.npz') as two:
        assert set(two.files) == set(one.files)
        for name in one.files:
            if name not in ('conv1_1/b', 'conv1_2/b', 'fc5/b') or kind == 'ssd':
                np.testing.assert_allclose(
                    two[name], one[name], rtol=1e-2, atol=1e-3, err_msg=name)


@pytest.mark.gpu(2)
@pytest.mark.parametrize('kind, kwargs', [('ssd', {}), ('style', {'multi_node_bn': True})])
def test_two_workers_with_a_gpu_each_train_as_one(mpiexec, kind, kwargs, tmp_path):
    """Dropout of all is that of one: it is seeded on each GPU."""
    kwargs['device'] = '@cupy:0'
    expected = train_tiny(kind, tmp_path / 'one', 4, **kwargs)[1]
    log = _start(
        mpiexec, 2, kind, tmp_path / 'two', 'pure_nccl', iteration=4, **kwargs)
    _assert_same(log, expected)


@pytest.mark.slow
def test_batch_normalisation_by_each_worker(mpiexec, tmp_path):
    """Trains, and otherwise than one worker; each reads its own part."""
    _, one = train_tiny('style', tmp_path / 'one', 4)
    log = _start(mpiexec, 2, 'style', tmp_path / 'two', iteration=4)
    assert all(np.isfinite(line['main/loss']) for line in log)
    assert log[0]['main/loss'] != pytest.approx(one[0]['main/loss'], rel=1e-3)
    for rank in range(2):  # four that scale fc5, then half of four batches of four
        assert (tmp_path / f'two/n_read_{rank}').read_text() == '12'


@pytest.mark.slow
def test_two_workers_resume(mpiexec, tmp_path):
    kwargs = {'multi_node_bn': True, 'lr_steps': []}
    _, expected = train_tiny('style', tmp_path / 'one', 6, **kwargs)
    out = tmp_path / 'two'
    _start(mpiexec, 2, 'style', out, iteration=3, **kwargs)
    log = _start(mpiexec, 2, 'style', out, iteration=6,
                 resume=str(out / 'snapshot'), **kwargs)
    _assert_same(log, expected)
