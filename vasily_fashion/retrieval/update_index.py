from collections.abc import Iterable

from vasily_fashion.retrieval.embedding_store import EmbeddingStore
from vasily_fashion.retrieval.index import Index


def update_index(
        index: Index, store: EmbeddingStore, ids: Iterable[str],
        first: int = 0) -> tuple[int, int]:
    """Bring an index up to date with a catalogue.

    New embeddings are added, and replace older ones of the same id. Products
    that are no longer in the catalogue are removed. A second call changes
    nothing.

    Args:
        index (Index): What to change.
        store (EmbeddingStore): The embeddings.
        ids (iterable of str): The catalogue, as
            :func:`~vasily_fashion.retrieval.embed_catalogue` returns it.
        first (int): The first shard that the index has not seen.

    Returns:
        (int, int): How many were added, and how many removed.
    """
    wanted = {i for i in ids if i in store.shard_of and i not in store.broken}
    there = set(index.ids.tolist())
    gone = sorted(there - wanted)
    if gone:
        index.remove(gone)
    ids_of_shard: dict[int, set[str]] = {}
    for i in wanted:
        number = store.shard_of[i]
        # what is in shards that the index has not seen, and what it lacks
        if number >= first or i not in there:
            ids_of_shard.setdefault(number, set()).add(i)
    n_added = 0
    for number, its in sorted(ids_of_shard.items()):
        new, embeddings, categories = store.read(number)
        rows = list({i: row for row, i in enumerate(new.tolist()) if i in its}.values())
        replaced = sorted(its & there)
        if replaced:
            index.remove(replaced)
        index.add(embeddings[rows], new[rows], categories[rows])
        n_added += len(rows)
    return n_added, len(gone)
