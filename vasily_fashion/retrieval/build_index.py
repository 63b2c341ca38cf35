import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vasily_fashion.datasets.read_annotation import read_json
from vasily_fashion.retrieval.embed_catalogue import embed_catalogue
from vasily_fashion.retrieval.embed_in_parallel import embed_in_parallel
from vasily_fashion.retrieval.embedding_store import EmbeddingStore
from vasily_fashion.retrieval.faiss_index import FaissIndex, choose_factory
from vasily_fashion.retrieval.flat_index import FlatIndex
from vasily_fashion.retrieval.load_index import FILES
from vasily_fashion.retrieval.measure_recall import measure_recall
from vasily_fashion.retrieval.milvus_index import MilvusIndex
from vasily_fashion.retrieval.update_index import update_index
from vasily_fashion.utils import atomic_write
from vasily_fashion.utils.lock_folder import lock_folder

import chainer
import numpy as np

# Embeddings that Faiss learns its lists and codes from.
_N_TRAINING = 500000


@dataclass(frozen=True)
class BuiltIndex:
    """What :func:`build_index` did.

    Attributes:
        path: Of the index, for :func:`~vasily_fashion.retrieval.load_index`.
        n_added, n_removed (int): How many products were added and removed. A
            replaced product counts as added.
        n_product (int): How many products the index has now.
        n_missing (int): How many images are missing: the catalogue's annotation
            names them, but they are not there.
        broken (dict): From the ids of the images that cannot be read to the
            reasons.
        factory (str): Faiss'; None of other indexes.
        recall (float): How many of the 10 nearest of 100 products Faiss finds;
            None of other indexes, of 'Flat', which is exact, or where nothing changed.
    """

    path: Any
    n_added: int
    n_removed: int
    n_product: int
    n_missing: int
    broken: dict[str, str]
    factory: str | None = None
    recall: float | None = None


def build_index(
        dataset: Any, load_extractor: Callable[[], Any],
        folder: str | os.PathLike[str], kind: str = 'flat', *,
        factory: str | None = None, memory: float | None = None,
        uri: str | None = None, load_detector: Callable[[], Any] | None = None,
        shard_size: int = 512, n_worker: int = 0,
        scheduler: str | None = None) -> BuiltIndex:
    """Embed a catalogue, and build an index of it or bring it up to date.

    Whenever it is killed, the same call goes on where it stopped; embedded
    are only images that are new or have changed.

    Args:
        dataset (vasily_fashion.datasets.RetrievalDataset): Its gallery is the
            catalogue.
        load_extractor (callable): Takes nothing and returns the extractor.
        folder (str or path): For the embeddings, `embeddings/`, and the
            index: `index.npz`, `faiss.npz` or `milvus.db`.
        kind ({'flat', 'faiss', 'milvus'}): Of the index.
        factory (str): Faiss' factory string, of a new index; that of
            :func:`~vasily_fashion.retrieval.choose_factory` by default.
        memory (float): Bytes that the index of Faiss may take.
        uri (str): Milvus' address or file, if it is not in the folder.
        load_detector, shard_size: As of
            :func:`~vasily_fashion.retrieval.embed_in_parallel`.
        n_worker (int): Embed by so many processes of this machine; by this one
            if 0. The data set and the callables have to be picklable then.
        scheduler (str): The address of a Dask cluster that embeds.

    Returns:
        BuiltIndex: What was done.

    Raises:
        ImportError: If what the index or the workers need is not installed.
        OSError: If a file cannot be read or written, or another process builds
            in the folder.
        ValueError: If an argument is not of this kind of index, or no image can be read,
            or what is in the folder is another extractor's, of another factory, cut by a
            detector that is not given, or damaged.
    """
    if kind not in FILES:
        raise ValueError(f'kind must be one of {", ".join(FILES)}, not {kind!r}')
    for name, value, of in (
            ('factory', factory, 'faiss'), ('memory', memory, 'faiss'), ('uri', uri, 'milvus')):
        if value is not None and kind != of:
            raise ValueError(f'{name} is of an index of the kind {of!r}, not {kind!r}')
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with lock_folder(folder):
        extractor = load_extractor()
        name = str(uri or FILES[kind])
        path: Any = uri or folder / FILES[kind]
        is_there = os.path.exists(path)
        index: Any = None
        # what is refused is refused before the work
        if kind == 'milvus':
            MilvusIndex(extractor.dim, extractor=extractor, uri=path).close()
        elif is_there:
            index = (FlatIndex if kind == 'flat' else FaissIndex).load(path, extractor)
            if factory is not None and factory != index.factory:
                raise ValueError(
                    f'{path} is of the factory {index.factory!r}, not {factory!r}: '
                    'delete it to build it anew')
        elif kind == 'faiss':
            FaissIndex(extractor.dim, factory=factory or 'Flat')
        store = EmbeddingStore(folder / 'embeddings', extractor)
        if n_worker or scheduler:
            with _connect(n_worker, scheduler) as client:
                ids = embed_in_parallel(
                    client, dataset, load_extractor, store, shard_size, load_detector)
        else:
            with chainer.using_config('accelerate', 'fast'):
                ids = embed_catalogue(
                    dataset, extractor, store, shard_size=shard_size,
                    detector=load_detector and load_detector())
        broken = {i: store.broken[i] for i in ids if i in store.broken}
        if len(broken) == len(ids):
            raise ValueError('; '.join([
                f'{dataset.root} has no image that can be read', *list(broken.values())[:3]]))

        if kind == 'milvus':
            index = MilvusIndex(extractor.dim, extractor=extractor, uri=path)
            is_there = len(index) > 0
        elif kind == 'flat' and index is None:
            index = FlatIndex(extractor.dim, extractor=extractor)
        elif index is None:
            index = FaissIndex(
                extractor.dim, extractor=extractor, factory=factory or choose_factory(
                    len(ids) - len(broken), extractor.dim, memory))
            if index.n_training:
                index.train(_sample(store))
        with contextlib.closing(index) if kind == 'milvus' else contextlib.nullcontext():
            state = folder / 'seen.json'  # each index's mark: which shards it has seen
            seen = {}
            with contextlib.suppress(FileNotFoundError, ValueError):  # if damaged: none
                seen = read_json(state, dict)
            mark = seen.get(name) if is_there else None
            # its shards are not looked through again, if they are still the same
            first = mark[0] if mark and mark == store.mark(mark[0]) else 0
            n_added, n_removed = update_index(index, store, ids, first)
            has_changed = n_added + n_removed > 0
            if has_changed:
                index.save(path)
            with atomic_write(state, 'w') as file:
                json.dump({**seen, name: store.mark(store.n_shard)}, file)
            return BuiltIndex(
                path, n_added, n_removed, len(index), dataset.n_missing, broken,
                getattr(index, 'factory', None), measure_recall(index, store, ids)
                if kind == 'faiss' and index.factory != 'Flat' and has_changed else None)


def _connect(n_worker, scheduler):
    """A client of the cluster, or of processes of this machine."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError(
            "several workers need Dask: pip install distributed") from error
    if scheduler:
        return Client(scheduler)
    # a network uses all threads that it may: one task at a time a process
    return Client(n_workers=n_worker, threads_per_worker=1, dashboard_address=None)


def _sample(store: EmbeddingStore) -> np.ndarray:
    """Embeddings for Faiss to learn from, out of random shards."""
    parts: list[np.ndarray] = []
    for number in np.random.default_rng(0).permutation(store.n_shard).tolist():
        parts.append(store.read(number)[1])
        if sum(map(len, parts)) >= _N_TRAINING:
            break
    return np.concatenate(parts)
