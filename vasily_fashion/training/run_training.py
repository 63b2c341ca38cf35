import sys
from pathlib import Path

from vasily_fashion.accelerate.keep_freed_memory import keep_freed_memory
from vasily_fashion.training.random_states import RandomStates
from vasily_fashion.utils import atomic_write, save_weights

import chainer
from chainer import training
from chainer.training import extensions


def run_training(
        model, optimizer, lr_name, dataset, out, iteration, batch_size,
        schedule, entries, device, log_interval, snapshot_interval, resume,
        generators=()):
    """What both trainings have in common: the loop, the log, what is saved.

    `log` in JSON, a printed table, a progress bar on a terminal, `snapshot`
    to resume from, and `model.npz`, the weights alone. Each of them is
    written to a temporary file that is then renamed: whenever the process is
    killed, what is there is whole. A training that is resumed goes on as if
    it had never stopped, with the same order, augmentation and losses.

    Args:
        model (chainer.Link): What `model.npz` holds.
        optimizer (chainer.Optimizer): Set up with the link to train.
        lr_name (str): The optimizer's attribute that is the learning rate.
        dataset: Yields prepared examples.
        out (str or path): Folder for what is written.
        iteration (int): Number of batches.
        batch_size (int): Examples a batch.
        schedule (callable): Takes the number of updates done and returns the
            learning rate of the next.
        entries (list of str): Columns of the table.
        device (chainer.Device): Where batches are sent.
        log_interval (int): Iterations between two lines of the log.
        snapshot_interval (int): Iterations between two snapshots. There is
            one more at the end.
        resume (str or path): A snapshot to go on from, or :obj:`None`.
        generators (iterable of numpy.random.Generator): Where chance comes
            from beside `random` and `numpy.random`.

    Returns:
        chainer.training.Trainer: After training.

    Raises:
        ValueError: If `resume` holds no state of this training.
    """
    iterator = chainer.iterators.SerialIterator(dataset, batch_size)
    updater = training.updaters.StandardUpdater(
        iterator, optimizer, device=device)
    trainer = training.Trainer(updater, (iteration, 'iteration'), str(out))

    def save(trainer):
        return (updater.iteration % snapshot_interval == 0
                or updater.iteration == iteration)

    _follow_schedule(trainer, optimizer, lr_name, schedule)
    trainer.extend(RandomStates(device, generators), trigger=save)
    _report(trainer, optimizer, lr_name, entries, log_interval)
    _save(trainer, model, save)

    if resume is not None:
        _load(resume, trainer)
    keep_freed_memory()
    with chainer.using_config('accelerate', 'fast'):
        trainer.run()
    return trainer


def _follow_schedule(trainer, optimizer, lr_name, schedule):
    def follow(trainer):
        setattr(optimizer, lr_name, schedule(trainer.updater.iteration))

    trainer.extend(
        follow, name='learning_rate', trigger=(1, 'iteration'),
        priority=training.extension.PRIORITY_READER)
    # before the first update, the one after a snapshot as well
    follow.initialize = follow


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
