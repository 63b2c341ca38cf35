import concurrent.futures
import multiprocessing
import os
import threading

import vasily_fashion.accelerate  # noqa: F401
from vasily_fashion.accelerate import parallel

import chainer
import chainer.functions as F
import numpy as np
import pytest


def _step(seed=0):
    """A bit of a network, forward and backward."""
    random = np.random.RandomState(seed)
    x, W, b, gamma = [
        chainer.Variable(random.randn(*shape).astype(np.float32))
        for shape in ((5, 8, 21, 22), (9, 8, 3, 3), (9,), (9,))]
    h = F.batch_normalization(
        F.convolution_2d(x, W, b, pad=1), gamma, gamma)
    h = F.max_pooling_2d(F.relu(h), 3, 2)
    h.grad = h.array
    h.backward()
    return [h.array] + [v.grad for v in (x, W, b, gamma)]


def _assert_equal(actual, expected):
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, e)


@pytest.mark.parametrize('n', [0, 1, 2, 3, 7, 50])
@pytest.mark.parametrize('n_thread', [1, 2, 3])
def test_each_is_called_once(use_threads, n, n_thread):
    use_threads(n_thread)
    called = []
    n_worker = parallel.parallel_for(
        lambda i, worker: called.append((i, worker)), n)
    assert sorted(called) == [(i, i % max(n_worker, 1)) for i in range(n)]
    assert n_worker == min(n, n_thread)


def test_it_is_spread_over_threads(use_threads):
    use_threads(2)
    both_are_here = threading.Barrier(2, timeout=30)
    parallel.parallel_for(lambda i, worker: both_are_here.wait(), 2)


def test_an_error_is_handed_on(use_threads):
    use_threads(2)

    def function(i, worker):
        if i == 3:
            raise KeyError('the fourth')

    with pytest.raises(KeyError, match='the fourth'):
        parallel.parallel_for(function, 5)
    assert parallel.parallel_for(lambda i, worker: None, 5) == 2


@pytest.mark.parametrize('n_thread', [1, 2, 3])
@pytest.mark.parametrize('accelerate', [True, 'fast'])
def test_the_same_call_gives_the_same_bits(use_threads, accelerate, n_thread):
    use_threads(n_thread)
    with chainer.using_config('accelerate', accelerate):
        _assert_equal(_step(), _step())


def test_numbers_of_threads_agree(use_threads):
    results = []
    for n_thread in (1, 2, 5):
        use_threads(n_thread)
        results.append(_step())
    for result in results[1:]:
        for a, e in zip(result, results[0], strict=True):
            np.testing.assert_allclose(a, e, rtol=0, atol=1e-5 * e.std())


def test_several_threads_at_once(use_threads):
    use_threads(2)
    expected = [_step(seed) for seed in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            for actual, e in zip(
                    pool.map(_step, range(4)), expected, strict=True):
                _assert_equal(actual, e)


def test_blas_gets_its_threads_back_from_callers_that_overlap(run_python):
    """On a machine of one core there is nothing to see."""
    before, inside, after = run_python('''
import threading, time
import vasily_fashion
from vasily_fashion.accelerate import parallel
import numpy as np
from threadpoolctl import ThreadpoolController

controller = ThreadpoolController().select(user_api='blas')
parallel.n_thread = lambda: 2
inside = set()

def numbers():
    return sorted(info['num_threads'] for info in controller.info())

def caller():
    for _ in range(30):
        parallel.parallel_for(
            lambda i, worker: inside.update(numbers()) or time.sleep(1e-3), 3)

print(numbers())
threads = [threading.Thread(target=caller) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(inside))
print(numbers())
''', OPENBLAS_NUM_THREADS='2', OMP_NUM_THREADS='2').splitlines()
    assert after == before
    assert inside == '[1]' or before == '[]'


def test_a_pool_is_made_once_a_process(use_threads):
    use_threads(2)
    parallel._Threads._of_process.clear()
    together = threading.Barrier(4, timeout=30)

    def current(i):
        together.wait()
        return parallel._Threads.current()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(current, range(4)))) == 1
    parallel._Threads.current().pool.shutdown()


def _in_child(queue, seed):
    queue.put((os.getpid(), _step(seed)))


@pytest.mark.skipif(
    'fork' not in multiprocessing.get_all_start_methods(), reason='no fork')
@pytest.mark.filterwarnings('ignore:.*fork:DeprecationWarning')
def test_a_forked_child(use_threads):
    use_threads(2)
    expected = _step(3)  # the parent's threads are there now
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    process = context.Process(target=_in_child, args=(queue, 3))
    process.start()
    try:
        pid, actual = queue.get(timeout=60)
        process.join(60)
        assert process.exitcode == 0
    finally:
        process.kill()
    assert pid != os.getpid()
    _assert_equal(actual, expected)
    _assert_equal(_step(3), expected)


@pytest.mark.parametrize('value, expected', [
    ('1', 1), ('2', 2), (' 2 ', 2), ('2,4', 2), ('', 8), ('0', 8), ('-1', 8),
    ('many', 8), ('9', 8), ('1.5', 8), ('\N{SUPERSCRIPT TWO}', 8)])
def test_number_of_threads(monkeypatch, value, expected):
    monkeypatch.setattr(
        os, 'sched_getaffinity', lambda pid: set(range(8)), raising=False)
    monkeypatch.setenv('OMP_NUM_THREADS', value)
    assert parallel.n_thread() == expected
    monkeypatch.delenv('OMP_NUM_THREADS')
    assert parallel.n_thread() == 8


def test_number_of_threads_where_there_is_no_affinity(monkeypatch):
    monkeypatch.delattr(os, 'sched_getaffinity', raising=False)
    monkeypatch.setattr(os, 'cpu_count', lambda: 6)
    monkeypatch.setenv('OMP_NUM_THREADS', '4')
    assert parallel.n_thread() == 4
    monkeypatch.delenv('OMP_NUM_THREADS')
    assert parallel.n_thread() == 6
    monkeypatch.setattr(os, 'cpu_count', lambda: None)
    assert parallel.n_thread() == 1


def test_one_thread_starts_no_other(run_python):
    assert run_python('''
import threading
import vasily_fashion.accelerate
import chainer.functions as F, numpy as np
x = np.ones((4, 8, 9, 9), 'f')
F.max_pooling_2d(F.convolution_2d(x, x[:, :, :3, :3]), 2)
print([t.name for t in threading.enumerate()])
''', OMP_NUM_THREADS='1').strip() == "['MainThread']"


def test_workspace():
    a = parallel.workspace('test', (3, 4), np.float64)
    assert a.shape == (3, 4) and a.dtype == np.float64
    assert a.flags.c_contiguous and a.flags.writeable and a.flags.aligned
    smaller = parallel.workspace('test', (5,), np.float32)
    assert np.shares_memory(a, smaller)
    other = parallel.workspace('test of another', (3, 4), np.float64)
    assert not np.shares_memory(a, other)
    larger = parallel.workspace('test', (100,), np.float64)
    larger[...] = 1
    assert larger.shape == (100,)
    assert parallel.workspace('test', (), np.float32).shape == ()
    assert parallel.workspace('test', (0, 3), np.float32).shape == (0, 3)


def test_threads_do_not_share_a_workspace():
    mine = parallel.workspace('test', (9,), np.float32)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        other = pool.submit(
            parallel.workspace, 'test', (9,), np.float32).result()
    assert not np.shares_memory(mine, other)
