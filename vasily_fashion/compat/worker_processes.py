"""Repairs Chainer in worker processes, however they are started.

A worker made by fork inherits the repaired modules.  A worker made by spawn
or forkserver is a new interpreter.  It runs the main script first, but a
main script may import us late (below ``if __name__ == '__main__'``), or be no
file at all (``python -c``, standard input, an interactive session).  The
worker then imports Chainer unrepaired and dies, its pool starts another one,
and :class:`chainer.iterators.MultiprocessIterator` waits for ever.

What :mod:`multiprocessing` sends to a new worker first is a dict, pickled
(:func:`multiprocessing.spawn.get_preparation_data`).  We add one entry, whose
unpickling runs ``worker_start.py``: it imports this room, and costs a worker
that uses no Chainer a few milliseconds.

(A program that lets the forkserver preload Chainer, with
:func:`multiprocessing.set_forkserver_preload`, names vasily_fashion first.)
"""
import functools
import multiprocessing.spawn
import os
import runpy

_KEY = 'vasily_fashion_compat'
_START = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      'worker_start.py')


class _WorkerStart:
    """Unpickled with the standard library alone: sys.path is not yet set."""

    def __reduce__(self):
        return runpy.run_path, (_START,)


def repair_worker_processes():
    """Makes new workers import this room before anything else, once."""
    get_preparation_data = multiprocessing.spawn.get_preparation_data
    if hasattr(get_preparation_data, _KEY):
        return
    if not os.path.exists(_START):      # frozen into an executable, or zipped
        return

    @functools.wraps(get_preparation_data)
    def get_preparation_data_and_repair(name):
        data = {_KEY: _WorkerStart(), **get_preparation_data(name)}
        # Python takes standard input for a file that a worker can read
        if os.path.basename(data.get('init_main_from_path', '')) == '<stdin>':
            del data['init_main_from_path']
        return data

    setattr(get_preparation_data_and_repair, _KEY, True)
    multiprocessing.spawn.get_preparation_data = \
        get_preparation_data_and_repair
