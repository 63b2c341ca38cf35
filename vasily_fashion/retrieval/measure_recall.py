from collections.abc import Iterable
from typing import Any

from vasily_fashion.retrieval.embedding_store import EmbeddingStore
from vasily_fashion.retrieval.flat_index import FlatIndex

import numpy as np


def measure_recall(
        index: Any, store: EmbeddingStore, ids: Iterable[str],
        k: int = 10, n_query: int = 100, seed: int = 0) -> float:
    """Measure how many of the nearest embeddings an approximate index finds.

    Products of the catalogue, chosen at random, are the queries. Their true
    neighbours are found by going through all embeddings once, a shard in
    memory at a time.

    Args:
        index: With `search`, such as
            :class:`~vasily_fashion.retrieval.FaissIndex`; it holds what
            :func:`~vasily_fashion.retrieval.update_index` put there.
        store (EmbeddingStore): The embeddings.
        ids (iterable of str): The catalogue.
        k (int): How many neighbours count.
        n_query (int): How many products are searched for.
        seed (int): Of the choice.

    Returns:
        float: Recall@k: the share of the true :math:`k` nearest that are among
        the :math:`k` found, the mean over the queries. NaN without products.
    """
    good = {i: store.shard_of[i] for i in ids
            if i in store.shard_of and i not in store.broken}
    chosen = set(np.random.default_rng(seed).choice(
        sorted(good), min(n_query, len(good)), replace=False).tolist()
        if good else ())
    if not chosen:
        return float('nan')

    def shards(some):
        for number in sorted({good[i] for i in some}):
            names, embeddings, _ = store.read(number)
            rows = [row for row, i in enumerate(names.tolist())
                    if i in some and good[i] == number]
            yield names[rows].tolist(), embeddings[rows]

    queries = np.concatenate([x for _, x in shards(chosen)])
    best: list[list[Any]] = [[] for _ in queries]
    for names, embeddings in shards(good):
        flat = FlatIndex(index.dim, index.metric)
        flat.add(embeddings, names)
        for near, distances, found in zip(
                best, *flat.search(queries, k), strict=True):
            near += zip(distances.tolist(), found.tolist(), strict=True)
            near[:] = sorted(near)[:k]
    found = index.search(queries, k)[1].tolist()
    return float(np.mean([
        len({i for _, i in near} & set(its)) / len(near)
        for near, its in zip(best, found, strict=True)]))
