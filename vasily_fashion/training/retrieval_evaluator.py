import hashlib
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
    crops are the queries, the product images of all items are the gallery, of
    all categories, each image once. A crop is not compared with a product
    image of the same pixels, which is itself where images are both query and
    gallery. It reports ``'validation/main/hit@1'`` and so on, and
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
        crop_images: list[str] = []
        product_images: list[str] = []
        for batch in iterator:
            crop, product, _ = zip(*batch, strict=True)
            crops.append(target.extract(crop))
            products.append(target.extract(product))
            crop_images.extend(map(_digest, crop))
            product_images.extend(map(_digest, product))
        # an item may be worn in several snaps: its product image once
        first = np.unique(np.array([
            f'{item} {image}' for item, image in zip(
                self.item_ids, product_images, strict=True)]),
            return_index=True)[1]
        result = eval_retrieval(
            np.concatenate(crops), self.item_ids,
            np.concatenate(products)[first], self.item_ids[first], self.ks,
            query_images=crop_images,
            gallery_images=np.array(product_images)[first])
        observation: dict[str, Any] = {}
        with chainer.reporter.report_scope(observation):
            chainer.report(result, target)
        return observation


def _digest(img):
    return hashlib.sha1(np.ascontiguousarray(img)).hexdigest()
