import itertools
from collections.abc import Callable
from typing import Any

from vasily_fashion.retrieval._rows import check_positive
from vasily_fashion.retrieval.cut_products import cut_products
from vasily_fashion.transforms import trim_ground
from vasily_fashion.utils import ImageReadError
from vasily_fashion.utils.read_ahead import read_ahead

import numpy as np


def embed_images(
        read: Callable[[int], np.ndarray], categories: Any,
        extractor: Any, detector: Any = None, batch_size: int = 8,
        report: Callable[[int], Any] = lambda n: None
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Embed product images, which are read while the extractor computes.

    Args:
        read (callable): Takes the number of an image, from 0, and returns it,
            :math:`(3, H, W)`.
        categories (sequence of int): Of the images; -1 where not known.
        extractor: With ``extract(imgs)`` and `dim`.
        detector: What :func:`~vasily_fashion.retrieval.cut_products` cuts the
            images by. Without, :func:`~vasily_fashion.transforms.trim_ground` trims them.
        batch_size (int): Images the extractor has at a time.
        report (callable): Is told after each batch how many images it had.

    Returns:
        (array, array, list of str): Embeddings, :math:`(N, dim)` float32;
        categories, :math:`(N,)` int32; and why an image cannot be read, '' for
        the others. What cannot be read has zeros.
    """
    check_positive(batch_size, 'batch_size')
    n = len(categories)
    categories = np.array(categories, np.int32)
    embeddings, reasons = np.zeros((n, extractor.dim), np.float32), [''] * n

    def read_all():
        for i in range(n):
            try:
                img = read(i)
                # a copy, so that what was trimmed does not stay in memory
                yield i, trim_ground(img).copy() if detector is None else img, ''
            except ImageReadError as error:
                yield i, None, str(error)

    images = read_ahead(read_all(), batch_size)
    while batch := list(itertools.islice(images, batch_size)):
        good = [i for i, img, _ in batch if img is not None]
        imgs = [img for _, img, _ in batch if img is not None]
        for i, _, reason in batch:
            reasons[i] = reason
        if imgs and detector is not None:
            imgs, categories[good] = cut_products(imgs, categories[good].tolist(), detector)
        if imgs:
            embeddings[good] = extractor.extract(imgs)
        report(len(batch))
        del batch[:], imgs[:]  # not kept while the next are read
    return embeddings, categories, reasons
