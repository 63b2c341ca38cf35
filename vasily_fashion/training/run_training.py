import sys

from vasily_fashion.accelerate.keep_freed_memory import keep_freed_memory

import chainer
from chainer import training
from chainer.training import extensions


def run_training(
        model, optimizer, lr_name, dataset, out, iteration, batch_size,
        lr_steps, entries, device, log_interval, snapshot_interval, resume):
    """What both trainings have in common: the loop, the log, what is saved.

    `log` in JSON, a printed table, a progress bar on a terminal, `snapshot`
    to resume from, and `model.npz`, the weights alone. Chainer writes each of
    them to a temporary file that it then renames.

    Args:
        model (chainer.Link): What `model.npz` holds.
        optimizer (chainer.Optimizer): Set up with the link to train.
        lr_name (str): The optimizer's attribute that is the learning rate.
        dataset: Yields prepared examples.
        out (str or path): Folder for what is written.
        iteration (int): Number of batches.
        batch_size (int): Examples a batch.
        lr_steps (iterable of float): When the learning rate is multiplied by
            0.1, as shares of `iteration`.
        entries (list of str): Columns of the table.
        device (chainer.Device): Where batches are sent.
        log_interval (int): Iterations between two lines of the log.
        snapshot_interval (int): Iterations between two snapshots. There is
            one more at the end.
        resume (str or path): A snapshot to go on from, or :obj:`None`.

    Returns:
        chainer.training.Trainer: After training.
    """
    iterator = chainer.iterators.SerialIterator(dataset, batch_size)
    updater = training.updaters.StandardUpdater(
        iterator, optimizer, device=device)
    trainer = training.Trainer(updater, (iteration, 'iteration'), str(out))

    trainer.extend(
        extensions.ExponentialShift(
            lr_name, 0.1, init=getattr(optimizer, lr_name)),
        trigger=training.triggers.ManualScheduleTrigger(
            [max(round(iteration * step), 1) for step in lr_steps],
            'iteration'))

    log = (log_interval, 'iteration')
    trainer.extend(extensions.observe_value(
        'lr', lambda trainer: getattr(optimizer, lr_name)), trigger=log)
    trainer.extend(extensions.LogReport(trigger=log))
    trainer.extend(
        extensions.PrintReport(
            ['epoch', 'iteration', 'elapsed_time', 'lr', *entries]),
        trigger=log)
    if sys.stdout.isatty():
        trainer.extend(extensions.ProgressBar(update_interval=1))

    def save(trainer):
        return (updater.iteration % snapshot_interval == 0
                or updater.iteration == iteration)

    trainer.extend(
        extensions.snapshot(filename='snapshot', n_retains=-1), trigger=save)
    trainer.extend(
        extensions.snapshot_object(model, 'model.npz'), trigger=save)

    if resume is not None:
        chainer.serializers.load_npz(resume, trainer)
    keep_freed_memory()
    with chainer.using_config('accelerate', 'fast'):
        trainer.run()
    return trainer
