from typing import Any

from vasily_fashion.training.draw_order import DrawOrder
from vasily_fashion.training.draws import Draws
from vasily_fashion.utils import seeded

import chainer
import numpy as np


def scale_embeddings(
        extractor: Any, pairs: Draws, order: DrawOrder) -> None:
    """Scale fc5 so that two product images are at a squared distance of 1, on average.

    At this scale the article's margin of 0.2 makes a difference. The initial
    weights give distances of about 100. There the quickest way to a lower loss
    is to shrink all embeddings, and for a long time nothing else is learnt.

    Args:
        extractor (chainer.Link): What embeds a batch of `pairs`.
        pairs (Draws): The pairs. One batch of them is embedded.
        order (DrawOrder): It gives the size of a batch, and the seed that
            chooses the pairs.
    """
    fc5 = extractor.fc5
    n = min(order.batch_size, len(pairs))
    if n < 2:
        return
    random_state = np.random.default_rng(order.seed)
    products = np.stack([
        pairs.draw(int(i), random_state)[1]
        for i in random_state.choice(len(pairs), n, replace=False)])
    # in_recomputing: batch normalisation leaves its running statistics as they are
    with seeded(order.seed, fc5.device), chainer.using_config('train', True), \
            chainer.using_config('in_recomputing', True), chainer.no_backprop_mode():
        embeddings = chainer.get_device('@numpy').send(
            extractor(fc5.device.send(products)).array)
    spread = 2 * embeddings.var(axis=0, ddof=1).sum()
    if spread > 0:
        fc5.W.array /= np.sqrt(spread)
        fc5.b.array /= np.sqrt(spread)
