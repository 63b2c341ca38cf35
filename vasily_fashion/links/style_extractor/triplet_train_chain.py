import chainer
import chainer.functions as F
import numpy as np


class TripletTrainChain(chainer.Chain):
    """StyleExtractorBN and its triplet loss: what an optimizer trains.

    The loss is the article's, Chainer's :func:`chainer.functions.triplet` on
    squared distances. Of a batch of :math:`B` pairs each snap crop is an
    anchor, its product image the positive, and each other product image a
    negative: :math:`B (B - 1)` triplets for the cost of :math:`2 B`
    embeddings. The mean is over the triplets that still violate the margin
    ("batch all", Hermans, Beyer, Leibe. In Defense of the Triplet Loss for
    Person Re-Identification. 2017, section 2).

    Args:
        model (vasily_fashion.links.StyleExtractorBN): The extractor.
        margin (float): Margin of the loss, on squared distances.
    """

    def __init__(self, model, margin=0.2):
        super().__init__()
        with self.init_scope():
            self.model = model
        self.margin = margin

    def forward(self, query, positive):
        """Compute the loss of a batch of pairs and report how it stands.

        Reported are `loss`; `active`, the share of triplets that violate the
        margin; `hit`, the share of snap crops whose own product image is the
        nearest; and the mean squared distances `d_positive`, `d_negative`.

        Args:
            query (array): Prepared snap crops, :math:`(B, 3, 384, 256)`.
            positive (array): Their product images, of the same shape.

        Returns:
            ~chainer.Variable: The loss, a scalar.

        Raises:
            ValueError: If :math:`B < 2`: there is no negative then.
        """
        n_pair = len(query)
        if n_pair < 2:
            raise ValueError(
                'a batch of one pair has no negative: the batch size must be '
                'at least 2')
        q = self.model(query)
        p = self.model(positive)
        anchor, negative = np.nonzero(~np.eye(n_pair, dtype=bool))
        losses = F.triplet(
            q[anchor], p[anchor], p[negative], margin=self.margin,
            reduce='no')
        n_active = int((losses.array > 0).sum())
        loss = F.sum(losses) / max(n_active, 1)

        difference = q.array[:, None] - p.array
        distance = (difference ** 2).sum(axis=2)
        own = self.xp.arange(n_pair)
        chainer.report({
            'loss': loss,
            'active': n_active / len(anchor),
            'hit': (distance.argmin(axis=1) == own).mean(),
            'd_positive': distance[own, own].mean(),
            'd_negative': distance[anchor, negative].mean(),
        }, self)
        return loss
