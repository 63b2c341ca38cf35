from collections.abc import Sequence
from typing import TYPE_CHECKING

from vasily_fashion.datasets import SyntheticFashionDataset, SyntheticItemDataset

from chainercv.utils import bbox_iou

if TYPE_CHECKING:
    from vasily_fashion.retrieval import RetrievedItem


def count_found(
        world: SyntheticFashionDataset,
        results: 'Sequence[Sequence[RetrievedItem]]') -> tuple[int, int, int]:
    """Count the items of synthetic snaps that were detected and found again.

    Args:
        world (vasily_fashion.datasets.SyntheticFashionDataset): The snaps.
        results (list of lists of RetrievedItem): For each snap, what
            :meth:`~vasily_fashion.retrieval.FashionItemRetriever.retrieve`
            returned.

    Returns:
        (int, int, int): How many items the snaps show; how many of them have a
        box of their category whose IoU is 0.5 or more; and how many of these
        have their own product image among the nearest.
    """
    truth = SyntheticItemDataset(world)
    n_detected = n_found = 0
    for snap, bbox, category, item_id in zip(
            truth.snap_indices, truth.bboxes, truth.categories,
            truth.item_ids, strict=True):
        hits = [item for item in results[int(snap)] if item.category == category
                and bbox_iou(bbox[None], item.bbox[None])[0, 0] >= .5]
        n_detected += bool(hits)
        n_found += any(str(item_id) in map(str, item.ids) for item in hits)
    return len(truth), n_detected, n_found
