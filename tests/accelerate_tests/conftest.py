import os
import subprocess
import sys
from pathlib import Path

import vasily_fashion.accelerate  # noqa: F401
from vasily_fashion.accelerate import parallel

import chainer
import numpy as np
import pytest


def _run(function, arrays, accelerate):
    variables = [None if a is None else chainer.Variable(a) for a in arrays]
    with chainer.using_config('accelerate', accelerate):
        y = function(*variables)
        # any gradient will do that is not the same everywhere
        y.grad = np.cos(np.arange(y.size)).reshape(y.shape).astype(y.dtype)
        y.backward()
    return [y.array] + [v.grad for v in variables if v is not None]


@pytest.fixture
def run():
    """The output of a function, and the gradients of its inputs."""
    return _run


@pytest.fixture
def assert_as_chainer():
    """The output and the gradients are those of Chainer's own code."""

    def check(function, *arrays, tol=1e-11, accelerate=True):
        before = [None if a is None else a.copy() for a in arrays]
        ours = _run(function, arrays, accelerate)
        theirs = _run(function, arrays, False)
        for actual, expected in zip(ours, theirs, strict=True):
            assert actual.dtype == expected.dtype
            assert actual.shape == expected.shape
            np.testing.assert_allclose(
                actual, expected, rtol=0, atol=tol * max(expected.std(), 1))
        for a, b in zip(arrays, before, strict=True):
            if a is not None:
                np.testing.assert_array_equal(a, b)

    return check


@pytest.fixture
def use_threads(monkeypatch):
    """Make the accelerated functions use some number of threads."""
    pools = []

    def use(n):
        monkeypatch.setattr(parallel, 'n_thread', lambda: n)
        monkeypatch.setattr(parallel._Threads, '_of_process', {})
        pools.append(parallel._Threads.current().pool)

    yield use
    for pool in pools:
        pool.shutdown()


@pytest.fixture
def run_python():
    """Run a program in a new interpreter and return what it prints."""

    def run(program, **env):
        result = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', program], text=True,
            capture_output=True, timeout=120, env={
                **os.environ, 'OMP_NUM_THREADS': '1', **env,
                'PYTHONPATH': str(Path(vasily_fashion.__file__).parents[1])})
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run
