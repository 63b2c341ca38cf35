from vasily_fashion.evaluations.eval_retrieval import (
    _check_column,
    _check_embeddings,
    _compare,
)

import numpy as np


def eval_neighbor_purity(
        embeddings: np.ndarray, categories: np.ndarray,
        k: int = 10) -> dict[str, float]:
    """Compute the share of nearest neighbours that have the same category.

    Args:
        embeddings (array): :math:`(N, D)`. Neighbours are the nearest by
            squared L2; an embedding is not its own neighbour. If neighbours
            are equally far, those of another category come first.
        categories (array): :math:`(N,)`, int or str.
        k (int): Neighbours of each.

    Returns:
        dict:

        * **purity** (*float*): Share of the :math:`k` neighbours that are of
          the same category, the mean over all.
        * **chance** (*float*): What that is when neighbours are drawn at
          random.

    Raises:
        ValueError: If `k` is below 1, there are not more than `k` embeddings,
            one has NaN, or `categories` are not one integer or text for each.
    """
    embeddings = _check_embeddings(embeddings, 'embeddings')
    n = len(embeddings)
    _, categories, counts = np.unique(
        _check_column(categories, 'categories', n), return_inverse=True,
        return_counts=True)
    if not float(k).is_integer() or k < 1:
        raise ValueError(f'k must be an integer from 1, not {k}')
    k = int(k)
    if n <= k:
        raise ValueError(f'{n} embeddings have no {k} neighbours each')
    rows = np.arange(n)
    n_same = 0
    for _, distances, is_same in _compare(
            embeddings, embeddings,
            lambda block: categories[block, None] == categories,
            lambda block: rows[block, None] == rows):
        near = np.argpartition(distances, k - 1, axis=1)[:, :k]
        n_same += np.take_along_axis(is_same, near, axis=1).sum()
    return {'purity': float(n_same / (n * k)),
            'chance': float((counts * (counts - 1)).sum() / (n * (n - 1)))}
