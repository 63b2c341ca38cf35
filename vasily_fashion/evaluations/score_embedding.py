from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from vasily_fashion.evaluations.bootstrap_interval import bootstrap_interval
from vasily_fashion.evaluations.eval_retrieval import eval_retrieval

import numpy as np
from tqdm import tqdm

# images in memory at a time
_BATCH_SIZE = 16


class Images(NamedTuple):
    """One side of a search: the queries or the gallery.

    Attributes:
        read (callable): From an index to an image, :math:`(3, H, W)`.
        ids (numpy.ndarray): :math:`(N,)`, the item in each.
        categories (numpy.ndarray): :math:`(N,)`, int, its category.
        files (numpy.ndarray): :math:`(N,)`, the photo that each is of.
        bboxes (numpy.ndarray): :math:`(N, 4)`, the box of each in its photo, if
            it is cut out of one; NaN where there is none.
    """

    read: Callable[[int], np.ndarray]
    ids: np.ndarray
    categories: np.ndarray
    files: np.ndarray
    bboxes: Any = None


def score_embedding(
        embed: Callable[[Sequence[np.ndarray]], np.ndarray], queries: Images,
        gallery: Images, missed: Any = ()) -> dict[str, float]:
    """Score the search of a gallery, all of it and within the query's category.

    Args:
        embed (callable): From images to embeddings, :math:`(N, D)`.
        queries (Images): Street crops.
        gallery (Images): Product images, distractors among them.
        missed (array): :math:`(M,)`, the photos of the queries that there are besides,
            whose items were not detected, as of `queries.files`.

    Returns:
        dict of float:
        ``'hit@1'``, ``'hit@5'``, ``'hit@20'`` and ``'map'`` as of
        :func:`~vasily_fashion.evaluations.eval_retrieval`, the same after
        ``'within/'`` unless the category of a query is not known (-1), and after
        each ``'/low'`` and ``'/high'``, the ends of its 95 % interval over photos.
    """
    g = embed_all(embed, gallery.read, len(gallery.ids))
    q = embed_all(embed, queries.read, len(queries.ids)) if len(queries.ids) else g[:0]
    photos = np.concatenate([queries.files, missed])
    categories: dict[str, tuple[Any, Any]] = {'': (None, None)}
    if (queries.categories >= 0).all():
        categories['within/'] = queries.categories, gallery.categories
    result: dict[str, Any] = {}
    for prefix, (of_query, of_gallery) in categories.items():
        scores = eval_retrieval(
            q, queries.ids, g, gallery.ids, (1, 5, 20), of_query, of_gallery,
            len(missed), queries.files, gallery.files, per_query=True)
        for name, values in scores.items():
            low, high = bootstrap_interval(values, photos)
            result.update({
                f'{prefix}{name}': float(np.mean(values)) if len(values) else float('nan'),
                f'{prefix}{name}/low': low, f'{prefix}{name}/high': high})
    return result


def embed_all(
        embed: Callable[[Sequence[np.ndarray]], np.ndarray],
        read: Callable[[int], np.ndarray], n: int) -> np.ndarray:
    """Embed images, a few in memory at a time.

    Args:
        embed (callable): From images to embeddings.
        read (callable): From the number of an image, from 0, to the image.
        n (int): How many there are, one or more.

    Returns:
        numpy.ndarray: :math:`(N, D)`.
    """
    return np.concatenate([
        embed([read(i) for i in range(start, min(start + _BATCH_SIZE, n))])
        for start in tqdm(range(0, n, _BATCH_SIZE), 'embed', disable=None)])
