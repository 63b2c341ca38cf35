from typing import TYPE_CHECKING, Any

import chainer
import numpy as np
from chainercv.links.model.ssd import SSD, multibox_loss

if TYPE_CHECKING:
    from chainermn import CommunicatorBase


# Added to a logit: its exponential is 0.
_OUT_OF_SOFTMAX = -1e4


class MultiboxTrainChain(chainer.Chain):
    """SSD and its loss: the link that an optimizer trains.

    :math:`L = L_{conf} + \\alpha L_{loc}`, equation 1 of the SSD paper (Liu et
    al., ECCV 2016), with hard negative mining at k negatives a positive.

    Args:
        model (chainercv.links.model.ssd.SSD): The detector.
        alpha (float): Weight of the localisation loss.
        k (float): Negatives for each positive.
        comm (chainermn.CommunicatorBase): Workers that hold a part of each
            batch: the loss is normalised by the positives of all.
    """

    def __init__(
            self, model: SSD, alpha: float = 1, k: float = 3,
            comm: 'CommunicatorBase | None' = None) -> None:
        super().__init__()
        with self.init_scope():
            self.model = model
        self.alpha = alpha
        self.k = k
        self.comm = comm

    def forward(
            self, imgs: Any, gt_mb_locs: Any, gt_mb_labels: Any,
            is_labelled: Any = None) -> chainer.Variable:
        """Compute the loss of a prepared batch and report its parts.

        Args:
            imgs (array): :math:`(B, 3, 300, 300)`, mean subtracted.
            gt_mb_locs (array): :math:`(B, K, 4)`, from the model's coder.
            gt_mb_labels (array): :math:`(B, K)`, 0 is background.
            is_labelled (array): :math:`(B, C + 1)`, bool: the classes that a
                photo is annotated with, background first. Another class is
                neither an object nor background there: it takes no part in
                the photo's softmax. All by default.

        Returns:
            ~chainer.Variable: The loss, a scalar.
        """
        mb_locs, mb_confs = self.model(imgs)
        if is_labelled is not None:
            mb_confs += self.xp.where(
                is_labelled, 0, _OUT_OF_SOFTMAX)[:, None].astype(np.float32)
        loc_loss, conf_loss = multibox_loss(
            mb_locs, mb_confs, gt_mb_locs, gt_mb_labels, self.k, self.comm)
        loss = loc_loss * self.alpha + conf_loss
        chainer.report({
            name: self._mean(value) for name, value in (
                ('loss', loss), ('loss/loc', loc_loss),
                ('loss/conf', conf_loss))}, self)
        return loss

    def _mean(self, loss):
        if self.comm is None:
            return loss
        return self.comm.allreduce_obj(float(loss.array)) / self.comm.size
