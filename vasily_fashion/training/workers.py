import os
from typing import TYPE_CHECKING, Any

import chainer
import numpy as np
from chainer.functions.noise.dropout import Dropout

if TYPE_CHECKING:
    from chainermn import CommunicatorBase

# set by what starts several processes: MPICH, Open MPI
_SIZE_VARIABLES = ('PMI_SIZE', 'OMPI_COMM_WORLD_SIZE')


def create_communicator(name: str | None) -> 'CommunicatorBase | None':
    """The ChainerMN communicator of that name, if one is asked for.

    Args:
        name (str): 'naive' for CPUs, 'pure_nccl' for GPUs, or any other of
            :func:`chainermn.create_communicator`. :obj:`None` for training in
            one process.

    Returns:
        chainermn.CommunicatorBase: Or :obj:`None`.

    Raises:
        ValueError: If mpi4py is not there, or several processes were started
            and would each train by themselves into one folder.
    """
    if name is None:
        if any(int(os.environ.get(key, 1)) > 1 for key in _SIZE_VARIABLES):
            raise ValueError(
                'mpiexec has started several workers: name the communicator, '
                'naive (CPUs) or pure_nccl (GPUs)')
        return None
    try:
        import mpi4py.MPI  # noqa: F401
    except (ImportError, RuntimeError) as error:
        raise ValueError(
            'a communicator needs mpi4py and an MPI: install this package '
            f'with its extra [mpi] ({error})') from error
    import chainermn
    return chainermn.create_communicator(name)


def get_worker_device(
        device: int | str | chainer.backend.Device,
        comm: 'CommunicatorBase | None') -> chainer.backend.Device:
    """Each worker's device: the n-th GPU for the n-th of a machine.

    Args:
        device (int or str): As :func:`chainer.get_device`.
        comm (chainermn.CommunicatorBase): Or :obj:`None`.

    Returns:
        chainer.backend.Device: In use.
    """
    device = chainer.get_device(device)
    if comm is not None and device.name.startswith('@cupy'):
        device = chainer.get_device(f'@cupy:{comm.intra_rank}')
    device.use()
    return device


def share_gradients(
        optimizer: chainer.Optimizer,
        comm: 'CommunicatorBase') -> chainer.Optimizer:
    """An optimizer that steps by the mean of all workers' gradients.

    It does so from the first step on. ChainerMN's own optimizer broadcasts the
    weights in place of the first step; here this function broadcasts them.

    Args:
        optimizer (chainer.Optimizer): Set up.
        comm (chainermn.CommunicatorBase): The workers.

    Returns:
        chainer.Optimizer:
    """
    import chainermn
    # what is frozen has no gradient, and is not sent
    shared = chainermn.create_multi_node_optimizer(
        optimizer, comm, zero_fill=False)
    comm.bcast_data(optimizer.target)
    shared.is_changed(optimizer.target)
    return shared


class PartOfDropout(chainer.FunctionHook):
    """Dropout draws the mask of the whole batch; a worker takes its part.

    The mask is drawn from `random` of NumPy or CuPy, and not by cuDNN, which
    takes its own seed.

    Args:
        comm (chainermn.CommunicatorBase): The workers; one if :obj:`None`.
    """

    name = 'PartOfDropout'

    def __init__(self, comm: 'CommunicatorBase | None') -> None:
        self._n_worker: int = 1 if comm is None else comm.size
        self._rank: int = 0 if comm is None else comm.rank

    def forward_preprocess(
            self, function: Any, in_data: tuple[Any, ...]) -> None:
        if not isinstance(function, Dropout) or function.mask is not None:
            return
        x, = in_data
        n, rank = len(x), self._rank
        xp = chainer.backend.get_array_module(x)
        chance = xp.random.rand(  # as Chainer's dropout draws
            n * self._n_worker, *x.shape[1:],
            **({} if xp is np else {'dtype': np.float32}))
        scale = x.dtype.type(1 / (1 - function.dropout_ratio))
        function.mask = scale * (
            chance[n * rank:n * (rank + 1)] >= function.dropout_ratio)
