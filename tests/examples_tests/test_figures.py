import importlib.util
import pathlib

import pytest
from PIL import Image

_FOLDER = pathlib.Path(__file__).parents[2] / 'examples' / 'figures'
_SCRIPTS = ('default_boxes', 'ssd_network')


def _main(name, monkeypatch):
    monkeypatch.syspath_prepend(str(_FOLDER))
    spec = importlib.util.spec_from_file_location(
        f'figure_{name}', _FOLDER / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.mark.parametrize('name', _SCRIPTS)
def test_figure(name, tmp_path, monkeypatch, capsys):
    main = _main(name, monkeypatch)
    path = tmp_path / 'new' / 'figure.png'
    main(['--out', str(path)])
    assert str(path) in capsys.readouterr().out
    with Image.open(path) as image:
        assert len(image.convert('RGB').getcolors(2 ** 24)) > 50
    with pytest.raises(SystemExit, match='name a file that ends in'):
        main(['--out', str(tmp_path / 'figure.gif')])


def test_the_network_is_a_vector(tmp_path, monkeypatch):
    main = _main('ssd_network', monkeypatch)
    for name in 'a.svg', 'b.svg':
        main(['--out', str(tmp_path / name)])
    text = (tmp_path / 'a.svg').read_text()
    assert '<image' not in text and text.count('<path') > 40


def test_readme_has_every_script():
    readme = (_FOLDER / 'README.md').read_text('utf-8')
    scripts = {path.stem for path in _FOLDER.glob('*.py')} - {'figure_file'}
    assert scripts == set(_SCRIPTS)
    for name in scripts:
        assert f'`{name}.py`' in readme
