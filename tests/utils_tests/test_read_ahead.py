import threading

from vasily_fashion.utils.read_ahead import read_ahead

import pytest


def test_things_in_order():
    assert list(read_ahead(range(50), 3)) == list(range(50))
    assert list(read_ahead([], 2)) == []
    assert list(read_ahead([1], 2)) == [1]


@pytest.mark.parametrize('n_ahead', [1, 4])
def test_that_many_are_taken_ahead(n_ahead):
    taken = threading.Semaphore(0)

    def things():
        for i in range(20):
            taken.release()
            yield i

    things = read_ahead(things(), n_ahead)
    assert next(things) == 0
    for _ in range(n_ahead + 1):  # while none is asked for
        assert taken.acquire(timeout=10)
    assert not taken.acquire(timeout=.05)
    assert list(things) == list(range(1, 20))


def test_they_are_taken_in_one_thread():
    names = set()

    def things():
        for _ in range(20):
            names.add(threading.current_thread())
            yield

    list(read_ahead(things(), 3))
    assert len(names) == 1 and threading.current_thread() not in names


def test_error_comes_after_the_things_before_it():
    def things():
        yield 1
        yield 2
        raise OSError('third.jpg')

    found = []
    with pytest.raises(OSError, match='third.jpg'):
        for x in read_ahead(things(), 4):
            found.append(x)
    assert found == [1, 2]


def test_may_be_left_early():
    n_thread = threading.active_count()
    things = read_ahead(iter(range(100)), 4)
    assert next(things) == 0
    things.close()
    assert threading.active_count() <= n_thread
