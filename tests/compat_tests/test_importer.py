import sys

from vasily_fashion.compat.importer import is_installed, is_repaired

import pytest

ALL = 'import chainer, chainercv, chainermn'


def test_import_is_silent_even_where_warnings_are_errors(run_python):
    result = run_python('-W', 'error', '-c', 'import vasily_fashion; ' + ALL)
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')


def test_import_is_silent_where_pip_did_not_compile(run_python, tmp_path):
    # no bytecode is found there, and none is left
    result = run_python(
        '-B', '-X', f'pycache_prefix={tmp_path}', '-W', 'error', '-c',
        'import vasily_fashion; ' + ALL)
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')


def test_other_libraries_stay_as_they_are(run_python):
    result = run_python('-c', (
        'import sys, numpy\n'
        'before = set(dir(numpy))\n'
        'import vasily_fashion; ' + ALL + '\n'
        'new = set(dir(numpy)) - before\n'
        'print(sorted(n for n in new\n'
        '             if not isinstance(getattr(numpy, n), type(sys))))\n'
        'print([n for n in ("pkg_resources", "distutils", "setuptools",\n'
        '                   "numpy.distutils") if n in sys.modules])'))
    assert result.stdout == '[]\n[]\n', result.stderr


def test_importing_this_package_imports_nothing_heavy(run_python):
    result = run_python('-c', (
        'import sys, vasily_fashion\n'
        'print([n for n in ("chainer", "chainercv", "numpy", "cv2", "PIL")\n'
        '       if n in sys.modules])'))
    assert result.stdout == '[]\n', result.stderr


def test_one_finder_after_a_reload(run_python):
    result = run_python('-c', (
        'import sys, vasily_fashion, chainer\n'
        'for name in [n for n in sys.modules\n'
        '             if n.startswith("vasily_fashion")]:\n'
        '    del sys.modules[name]\n'
        'import vasily_fashion, chainercv\n'
        'print([f.__name__ for f in sys.meta_path\n'
        '       if "vasily_fashion" in f.__module__])'))
    assert result.stdout == "['RepairingFinder']\n", result.stderr


def test_modules_come_through_the_loader():
    import chainer
    import chainercv
    assert is_installed()
    for module in (chainer, chainercv, chainer.functions.array.as_strided):
        name = getattr(module, '__name__', None)
        assert is_repaired(sys.modules[name] if name in sys.modules
                           else sys.modules[module.__module__])


def test_a_module_that_does_not_exist_stays_missing():
    with pytest.raises(ModuleNotFoundError, match='chainer.no_such_module'):
        import chainer.no_such_module  # noqa: F401
