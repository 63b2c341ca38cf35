"""Worker processes that load are not to be seen in what is trained."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.training_tests.tiny import (
    TinyItems,
    TinyStyleExtractor,
    tiny_items,
    tiny_snaps,
    train_tiny,
)
from vasily_fashion.training import DrawOrder, TrainingPairs, make_iterator
from vasily_fashion.training.draws import Draws
from vasily_fashion.utils import ImageReadError

import pytest


def _losses(log):
    return [line['main/loss'] for line in log]


@pytest.mark.parametrize('kind', ['ssd', 'style'])
def test_same_training_whoever_loads(kind, tmp_path):
    """A snapshot of one that loads here is gone on with by two that load elsewhere."""
    dataset = tiny_snaps() if kind == 'ssd' else tiny_items()
    _, alone = train_tiny(kind, tmp_path / 'a', 7, dataset)
    _, loaded = train_tiny(kind, tmp_path / 'b', 3, dataset, n_loader=1, lr_steps=())
    assert _losses(loaded) == pytest.approx(_losses(alone)[:3], rel=1e-6)
    _, resumed = train_tiny(
        kind, tmp_path / 'b', 7, dataset, n_loader=2, resume=tmp_path / 'b/snapshot')
    assert _losses(resumed) == pytest.approx(_losses(alone), rel=1e-5)


class _Broken(TinyItems):

    def read_street(self, i, random_state=None):
        raise ImageReadError('7.jpg: no image')


class _Killed(TinyItems):

    def read_street(self, i, random_state=None):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize('kind, error, message', [
    (_Broken, ImageReadError, '7.jpg: no image'), (_Killed, Exception, 'terminated abruptly')])
def test_what_goes_wrong_elsewhere_is_said_here(kind, error, message):
    items = tiny_items()
    items.__class__ = kind
    iterator = make_iterator(
        TrainingPairs(items, TinyStyleExtractor()), DrawOrder(len(items), 4), 2)
    with pytest.raises(error, match=message):
        next(iterator)
    iterator.finalize()


_BYTES = bytes(10 ** 8)  # far more than a pipe holds


class _Large(Draws):

    def draw(self, i, random_state):
        return _BYTES


def test_it_ends_while_an_example_is_on_its_way():
    iterator = make_iterator(_Large(range(9)), DrawOrder(9, 2), 1)
    next(iterator)
    start = time.monotonic()
    next(iterator)
    time.sleep((time.monotonic() - start) / 4)  # the next one has begun
    iterator.finalize()


_LOAD = """
import multiprocessing, os, signal
from tests.training_tests.tiny import TinyStyleExtractor, tiny_items
from vasily_fashion.training import DrawOrder, TrainingPairs, make_iterator
if __name__ == '__main__':
    items = tiny_items()
    iterator = make_iterator(
        TrainingPairs(items, TinyStyleExtractor()), DrawOrder(len(items), 4), 1)
    next(iterator)
    print(multiprocessing.active_children()[0].pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_training_that_is_killed_leaves_no_process():
    done = subprocess.run(
        [sys.executable, '-c', _LOAD], stdout=subprocess.PIPE, text=True, timeout=120,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    pid = int(done.stdout)
    for _ in range(100):
        time.sleep(.1)
        try:
            state = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == 'Z':  # it has ended, and nobody has asked how
            return
    os.kill(pid, signal.SIGKILL)
    pytest.fail('the process that loads lives on')
