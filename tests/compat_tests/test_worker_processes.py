import multiprocessing.spawn
import pickle
from pathlib import Path

import vasily_fashion

import pytest

ROOT = str(Path(vasily_fashion.__file__).parents[1])

ITERATE = '''
import sys
sys.path.insert(0, {root!r})
import vasily_fashion
import multiprocessing
import numpy as np
import chainer
multiprocessing.set_start_method({method!r})
dataset = chainer.datasets.TupleDataset(
    np.arange(4, dtype=np.float32).reshape(4, 1), np.arange(4))
iterator = chainer.iterators.MultiprocessIterator(
    dataset, 2, repeat=False, shuffle=False, n_processes=2, shared_mem=64)
print([int(label) for batch in iterator for _, label in batch])
iterator.finalize()
'''


@pytest.mark.parametrize('method, how', [
    ('spawn', '-c'),
    pytest.param('spawn', 'stdin', marks=pytest.mark.slow),
    pytest.param('forkserver', '-c', marks=pytest.mark.slow),
    ('forkserver', 'stdin'),
])
def test_iterator_without_a_main_file(run_python, method, how):
    # Neither the workers' main module nor their sys.path leads to us
    script = ITERATE.format(root=ROOT, method=method)
    args, stdin = (('-c', script), '') if how == '-c' else (('-',), script)
    result = run_python('-W', 'error', *args, stdin=stdin, on_path=False)
    assert (result.returncode, result.stdout, result.stderr) == (
        0, '[0, 1, 2, 3]\n', '')


@pytest.mark.slow
@pytest.mark.parametrize('method', ['spawn', 'forkserver'])
def test_main_file_that_imports_us_late(run_python, tmp_path, method):
    script = tmp_path / 'main.py'
    script.write_text(
        "if __name__ == '__main__':\n    "
        + ITERATE.format(root=ROOT, method=method).strip()
        .replace('\n', '\n    '))
    result = run_python(str(script), on_path=False)
    assert (result.returncode, result.stdout, result.stderr) == (
        0, '[0, 1, 2, 3]\n', '')


def test_worker_of_ours_first_though_another_is_installed(
        run_python, tmp_path):
    # the worker takes the package the parent has, not one it finds by itself
    (tmp_path / 'vasily_fashion').mkdir()
    (tmp_path / 'vasily_fashion' / '__init__.py').write_text('1 / 0')
    script = f'''
import sys
sys.path.insert(0, {ROOT!r})
import vasily_fashion.compat
import multiprocessing
pool = multiprocessing.get_context('spawn').Pool(1)
print(pool.apply(eval, ("__import__('vasily_fashion').__file__",))
      == vasily_fashion.__file__)
pool.close()
pool.join()
'''
    result = run_python('-c', script, on_path=False, timeout=30)
    assert (result.stdout, result.stderr) == ('True\n', '')


def test_preparation_data_is_what_it_was():
    data = multiprocessing.spawn.get_preparation_data('a name')
    assert data['name'] == 'a name'
    assert {'sys_path', 'dir', 'authkey'} <= set(data)
    # ours is the first entry, so that a worker is repaired before the rest
    assert next(iter(data)) == 'vasily_fashion_compat'
    pickled = pickle.dumps(data['vasily_fashion_compat'])
    assert 'vasily_fashion.compat' in pickle.loads(
        pickled)['vasily_fashion'].__dict__['compat'].__name__
