"""Each script with --gpu, by small networks or on little data."""
import importlib.util
import json
import pathlib

from tests.datasets_tests import trees
from tests.training_tests.tiny import TinyStyleExtractor, tiny_ssd
from vasily_fashion.retrieval import FlatIndex
from vasily_fashion.utils import find_device

import numpy as np
import pytest
from chainer.backends import cuda

_EXAMPLES = pathlib.Path(__file__).parents[2] / 'examples'
_second = pytest.param('1', marks=pytest.mark.gpu(2))


@pytest.fixture
def load(monkeypatch):
    """A script as a module, with tiny networks in place of the article's."""
    def load(name):
        path = _EXAMPLES / name
        monkeypatch.syspath_prepend(str(path.parent))
        spec = importlib.util.spec_from_file_location('script_' + path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        make_tiny(module)
        return module

    def make_tiny(module):
        for name, make in (('FashionSSD300', tiny_ssd), ('StyleExtractorBN', TinyStyleExtractor)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda make=make, **kwargs: make())

    load.make_tiny = make_tiny
    find_device(0).use()
    return load


@pytest.mark.gpu
def test_there_is_no_such_gpu():
    n_gpu = cuda.cupy.cuda.runtime.getDeviceCount()
    with pytest.raises(ValueError, match=f'--gpu {n_gpu}: the last GPU here is {n_gpu - 1}'):
        find_device(n_gpu)


@pytest.mark.gpu
@pytest.mark.parametrize('gpu', ['0', _second])
@pytest.mark.parametrize('name', ['ssd', 'style_extractor'])
def test_train_and_resume(name, gpu, load, tmp_path):
    argv = ['--dataset', 'synthetic', '2', '--batch-size', '2', '--out', str(tmp_path)]
    main = load(f'{name}/train.py').main
    main([*argv, '--iteration', '10', '--gpu', gpu])
    main([*argv, '--iteration', '20', '--gpu', gpu, '--resume', str(tmp_path / 'snapshot')])
    log = json.loads((tmp_path / 'log').read_text())
    assert [line['iteration'] for line in log] == [10, 20]
    assert all(np.isfinite(line['main/loss']) for line in log)


@pytest.mark.gpu
@pytest.mark.parametrize('gpu', ['0', _second])
@pytest.mark.parametrize('name', ['ssd', 'style_extractor'])
def test_eval(name, gpu, load, tmp_path):
    results = []
    for where in '-1', gpu:
        load(f'{name}/eval.py').main([
            '--n-snap', '3', '--gpu', where, '--json', str(tmp_path / 'result.json')])
        result = json.loads((tmp_path / 'result.json').read_text())
        scores = result.get('StyleExtractorBN', result)
        results.append({name: np.nan if x is None else x for name, x in scores.items()})
    assert results[1] == pytest.approx(results[0], rel=1e-3, nan_ok=True)


@pytest.mark.gpu
def test_build_index(load, tmp_path, capsys):
    for i in range(3):
        trees.write_image(tmp_path / 'shop' / f'{i}.jpg', seed=i)
    indexes = []
    for name, argv in (('cpu', ['--engine', 'chainer']), ('gpu', ['--gpu', '0'])):
        load('detection_and_retrieval/build_index.py').main([
            str(tmp_path / 'shop'), '--out', str(tmp_path / name), *argv])
        assert '3 added' in capsys.readouterr().out
        indexes.append(FlatIndex.load(tmp_path / name / 'index.npz'))
    assert indexes[1].fingerprint == indexes[0].fingerprint
    for found, expected in zip(*(
            index.search(indexes[0]._embeddings.values, 3) for index in indexes[::-1]),
            strict=True):
        # distances are up to 2e6; ids are numbers
        np.testing.assert_allclose(
            found.astype(float), expected.astype(float), rtol=1e-3, atol=.1)


@pytest.mark.gpu
@pytest.mark.parametrize('name, argv', [
    ('product_map', ['--n', '12']), ('result_sheets', ['--n', '2']), ('triplet_network', [])])
def test_figures(name, argv, load, tmp_path, monkeypatch):
    module = load(f'figures/{name}.py')
    import figure_data
    monkeypatch.setattr(figure_data, 'N_PRODUCT', 12)
    load.make_tiny(figure_data)
    module.main([*argv, '--gpu', '0', '--out', str(tmp_path / 'a.png')])
    assert list(tmp_path.iterdir())


@pytest.mark.gpu
def test_benchmark(load, tmp_path):
    load('benchmark/gpu.py').main([
        '--gpu', '0', '--repeat', '1', '--n-gallery', '300',
        '--json', str(tmp_path / 'a.json')])
    seconds = json.loads((tmp_path / 'a.json').read_text())['seconds']
    assert len(seconds) == 8 and min(seconds.values()) >= 0


@pytest.mark.gpu
@pytest.mark.parametrize('gpu', ['0', _second])
def test_demo(gpu, load, tmp_path, monkeypatch, capsys):
    """It prints what it does on the CPU, and the GPU searches."""
    from cupy.cuda import MemoryHook
    counts = []
    search = FlatIndex.search

    class Count(MemoryHook):
        """Counts the results that kernels of a search have on a GPU."""

        name, n = 'Count', 0

        def malloc_preprocess(self, **kwargs):
            self.n += 1

    def count(self, *args):
        with Count() as hook:
            result = search(self, *args)
        counts.append(hook.n)
        return result

    monkeypatch.setattr(FlatIndex, 'search', count)
    spec = importlib.util.spec_from_file_location(
        'demo', _EXAMPLES / 'detection_and_retrieval/demo.py')
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    printed = []
    for where in '-1', gpu:
        counts.clear()
        demo.main(['--n-snap', '1', '--n-item', '12', '--engine', 'chainer', '--gpu', where,
                   '--out', str(tmp_path / 'a.png')])
        printed.append(capsys.readouterr().out.splitlines())
        assert counts and (min(counts) > 10 if where == gpu else not any(counts))
    assert printed[1][0].endswith(f'computed by Chainer on GPU {gpu}')
    assert printed[1][1:] == printed[0][1:]
    assert len(printed[0]) > 4
