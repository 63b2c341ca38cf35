from collections.abc import Iterable, Sequence

from vasily_fashion.retrieval.embedding_store import EmbeddingStore
from vasily_fashion.retrieval.index import Index


def update_index(
        index: Index, stores: Sequence[EmbeddingStore], ids: Iterable[str],
        first: Sequence[int] | None = None) -> tuple[int, int]:
    """Bring an index up to date with a catalogue.

    What has been embedded since is added, in place of what was there under
    the same id; what is in the catalogue no more is removed. To do it again
    changes nothing.

    Args:
        index (Index): What to change.
        stores (list of EmbeddingStore): The embeddings; an id is in one of
            them.
        ids (iterable of str): The catalogue, as
            :func:`~vasily_fashion.retrieval.embed_catalogue` returns it.
        first (list of int): Of each store, the first shard that the index has
            not seen. All by default.

    Returns:
        (int, int): How many were added, and how many removed.
    """
    first = [0] * len(stores) if first is None else first
    shard_of = {
        i: (k, number) for k, store in enumerate(stores)
        for i, number in store.shard_of.items() if i not in store.broken}
    wanted = set(ids) & shard_of.keys()
    there = set(index.ids.tolist())
    gone = sorted(there - wanted)
    if gone:
        index.remove(gone)
    ids_of_shard: dict[tuple[int, int], set[str]] = {}
    for i in wanted:
        k, number = shard_of[i]
        if number >= first[k] or i not in there:
            ids_of_shard.setdefault((k, number), set()).add(i)
    n_added = 0
    for (k, number), its in sorted(ids_of_shard.items()):
        new, embeddings, categories = stores[k].read(number)
        rows = [row for row, i in enumerate(new.tolist()) if i in its]
        replaced = sorted(its & there)
        if replaced:
            index.remove(replaced)
        index.add(embeddings[rows], new[rows], categories[rows])
        n_added += len(rows)
    return n_added, len(gone)
