from collections.abc import Iterable
from typing import Any

from vasily_fashion.retrieval.embedding_store import EmbeddingStore
from vasily_fashion.retrieval.flat_index import FlatIndex

import numpy as np


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
    chosen = set(np.random.default_rng(0).choice(
        sorted(good), min(n_query, len(good)), replace=False).tolist()
        if good else ())
    if not chosen:
        return float('nan')

    def shards(some):
        for number in sorted({good[i] for i in some}):
            names, embeddings, _ = store.read(number)
            row_of = {i: row for row, i in enumerate(names.tolist())
                      if i in some and good[i] == number}
            yield list(row_of), embeddings[list(row_of.values())]

    def search(names, embeddings, k):
        flat = FlatIndex(index.dim, index.metric)
        flat.add(embeddings, names)
        distances, found = flat.search(queries, k)
        return np.where(found == own[:, None], np.inf, distances), found

    names, parts = zip(*shards(chosen), strict=True)
    own, queries = np.concatenate(names), np.concatenate(parts)
    found = [[i for i in its if i != name][:k] for its, name in zip(
        index.search(queries, k + 1)[1].tolist(), own, strict=True)]
    wanted = {i for its in found for i in its}
    nearest = np.full((len(own), k), np.inf)
    kept: dict[str, np.ndarray] = {}
    for names, embeddings in shards(good):
        nearest = np.sort(np.concatenate(
            [nearest, search(names, embeddings, k + 1)[0]], axis=1), axis=1)[:, :k]
        kept.update((i, x) for i, x in zip(names, embeddings, strict=True) if i in wanted)
    n_true = np.isfinite(nearest).sum(axis=1)
    if not n_true.all():
        return float('nan')
    farthest = nearest[np.arange(len(own)), n_true - 1]
    n_found = np.zeros(len(own))
    if kept:
        distances, names = search(list(kept), np.stack(list(kept.values())), len(kept))
        for row, its in enumerate(found):
            n_found[row] = (distances[row][np.isin(names[row], its)]
                            <= farthest[row] * (1 + 1e-6)).sum()
    return float((n_found / n_true).mean())
