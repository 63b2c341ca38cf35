import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vasily_fashion.retrieval.embed_catalogue import embed_catalogue
from vasily_fashion.retrieval.embedding_store import EmbeddingStore
from vasily_fashion.utils.progress_bar import progress_bar

import chainer

if TYPE_CHECKING:
    from distributed import Client


def embed_in_parallel(
        client: 'Client', open_catalogue: Callable[..., Any],
        load_extractor: Callable[..., Any], folder: str | os.PathLike[str],
        n_part: int, shard_size: int = 512,
        load_detector: Callable[..., Any] | None = None
) -> tuple[list[EmbeddingStore], list[str]]:
    """Embed a catalogue by the workers of a Dask cluster.

    The catalogue is divided into parts by its ids; a worker takes one part
    after the other, and writes the embeddings of each into a folder of its
    own, which all have to see. A part whose worker dies is given to another,
    which goes on after its last shard.

    Args:
        client (distributed.Client): The cluster.
        open_catalogue (callable): Takes nothing and returns the
            :class:`~vasily_fashion.datasets.RetrievalDataset`; it is sent to
            the workers, so it has to be picklable.
        load_extractor (callable): Takes nothing and returns the extractor;
            likewise.
        folder (str or path): For the embeddings.
        n_part (int): How many parts there are. Later runs have to divide as
            the first did.
        shard_size (int): Images a shard.
        load_detector (callable): Takes nothing and returns the detector of
            :func:`~vasily_fashion.retrieval.embed_catalogue`; likewise.

    Returns:
        (list of EmbeddingStore, list of str):
        The parts; the ids of the catalogue.

    Raises:
        ValueError: If the folder has another number of parts.
    """
    from distributed import as_completed

    folder = Path(folder)
    found = count_parts(folder)
    if found not in (0, n_part):
        raise ValueError(
            f'{folder} has {found} parts, not {n_part}: go on with as many, or '
            'name another folder')
    futures = [
        client.submit(
            _embed_part, open_catalogue, load_extractor, str(folder), k, n_part,
            shard_size, load_detector, pure=False, retries=3)
        for k in range(n_part)]
    ids: Any = None
    with progress_bar(n_part, 'embed', 'part') as bar:
        for future in as_completed(futures):
            ids = future.result()
            bar.update()
    extractor = load_extractor()
    return [EmbeddingStore(_part(folder, k, n_part), extractor)
            for k in range(n_part)], ids


def count_parts(folder: str | os.PathLike[str]) -> int:
    """Count the parts that the embeddings in a folder are divided into.

    Args:
        folder (path): As of :func:`embed_in_parallel`.

    Returns:
        int: 0 if there are none yet.
    """
    numbers = {
        int(match[1]) for path in Path(folder).glob('part-*')
        if (match := re.fullmatch(r'part-\d+-of-(\d+)', path.name))}
    if len(numbers) > 1:
        raise ValueError(
            f'{folder} has parts of several divisions, by {sorted(numbers)}: '
            'delete those of all but one')
    return numbers.pop() if numbers else 0


def _part(folder, k, n_part):
    return Path(folder) / f'part-{k}-of-{n_part}'


def _embed_part(
        open_catalogue, load_extractor, folder, k, n_part, shard_size, load_detector):
    extractor = load_extractor()
    store = EmbeddingStore(_part(folder, k, n_part), extractor)
    with chainer.using_config('accelerate', 'fast'):
        return embed_catalogue(
            open_catalogue(), extractor, store, shard_size=shard_size,
            part=(k, n_part),
            detector=None if load_detector is None else load_detector())
