"""Every script's --help ends with an example, whose flags there are."""
import importlib.util
import pathlib
import re
import sys

from vasily_fashion.datasets import check

import pytest

EXAMPLES = pathlib.Path(__file__).parents[2] / 'examples'
SCRIPTS = sorted(
    path for path in EXAMPLES.rglob('*.py')
    if re.search(r'def main\(.*(ArgumentP|_p)arser\(', path.read_text('utf-8'), re.S))


def _help(main, capsys):
    with pytest.raises(SystemExit) as end:
        main(['--help'])
    assert end.value.code == 0
    return capsys.readouterr().out


def _assert_example(text, name):
    found = re.search(r'\nexamples?: (python (?:-m )?\S+ .*)', text, re.S)
    assert found, text
    example = ' '.join(found[1].split())
    assert name in example
    flags = re.findall(r'(?<!\S)--[\w-]+', example)
    for flag in flags:
        assert re.search(rf'^  .*{flag}\b', text, re.M), flag


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: path.stem)
def test_help(path, capsys, monkeypatch):
    if path.parent.name == 'app':
        pytest.importorskip('fastapi_offline')
        pytest.importorskip('httpx')
    if path.name in ('inference.py', 'training.py'):
        pytest.importorskip('torch')
    # scripts import what lies beside them; that is not to be found by others
    monkeypatch.syspath_prepend(str(path.parent))
    siblings = {sibling.stem for sibling in path.parent.glob('*.py')}
    before = {name: sys.modules.pop(name) for name in siblings if name in sys.modules}
    spec = importlib.util.spec_from_file_location(f'help_of_{path.stem}', path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        text = _help(module.main, capsys)
    finally:
        for name in siblings:
            sys.modules.pop(name, None)
        sys.modules.update(before)
    _assert_example(text, path.name)


def test_help_of_check(capsys):
    _assert_example(_help(check.main, capsys), 'vasily_fashion.datasets.check')
