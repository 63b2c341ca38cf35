import importlib.util
import json
import pathlib

import pytest

_PATH = pathlib.Path(__file__).parents[2] / 'examples' / 'benchmark' / 'training.py'


@pytest.mark.slow
def test_both_sides_are_timed(tmp_path, monkeypatch, capsys):
    for package in ('torch', 'torchvision'):
        # not importorskip: torchvision needs what torch_models.py does for it
        if importlib.util.find_spec(package) is None:
            pytest.skip(f'{package} is not installed')
    monkeypatch.syspath_prepend(str(_PATH.parent))
    spec = importlib.util.spec_from_file_location('script_training', _PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main([
        '--n-image', '1', '--n-triplet', '2', '--repeat', '1', '--sides', 'ours', 'torch',
        '--json', str(tmp_path / 'result.json')])
    seconds = json.loads((tmp_path / 'result.json').read_text())['seconds']
    assert set(seconds) == {'ssd', 'ssd_frozen', 'triplet'}
    for sides in seconds.values():
        assert set(sides) == {'ours', 'torch'}
        assert min(sides.values()) > 0
    assert 'StyleExtractorBN triplet' in capsys.readouterr().out
