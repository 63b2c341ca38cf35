import itertools
import os
import zlib
from typing import Any

from vasily_fashion.retrieval.cut_products import cut_products
from vasily_fashion.retrieval.embedding_store import EmbeddingStore
from vasily_fashion.utils import ImageReadError, weights_sha256
from vasily_fashion.utils.read_ahead import read_ahead

import numpy as np
from tqdm import tqdm


def embed_catalogue(
        dataset: Any, extractor: Any, store: EmbeddingStore,
        batch_size: int = 32, shard_size: int = 512,
        part: tuple[int, int] = (0, 1), detector: Any = None) -> list[str]:
    """Embed the product images of a catalogue that are new or have changed.

    The next images are read and decoded while the extractor computes.
    Whenever the process is killed, the shards before are there, and the same
    call goes on after them: nothing is lost but the shard that was begun.

    Args:
        dataset (vasily_fashion.datasets.RetrievalDataset): Its gallery is
            the catalogue.
        extractor: With ``extract(imgs)``.
        store (EmbeddingStore): Where the embeddings are, and go to.
        batch_size (int): Images the extractor has at a time.
        shard_size (int): Images a shard.
        part ((int, int)): (0, 4) is the first of four parts of the catalogue,
            of which each has a store of its own. An id stays in its part.

    Returns:
        list of str: The ids of the catalogue, as :func:`product_ids` gives
        them, in its order.
    """
    gallery = dataset.choose(dataset.is_gallery)
    ids = product_ids(gallery)
    cut = '' if detector is None else f' cut by {weights_sha256(detector)}'
    stamps = {
        i: _stamp(gallery, i) + cut for i in range(len(gallery))
        if zlib.crc32(ids[i].encode()) % part[1] == part[0]}
    new = [i for i, stamp in stamps.items()
           if store.stamps.get(ids[i]) != stamp]

    def read():
        for i in new:
            try:
                yield i, gallery[i][0], ''
            except ImageReadError as error:
                yield i, None, str(error)

    rows: list[tuple[Any, ...]] = []
    with tqdm(total=len(new), desc='embed', unit='image', disable=None) as bar:
        images = read_ahead(read(), 2 * batch_size)
        while batch := list(itertools.islice(
                images, min(batch_size, shard_size - len(rows)))):
            good = [i for i, img, _ in batch if img is not None]
            imgs = [img for _, img, _ in batch if img is not None]
            labels = [int(gallery.labels[i]) for i in good]
            if detector is not None and imgs:
                imgs, labels = cut_products(imgs, labels, detector)
            embedded = dict(zip(good, zip(
                extractor.extract(imgs) if imgs else (), labels, strict=True),
                strict=True))
            rows += [
                (ids[i], stamps[i], *embedded.get(i, (None, int(gallery.labels[i]))),
                 reason) for i, _, reason in batch]
            bar.update(len(batch))
            del batch[:], imgs[:]  # not kept while the next are read
            if len(rows) >= shard_size:
                _write(store, rows)
                rows = []
        if rows:
            _write(store, rows)
    return ids


def _write(store, rows):
    columns = [list(column) for column in zip(*rows, strict=True)]
    dim = next((len(x) for x in columns[2] if x is not None), 0)
    columns[2] = np.array(
        [np.zeros(dim) if x is None else x for x in columns[2]],
        np.float32).reshape(len(rows), dim)
    store.write(*columns)


def product_ids(gallery: Any) -> list[str]:
    """Ids of product images: unique, and the same in each run.

    An image's id is that of its item if each item has one image, else its
    path; if a path comes again, with another box, with '#2' and so on.

    Args:
        gallery (vasily_fashion.datasets.RetrievalDataset): The images.

    Returns:
        list of str: The ids.
    """
    ids = [str(i) for i in gallery.item_ids.tolist()]
    if len(set(ids)) == len(ids):
        return ids
    seen: dict[str, int]
    seen, ids = {}, []
    for name in gallery.names:
        seen[name] = seen.get(name, 0) + 1
        ids.append(name if seen[name] == 1 else f'{name}#{seen[name]}')
    return ids


def _stamp(gallery, i):
    """What changes when an image, its box or its category does."""
    status = os.stat(gallery.root / gallery.names[i])
    return (f'{status.st_size} {status.st_mtime_ns} '
            f'{gallery.bboxes[i].tolist()} {gallery.labels[i]}')
