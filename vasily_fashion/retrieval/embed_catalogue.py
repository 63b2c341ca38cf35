import os

from vasily_fashion.utils import ImageReadError
from vasily_fashion.utils.read_ahead import read_ahead

import numpy as np
from tqdm import tqdm


def embed_catalogue(dataset, extractor, store, batch_size=32, shard_size=512):
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

    Returns:
        list of str: The ids of the catalogue, as :func:`product_ids` gives
        them, in its order.
    """
    gallery = dataset.choose(dataset.is_gallery)
    ids = product_ids(gallery)
    stamps = [_stamp(gallery, i) for i in range(len(gallery))]
    new = [i for i in range(len(gallery))
           if store.stamps.get(ids[i]) != stamps[i]]

    def read():
        for i in new:
            try:
                yield i, gallery[i][0], ''
            except ImageReadError as error:
                yield i, None, str(error)

    columns = [[] for _ in range(5)]
    waiting, imgs = [], []

    def embed():
        found = iter(extractor.extract(imgs) if imgs else ())
        for i, is_broken, reason in waiting:
            row = (ids[i], stamps[i], None if is_broken else next(found),
                   int(gallery.labels[i]), reason)
            for column, value in zip(columns, row, strict=True):
                column.append(value)
        waiting.clear()
        imgs.clear()

    def write():
        embeddings = columns[2]
        dim = next((len(x) for x in embeddings if x is not None), 0)
        columns[2] = np.array(
            [np.zeros(dim) if x is None else x for x in embeddings],
            np.float32).reshape(len(embeddings), dim)
        store.write(*columns)
        columns[:] = [[] for _ in range(5)]

    with tqdm(total=len(new), desc='embed', unit='image', disable=None) as bar:
        for i, img, reason in read_ahead(read(), 2 * batch_size):
            waiting.append((i, img is None, reason))
            if img is not None:
                imgs.append(img)
            if len(waiting) == batch_size:
                embed()
            if len(columns[0]) + len(waiting) >= shard_size:
                embed()
                write()
            bar.update()
        embed()
        if columns[0]:
            write()
    return ids


def product_ids(gallery):
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
