import importlib.util
import pathlib

from tests.datasets_tests import trees

import pytest
from PIL import Image

_FOLDER = pathlib.Path(__file__).parents[2] / 'examples' / 'figures'
_SCRIPTS = ('default_boxes', 'overview', 'product_map', 'result_sheets',
            'ssd_network', 'title', 'triplet_network')
_HELPERS = {'figure_data', 'figure_file'}
# so that each takes seconds
_FAST = {'product_map': ['--n', '12'], 'result_sheets': ['--n', '2']}


def _main(name, monkeypatch):
    monkeypatch.syspath_prepend(str(_FOLDER))
    spec = importlib.util.spec_from_file_location(
        f'figure_{name}', _FOLDER / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture(autouse=True)
def _small_world(monkeypatch):
    """A shop of 12 items, embedded in seconds."""
    monkeypatch.syspath_prepend(str(_FOLDER))
    import figure_data
    monkeypatch.setattr(figure_data, 'N_PRODUCT', 12)


# the others compute by networks: all_figures takes them, too
@pytest.mark.parametrize('name', [
    pytest.param(name, marks=() if name in ('default_boxes', 'ssd_network') else pytest.mark.slow)
    for name in _SCRIPTS])
def test_figure(name, tmp_path, monkeypatch, capsys):
    main = _main(name, monkeypatch)
    main([*_FAST.get(name, []), '--out', str(tmp_path / 'new' / 'figure.png')])
    text = capsys.readouterr().out
    paths = list((tmp_path / 'new').iterdir())
    assert len(paths) == (2 if name in _FAST else 1)
    for path in paths:
        assert str(path) in text
        with Image.open(path) as image:
            assert len(image.convert('RGB').getcolors(2 ** 24)) > 50
    if name == 'product_map':
        assert '12 product images: 0.' in text


@pytest.mark.parametrize('name, argv, message', [
    ('ssd_network', ['--out', 'a.gif'], 'name a file that ends in'),
    ('product_map', ['--n', '10'], '11 are needed'),
    ('result_sheets', ['--n', '3'], 'must be even'),
    ('triplet_network', ['--index', '0', '999'], '999 is not among'),
    ('default_boxes', ['--index', '-1'], '--index: there are'),
    ('default_boxes', ['--level', '0', '9'], '--level: there are 6 feature maps')])
def test_wrong_arguments(name, argv, message, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        _main(name, monkeypatch)(argv)
    assert message in capsys.readouterr().err


def test_map_of_a_folder(tmp_path, monkeypatch, capsys):
    """Categories are the folders; of many photos some of all are taken."""
    for i in range(26):
        trees.write_image(
            tmp_path / 'shop' / f'kind{i % 2}' / f'{i}.png', seed=i)
    _main('product_map', monkeypatch)([
        '--data', str(tmp_path / 'shop'), '--n', '13', '--out',
        str(tmp_path / 'map.svg')])
    assert '13 product images' in capsys.readouterr().out
    text = (tmp_path / 'map_categories.svg').read_text()
    assert text.count('kind') == 2 and '<image' not in text


@pytest.mark.parametrize('n', [1, 10])
def test_map_of_too_small_a_shop(n, tmp_path, monkeypatch, capsys):
    for i in range(n):
        trees.write_image(tmp_path / 'shop' / f'{i}.png', seed=i)
    with pytest.raises(SystemExit) as end:
        _main('product_map', monkeypatch)(['--data', str(tmp_path / 'shop')])
    assert end.value.code == 2
    assert f'shop has {n} product images; for a map 11 are needed' in capsys.readouterr().err


@pytest.mark.slow
def test_all_figures(tmp_path, monkeypatch):
    _main('all_figures', monkeypatch)(['--out', str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {
        'title.png', 'overview.png', 'ssd_network.svg', 'default_boxes.png',
        'triplet_network.png', 'result_sheet_1.png', 'result_sheet_2.png',
        'product_map.png', 'product_map_categories.png'}


def test_the_network_is_a_vector(tmp_path, monkeypatch):
    main = _main('ssd_network', monkeypatch)
    for name in 'a.svg', 'b.svg':
        main(['--out', str(tmp_path / name)])
    text = (tmp_path / 'a.svg').read_text()
    # but for the snap
    assert text.count('<image') == 1 and text.count('<path') > 40


def test_readme_has_every_script():
    readme = (_FOLDER / 'README.md').read_text('utf-8')
    scripts = {path.stem for path in _FOLDER.glob('*.py')} - _HELPERS
    assert scripts == {*_SCRIPTS, 'all_figures'}
    for name in scripts:
        assert f'`{name}.py`' in readme
