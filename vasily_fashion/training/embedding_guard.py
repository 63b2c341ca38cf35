import collections
import warnings
from typing import Any

from vasily_fashion.links.style_extractor import TripletTrainChain

import chainer

# of the loss, or of what the margin is in squared distances
_TOLERANCE = 0.05


class EmbeddingGuard(chainer.training.Extension):
    """Warns, once, when the training of an embedding gets nowhere.

    It looks at what the train chain reports in a number of iterations. Over
    all of them

    * the loss stood where equal distances put it (at the margin) while nearly
      every triplet violated it, or other items were next to no distance
      away: the embeddings have collapsed;
    * no triplet violated the margin: there is nothing left to learn.

    Args:
        chain (vasily_fashion.links.style_extractor.\
TripletTrainChain): In training.
        n_iteration (int): How many iterations make a verdict.
    """

    trigger = 1, 'iteration'

    def __init__(
            self, chain: TripletTrainChain, n_iteration: int = 50) -> None:
        self._chain = chain
        self._last: Any = collections.deque(maxlen=n_iteration)
        self._has_warned = False

    def __call__(self, trainer: chainer.training.Trainer) -> None:
        self._last.append([
            float(chainer.as_array(trainer.observation[f'main/{name}']))
            for name in ('loss/rank', 'active', 'd_negative')])
        if self._has_warned or len(self._last) < self._last.maxlen:
            return
        verdict = self._judge()
        if verdict is not None:
            self._has_warned = True
            warnings.warn(
                f'iteration {trainer.updater.iteration}: in the last '
                f'{len(self._last)} iterations {verdict}', stacklevel=2)

    def _judge(self):
        at_collapse = self._chain.loss_at_collapse
        if all(active == 0 for _, active, _ in self._last):
            return (
                'no triplet violated the margin, so there is nothing left to '
                "learn: stop here, or set negatives to 'batch-hard', or a "
                'larger batch size or margin')
        is_stuck = all(
            abs(loss - at_collapse) < _TOLERANCE * at_collapse
            and active > 1 - _TOLERANCE for loss, active, _ in self._last)
        is_alike = all(
            d_negative < _TOLERANCE * at_collapse
            for _, _, d_negative in self._last)
        if is_stuck or is_alike:
            return (
                f'the loss stood at {at_collapse:.3g}, where all embeddings '
                'are alike, so training has collapsed: start anew with a lower '
                "learning rate, a warm-up, or negatives 'all' or 'semi-hard'")
        return None
