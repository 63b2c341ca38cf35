import os
import shutil
import sys

import pytest

SCRIPT = '''
import vasily_fashion
import chainer, chainermn, numpy as np
comm = chainermn.create_communicator('naive')
assert comm.size == 2
total = comm.allreduce_obj(comm.rank + 1)
dataset = chainermn.scatter_dataset(list(range(10)), comm, shuffle=False)
iterator = chainermn.iterators.create_multi_node_iterator(
    chainer.iterators.SerialIterator(
        np.arange(4, dtype=np.float32), 2, shuffle=False, repeat=False), comm)
batches = [np.asarray(batch).tolist() for batch in iterator]
model = chainer.links.Linear(2, 1)
model.W.array[...] = comm.rank
optimizer = chainermn.create_multi_node_optimizer(
    chainer.optimizers.SGD(1.), comm).setup(model)
for _ in range(2):      # the first call broadcasts the weights of rank 0
    optimizer.update(lambda: chainer.functions.sum(
        model(np.full((1, 2), comm.rank, np.float32))))
print(total, len(dataset), batches, model.W.array.tolist(), flush=True)
'''


@pytest.fixture
def mpiexec():
    pytest.importorskip('mpi4py', reason='ChainerMN needs mpi4py')
    beside = os.path.join(os.path.dirname(sys.executable), 'mpiexec')
    path = beside if os.path.exists(beside) else shutil.which('mpiexec')
    if path is None:
        pytest.skip('ChainerMN needs an MPI: mpiexec was not found')
    return path


def test_naive_communicator(mpiexec, run_python, tmp_path):
    (tmp_path / 'script.py').write_text(SCRIPT)
    result = run_python(
        '-c', 'import os, sys; os.execv(sys.argv[1], sys.argv[1:])',
        mpiexec, '-n', '2', sys.executable, 'script.py')
    assert result.returncode == 0, result.stderr
    # SGD by the mean of 0 and 1: -0.5, once
    assert sorted(result.stdout.splitlines()) == [
        '3 5 [[0.0, 1.0], [2.0, 3.0]] [[-0.5, -0.5]]'] * 2
