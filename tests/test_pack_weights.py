"""Of weights/pack.py, what the trainings do not need: means."""
import hashlib
import importlib.util
import json
from pathlib import Path

from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.utils import save_weights

import chainer.links as L
import numpy as np
import pytest

_PATH = Path(__file__).parents[1] / 'weights' / 'pack.py'


@pytest.fixture
def pack():
    spec = importlib.util.spec_from_file_location('pack', _PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_average(pack):
    links = [L.Linear(3, 2, initialW=w, initial_bias=-w) for w in (1, 2, 6)]
    pack.average(links)
    np.testing.assert_array_equal(links[0].W.array, np.full((2, 3), 3, np.float32))
    np.testing.assert_array_equal(links[0].b.array, [-3, -3])
    assert links[0].W.dtype == np.float32
    np.testing.assert_array_equal(links[1].b.array, [-2, -2])


def test_the_runs_are_kept(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(pack, '__file__', str(tmp_path / 'pack.py'))
    (tmp_path / 'weights.json').write_text('{"other": {}}')
    (tmp_path / 'runs.jsonl').write_text('{"file": "a.npz"}\n')
    (tmp_path / 'out').mkdir()
    save_weights(tmp_path / 'out' / 'model.npz', StyleExtractorBN())
    (tmp_path / 'out' / 'run.json').write_text('{"command": "python train.py"}')
    pack.main(['style_extractor_bn', str(tmp_path / 'out' / 'model.npz'), 'v2'])
    row = json.loads((tmp_path / 'weights.json').read_text())['style_extractor_bn']
    packed = tmp_path / 'style_extractor_bn_v2.npz'
    assert row == {'file': packed.name, 'sha256': hashlib.sha256(packed.read_bytes()).hexdigest()}
    assert (tmp_path / 'runs.jsonl').read_text().splitlines() == [
        '{"file": "a.npz"}', f'{{"file": "{packed.name}", "command": "python train.py"}}']


def test_running_statistics_are_averaged(pack):
    links = [L.BatchNormalization(2) for _ in range(2)]
    links[1].avg_mean[...] = 4
    links[1].gamma.array[...] = 3
    pack.average(links)
    np.testing.assert_array_equal(links[0].avg_mean, [2, 2])
    np.testing.assert_array_equal(links[0].gamma.array, [2, 2])
    np.testing.assert_array_equal(links[0].avg_var, [1, 1])
