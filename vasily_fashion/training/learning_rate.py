import math
from collections.abc import Sequence

SCHEDULES = ('steps', 'cosine')


def learning_rate(
        t: int, iteration: int, initial: float, schedule: str = 'steps',
        steps: Sequence[float] = (0.7, 0.9), warm_up: int = 0) -> float:
    """The learning rate after `t` of `iteration` updates.

    * **steps**: times 0.1 at each of `steps`, as ChainerCV's SSD is trained.
    * **cosine**: half a cosine from `initial` to 0 [#]_, without restarts.

    In front of either, the rate grows linearly over `warm_up` updates.

    .. [#] Ilya Loshchilov, Frank Hutter. SGDR: Stochastic Gradient Descent
       with Warm Restarts. ICLR 2017, equation 5.

    Args:
        t (int): Updates done.
        iteration (int): Updates of the whole training.
        initial (float): The rate to begin with, after the warm-up.
        schedule ({'steps', 'cosine'}): Which.
        steps (sequence of float): As shares of `iteration`; the cosine has
            none.
        warm_up (int): Updates until the rate is `initial`.

    Returns:
        float: The rate of update :math:`t + 1`.

    Raises:
        ValueError: If there is no such schedule, or no update is left after
            the warm-up.
    """
    if schedule not in SCHEDULES:
        raise ValueError(
            f"lr_schedule must be 'steps' or 'cosine', not {schedule!r}")
    if not 0 <= warm_up < iteration:
        raise ValueError(
            f'warm_up must be from 0 to below the {iteration} iterations, not '
            f'{warm_up}')
    if t < warm_up:
        return initial * (t + 1) / warm_up
    if schedule == 'cosine':
        share = (t - warm_up) / (iteration - warm_up)
        return initial * (1 + math.cos(math.pi * min(share, 1))) / 2
    n_step = len({
        at for at in (max(round(iteration * step), 1) for step in steps)
        if at <= t})
    return initial * 0.1 ** n_step
