import threading

from vasily_fashion.utils.read_ahead import run_ahead

import pytest


def test_results_in_order():
    assert list(run_ahead(lambda x: x * x, range(50))) == [
        x * x for x in range(50)]
    assert list(run_ahead(abs, [])) == []


def test_next_input_is_made_while_the_function_runs():
    made = threading.Event()

    def inputs():
        yield 0
        made.set()
        yield 1

    def function(x):
        # the first call ends only when the second input has been made
        assert x or made.wait(10)
        return x

    assert list(run_ahead(function, inputs())) == [0, 1]


@pytest.mark.parametrize('n_ahead', [1, 3])
def test_no_more_inputs_wait_than_allowed(n_ahead):
    made = []

    def inputs():
        for x in range(20):
            made.append(x)
            yield x

    for n_taken, _ in enumerate(run_ahead(abs, inputs(), n_ahead)):
        assert len(made) <= n_taken + 1 + n_ahead


def test_error_comes_after_the_results_before_it():
    def inputs():
        yield 1
        yield 2
        raise OSError('third.jpg')

    found = []
    with pytest.raises(OSError, match='third.jpg'):
        for y in run_ahead(abs, inputs()):
            found.append(y)
    assert found == [1, 2]

    found = []
    with pytest.raises(ZeroDivisionError):
        for y in run_ahead(lambda x: 1 / x, [1, 2, 0, 4]):
            found.append(y)
    assert found == [1, .5]


def test_may_be_left_early():
    for y in run_ahead(abs, iter(range(100))):
        if y == 3:
            break
    assert y == 3
