import numpy as np


def eval_neighbor_purity(
        embeddings: np.ndarray, categories: np.ndarray,
        k: int = 10) -> dict[str, float]:
    """How many of the nearest neighbours are of the same category.

    Args:
        embeddings (array): :math:`(N, D)`; neighbours are by squared L2, and
            none is its own.
        categories (array): :math:`(N,)` int.
        k (int): Neighbours of each.

    Returns:
        dict:

        * **purity** (*float*): Share of the :math:`k` neighbours that are of
          the same category, the mean over all.
        * **chance** (*float*): What that is when neighbours are drawn at
          random.

    Raises:
        ValueError: If there are not more than `k` embeddings.
    """
    embeddings = np.asarray(embeddings, np.float32)
    categories = np.asarray(categories)
    n = len(embeddings)
    if n <= k:
        raise ValueError(f'{n} embeddings have no {k} neighbours each')
    squares = (embeddings.astype(np.float64) ** 2).sum(axis=1)
    n_same = 0
    size = max(1, (1 << 24) // n)  # distances at a time
    for start in range(0, n, size):
        rows = np.arange(start, min(start + size, n))
        distances = squares - 2. * (embeddings[rows] @ embeddings.T)
        distances[np.arange(len(rows)), rows] = np.inf
        near = np.argpartition(distances, k - 1, axis=1)[:, :k]
        n_same += (categories[near] == categories[rows, None]).sum()
    _, counts = np.unique(categories, return_counts=True)
    return {'purity': float(n_same / (n * k)),
            'chance': float((counts * (counts - 1)).sum() / (n * (n - 1)))}
