import vasily_fashion.accelerate  # noqa: F401
from vasily_fashion.accelerate import winograd

import chainer
import chainer.functions as F
import numpy as np
import pytest


def _arrays(n, c, out_c, size):
    random = np.random.RandomState(0)
    return [random.randn(*shape).astype(np.float32) for shape in (
        (n, c) + size, (out_c, c, 3, 3), (out_c,))]


def _relative_errors(run, function, arrays):
    """Root mean square, against float64, by the spread of what is right."""
    expected = run(function, [a.astype(np.float64) for a in arrays], False)
    for accelerate in ('fast', True):
        # the gradient of the bias, a sum that is nearly zero here, is no
        # business of the algorithm
        yield [float(np.sqrt(np.mean((a - e) ** 2)) / e.std())
               for a, e in zip(
                   run(function, arrays, accelerate)[:3], expected[:3],
                   strict=True)]


@pytest.fixture
def calls(monkeypatch):
    """Which of the algorithm's functions have been called."""
    calls = []
    for name in ('forward', 'backward_weights'):
        original = getattr(winograd, name)

        def spy(*args, name=name, original=original):
            calls.append(name)
            return original(*args)

        monkeypatch.setattr(winograd, name, spy)
    return calls


@pytest.mark.parametrize('size', [
    (4, 4), (5, 6), (7, 13), (8, 8), (17, 18), (21, 40)])
@pytest.mark.parametrize('pad', [0, 1, 2, (1, 2)])
def test_accuracy(run, calls, size, pad):
    if pad == 0:
        size = size[0] + 2, size[1] + 2
    arrays = _arrays(2, 33, 40, size)
    fast, direct = _relative_errors(
        run, lambda *args: F.convolution_2d(*args, pad=pad), arrays)
    assert calls == ['forward', 'forward', 'backward_weights']
    # the package's docstring says 1.5e-6 and 1.5e-7
    assert max(fast) < 4e-6
    assert max(direct) < 5e-7


@pytest.mark.parametrize('n, c, out_c', [(1, 32, 32), (3, 50, 32), (5, 32, 37)])
def test_numbers_of_images_and_channels(run, n, c, out_c):
    fast, _ = _relative_errors(
        run, lambda *args: F.convolution_2d(*args, pad=1),
        _arrays(n, c, out_c, (9, 11)))
    assert max(fast) < 1e-5


@pytest.mark.parametrize('n_thread', [1, 2, 3])
@pytest.mark.parametrize('group_size', [1, 3 * 36 * 64, 17 * 36 * 64])
@pytest.mark.parametrize('pad', [1, 9])
def test_groups_and_threads(
        run, use_threads, monkeypatch, group_size, n_thread, pad):
    # with a padding of nine some groups meet nothing of the image
    use_threads(n_thread)
    monkeypatch.setattr(winograd, '_GROUP_SIZE', group_size)
    fast, _ = _relative_errors(
        run, lambda *args: F.convolution_2d(*args, pad=pad),
        _arrays(3, 32, 32, (13, 14)))
    assert max(fast) < 1e-5


@pytest.mark.parametrize('n, size', [(1, (4, 8)), (1, (19, 19)), (4, (75, 75))])
@pytest.mark.parametrize('n_thread', [1, 2, 5])
def test_threads_get_as_much_to_do(use_threads, n, size, n_thread):
    use_threads(n_thread)
    tiling = winograd._Tiling(n, size, (1, 1))
    sizes = [tiling.n_tile(group) for group in tiling.groups]
    assert sum(sizes) == n * tiling.rows * tiling.columns
    # as parallel_for deals them out: one group more or less
    work = [sum(sizes[worker::n_thread]) for worker in range(n_thread)]
    assert max(work) - min(work) <= max(sizes)
    assert max(sizes) <= winograd._GROUP_SIZE


def test_deconvolution(run, calls):
    x, W, _ = _arrays(2, 32, 32, (9, 10))
    fast, _ = _relative_errors(
        run, lambda *args: F.deconvolution_2d(*args, pad=1), (x, W))
    assert calls == ['forward', 'forward', 'backward_weights']
    assert max(fast) < 1e-5


def test_arrays_that_are_not_contiguous(run):
    x, W, b = _arrays(2, 32, 32, (9, 10))
    fast, _ = _relative_errors(
        run, lambda *args: F.transpose(
            F.convolution_2d(*args), (0, 2, 3, 1)),
        (np.asfortranarray(x), W[::-1, :, ::-1], b[::-1]))
    assert max(fast) < 1e-5


def _convolve(c=32, out_c=32, size=(9, 10), ksize=3, dtype=np.float32, **args):
    F.convolution_2d(
        np.zeros((1, c) + size, dtype),
        np.zeros((out_c, c, ksize, ksize), dtype), **args)


@pytest.mark.parametrize('kwargs', [
    {'c': 31}, {'out_c': 31}, {'size': (5, 9)}, {'size': (9, 5)},
    {'ksize': 1}, {'ksize': 5}, {'dtype': np.float64}, {'stride': 2},
    {'stride': (1, 2)}, {'dilate': 2}])
def test_where_it_is_not_used(calls, kwargs):
    with chainer.using_config('accelerate', 'fast'):
        _convolve(**kwargs)
        assert calls == []
        _convolve()
        assert calls == ['forward']


def test_it_is_not_used_unless_asked_for(calls):
    _convolve()
    assert calls == []
