import importlib
import inspect
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGES = sorted(
    path.parent.name for path in (ROOT / 'vasily_fashion').glob('*/__init__.py')
    if path.parent.name not in ('accelerate', 'compat'))


def _callables(package):
    """What users call: exported functions, and methods of exported classes."""
    for name, thing in vars(importlib.import_module(f'vasily_fashion.{package}')).items():
        if name.startswith('_') or not getattr(
                thing, '__module__', '').startswith('vasily_fashion'):
            continue
        if inspect.isfunction(thing):
            yield name, thing
        elif inspect.isclass(thing):
            for key, method in vars(thing).items():
                if isinstance(method, property):
                    method = method.fget
                method = getattr(method, '__func__', method)
                is_public = not key.startswith('_') or key in ('__init__', '__call__')
                # a dataclass makes its own
                if is_public and inspect.isfunction(method) \
                        and method.__module__.startswith('vasily_fashion'):
                    yield f'{name}.{key}', method


@pytest.mark.parametrize('package', PACKAGES)
def test_public_callables_say_their_types(package):
    lacking = []
    for name, function in _callables(package):
        parameters = list(inspect.signature(function).parameters.values())
        if '.' in name and not isinstance(
                inspect.getattr_static(_owner(package, name), name.split('.')[1]), staticmethod):
            parameters = parameters[1:]  # self, cls
        lacking += [f'{name}({p.name})' for p in parameters
                    if p.annotation is inspect.Parameter.empty]
        if 'return' not in function.__annotations__:
            lacking.append(f'{name} ->')
    assert not lacking


def _owner(package, name):
    return getattr(importlib.import_module(f'vasily_fashion.{package}'), name.split('.')[0])


def test_types_are_right(tmp_path):
    pytest.importorskip('mypy')
    done = subprocess.run(
        # NumPy's stubs are written for the Python at hand
        [sys.executable, '-m', 'mypy', '--cache-dir', tmp_path, '--python-version',
         f'{sys.version_info.major}.{sys.version_info.minor}'],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_are_shipped():
    assert (ROOT / 'vasily_fashion' / 'py.typed').exists()
    assert "'py.typed'" in (ROOT / 'setup.py').read_text()
