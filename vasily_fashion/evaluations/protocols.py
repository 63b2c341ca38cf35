"""Embed a data set of the field, and score it by its own protocol."""
import os
from collections.abc import Callable, Sequence
from typing import Any

from vasily_fashion.datasets.named_datasets import find_split, open_dataset
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset
from vasily_fashion.evaluations.eval_consumer_to_shop import eval_consumer_to_shop
from vasily_fashion.evaluations.eval_deepfashion2 import eval_deepfashion2
from vasily_fashion.evaluations.eval_in_shop import eval_in_shop
from vasily_fashion.evaluations.eval_street2shop import eval_street2shop
from vasily_fashion.evaluations.score_embedding import embed_all
from vasily_fashion.transforms import crop_by_bbox

import numpy as np
from tqdm import tqdm

#: The data sets that have a protocol of their own.
PROTOCOLS = ('street2shop', 'deepfashion2-pairs', 'consumer-to-shop', 'in-shop')


def open_for_test(
        name: str, root: str | os.PathLike[str], split: str | None = None,
        missing: str = 'raise') -> RetrievalDataset:
    """Open the split that a protocol scores.

    Args:
        name (str): Of :obj:`PROTOCOLS`.
        root (str or path): The data set's folder.
        split (str): Another than the one that is to report.
        missing ({'raise', 'skip'}): What to do about missing images.

    Returns:
        vasily_fashion.datasets.RetrievalDataset: The data set.

    Raises:
        OSError, ValueError: As the reader does; of Consumer-to-Shop and In-shop for
            another split than 'test'.
    """
    if name in ('consumer-to-shop', 'in-shop') and split not in (None, 'test'):
        raise ValueError(
            f'{name} is scored on its test split; {split!r} is not to be had')
    if name == 'consumer-to-shop':
        dataset = open_dataset(name, root, 'all', missing)
        return dataset.choose(dataset.splits != 'train')
    return open_dataset(name, root, split or find_split(name, 'test'), missing)


def score_by_protocol(
        name: str, dataset: RetrievalDataset,
        embed: Callable[[Sequence[np.ndarray]], np.ndarray],
        gallery: str = 'test', detector: Any = None) -> dict[str, float]:
    """Score an embedding by the protocol of a data set.

    Args:
        name (str): Of :obj:`PROTOCOLS`.
        dataset: As :func:`open_for_test` returns it.
        embed (callable): From raw images to (N, D) embeddings.
        gallery ({'test', 'val+test'}): Of Consumer-to-Shop.
        detector: With ChainerCV's `predict`: DeepFashion2 is scored with
            detected boxes, not true ones.

    Returns:
        dict of float: As the protocol's function returns them.

    Raises:
        ValueError: If the data set is empty.
    """
    if len(dataset) == 0:
        raise ValueError(f'{dataset.root}: no example of {name} is left to score')
    if name == 'deepfashion2-pairs':
        return _score_deepfashion2(dataset, embed, detector)
    embeddings = embed_all(embed, dataset.read_crop, len(dataset))
    q, g = dataset.is_query, dataset.is_gallery
    ids = dataset.item_ids
    if name == 'street2shop':
        # the data set's own categories, in which leggings are not pants
        return eval_street2shop(
            embeddings[q], ids[q], dataset.categories[q], embeddings[g], ids[g],
            dataset.categories[g])
    if name == 'consumer-to-shop':
        return eval_consumer_to_shop(
            embeddings, ids, g, dataset.splits, gallery)
    return eval_in_shop(embeddings, ids, dataset.splits)


def _score_deepfashion2(dataset, embed, detector):
    user = [[] for _ in range(7)]
    shop = [[] for _ in range(4)]
    rows_of_photo = {}
    for i, name in enumerate(dataset.names):
        rows_of_photo.setdefault(name, []).append(i)
    for rows in tqdm(rows_of_photo.values(), 'photos', disable=None):
        img = dataset.read_photo(rows[0])
        bbox, label = dataset.bboxes[rows], dataset.labels[rows]
        items = np.array([
            [int(x) for x in dataset.item_ids[i].split('-')[:2]] for i in rows])
        if detector is None:
            found, found_label = bbox, label
            found_score = np.ones(len(bbox), np.float32)
        else:
            (found,), (found_label,), (found_score,) = detector.predict([img])
        embedding = (
            embed(crop_by_bbox(img, found, dataset.margin)) if len(found)
            else [])
        if dataset.is_gallery[rows[0]]:
            columns, values = shop, (found, embedding, bbox, items)
        else:
            columns, values = user, (
                found, found_label, found_score, embedding, bbox, label, items)
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return eval_deepfashion2(*user, *shop)
