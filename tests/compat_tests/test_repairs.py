import ast
import importlib.machinery
import re
import warnings
from importlib import metadata
from pathlib import Path

from vasily_fashion.compat.importer import PACKAGES, repair_source
from vasily_fashion.compat.repairs import REPAIRS, REPLACED, REWRITTEN

import numpy
import pytest


def _folder(package):
    spec = importlib.machinery.PathFinder.find_spec(package)
    return Path(spec.submodule_search_locations[0])


def _released_source(module):
    package, _, rest = module.partition('.')
    path = _folder(package).joinpath(*rest.split('.')) if rest \
        else _folder(package)
    path = path / '__init__.py' if path.is_dir() else path.with_suffix('.py')
    return path.read_text(encoding='utf-8')


def _repaired_source(module):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        return repair_source(module, _released_source(module))


def test_releases():
    assert metadata.version('chainer') == '7.8.1'
    assert metadata.version('chainercv') == '0.13.1'


@pytest.mark.parametrize('module', sorted(REPAIRS))
def test_every_repair_finds_its_target(module):
    source = _released_source(module)
    for repair in REPAIRS[module]:
        for old, new in repair.edits.items():
            assert old in source, repair.why
            assert old != new


@pytest.mark.parametrize('module', sorted(REPAIRS))
def test_repaired_source(module):
    source = _repaired_source(module)
    # lines in tracebacks are those of the file
    assert source.count('\n') == _released_source(module).count('\n')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')     # invalid escape sequences
        compile(source, module, 'exec')


@pytest.mark.parametrize('module', sorted(REPAIRS))
def test_every_repair_says_why_and_until_when(module):
    for repair in REPAIRS[module]:
        assert '; until ' in repair.why
        assert '\n' not in repair.why


@pytest.mark.parametrize('module', sorted(REWRITTEN))
def test_every_rewritten_module_is_there(module):
    source = _released_source(module)
    assert repair_source(module, source) != source


@pytest.mark.parametrize('module', sorted(REPLACED))
def test_every_replaced_module_is_asked_for(module):
    parent, _, name = module.rpartition('.')
    folder = _folder(parent.partition('.')[0]).joinpath(
        *parent.split('.')[1:])
    assert any(f'{module} import' in path.read_text(encoding='utf-8')
               for path in folder.glob('*.py'))


def test_another_release_is_warned_of_by_name():
    module = 'chainer.functions.array.resize_images'
    source = 'value = 1\n'
    with pytest.warns(RuntimeWarning, match=module + '.*numpy.float'):
        assert repair_source(module, source) == source


def _missing_in_numpy(source):
    # Names such as np.int; in code, not in comments or docstrings
    def resolves(dotted):
        value = numpy
        for name in dotted.split('.'):
            if not isinstance(value, type(numpy)):
                return True
            if not hasattr(value, name):
                return False
            value = getattr(value, name)
        return True

    found = set(re.findall(
        r'\b(?:np|numpy|xp)\.([a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)*)', source))
    found = {dotted for dotted in found if not resolves(dotted)}
    if not found:
        return set()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        code = {ast.unparse(node) for node in ast.walk(ast.parse(source))
                if isinstance(node, ast.Attribute)}
    return {dotted for dotted in found for base in ('np', 'numpy', 'xp')
            if f'{base}.{dotted}' in code}


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('package', PACKAGES)
def test_no_module_uses_a_name_that_numpy_has_not(package):
    folder = _folder(package)
    missing = {}
    for path in folder.rglob('*.py'):
        parts = path.relative_to(folder.parent).with_suffix('').parts
        module = '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)
        source = path.read_text(encoding='utf-8')
        if module in REPAIRS:
            source = _repaired_source(module)
        names = _missing_in_numpy(source)
        if names:
            missing[module] = names
    assert not missing


def test_the_scan_sees_a_missing_name():
    assert _missing_in_numpy('x = np.int(3)') == {'int'}
    assert _missing_in_numpy('# np.int\nx = np.int32(3)') == set()
