import math
from pathlib import Path

from vasily_fashion.utils import save_weights

import chainer


class KeepBest(chainer.training.Extension):
    """Writes the weights whenever a score is higher than ever before.

    The file is replaced in one go. The best score is kept in the trainer's
    snapshot: a training that is resumed does not replace better weights.

    Args:
        link (chainer.Link): Whose weights.
        key (str): The score, such as 'validation/main/map'. Nothing is done
            in iterations in which it is not observed, or is NaN.
        filename (str): Under the trainer's folder.
    """

    # after evaluators, before the snapshot
    priority = chainer.training.PRIORITY_EDITOR

    def __init__(
            self, link: chainer.Link, key: str,
            filename: str = 'best.npz') -> None:
        self._link = link
        self._key = key
        self._filename = filename
        self._best = -math.inf

    def __call__(self, trainer: chainer.training.Trainer) -> None:
        score = float(trainer.observation.get(self._key, math.nan))
        if score > self._best:
            self._best = score
            save_weights(Path(trainer.out, self._filename), self._link)

    def serialize(self, serializer: chainer.AbstractSerializer) -> None:
        self._best = float(serializer('best', self._best))
