import dataclasses

from vasily_fashion.datasets import SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.evaluations import count_found
from vasily_fashion.retrieval import RetrievedItem

import numpy as np


def test_count_found():
    world = SyntheticFashionDataset(2, seed=3, n_item=12)
    truth = SyntheticItemDataset(world)
    n = len(truth)
    results = [[], []]
    for snap, bbox, category, item_id in zip(
            truth.snap_indices, truth.bboxes, truth.categories,
            truth.item_ids, strict=True):
        results[snap].append(RetrievedItem(
            bbox, int(category), 1., np.zeros(1), np.array([str(item_id)])))
    assert count_found(world, results) == (n, n, n)
    # one with another product image, one of another category, one elsewhere
    for i, change in enumerate([
            dict(ids=np.array(['99'])), dict(category=99),
            dict(bbox=np.array([0, 0, 1, 1], np.float32))]):
        results[1][i] = dataclasses.replace(results[1][i], **change)
    assert count_found(world, results) == (n, n - 2, n - 3)
