from typing import Any

import chainer
import chainer.functions as F
import chainer.links as L
from chainer.functions.normalization.batch_normalization import BatchNormalization


class ChainerV1BatchNormalization(L.BatchNormalization):
    """Batch normalisation with the running statistics of Chainer v1.

    Up to Chainer v1 the moving average of the variance started at zero, took
    in ``var + eps``, and was used as it was in test mode. Today it starts at
    one, takes in ``var``, and eps is added when it is used. Weights files of
    both kinds look alike; in test mode one read as the other is wrong in the
    third digit.

    Args:
        size (int): Number of channels.

    Attributes:
        comm (chainermn.CommunicatorBase): Workers whose batches are
            normalised as one, as by
            :class:`chainermn.links.MultiNodeBatchNormalization`.
            :obj:`None`, each by itself, unless set.
    """

    comm = None

    def __init__(self, size: int) -> None:
        super().__init__(size, initial_avg_var=0)

    @property
    def test_var(self) -> Any:
        """array: The variance as test mode takes it today, without eps.

        At least zero, so that a network that has seen nothing yet does not
        divide by zero.
        """
        return self.xp.maximum(self.avg_var - self.eps, 0)

    def forward(self, x: Any) -> chainer.Variable:  # type: ignore[override]
        if not chainer.config.train:
            return F.fixed_batch_normalization(
                x, self.gamma, self.beta, self.avg_mean, self.test_var,
                self.eps)
        m = x.size // self.avg_var.size
        if self.comm is None:
            y = super().forward(x)
        else:
            y = self._normalize_as_one(x, m)
            m *= self.comm.size
        if not chainer.config.in_recomputing:
            self.avg_var += (1 - self.decay) * self.eps * m / max(m - 1, 1)
        return y

    def _normalize_as_one(self, x, m):
        from chainermn.functions.batch_normalization import (
            MultiNodeBNImplSelector,
            get_communication_backend,
        )
        is_first = not chainer.config.in_recomputing
        function = BatchNormalization(
            self.eps, self.avg_mean if is_first else None,
            self.avg_var if is_first else None, self.decay,
            impl_selector=MultiNodeBNImplSelector(
                self.comm, get_communication_backend(self.comm)))
        y, = function.apply((x, self.gamma, self.beta))
        if is_first:
            # it took one worker's number of pixels for that of all
            n = m * self.comm.size
            self.avg_var += (1 - self.decay) * function.var * (
                n / max(n - 1, 1) - m / max(m - 1, 1))
        return y
