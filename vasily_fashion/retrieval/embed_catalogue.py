import collections
import os
import re
from typing import Any

from vasily_fashion.retrieval._rows import check_positive
from vasily_fashion.retrieval.embed_images import embed_images
from vasily_fashion.retrieval.embedding_store import EmbeddingStore
from vasily_fashion.utils import weights_sha256
from vasily_fashion.utils.progress_bar import progress_bar

import numpy as np

_IS_CUT = re.compile(r' cut with room by [0-9a-f]{64}$').search


def embed_catalogue(
        dataset: Any, extractor: Any, store: EmbeddingStore,
        batch_size: int = 8, shard_size: int = 512, detector: Any = None) -> list[str]:
    """Embed the product images of a catalogue that are new or have changed.

    The next images are read and decoded while the extractor computes.
    Whenever the process is killed, the shards before are there, and the same
    call goes on after them: nothing is lost but the shard that was begun.
    An image that only has another id now is not embedded again.

    Args:
        dataset (vasily_fashion.datasets.RetrievalDataset): Its gallery is
            the catalogue.
        extractor: With ``extract(imgs)`` and `dim`.
        store (EmbeddingStore): Where the embeddings are, and go to.
        batch_size (int): Images the extractor has at a time.
        shard_size (int): Images a shard.
        detector: As of :func:`~vasily_fashion.retrieval.embed_images`.

    Returns:
        list of str: The ids of the catalogue, in its order: as those of
        :meth:`~vasily_fashion.retrieval.Gallery.from_dataset`.
    """
    check_positive(shard_size, 'shard_size')
    gallery, ids, stamps, new = find_new(dataset, store, detector)
    with progress_bar(len(new), 'embed', 'image') as bar:
        for start in range(0, len(new), shard_size):
            rows = new[start:start + shard_size]

            def read(i, rows=rows):
                return gallery.read_crop(rows[i])

            store.write(ids[rows], stamps[rows], *embed_images(
                read, gallery.labels[rows], extractor, detector, batch_size, bar.update))
    return ids.tolist()


def find_new(
        dataset: Any, store: EmbeddingStore, detector: Any
) -> tuple[Any, Any, Any, Any]:
    """Find what :func:`embed_catalogue` has to embed.

    An image whose stamp the store has under another id is not among them: its embedding
    is copied to the new id, in a new shard. A stamp is a text that changes with an image,
    its box, its category, and what cuts it.

    Args:
        dataset, store, detector: As there.

    Returns:
        (RetrievalDataset, array, array, array): The gallery, its :math:`N` ids,
        as an array of objects, the :math:`N` stamps of its images likewise, and
        the numbers of those that are to be embedded.
    """
    gallery = dataset.choose(dataset.is_gallery)
    cut = ' trimmed' if detector is None else f' cut with room by {weights_sha256(detector)}'
    if detector is None and any(map(_IS_CUT, store.stamps.values())):
        raise ValueError(
            f'{store.folder}: a detector (--detect) has cut these products out; give it '
            'again, or name another folder')
    ids = np.array(gallery.image_ids(), object)
    stamps: Any = np.array([_stamp(gallery, i) + cut for i in range(len(gallery))], object)
    # from stamps that the store has not under their ids to rows
    wanted = {stamp: i for i, stamp in enumerate(stamps) if store.stamps.get(ids[i]) != stamp}
    # each once, although several ids may have had the image
    old_of = {stamp: old for old, stamp in store.stamps.items()
              if stamp in wanted and old not in store.broken}
    rows_of_shard: Any = collections.defaultdict(dict)
    for stamp, old in old_of.items():
        rows_of_shard[store.shard_of[old]][old] = wanted[stamp]
    for number, new_row in rows_of_shard.items():
        names, embeddings, categories = store.read(number)
        at = [row for row, name in enumerate(names.tolist()) if name in new_row]
        rows = [new_row[name] for name in names[at].tolist()]
        store.write(ids[rows], stamps[rows], embeddings[at], categories[at], [''] * len(at))
    new = [i for i, stamp in enumerate(stamps) if store.stamps.get(ids[i]) != stamp]
    return gallery, ids, stamps, np.array(new, int)


def _stamp(gallery, i):
    """A text that changes with an image, its box or its category, not with its id."""
    try:
        status = os.stat(gallery.root / gallery.names[i])
    except OSError:  # it was there a moment ago; reading it says why not
        return 'gone'
    return (f'{status.st_size} {status.st_mtime_ns} '
            f'{gallery.bboxes[i].tolist()} {gallery.labels[i]} {gallery.names[i]}'
            + (f' margin {gallery.margin}' if gallery.margin else ''))
