import math
from collections.abc import Sequence

import chainer

SCHEDULES = ('steps', 'cosine')


class LearningRate(chainer.training.Extension):
    """A trainer extension that sets the learning rate of each update.

    * **steps**: times 0.1 at each of `steps`, as ChainerCV's SSD is trained.
    * **cosine**: half a cosine from `initial` to 0 [#]_, without restarts.

    In front of either, the rate grows linearly over `warm_up` updates. Unlike
    Chainer's extensions it depends on the number of updates alone, so that
    nothing has to be kept in a snapshot.

    .. [#] Ilya Loshchilov, Frank Hutter. SGDR: Stochastic Gradient Descent
       with Warm Restarts. ICLR 2017, equation 5.

    Args:
        attr (str): The optimizer's attribute that is the rate: 'lr' of SGD,
            'alpha' of Adam.
        initial (float): The rate to begin with, after the warm-up.
        iteration (int): Updates of the whole training.
        schedule ({'steps', 'cosine'}): Which.
        steps (sequence of float): As shares of `iteration`; the cosine has
            none.
        warm_up (int): Updates until the rate is `initial`.

    Raises:
        ValueError: If there is no such schedule, the rate is no number from 0, or no
            update is left after the warm-up.
    """

    trigger = 1, 'iteration'

    def __init__(
            self, attr: str, initial: float, iteration: int,
            schedule: str = 'steps', steps: Sequence[float] = (0.7, 0.9),
            warm_up: int = 0) -> None:
        if schedule not in SCHEDULES:
            raise ValueError(
                f"schedule must be 'steps' or 'cosine', not {schedule!r}")
        if not 0 <= initial < math.inf:
            raise ValueError(f'the learning rate must be 0 or more, not {initial}')
        if not 0 <= warm_up < iteration:
            raise ValueError(
                f'warm_up must be from 0 to below the {iteration} iterations, '
                f'not {warm_up}')
        self.attr, self.initial, self.iteration = attr, initial, iteration
        self.schedule, self.steps, self.warm_up = schedule, steps, warm_up

    def initialize(self, trainer: chainer.training.Trainer) -> None:
        # before the first update, the one after a snapshot as well
        self(trainer)

    def __call__(self, trainer: chainer.training.Trainer) -> None:
        setattr(trainer.updater.get_optimizer('main'), self.attr,
                self.rate(trainer.updater.iteration))

    def rate(self, t: int) -> float:
        """The rate of the update after `t` updates."""
        if t < self.warm_up:
            return self.initial * (t + 1) / self.warm_up
        if self.schedule == 'cosine':
            share = (t - self.warm_up) / (self.iteration - self.warm_up)
            return self.initial * (1 + math.cos(math.pi * min(share, 1))) / 2
        n_step = len({
            at for at in (max(round(self.iteration * step), 1) for step in self.steps)
            if at <= t})
        return self.initial * 0.1 ** n_step
