import itertools
from collections.abc import Iterable
from typing import Any

from vasily_fashion.retrieval.embedding_store import EmbeddingStore

import numpy as np
from scipy.spatial.distance import cdist


def measure_recall(
        index: Any, store: EmbeddingStore, ids: Iterable[str],
        k: int = 10, n_query: int = 100) -> float:
    """Measure how many of the nearest embeddings an approximate index finds.

    Products of the catalogue, chosen at random, are the queries; they do not
    count as neighbours of themselves. Their true neighbours are found by going
    through all embeddings once, a shard in memory at a time. An embedding as
    near as the :math:`k`-th counts as one of the nearest.

    Args:
        index: With `search`, such as
            :class:`~vasily_fashion.retrieval.FaissIndex`; it holds what
            :func:`~vasily_fashion.retrieval.update_index` put there.
        store (EmbeddingStore): The embeddings.
        ids (iterable of str): The catalogue.
        k (int): How many neighbours count.
        n_query (int): How many products are searched for.

    Returns:
        float: Recall@k: the share of the true :math:`k` nearest that are among
        the :math:`k` found, the mean over the queries. NaN of fewer than two
        products.
    """
    good = {i: store.shard_of[i] for i in ids
            if i in store.shard_of and i not in store.broken}
    if len(good) < 2:
        return float('nan')
    chosen = set(np.random.default_rng(0).choice(
        sorted(good), min(n_query, len(good)), replace=False).tolist())

    def shards(some):
        for number in sorted({good[i] for i in some}):
            names, embeddings, _ = store.read(number)
            row_of = {i: row for row, i in enumerate(names.tolist())
                      if i in some and good[i] == number}
            yield list(row_of), embeddings[list(row_of.values())]

    names, parts = zip(*shards(chosen), strict=True)
    own = list(itertools.chain(*names))
    queries = np.concatenate(parts)
    found = [[i for i in its if i != name][:k] for its, name in zip(
        index.search(queries, k + 1)[1].tolist(), own, strict=True)]
    nearest = np.full((len(own), k), np.inf)
    reached: list[list[float]] = [[] for _ in own]  # distances of what was found
    for names, embeddings in shards(good):
        column = {i: n for n, i in enumerate(names)}
        distances = cdist(queries, embeddings, index.metric)
        for name, its, row, out in zip(own, found, distances, reached, strict=True):
            out += [row[column[i]] for i in its if i in column]
            if name in column:
                row[column[name]] = np.inf
        nearest = np.partition(
            np.concatenate([nearest, distances], axis=1), k - 1, axis=1)[:, :k]
    farthest = np.where(np.isfinite(nearest), nearest, -1).max(axis=1) * (1 + 1e-6)
    n_found = np.array([
        sum(x <= far for x in its) for its, far in zip(reached, farthest, strict=True)])
    return float((n_found / np.isfinite(nearest).sum(axis=1)).mean())
