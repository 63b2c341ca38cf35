import os
import shutil
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vasily_fashion.accelerate.keep_freed_memory import keep_freed_memory
from vasily_fashion.training.draw_order import DrawOrder
from vasily_fashion.training.draws import Draws
from vasily_fashion.training.learning_rate import LearningRate
from vasily_fashion.training.make_iterator import make_iterator
from vasily_fashion.training.random_states import RandomStates
from vasily_fashion.training.workers import PartOfDropout, share_gradients
from vasily_fashion.utils import atomic_write, save_weights, seeded

import chainer
import numpy as np
from chainer import training
from chainer.training import extensions
from chainer.training.triggers import MaxValueTrigger


class ResumeError(ValueError):
    """A training cannot go on from a file: the message says why."""


def run_training(
        model: chainer.Link, chain: Any, optimizer: chainer.GradientMethod,
        draws: Draws, order: DrawOrder, schedule: LearningRate,
        out: str | os.PathLike[str], evaluator: training.Extension | None,
        score: str, entries: Sequence[str], n_loader: int,
        resume: str | os.PathLike[str] | None, log_interval: int,
        snapshot_interval: int, eval_interval: int,
        more_extensions: Iterable[training.Extension] = ()) -> training.Trainer:
    """What both trainings have in common: the loop, the log, what is saved.

    `log` in JSON, a printed table, a progress bar on a terminal, `snapshot`
    to resume from, `model.npz`, the weights alone, and `best.npz`, those of
    the highest `score`. Each of them is written to a temporary file that is
    then renamed: whenever the process is killed, what is there is whole. A
    training that is resumed goes on as if it had never stopped, with the same
    order, augmentation and losses. Of several workers the first writes and
    scores.
    """
    comm = chain.comm
    if order.comm is not comm:
        raise ValueError('chain and order must have the same comm')
    if comm is not None:
        optimizer = share_gradients(optimizer, comm)  # type: ignore[assignment]
    updater = training.updaters.StandardUpdater(
        make_iterator(draws, order, n_loader), optimizer, device=chain.device)
    trainer = training.Trainer(
        updater, (schedule.iteration, 'iteration'), str(out))
    log = _Every(log_interval, schedule.iteration)
    save = _Every(snapshot_interval, schedule.iteration)
    score_now = _Every(eval_interval, schedule.iteration)

    trainer.extend(schedule)
    trainer.extend(RandomStates(chain.device), trigger=save)
    if comm is not None:
        # running means that workers gathered from their own part of the batches
        from chainermn.extensions import AllreducePersistent
        trainer.extend(
            AllreducePersistent(model, comm),
            trigger=lambda trainer: save(trainer) or score_now(trainer))
    if comm is None or comm.rank == 0:
        _remove_abandoned_logs(out)
        if evaluator is not None:
            entries = [*entries, score]
            trainer.extend(evaluator, trigger=score_now)
            trainer.extend(
                _save_weights(model, 'best.npz'), name='best',
                trigger=MaxValueTrigger(score, score_now))
        for extension in more_extensions:
            trainer.extend(extension)
        trainer.extend(extensions.observe_value(
            'lr', lambda trainer: getattr(optimizer, schedule.attr)), trigger=log)
        trainer.extend(extensions.LogReport(trigger=log))
        trainer.extend(
            extensions.PrintReport(
                ['epoch', 'iteration', 'elapsed_time', 'lr', *entries]),
            trigger=log)
        if sys.stdout.isatty():
            trainer.extend(extensions.ProgressBar(update_interval=1))
        trainer.extend(
            _save_weights(model, 'model.npz'), name='weights', trigger=save)
        trainer.extend(
            extensions.snapshot(filename='snapshot', writer=_write), trigger=save)

    keep_freed_memory()
    with seeded(order.seed, chain.device), \
            chainer.using_config('accelerate', 'fast'), PartOfDropout(comm):
        if resume is not None:
            _load(resume, trainer)
            if updater.iteration > schedule.iteration:
                raise ResumeError(
                    f'{resume} has had {updater.iteration} iterations, more than the '
                    f'{schedule.iteration} of this training')
            if updater.iteration == schedule.iteration:  # it was killed at its end
                warnings.warn(
                    f'{resume} has had all {schedule.iteration} iterations: '
                    'nothing is left to train', stacklevel=3)
        trainer.run()
    return trainer


class _Every:
    """A trigger: each so many iterations, and the last."""

    def __init__(self, interval, last):
        if interval < 1:
            raise ValueError(f'an interval must be 1 or more iterations, not {interval}')
        self._interval, self._last = interval, last

    def __call__(self, trainer):
        n = trainer.updater.iteration
        return n % self._interval == 0 or n == self._last

    def serialize(self, serializer):
        pass  # it has no state


def _remove_abandoned_logs(out):
    # LogReport writes into a folder of its own, which stays when it is killed
    for folder in Path(out).glob('log????????'):
        if folder.is_dir() and set(os.listdir(folder)) <= {'log.json'}:
            shutil.rmtree(folder)


def _save_weights(model, filename):
    return lambda trainer: save_weights(Path(trainer.out, filename), model)


def _write(filename, out, arrays):
    # Chainer's writers leave a folder where they are killed
    with atomic_write(Path(out, filename)) as file:
        # weights hardly compress, and trying takes long
        np.savez(file, **arrays)


def _load(path, trainer):
    try:
        chainer.serializers.load_npz(path, trainer)
    except Exception as error:  # damaged files raise nearly anything
        raise ResumeError(
            f'{path}: no training with these arguments can go on from it '
            f'({error}); resume takes the snapshot of one, by this version') from error
