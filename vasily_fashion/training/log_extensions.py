import sys

from chainer.training import extensions


def add_log_extensions(
        trainer, model, entries, log_interval, snapshot_interval):
    """Add what both trainings log and save.

    `log` in JSON, a printed table, a progress bar on a terminal, `snapshot`
    to resume from, and `model.npz`, the weights alone. Chainer writes each of
    them to a temporary file that it then renames.

    Args:
        trainer (chainer.training.Trainer): The trainer.
        model (chainer.Link): What `model.npz` holds.
        entries (list of str): Columns of the table.
        log_interval (int): Iterations between two lines.
        snapshot_interval (int): Iterations between two snapshots. There is
            one more at the end.
    """
    log = (log_interval, 'iteration')

    def save(trainer):
        iteration = trainer.updater.iteration
        return (iteration % snapshot_interval == 0
                or iteration == trainer.stop_trigger.period)

    trainer.extend(extensions.observe_lr(), trigger=log)
    trainer.extend(extensions.LogReport(trigger=log))
    trainer.extend(
        extensions.PrintReport(
            ['epoch', 'iteration', 'elapsed_time', *entries]), trigger=log)
    if sys.stdout.isatty():
        trainer.extend(extensions.ProgressBar(update_interval=1))
    trainer.extend(
        extensions.snapshot(filename='snapshot', n_retains=-1), trigger=save)
    trainer.extend(
        extensions.snapshot_object(model, 'model.npz'), trigger=save)
