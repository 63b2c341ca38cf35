"""The same seed gives the same, bit for bit, in other processes.

With one thread. With two, matrix products are added up in another order; how
far that goes is bounded here.
"""
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

_ROOT = Path(__file__).parents[1]

_INDEXES = """
import sys
from vasily_fashion.retrieval import FaissIndex, FlatIndex
import numpy as np
for name in sys.argv[1:]:
    rng = np.random.default_rng(0)
    index = FlatIndex(16) if name == 'flat' else FaissIndex(16, factory=name)
    index.add(rng.normal(size=(1500, 16)), [f'p{i}' for i in range(1500)], np.arange(1500) % 5)
    index.remove({f'p{i}' for i in range(900)})
    index.add(rng.normal(size=(200, 16)), [f'q{i}' for i in range(200)])
    queries = rng.normal(size=(50, 16))
    index.save(f'{name}.npz')
    np.savez(f'found {name}.npz', *index.search(queries, 9), *index.search(queries, 9, [3] * 50))
"""

# A snap of noise and one of shapes.
_NETWORKS = """
import sys
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
import chainer
import numpy as np
detector = FashionSSD300(pretrained_model='fashion')
extractor = StyleExtractorBN('fashion')
detector.score_thresh = .1
noise = np.random.default_rng(0).uniform(0, 255, (3, 200, 150)).astype(np.float32)
snap, _, _ = SyntheticFashionDataset(1, 5)[0]
with chainer.using_config('accelerate', {'True': True, 'fast': 'fast'}[sys.argv[1]]):
    found = {'one': extractor.extract([noise]), 'two': extractor.extract([snap, noise])}
    (found['bbox'],), (found['label'],), (found['score'],) = detector.predict([noise])
np.savez('found.npz', **found)
"""


def _run_two(tmp_path, args, hash_seeds=(1, 2), n_threads=(1, 1)):
    """Two processes at once, each in a folder of its own; the folders."""
    folders, processes = [tmp_path / 'a', tmp_path / 'b'], []
    for folder, hash_seed, n_thread in zip(folders, hash_seeds, n_threads, strict=True):
        folder.mkdir()
        processes.append(subprocess.Popen(
            [sys.executable, *args], cwd=folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, env={
                **os.environ, 'PYTHONPATH': str(_ROOT), 'PYTHONHASHSEED': str(hash_seed),
                'OMP_NUM_THREADS': str(n_thread), 'OPENBLAS_NUM_THREADS': str(n_thread)}))
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    return folders


def _arrays(path):
    with np.load(path) as npz:
        return {key: npz[key] for key in npz.files}


def _assert_same_arrays(a, b):
    a, b = _arrays(a), _arrays(b)
    assert a and a.keys() == b.keys()
    for key in a:
        assert a[key].dtype == b[key].dtype and a[key].tobytes() == b[key].tobytes(), key


@pytest.mark.parametrize('kind', [pytest.param('ssd', marks=pytest.mark.slow), 'style'])
def test_training(kind, tmp_path):
    a, b = _run_two(tmp_path, [
        _ROOT / 'tests/training_tests/tiny.py', kind, 'out',
        '{"iteration": 4, "seed": 7}'])
    logs = [json.loads((x / 'out/log').read_text()) for x in (a, b)]
    for log in logs:
        assert len(log) == 4
        for line in log:
            del line['elapsed_time']
    assert logs[0] == logs[1]
    _assert_same_arrays(a / 'out/model.npz', b / 'out/model.npz')


def test_indexes(tmp_path):
    names = ['flat']
    if importlib.util.find_spec('faiss'):
        names += ['HNSW16', 'IVF16,Flat', 'IVF16,SQ8']
    a, b = _run_two(tmp_path, ['-c', _INDEXES, *names])
    for name in names:
        _assert_same_arrays(a / f'found {name}.npz', b / f'found {name}.npz')
        assert (a / f'{name}.npz').read_bytes() == (b / f'{name}.npz').read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize('script, suffix, args', [
    ('default_boxes', '.png', ()), ('ssd_network', '.svg', ()), ('default_boxes', '.svg', ()),
    *(('triplet_network', suffix, ('--engine', 'chainer')) for suffix in ('.png', '.svg'))])
def test_figure(script, suffix, args, tmp_path):
    name = f'figure{suffix}'
    a, b = _run_two(tmp_path, [
        _ROOT / f'examples/figures/{script}.py', '--out', name, *args])
    assert (a / name).read_bytes() == (b / name).read_bytes()


@pytest.mark.slow
def test_figure_by_openvino(tmp_path):
    if not importlib.util.find_spec('openvino'):
        pytest.skip('openvino is not installed')
    a, b = _run_two(tmp_path, [
        _ROOT / 'examples/figures/triplet_network.py', '--out', 'a.png', '--engine', 'openvino'])
    assert (a / 'a.png').read_bytes() == (b / 'a.png').read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize('accelerate, bound', [
    # five times what it was, of the largest value
    ('True', 1e-6), ('fast', 4e-6)])
def test_number_of_threads(accelerate, bound, tmp_path):
    one, two = [_arrays(folder / 'found.npz') for folder in _run_two(
        tmp_path, ['-c', _NETWORKS, accelerate], n_threads=(1, 2))]
    assert len(one['bbox']) > 0
    for key in one:
        assert one[key].shape == two[key].shape, key
        if key == 'label':
            assert one[key].tolist() == two[key].tolist()
        else:
            assert abs(one[key] - two[key]).max() <= bound * abs(one[key]).max(), key
