"""Max pooling against Chainer's own code.

Chainer's source distribution comes without tests: the grid here stands for
that of its test_max_pooling_nd.py.
"""
import vasily_fashion.accelerate  # noqa: F401
from tests.grid import grid
from vasily_fashion.accelerate import max_pooling_2d

import chainer.functions as F
import numpy as np
import pytest
from chainer import gradient_check
from chainer.utils import conv_nd


def _x(shape=(2, 3, 7, 9), dtype=np.float64):
    return np.random.RandomState(0).randn(*shape).astype(dtype)


def _ties(shape=(2, 3, 7, 9)):
    return np.random.RandomState(0).randint(0, 3, shape).astype(np.float64)


@pytest.mark.parametrize('ksize, stride, pad, cover_all', grid(
    [2, 3, 4, (2, 3)], [None, 1, 2, (2, 1), 4], [0, 1, (1, 0), 2], [False, True]))
def test_geometries(run, ksize, stride, pad, cover_all):
    def function(x):
        return F.max_pooling_2d(x, ksize, stride, pad, cover_all)

    for x in (_x(), _ties()):
        ours, theirs = run(function, (x,), True), run(function, (x,), False)
        # some windows meet nothing but padding, and are -inf
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_allclose(ours[1], theirs[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize('shape', [
    (1, 1, 1, 1), (3, 1, 1, 5), (1, 2, 5, 1), (3, 2, 2, 2)])
@pytest.mark.parametrize('ksize, pad', [(1, 0), (2, 1), (3, 1), (3, 3)])
def test_shapes(run, shape, ksize, pad):
    # with a padding of three some windows meet nothing of the image
    def function(x):
        return F.max_pooling_2d(x, ksize, 2, pad)

    for actual, expected in zip(
            run(function, (_x(shape),), True),
            run(function, (_x(shape),), False), strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize('block', [1, 200, 1 << 30])
@pytest.mark.parametrize('n_thread', [1, 2, 3])
def test_blocks_and_threads(
        assert_as_chainer, use_threads, monkeypatch, block, n_thread):
    use_threads(n_thread)
    monkeypatch.setattr(max_pooling_2d, '_BLOCK_BYTES', block)
    assert_as_chainer(lambda x: F.max_pooling_2d(x, 3, 2), _x((3, 5, 7, 9)))


@pytest.mark.parametrize('values', [
    [-np.inf], [np.nan], [np.inf], [np.nan, -np.inf, np.inf, 1.]])
@pytest.mark.parametrize('share', [0.3, 1.])
def test_values_that_are_not_finite(run, values, share):
    random = np.random.RandomState(0)
    x = _x((3, 4, 9, 9))
    where = random.rand(*x.shape) < share
    x[where] = random.choice(values, where.sum())

    def function(x):
        y, indexes = F.max_pooling_2d(x, 3, 2, 1, return_indices=True)
        function.indexes.append(indexes)
        return y

    function.indexes = []
    for actual, expected in zip(
            run(function, (x,), True), run(function, (x,), False),
            strict=True):
        np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(*function.indexes)


@pytest.mark.parametrize('ksize, accelerated', [((16, 16), True), ((16, 17), False)])
def test_a_window_of_many_positions(monkeypatch, run, ksize, accelerated):
    calls = []
    monkeypatch.setattr(
        max_pooling_2d, '_pool', lambda *args, _original=max_pooling_2d._pool: (
            calls.append(1), _original(*args)))
    x = np.zeros((1, 1, 17, 18))
    x[0, 0, -2, -3:] = 1  # the last position but a few
    results = [run(lambda x: F.max_pooling_2d(x, ksize, 1), (x,), accelerate)
               for accelerate in (True, False)]
    for actual, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(actual, expected)
    assert calls == [1] * accelerated


@pytest.mark.parametrize('ksize, stride', [(1, 3), (2, 3), (2, 2), ((2, 3), (5, 3))])
def test_windows_that_do_not_overlap(run, ksize, stride):
    # with cover_all the last ones may lie behind the image
    for x in (_x((2, 3, 8, 11)), _ties((2, 3, 7, 10))):
        for cover_all in (True, False):
            for actual, expected in zip(
                    *(run(lambda x: F.max_pooling_2d(x, ksize, stride, 0, cover_all),  # noqa: B023
                          (x,), accelerate) for accelerate in (True, False)),
                    strict=True):
                np.testing.assert_array_equal(actual, expected)


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('value', [np.inf, np.nan])
def test_a_gradient_that_is_not_finite_stays_where_it_is(value):
    x = np.arange(16.).reshape(1, 1, 4, 4)
    y = F.max_pooling_2d(x, 2).node.creator
    gy = np.array([[[[1., value], [2., 3.]]]])
    gx, = y.backward((0,), (F.identity(gy),))
    expected = np.zeros((4, 4))
    expected[1::2, 1::2] = gy[0, 0]
    np.testing.assert_array_equal(gx.array[0, 0], expected)


@pytest.mark.parametrize('layout', [
    np.asfortranarray, lambda x: x[:, ::-1, ::-1],
    lambda x: np.repeat(x, 2, axis=2)[:, :, ::2]])
def test_arrays_that_are_not_contiguous(assert_as_chainer, layout):
    x = layout(_x())
    assert not x.flags.c_contiguous
    assert_as_chainer(lambda x: F.max_pooling_2d(x, 3, 2), x)
    assert_as_chainer(
        lambda x: F.transpose(F.max_pooling_2d(x, 3, 2), (3, 1, 0, 2)), x)


def test_the_input_is_not_written_to():
    x = _x()
    before = x.copy()
    y = F.max_pooling_2d(x, 2).array
    y[...] = 0
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize('ksize, stride, pad, cover_all', [
    (2, None, 0, True), (3, 2, 1, False), ((2, 4), (1, 3), (0, 2), True)])
def test_indexes(run, ksize, stride, pad, cover_all):
    def indexes(x):
        y, function.indexes = F.max_pooling_2d(
            x, ksize, stride, pad, cover_all, return_indices=True)
        return y

    class function:
        pass

    for x in (_x(), _ties()):
        _, gx = run(indexes, (x,), True)
        ours = function.indexes
        run(indexes, (x,), False)
        np.testing.assert_array_equal(ours, function.indexes)
        assert ours.dtype.kind == 'i'
        assert (gx != 0).any()


def test_who_uses_the_indexes(assert_as_chainer):
    def there_and_back(x):
        y, indexes = F.max_pooling_2d(x, 2, return_indices=True)
        return F.upsampling_2d(y, indexes, 2, outsize=x.shape[2:])

    assert_as_chainer(there_and_back, _x())
    assert_as_chainer(
        lambda x: F.unpooling_2d(F.max_pooling_2d(x, 2), 2), _x())


def test_the_gradient_is_that_of_the_function():
    # all different by more than the step of the check
    x = np.random.RandomState(0).permutation(2 * 2 * 6 * 7) * 0.1
    x = x.reshape(2, 2, 6, 7)
    y = F.max_pooling_2d(x, 3, 2, 1)
    gy = np.random.RandomState(1).randn(*y.shape)
    ggx = np.random.RandomState(2).randn(*x.shape)

    def function(x):
        return F.max_pooling_2d(x, 3, 2, 1)

    gradient_check.check_backward(function, x, gy, dtype=np.float64)
    gradient_check.check_double_backward(
        function, x, gy, ggx, dtype=np.float64)


@pytest.mark.parametrize('x, accelerated', [
    (_x(), True), (_x(dtype=np.float32), True), (_x(dtype=np.float16), False),
    (_x((2, 3, 7)), False), (_x((2, 3, 4, 5, 6)), False)])
def test_what_is_left_to_chainer(monkeypatch, run, x, accelerated):
    calls = []
    monkeypatch.setattr(
        conv_nd, 'im2col_nd_cpu', lambda *args, _original=(
            conv_nd.im2col_nd_cpu), **kwargs: calls.append(1) or _original(
                *args, **kwargs))
    y, gx = run(lambda x: F.max_pooling_nd(x, 2), (x,), True)
    assert y.dtype == gx.dtype == x.dtype
    assert gx.shape == x.shape
    assert calls == ([] if accelerated else [1])


def test_an_image_smaller_than_the_window():
    with pytest.raises(AssertionError, match='should be positive'):
        F.max_pooling_2d(np.zeros((1, 1, 1, 4)), 3, stride=1)
    with pytest.raises(AssertionError, match='should be positive'):
        F.max_pooling_2d(np.zeros((1, 1, 4, 2)), 3, cover_all=False)
