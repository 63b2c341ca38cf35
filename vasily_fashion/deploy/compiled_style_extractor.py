from collections.abc import Callable, Iterable
from typing import Any

from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.utils import check_images
from vasily_fashion.utils.read_ahead import read_ahead

import numpy as np


class CompiledStyleExtractor:
    """A StyleExtractorBN on a compiled engine, with the same :meth:`extract`.

    Made by :func:`vasily_fashion.deploy.compile_link`.

    Args:
        link (vasily_fashion.links.StyleExtractorBN): What was compiled. It is
            not kept.
        engine (callable): From a batch of one prepared image to its
            embedding.

    Attributes:
        engine: See above.
        dim (int): The length of an embedding.
        fingerprint (str): Of the link's weights, see
            :func:`~vasily_fashion.utils.weights_sha256`.
    """

    prepare: Any = StyleExtractorBN.prepare

    def __init__(
            self, link: StyleExtractorBN, engine: Callable[..., Any]) -> None:
        self.engine = engine
        self.dim, self.fingerprint = link.dim, link.fingerprint

    def extract(self, imgs: Iterable[Any]) -> np.ndarray:
        """Embed as :meth:`vasily_fashion.links.StyleExtractorBN.extract`, on NumPy.

        While the engine is at one image, the next is prepared.
        """
        imgs = check_images(imgs, 'imgs')
        embeddings = np.empty((len(imgs), self.dim), np.float32)
        prepared = read_ahead((self.prepare(img)[np.newaxis] for img in imgs), 1)
        for embedding, (y,) in zip(embeddings, map(self.engine, prepared), strict=True):
            embedding[:] = y[0]
        return embeddings
