import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vasily_fashion.accelerate.keep_freed_memory import keep_freed_memory
from vasily_fashion.training.keep_best import KeepBest
from vasily_fashion.training.random_states import RandomStates
from vasily_fashion.training.workers import PartOfBatch, PartOfDropout, share_gradients
from vasily_fashion.utils import atomic_write, save_weights

import chainer
import numpy as np
from chainer import training
from chainer.training import extensions

if TYPE_CHECKING:
    from chainermn import CommunicatorBase


def run_training(
        model: chainer.Link, optimizer: chainer.Optimizer, lr_name: str,
        dataset: Any, out: str | os.PathLike[str], iteration: int,
        batch_size: int, schedule: Callable[..., float], entries: list[str],
        device: chainer.backend.Device, log_interval: int,
        snapshot_interval: int, resume: str | os.PathLike[str] | None,
        generators: Iterable[np.random.Generator] = (),
        evaluator: training.Extension | None = None, score: str | None = None,
        eval_interval: int | None = None,
        more_extensions: Iterable[training.Extension] = (),
        comm: 'CommunicatorBase | None' = None,
        order_sampler: Callable[..., np.ndarray] | None = None) -> training.Trainer:
    """What both trainings have in common: the loop, the log, what is saved.

    `log` in JSON, a printed table, a progress bar on a terminal, `snapshot`
    to resume from, `model.npz`, the weights alone, and `best.npz`, those of
    the highest score. Each of them is written to a temporary file that is
    then renamed: whenever the process is killed, what is there is whole. A
    training that is resumed goes on as if it had never stopped, with the same
    order, augmentation and losses.

    Args:
        model (chainer.Link): What `model.npz` holds.
        optimizer (chainer.Optimizer): Set up with the link to train.
        lr_name (str): The optimizer's attribute that is the learning rate.
        dataset: Yields prepared examples.
        out (str or path): Folder for what is written.
        iteration (int): Number of batches.
        batch_size (int): Examples a batch, over all workers.
        schedule (callable): Takes the number of updates done and returns the
            learning rate of the next.
        entries (list of str): Columns of the table.
        device (chainer.backend.Device): Where batches are sent.
        log_interval (int): Iterations between two lines of the log.
        snapshot_interval (int): Iterations between two snapshots. There is
            one more at the end.
        resume (str or path): A snapshot to go on from, or :obj:`None`.
        generators (iterable of numpy.random.Generator): Where chance comes
            from beside `random` and `numpy.random`.
        evaluator (chainer.training.Extension): What scores the model, if
            anything does.
        score (str): Of what it reports, the number that makes a model the
            best.
        eval_interval (int): Iterations between two scores. There is one more
            at the end.
        more_extensions (iterable of chainer.training.Extension): Such as
            look at the training.
        comm (chainermn.CommunicatorBase): Workers that share each batch. The
            first of them writes and scores.
        order_sampler (callable): As of `chainer.iterators.SerialIterator`; an
            epoch takes each example once by default.

    Returns:
        chainer.training.Trainer: After training.

    Raises:
        ValueError: If `resume` holds no state of this training, or a batch
            cannot be divided among the workers.
    """
    converter = chainer.dataset.concat_examples
    hook: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
    if comm is not None:
        optimizer = share_gradients(optimizer, comm)
        converter = _convert_part(PartOfBatch(comm))
        hook = PartOfDropout(comm)
    iterator = chainer.iterators.SerialIterator(
        dataset, batch_size, order_sampler=order_sampler)
    updater = training.updaters.StandardUpdater(
        iterator, optimizer, converter, device=device)
    trainer = training.Trainer(updater, (iteration, 'iteration'), str(out))

    def every(interval):
        return lambda trainer: (
            updater.iteration % interval == 0
            or updater.iteration == iteration)

    save = every(snapshot_interval)
    _follow_schedule(trainer, optimizer, lr_name, schedule)
    trainer.extend(RandomStates(device, generators), trigger=save)
    if comm is not None:
        _average_statistics(trainer, model, comm, save)
    if comm is None or comm.rank == 0:
        _remove_abandoned_logs(out)
        if evaluator is not None:
            trainer.extend(evaluator, trigger=every(eval_interval))
            trainer.extend(
                KeepBest(model, score),  # type: ignore[arg-type]
                trigger=every(eval_interval))
            entries = [*entries, score]  # type: ignore[list-item]
        for extension in more_extensions:
            trainer.extend(extension)
        _report(trainer, optimizer, lr_name, entries, log_interval)
        _save(trainer, model, save)

    if resume is not None:
        _load(resume, trainer)
    keep_freed_memory()
    with chainer.using_config('accelerate', 'fast'), hook:
        trainer.run()
    return trainer


def _remove_abandoned_logs(out):
    # LogReport writes into a folder of its own, which stays when it is killed
    for folder in Path(out).glob('log????????'):
        if folder.is_dir() and set(os.listdir(folder)) <= {'log.json'}:
            shutil.rmtree(folder)


def _convert_part(part):
    @chainer.dataset.converter()
    def convert(batch, device):
        return chainer.dataset.concat_examples(part(batch), device)

    return convert


def _follow_schedule(trainer, optimizer, lr_name, schedule):
    def follow(trainer):
        setattr(optimizer, lr_name, schedule(trainer.updater.iteration))

    trainer.extend(
        follow, name='learning_rate', trigger=(1, 'iteration'),
        priority=training.extension.PRIORITY_READER)
    # before the first update, the one after a snapshot as well
    follow.initialize = follow


def _average_statistics(trainer, model, comm, trigger):
    # running means that workers gathered from their own part of the batches
    from chainermn.extensions import AllreducePersistent
    trainer.extend(AllreducePersistent(model, comm), trigger=trigger)


def _report(trainer, optimizer, lr_name, entries, interval):
    log = (interval, 'iteration')
    trainer.extend(extensions.observe_value(
        'lr', lambda trainer: getattr(optimizer, lr_name)), trigger=log)
    trainer.extend(extensions.LogReport(trigger=log))
    trainer.extend(
        extensions.PrintReport(
            ['epoch', 'iteration', 'elapsed_time', 'lr', *entries]),
        trigger=log)
    if sys.stdout.isatty():
        trainer.extend(extensions.ProgressBar(update_interval=1))


def _save(trainer, model, trigger):
    def snapshot(trainer):
        save_weights(Path(trainer.out, 'model.npz'), model)
        with atomic_write(Path(trainer.out, 'snapshot')) as file:
            # weights hardly compress, and trying takes long
            chainer.serializers.save_npz(file, trainer, compression=False)

    trainer.extend(snapshot, trigger=trigger, priority=-100)


def _load(path, trainer):
    try:
        chainer.serializers.load_npz(path, trainer)
    except KeyError as error:
        raise ValueError(
            f'{path} holds no {error}: resume takes the snapshot of a '
            'training with the same arguments, by this version') from error
