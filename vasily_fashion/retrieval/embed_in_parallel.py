import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vasily_fashion.retrieval._rows import check_positive
from vasily_fashion.retrieval.embed_catalogue import find_new
from vasily_fashion.retrieval.embed_images import embed_images
from vasily_fashion.retrieval.embedding_store import EmbeddingStore
from vasily_fashion.utils import weights_sha256
from vasily_fashion.utils.progress_bar import progress_bar

import chainer
import numpy as np

if TYPE_CHECKING:
    from distributed import Client


def embed_in_parallel(
        client: 'Client', dataset: Any, load_extractor: Callable[[], Any],
        store: EmbeddingStore, shard_size: int = 512,
        load_detector: Callable[[], Any] | None = None) -> list[str]:
    """Embed a catalogue by the workers of a Dask cluster.

    As :func:`~vasily_fashion.retrieval.embed_catalogue` does, but each worker
    has a shard at a time, whose embeddings this process writes. A shard whose
    worker dies is given to another.

    Args:
        client (distributed.Client): The cluster. Its workers have to see the
            images.
        dataset, store, shard_size: As of
            :func:`~vasily_fashion.retrieval.embed_catalogue`. The data set is
            sent to the workers, so it has to be picklable.
        load_extractor (callable): Takes nothing and returns the extractor, on
            a worker; likewise.
        load_detector (callable): Takes nothing and returns the detector;
            likewise.

    Returns:
        list of str: The ids of the catalogue.

    Raises:
        ValueError: If a worker loads other weights than this process.
    """
    import cloudpickle
    from distributed import as_completed

    detector = load_detector and load_detector()
    check_positive(shard_size, 'shard_size')
    gallery, ids, stamps, new = find_new(dataset, store, detector)
    load = cloudpickle.dumps((load_extractor, load_detector))
    fingerprints = store.fingerprint, detector and weights_sha256(detector)
    n_worker = max(len(client.nthreads()), 1)
    size = max(1, min(shard_size, -(-len(new) // n_worker)))
    shards = (new[i:i + size] for i in range(0, len(new), size))
    rows_of = {}

    def submit_next():
        """Send one shard more, if there is one."""
        for rows in shards:
            is_in_shard = np.zeros(len(gallery), bool)
            is_in_shard[rows] = True
            future = client.submit(
                _embed, gallery.choose(is_in_shard), load, fingerprints, pure=False, retries=3)
            rows_of[future.key] = rows
            running.add(future)
            return

    with progress_bar(len(new), 'embed', 'image') as bar:
        running: Any = as_completed()
        for _ in range(2 * n_worker):
            submit_next()
        for future in running:
            rows = rows_of.pop(future.key)
            store.write(ids[rows], stamps[rows], *future.result())
            bar.update(len(rows))
            submit_next()
    return ids.tolist()


def _embed(images, load, fingerprints):
    extractor, detector = _load(load, fingerprints)
    with chainer.using_config('accelerate', 'fast'):
        return embed_images(images.read_crop, images.labels, extractor, detector)


@functools.lru_cache(1)
def _load(load, fingerprints):
    """The networks, once a worker and not once a shard."""
    import cloudpickle

    load_extractor, load_detector = cloudpickle.loads(load)
    extractor, detector = load_extractor(), load_detector and load_detector()
    if (extractor.fingerprint, detector and weights_sha256(detector)) != fingerprints:
        raise ValueError('the weights of this worker are not those of the catalogue')
    return extractor, detector
