from collections.abc import Sequence
from typing import Any

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.evaluations import eval_detection

import chainer
from chainer.training.extensions import Evaluator
from chainercv.links.model.ssd import SSD
from chainercv.utils import apply_to_iterator


class DetectionEvaluator(Evaluator):
    """A trainer extension that scores a detector by PASCAL VOC.

    It calls :func:`~vasily_fashion.evaluations.eval_detection` on what the
    detector predicts of held-out photos, and reports
    ``'validation/main/map'`` and ``'validation/main/ap/CLASS'`` for each
    class.

    The detector predicts with its 'evaluate' preset, boxes of low scores as
    well, and has its own thresholds again afterwards.

    Args:
        iterator (chainer.Iterator): Yields (img, bbox, label) or (img, bbox,
            label, difficult), raw, with ``repeat=False``.
        target (chainercv.links.model.ssd.SSD): The detector in training.
        label_names (sequence of str): Its classes. By default its
            `label_names`; of a detector that has none, FASHION_CATEGORIES.
    """

    default_name = 'validation'

    def __init__(
            self, iterator: chainer.iterators.SerialIterator, target: SSD,
            label_names: Sequence[str] | None = None) -> None:
        super().__init__(iterator, target)
        self.label_names = label_names or getattr(
            target, 'label_names', None) or FASHION_CATEGORIES

    def evaluate(self) -> dict[str, Any]:
        iterator, target = self._iterators['main'], self._targets['main']
        iterator.reset()
        thresholds = target.nms_thresh, target.score_thresh
        target.use_preset('evaluate')
        try:
            in_values, predictions, truth = apply_to_iterator(
                target.predict, iterator)
            del in_values  # or every photo is kept
            result = eval_detection(  # type: ignore[misc]
                *map(list, predictions), *map(list, truth),  # type: ignore[arg-type]
                label_names=self.label_names)
        finally:
            target.nms_thresh, target.score_thresh = thresholds
        observation: dict[str, Any] = {}
        with chainer.reporter.report_scope(observation):
            chainer.report(result, target)
        return observation
