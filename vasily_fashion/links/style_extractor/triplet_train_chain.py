from typing import TYPE_CHECKING, Any

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.functions import (
    contrastive,
    neighbor_distillation,
    partial_label_cross_entropy,
    triplet_ratio,
)
from vasily_fashion.links.style_extractor.choose_negatives import NEGATIVES, choose_negatives

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np

if TYPE_CHECKING:
    from chainermn import CommunicatorBase

#: Name -> its margin if none is given.
LOSSES: dict[str, Any] = {'triplet': 0.2, 'ratio': None, 'contrastive': 1.0}

# Embeddings differ by about 1, and Adam moves each weight of the classifier by
# no more than its rate: without a scale the logits stay small for long.
_LOGIT_SCALE = 10


class TripletTrainChain(chainer.Chain):
    """StyleExtractorBN and its loss: what an optimizer trains.

    The loss is by default the article's, Chainer's
    :func:`chainer.functions.triplet` on squared distances. Of a batch of
    :math:`B` pairs each snap crop is an anchor, its product image the
    positive, and each product image of another item a negative:
    :math:`B (B - 1)` triplets for the cost of :math:`2 B` embeddings. The
    mean is over the triplets that still violate the margin ("batch all",
    Hermans, Beyer, Leibe. In Defense of the Triplet Loss for Person
    Re-Identification. 2017, section 2).

    Snap crops and product images go through the network as one batch.
    Otherwise batch normalisation would give each side statistics of its own,
    and so hide from training a difference between the two that is there in
    test mode, whose statistics are one for both.

    As in the article's source [#]_, a classification loss may stand beside the
    ranking loss: the cross entropy of a linear classifier of the embeddings,
    which is dropped after training. It tells categories apart, or types within
    them, such as cardigans and blazers among outers. Of an item whose type is not
    known, all types of its category count.

    A third loss is that of a teacher, such as a network that has seen more photos:
    which items of a batch are alike, as
    :func:`~vasily_fashion.functions.neighbor_distillation` compares it.

    .. [#] Edgar Simo-Serra, Hiroshi Ishikawa. Fashion Style in 128 Floats:
       Joint Ranking and Classification using Weak Data for Feature
       Extraction. CVPR 2016, section 3.

    Args:
        model (chainer.Link): The extractor, such as
            :class:`~vasily_fashion.links.StyleExtractorBN`.
        margin (float): Of 'triplet', on squared distances, 0.2 by default;
            of 'contrastive', on distances, 1 by default. 'ratio' has none.
        loss ({'triplet', 'ratio', 'contrastive'}): As in
            :mod:`vasily_fashion.functions`. A triplet's contrastive loss is
            the mean of its pairs'.
        negatives (str): Which product images are negatives, as
            :func:`~vasily_fashion.links.style_extractor.\
choose_negatives` says.
        comm (chainermn.CommunicatorBase): Workers that hold a part of each
            batch; an anchor's negatives are in all of them.
        hardest_weight (float): Weight of a second ranking loss, over the
            nearest negative of each anchor alone ("batch hard", Hermans et
            al.).
        category_weight (float): Weight of the classification loss.
        category_of_type (array): :math:`(T,)`, int: the category of each type that
            the classifier tells apart. By default each of FASHION_CATEGORIES is
            one type.
        type_of_item (array): :math:`(I,)`, int: the type of each `item_id`; -1
            where it is not known, as by default of all.
        teacher_weight (float): Weight of the teacher's loss.
        teacher (array): :math:`(I, T)`, float32: the teacher's features of each
            `item_id`, of unit length.

    Attributes:
        loss_at_collapse (float): The loss where all embeddings are alike.

    Raises:
        ValueError: If there is no such loss, no such choice of negatives, or
            the margin is none.
    """

    def __init__(
            self, model: chainer.Link, margin: float | None = None,
            loss: str = 'triplet', negatives: str = 'all',
            comm: 'CommunicatorBase | None' = None,
            hardest_weight: float = 0., category_weight: float = 0.,
            category_of_type: np.ndarray | None = None,
            type_of_item: np.ndarray | None = None,
            teacher_weight: float = 0., teacher: np.ndarray | None = None) -> None:
        super().__init__()
        if loss not in LOSSES:
            raise ValueError(
                f'loss must be one of {", ".join(LOSSES)}, not {loss!r}')
        if negatives not in NEGATIVES:
            raise ValueError(
                f'negatives must be one of {", ".join(NEGATIVES)}, not '
                f'{negatives!r}')
        if margin is not None and (loss == 'ratio' or not margin > 0):
            raise ValueError(
                f'margin must be positive, and none for the ratio loss, not '
                f'{margin} for {loss}')
        for name, weight in (('hardest_weight', hardest_weight),
                             ('category_weight', category_weight),
                             ('teacher_weight', teacher_weight)):
            if not weight >= 0:
                raise ValueError(f'{name} must be 0 or more, not {weight}')
        if teacher_weight and teacher is None:
            raise ValueError('teacher_weight needs teacher')
        self.category_of_type = (
            np.arange(len(FASHION_CATEGORIES)) if category_of_type is None
            else np.asarray(category_of_type))
        self.type_of_item = type_of_item
        with self.init_scope():
            self.model = model
            if category_weight:
                self.classifier = L.Linear(None, len(self.category_of_type))
        self.loss = loss
        self.margin = LOSSES[loss] if margin is None else margin
        self.negatives = negatives
        self.comm = comm
        self.hardest_weight = hardest_weight
        self.category_weight = category_weight
        self.teacher_weight = teacher_weight
        self.teacher: Any = teacher

    @property
    def loss_at_collapse(self) -> float:
        if self.loss == 'triplet':
            return self.margin
        return .5 if self.loss == 'ratio' else self.margin ** 2 / 2

    def forward(
            self, query: Any, positive: Any, category: Any = None,
            item_id: Any = None) -> chainer.Variable:
        """Compute the loss of a batch of pairs and report how it stands.

        Reported are `loss`, and of what it is the sum, `loss/rank`,
        `loss/hardest`, `loss/category` and `loss/teacher`; `active`, the share of
        triplets whose loss is not 0; `hit`, the share of snap crops to which a product
        image of their item is the nearest; and the mean squared distances
        `d_positive`, `d_negative`, of all items of the batch.

        Args:
            query (array): Prepared snap crops, :math:`(B, 3, 384, 256)`: what
                the model takes.
            positive (array): Their product images, of the same shape.
            category (array): :math:`(B,)`, int; for negatives of the same
                category, and for the classification loss, to which an example
                of -1 does not add.
            item_id (array): :math:`(B,)`, int: an item that is twice in the
                batch is not a negative of itself. By default no item is.

        Returns:
            ~chainer.Variable: The loss, a scalar.

        Raises:
            ValueError: If :math:`B < 2`: there is no negative then. If there is
                no `category` or `item_id`, and the loss needs it.
        """
        # one batch, in turn, so that a worker's part of it is one piece
        both = self.xp.stack([query, positive], axis=1)
        embeddings = self.model(both.reshape(-1, *both.shape[2:]))
        q, p = (self._gather(embeddings[i::2]) for i in (0, 1))
        n_pair = len(q)
        if n_pair < 2:
            raise ValueError(
                'a batch of one pair has no negative: the batch size must be '
                'at least 2')
        if self.category_weight and category is None:
            raise ValueError('the classification loss needs category')
        if self.category_weight and self.type_of_item is not None and item_id is None:
            raise ValueError('type_of_item is of item_id, which is not given')
        if self.teacher_weight and item_id is None:
            raise ValueError('teacher is of item_id, which is not given')
        is_other = ~np.eye(n_pair, dtype=bool)
        if item_id is not None:
            is_other = self._differ(item_id)
        is_same_category = None if category is None else ~self._differ(category)

        distance = chainer.get_device('@numpy').send(
            ((q.array[:, None] - p.array) ** 2).sum(axis=2))
        rank, active = self._rank(
            q, p, self.negatives, distance, is_other, is_same_category)
        loss = rank
        reported = {'loss/rank': rank, 'active': active}
        if self.hardest_weight:
            hardest, _ = self._rank(q, p, 'batch-hard', distance, is_other)
            loss += self.hardest_weight * hardest
            reported['loss/hardest'] = hardest
        if self.category_weight:
            may_be = np.tile(self._find_types(category, item_id), (2, 1))
            classified: Any = partial_label_cross_entropy(
                self.classifier(_LOGIT_SCALE * F.concat((q, p), axis=0)),
                self.device.send(may_be))
            loss += self.category_weight * classified
            reported['loss/category'] = classified
        if self.teacher_weight:
            ids = np.tile(self._gather_array(item_id), 2)
            taught: Any = neighbor_distillation(
                F.concat((q, p), axis=0), *map(self.device.send, (self.teacher[ids], ids)))
            loss += self.teacher_weight * taught
            reported['loss/teacher'] = taught

        own = np.arange(n_pair)
        chainer.report({
            'loss': loss,
            **reported,
            'hit': (~is_other[own, distance.argmin(axis=1)]).mean(),
            'd_positive': distance[own, own].mean(),
            'd_negative': distance[is_other].mean() if is_other.any() else 0.,
        }, self)
        return loss

    def _find_types(self, category, item_id):
        """Which types the items of the whole batch may be of, (B, T)."""
        may_be = self._gather_array(category)[:, None] == self.category_of_type
        if self.type_of_item is None:
            return may_be
        known = np.asarray(self.type_of_item)[self._gather_array(item_id)]
        return np.where(
            known[:, None] < 0, may_be, known[:, None] == np.arange(may_be.shape[1]))

    def _rank(self, q, p, negatives, distance, is_other, is_same_category=None):
        """The mean over the triplets that are violated, and their share."""
        anchor, negative = choose_negatives(
            negatives, distance, is_other, is_same_category)
        if not len(anchor):
            return 0 * F.sum(q), 0.
        losses = self._losses(
            *(x[self.device.send(i)] for x, i in (
                (q, anchor), (p, anchor), (p, negative))))
        n_active = int((losses.array > 0).sum())
        return F.sum(losses) / max(n_active, 1), n_active / len(anchor)

    def _losses(self, anchor, positive, negative):
        if self.loss == 'triplet':
            return F.triplet(
                anchor, positive, negative, margin=self.margin, reduce='no')
        if self.loss == 'ratio':
            return triplet_ratio(anchor, positive, negative, reduce='no')
        one = self.xp.ones(len(anchor), np.int32)
        return (
            contrastive(anchor, positive, one, self.margin, reduce='no')
            + contrastive(anchor, negative, 0 * one, self.margin, reduce='no')
        ) / 2

    def _gather(self, x):
        """The whole batch, of all workers; gradients go back to each."""
        if self.comm is None:
            return x
        from chainermn.functions import allgather
        # through the host: few MPIs can read a GPU's memory
        parts = allgather(self.comm, F.copy(x, '@numpy'))
        return F.copy(
            F.concat(parts, axis=0) if self.comm.size > 1 else parts, self.device)

    def _gather_array(self, x):
        """The numbers of the whole batch, on the host."""
        x = chainer.get_device('@numpy').send(x)
        return x if self.comm is None else np.concatenate(self.comm.allgather(x))

    def _differ(self, x):
        x = self._gather_array(x)
        return x[:, None] != x
