import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vasily_fashion.links.style_extractor.chainer_v1_batch_normalization import (
    ChainerV1BatchNormalization,
)

import chainer
from chainer.functions.normalization.batch_normalization import BatchNormalization

if TYPE_CHECKING:
    from chainermn import CommunicatorBase


@contextlib.contextmanager
def normalize_as_one(
        model: chainer.Chain, comm: 'CommunicatorBase') -> Iterator[None]:
    """Normalise the batches of all workers as one, within a `with` statement.

    It does for Chainer v1's batch normalisation what
    :class:`chainermn.links.MultiNodeBatchNormalization` does for Chainer's.

    Args:
        model (chainer.Chain): Its :class:`ChainerV1BatchNormalization` links
            stay the same objects, with the same parameters.
        comm (chainermn.CommunicatorBase): The workers.
    """
    links = [link for link in model.links()
             if isinstance(link, ChainerV1BatchNormalization)]
    for link in links:
        link.__class__ = _AsOne
        link.comm = comm
    try:
        yield
    finally:
        for link in links:
            link.__class__ = ChainerV1BatchNormalization
            del link.comm


class _AsOne(ChainerV1BatchNormalization):

    comm: 'CommunicatorBase'

    def forward(self, x: Any) -> chainer.Variable:  # type: ignore[override]
        from chainermn.functions.batch_normalization import (
            MultiNodeBNImplSelector,
            get_communication_backend,
        )
        if not chainer.config.train:
            return super().forward(x)
        is_first = not chainer.config.in_recomputing
        function = BatchNormalization(
            self.eps, self.avg_mean if is_first else None,
            self.avg_var if is_first else None, self.decay,
            impl_selector=MultiNodeBNImplSelector(
                self.comm, get_communication_backend(self.comm)))
        y, = function.apply((x, self.gamma, self.beta))
        if is_first:
            m = x.size // self.avg_var.size
            n = m * self.comm.size
            # the function took one worker's number of pixels for that of all
            self.avg_var += (1 - self.decay) * (
                function.var * (n / max(n - 1, 1) - m / max(m - 1, 1))
                + self.eps * n / max(n - 1, 1))
        return y
