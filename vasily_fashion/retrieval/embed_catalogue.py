import collections
import itertools
import os
import zlib
from typing import Any

from vasily_fashion.retrieval.cut_products import cut_products
from vasily_fashion.retrieval.embedding_store import EmbeddingStore
from vasily_fashion.retrieval.gallery import product_ids
from vasily_fashion.utils import ImageReadError, weights_sha256
from vasily_fashion.utils.progress_bar import progress_bar
from vasily_fashion.utils.read_ahead import read_ahead

import numpy as np


def embed_catalogue(
        dataset: Any, extractor: Any, store: EmbeddingStore,
        batch_size: int = 32, shard_size: int = 512,
        part: tuple[int, int] = (0, 1), detector: Any = None) -> list[str]:
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
        part ((int, int)): (0, 4) is the first of four parts of the catalogue,
            of which each has a store of its own. An id stays in its part.
        detector: As of :func:`~vasily_fashion.retrieval.cut_products`, which
            cuts the images then.

    Returns:
        list of str: The ids of the catalogue, in its order: as those of
        :meth:`~vasily_fashion.retrieval.Gallery.from_dataset`.
    """
    gallery = dataset.choose(dataset.is_gallery)
    ids = product_ids(gallery)
    cut = '' if detector is None else f' cut by {weights_sha256(detector)}'
    stamps = {
        i: _stamp(gallery, i) + cut for i in range(len(gallery))
        if zlib.crc32(ids[i].encode()) % part[1] == part[0]}
    new = [i for i, stamp in stamps.items()
           if store.stamps.get(ids[i]) != stamp]
    new = _rename(store, ids, stamps, new)

    def read():
        for i in new:
            try:
                yield i, gallery[i][0], ''
            except ImageReadError as error:
                yield i, None, str(error)

    rows: list[Any] = []
    with progress_bar(len(new), 'embed', 'image') as bar:
        images = read_ahead(read(), 2 * batch_size)
        while batch := list(itertools.islice(
                images, min(batch_size, shard_size - len(rows)))):
            good = [i for i, img, _ in batch if img is not None]
            imgs = [img for _, img, _ in batch if img is not None]
            labels = gallery.labels[good].tolist()
            if detector is not None and imgs:
                imgs, labels = cut_products(imgs, labels, detector)
            embedded = dict(zip(good, zip(
                extractor.extract(imgs) if imgs else (), labels, strict=True),
                strict=True))
            rows += [
                (ids[i], stamps[i],
                 *embedded.get(i, (np.zeros(extractor.dim), gallery.labels[i])), reason)
                for i, _, reason in batch]
            bar.update(len(batch))
            del batch[:], imgs[:]  # not kept while the next are read
            if len(rows) == shard_size:
                _write(store, rows)
                rows = []
        if rows:
            _write(store, rows)
    return ids


def _write(store, rows):
    store.write(*zip(*rows, strict=True))


def _rename(store, ids, stamps, new):
    """Copy embeddings whose id alone changed; return the rest of `new`."""
    wanted = {stamps[i]: i for i in new}
    rows_of_shard = collections.defaultdict(dict)
    for old, stamp in store.stamps.items():
        if stamp in wanted and old not in store.broken:
            rows_of_shard[store.shard_of[old]][old] = wanted[stamp]
    for number, rows in rows_of_shard.items():
        names, embeddings, categories = store.read(number)
        at = [row for row, name in enumerate(names.tolist()) if name in rows]
        its = [rows[name] for name in names[at].tolist()]
        store.write([ids[i] for i in its], [stamps[i] for i in its],
                    embeddings[at], categories[at], [''] * len(at))
    done = {i for rows in rows_of_shard.values() for i in rows.values()}
    return [i for i in new if i not in done]


def _stamp(gallery, i):
    """A text that changes with an image, its box or its category, not with its id."""
    status = os.stat(gallery.root / gallery.names[i])
    return (f'{status.st_size} {status.st_mtime_ns} '
            f'{gallery.bboxes[i].tolist()} {gallery.labels[i]} {gallery.names[i]}')
