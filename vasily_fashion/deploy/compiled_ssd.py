import copy
from collections.abc import Callable, Iterable
from typing import Any

from vasily_fashion.utils import check_images, weights_sha256
from vasily_fashion.utils.read_ahead import read_ahead

import numpy as np
from chainercv import transforms
from chainercv.links.model.ssd import SSD


class CompiledSSD:
    """An SSD on a compiled engine, with the same :meth:`predict`.

    Made by :func:`vasily_fashion.deploy.compile_link`.

    Args:
        link (chainercv.links.model.ssd.SSD): Where its default boxes, its mean
            and its thresholds come from. It is not kept.
        engine (callable): From a batch of one image to ``mb_locs`` and
            ``mb_confs``.

    Attributes:
        engine: See above.
        label_names (tuple of str): Those of the link; :obj:`None` if it has
            none.
        nms_thresh (float): As of ChainerCV's SSD.
        score_thresh (float): As of ChainerCV's SSD.
        fingerprint (str): Of the link's weights, see
            :func:`~vasily_fashion.utils.weights_sha256`.
    """

    _prepare = SSD._prepare

    def __init__(self, link: SSD, engine: Callable[..., Any]) -> None:
        self.engine = engine
        self._use_preset = type(link).use_preset
        self.label_names = getattr(link, 'label_names', None)
        self.insize = link.insize
        self.mean = link.mean
        self.coder = copy.copy(link.coder)
        self.coder.to_cpu()
        self.nms_thresh = link.nms_thresh
        self.score_thresh = link.score_thresh
        self.fingerprint = weights_sha256(link)

    def use_preset(self, preset: str) -> None:
        """As of the link."""
        self._use_preset(self, preset)

    def predict(
            self, imgs: Iterable[Any]
    ) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Detect items as :meth:`vasily_fashion.links.FashionSSD300.predict`, on NumPy.

        While the engine is at one image, the boxes of the one before are
        decoded and the next is prepared.
        """
        imgs = check_images(imgs, 'imgs')
        prepared = read_ahead((self._prepare(img)[np.newaxis] for img in imgs), 1)
        outputs = read_ahead(map(self.engine, prepared), 1)
        bboxes, labels, scores = [], [], []
        for img, (mb_locs, mb_confs) in zip(imgs, outputs, strict=True):
            bbox, label, score = self.coder.decode(
                mb_locs[0], mb_confs[0], self.nms_thresh, self.score_thresh)
            bboxes.append(transforms.resize_bbox(
                bbox, (self.insize, self.insize), img.shape[1:]))
            labels.append(label)
            scores.append(score)
        return bboxes, labels, scores
