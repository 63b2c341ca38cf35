import numpy
import pytest

numpy_2 = pytest.mark.skipif(
    numpy.lib.NumpyVersion(numpy.__version__) < '2.0.0',
    reason='on NumPy 1 Chainer alone can be imported')


# Something that passes for an imported Chainer: what it does is not asked
EARLY = '''
import sys, types
sys.modules[{0!r}] = types.ModuleType({0!r})
import vasily_fashion
'''


@pytest.mark.parametrize(
    'name', ['chainer', 'chainercv', 'chainermn', 'onnx_chainer'])
def test_an_early_import_is_refused_by_name(run_python, name):
    result = run_python('-c', EARLY.format(name))
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith(
        f'ImportError: {name} was imported before vasily_fashion')
    assert 'put `import vasily_fashion` above' in last


@numpy_2
@pytest.mark.parametrize('name', ['chainer', 'chainercv'])
def test_an_early_import_that_failed_is_repaired(run_python, name):
    # what is left of it in sys.modules must not be mixed with the new one
    result = run_python('-W', 'ignore', '-c', f'''
import sys
try:
    import {name}
except Exception:
    left = [n for n in sys.modules if n.startswith('chainer.')]
    # chainercv may fail at its first line, before it imports chainer
    assert (left or {name!r} == 'chainercv') and 'chainer' not in sys.modules
else:
    raise AssertionError('nothing to repair')
import vasily_fashion
import chainer, chainercv
import numpy as np
assert all(type(sys.modules[n].__spec__.loader).__name__ == 'RepairingLoader'
           for n in left if n in sys.modules)
link = chainer.links.Linear(3, 2)
link.cleargrads()
y = chainer.functions.sum(link(np.ones((1, 3), 'f')))
y.backward()
print(link.b.grad)
''')
    assert result.stdout == '[1. 1.]\n', result.stderr
