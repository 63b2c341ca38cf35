def update_index(index, store, ids, first=0):
    """Bring an index up to date with a catalogue.

    What has been embedded since is added, in place of what was there under
    the same id; what is in the catalogue no more is removed. To do it again
    changes nothing.

    Args:
        index: With `ids`, `add` and `remove`, such as
            :class:`~vasily_fashion.retrieval.FlatIndex`.
        store (EmbeddingStore): The embeddings.
        ids (iterable of str): The catalogue, as
            :func:`~vasily_fashion.retrieval.embed_catalogue` returns it.
        first (int): The first shard that the index has not seen.

    Returns:
        (int, int): How many were added, and how many removed.
    """
    wanted = set(ids) - store.broken.keys()
    there = set(index.ids.tolist())
    gone = sorted(there - wanted)
    if gone:
        index.remove(gone)
    ids_of_shard = {}
    for i in wanted:
        if store.shard_of[i] >= first or i not in there:
            ids_of_shard.setdefault(store.shard_of[i], set()).add(i)
    n_added = 0
    for number, its in sorted(ids_of_shard.items()):
        new, embeddings, categories = store.read(number)
        rows = [k for k, i in enumerate(new.tolist()) if i in its]
        replaced = sorted(its & there)
        if replaced:
            index.remove(replaced)
        index.add(embeddings[rows], new[rows], categories[rows])
        n_added += len(rows)
    return n_added, len(gone)
