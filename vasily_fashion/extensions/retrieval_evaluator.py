from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vasily_fashion.evaluations import eval_retrieval

import chainer
import numpy as np
from chainer.training.extensions import Evaluator

if TYPE_CHECKING:
    from vasily_fashion.links import StyleExtractorBN


class RetrievalEvaluator(Evaluator):
    """A trainer extension that scores an embedding on held-out pairs.

    It calls :func:`~vasily_fashion.evaluations.eval_retrieval`: the snap
    crops are the queries, the product image of every item is the gallery, of
    all categories. It reports ``'validation/main/hit@1'`` and so on, and
    ``'validation/main/map'``.

    Args:
        dataset: Yields raw (snap_crop, product_image, category) and has
            ``item_ids``, such as
            :class:`~vasily_fashion.datasets.CCPItemDataset`.
        target (vasily_fashion.links.StyleExtractorBN): In training.
        batch_size (int): Pairs that are in memory at a time.
        ks (sequence of int): The :math:`k` of hit@k.
    """

    default_name = 'validation'

    def __init__(
            self, dataset: Any, target: 'StyleExtractorBN',
            batch_size: int = 16, ks: Sequence[int] = (1, 5, 20)) -> None:
        super().__init__(
            chainer.iterators.SerialIterator(
                dataset, batch_size, repeat=False, shuffle=False), target)
        self.item_ids = np.asarray(dataset.item_ids)
        self.ks = ks

    def evaluate(self) -> dict[str, Any]:
        iterator, target = self._iterators['main'], self._targets['main']
        iterator.reset()
        crops, products = [], []
        for batch in iterator:
            crop, product, _ = zip(*batch, strict=True)
            crops.append(target.extract(crop))
            products.append(target.extract(product))
        # an item may be worn in several snaps: one product image of each
        gallery_ids, first = np.unique(self.item_ids, return_index=True)
        result = eval_retrieval(
            np.concatenate(crops), self.item_ids,
            np.concatenate(products)[first], gallery_ids, self.ks)
        observation: dict[str, Any] = {}
        with chainer.reporter.report_scope(observation):
            chainer.report(result, target)
        return observation
