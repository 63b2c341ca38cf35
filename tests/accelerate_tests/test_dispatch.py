from vasily_fashion.accelerate.dispatch import replace_method, takes

import chainer
import numpy as np
import pytest

_SINGLE = np.zeros(3, np.float32)
_DOUBLE = np.zeros(3)


class _Array(np.ndarray):
    pass


@pytest.mark.parametrize('accelerate', [True, 'fast'])
@pytest.mark.parametrize('arrays, expected', [
    ((_SINGLE,), True), ((_DOUBLE, _DOUBLE), True),
    ((_SINGLE, None, _SINGLE), True), ((_SINGLE, _DOUBLE), False),
    ((_DOUBLE, _SINGLE), False), ((np.zeros(3, np.float16),), False),
    ((np.zeros(3, int),), False), ((np.zeros(3, '>f4'),), False),
    ((_SINGLE, _SINGLE[:0]), False), ((_SINGLE[:0],), False),
    ((_SINGLE.view(_Array),), False), ((_SINGLE, _SINGLE.view(_Array)), False),
    ((np.zeros(3, complex),), False), ((np.zeros(3, np.longdouble),), False)])
def test_takes(arrays, expected, accelerate):
    with chainer.using_config('accelerate', accelerate):
        assert takes(*arrays) is expected
    with chainer.using_config('accelerate', False):
        assert takes(*arrays) is False


@pytest.mark.gpu
def test_takes_no_array_of_a_gpu():
    import cupy
    assert not takes(cupy.zeros(3, np.float32))
    assert not takes(_SINGLE, cupy.zeros(3, np.float32))


def test_replace_method():
    class Base:
        def double(self, x, *, plus=0):
            """Twice x."""
            return 2 * x + plus

    def accelerated(self, original, x, *, plus=0):
        return 'fast' if x > 5 else original(x, plus=plus)

    replace_method(Base, 'double', accelerated)
    assert Base().double(6) == 'fast'
    assert Base().double(2, plus=1) == 5
    assert Base.double.__doc__ == 'Twice x.'
    method = Base.double
    replace_method(Base, 'double', accelerated)
    assert Base.double is method


def test_it_is_on_by_default_unless_it_has_been_switched_off(run_python):
    program = '''
import vasily_fashion
import chainer
{}
import vasily_fashion.accelerate
print(chainer.config.accelerate)
'''
    assert run_python(program.format('')).strip() == 'True'
    assert run_python(program.format(
        'chainer.global_config.accelerate = False')).strip() == 'False'
