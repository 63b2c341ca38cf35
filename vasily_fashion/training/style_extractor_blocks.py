from typing import Any

import chainer
import chainer.functions as F


class FirstBlocks(chainer.Chain):
    """The first blocks of an extractor: what is computed once if they are frozen.

    A block is two convolutions with batch normalisation, and a max pooling.

    Args:
        model (vasily_fashion.links.StyleExtractorBN): Whose blocks.
        n_block (int): How many of them, 1 to 3.
    """

    def __init__(self, model: chainer.Chain, n_block: int) -> None:
        super().__init__()
        with self.init_scope():
            self.model = model
        self.n_block = n_block
        self.to_device(model.device)

    def forward(self, x: Any) -> chainer.Variable:
        """Compute the blocks.

        Args:
            x (~chainer.Variable or array): A prepared batch,
                :math:`(N, 3, 384, 256)`.

        Returns:
            ~chainer.Variable: :math:`(N, 64, 96, 64)`,
            :math:`(N, 128, 24, 16)` or :math:`(N, 256, 6, 4)` after one, two
            or three blocks.
        """
        return _forward_blocks(self.model, x, range(1, self.n_block + 1))


class LaterBlocks(chainer.Chain):
    """The extractor from where :class:`FirstBlocks` stops, to the embeddings.

    Args:
        model (vasily_fashion.links.StyleExtractorBN): The extractor.
        n_block (int): How many blocks its input has been through, 1 to 3.
    """

    def __init__(self, model: chainer.Chain, n_block: int) -> None:
        super().__init__()
        with self.init_scope():
            self.model = model
        self.n_block = n_block

    @property
    def fc5(self) -> chainer.Link:
        """The extractor's last layer."""
        return self.model.fc5

    def forward(self, h: Any) -> chainer.Variable:
        blocks = [block for block in range(self.n_block + 1, 4)
                  if hasattr(self.model, f'conv{block}_1')]
        h = F.dropout(_forward_blocks(self.model, h, blocks), 0.25)
        return self.model.fc5(F.relu(self.model.conv4_1(h)))


def _forward_blocks(model, h, blocks):
    for block in blocks:
        if block > 1:
            h = F.dropout(h, 0.25)
        for layer in (1, 2):
            h = model[f'conv{block}_{layer}'](h)
            h = F.relu(model[f'bn{block}_{layer}'](h))
        h = F.max_pooling_2d(h, 4, stride=4)
    return h
