import importlib.util
import json
import pathlib

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.utils import save_weights

import numpy as np
import pytest

_EXAMPLES = pathlib.Path(__file__).parents[2] / 'examples'


def _load(name, monkeypatch):
    path = _EXAMPLES / name
    monkeypatch.syspath_prepend(str(path.parent))
    spec = importlib.util.spec_from_file_location('script_' + path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize('name', ['ssd/eval.py', 'style_extractor/eval.py'])
def test_ccp_needs_its_root(name, monkeypatch, capsys):
    with pytest.raises(SystemExit) as caught:
        _load(name, monkeypatch).main(['--dataset', 'ccp'])
    assert caught.value.code == 2
    assert '--dataset ccp needs --root' in capsys.readouterr().err


def test_detector_is_scored(tmp_path, monkeypatch, capsys):
    np.random.seed(0)
    detector = FashionSSD300()
    for head in detector.multibox.conf:
        # nearly all is background: thousands of boxes would take a minute
        head.b.array.reshape(-1, detector.n_fg_class + 1)[:, 0] = 4
    save_weights(tmp_path / 'ssd.npz', detector)
    _load('ssd/eval.py', monkeypatch).main([
        '--n-snap', '2', '--weights', str(tmp_path / 'ssd.npz'),
        '--json', str(tmp_path / 'result.json')])
    result = json.loads((tmp_path / 'result.json').read_text())
    assert set(result) == {'map'} | {f'ap/{c}' for c in FASHION_CATEGORIES}
    # an untrained detector finds next to nothing
    assert 0 <= result['map'] < 0.1
    assert f'map             {result["map"]:.3f}' in capsys.readouterr().out


def test_embedding_is_scored_beside_the_baselines(
        tmp_path, monkeypatch, capsys):
    np.random.seed(0)
    save_weights(tmp_path / 'style.npz', StyleExtractorBN())
    save_weights(tmp_path / 'ssd.npz', FashionSSD300())
    _load('style_extractor/eval.py', monkeypatch).main([
        '--n-snap', '1', '--weights', str(tmp_path / 'style.npz'),
        '--vgg16', str(tmp_path / 'ssd.npz'),
        '--json', str(tmp_path / 'result.json')])
    result = json.loads((tmp_path / 'result.json').read_text())
    assert set(result) == {
        'StyleExtractorBN', 'HSV histogram, cosine', 'VGG16 features, cosine'}
    for scores in result.values():
        assert 0 <= scores['hit@1'] <= scores['hit@5'] <= scores['hit@20'] <= 1
    # one snap shows fewer than 20 items
    assert result['HSV histogram, cosine']['hit@20'] == 1
    assert 'queries' in capsys.readouterr().out


def test_baselines_tell_colours_apart(monkeypatch):
    baselines = _load('style_extractor/baselines.py', monkeypatch)
    red = np.zeros((3, 20, 10), np.float32)
    red[0] = 200
    blue = red[::-1].copy()
    red_on_white = np.full((3, 40, 40), 255, np.float32)
    red_on_white[:, 10:30, 15:25] = red
    features = baselines.hsv_histogram([red, blue, red_on_white])
    np.testing.assert_allclose(
        features @ features.T, [[1, 0, 1], [0, 1, 0], [1, 0, 1]], atol=1e-6)
