from typing import Any

import chainer
import chainer.functions as F
import chainer.links as L


class ChainerV1BatchNormalization(L.BatchNormalization):
    """Batch normalisation with the running statistics of Chainer v1.

    Up to Chainer v1 the moving average of the variance started at zero, took
    in ``var + eps``, and was used as it was in test mode. Today it starts at
    one, takes in ``var``, and eps is added when it is used. Weights files of
    both kinds look alike; in test mode one read as the other is wrong in the
    third digit.

    Args:
        size (int): Number of channels.
    """

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
        y = super().forward(x)
        if not chainer.config.in_recomputing:
            m = x.size // self.avg_var.size
            self.avg_var += (1 - self.decay) * self.eps * m / max(m - 1, 1)
        return y
