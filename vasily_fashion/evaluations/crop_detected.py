from typing import Any

from vasily_fashion.evaluations.match_detections import match_detections
from vasily_fashion.transforms import crop_by_bbox

import numpy as np
from tqdm import tqdm

_IOU_THRESH = .5
# snaps in memory at a time
_BATCH_SIZE = 8


def crop_detected(
        dataset: Any, detector: Any, margin: float = 0.
) -> tuple[list[np.ndarray | None], np.ndarray]:
    """Cut out the detected box of each item of snaps with true boxes.

    Each detected box belongs to the item that it overlaps most, if the overlap
    is 0.5 or more. The box with the best score stands for its item, whatever
    its category. An item without a box is a miss.

    Args:
        dataset: The items, with `snaps`, `snap_indices` and `bboxes`, such as
            :class:`~vasily_fashion.datasets.CCPItemDataset`.
        detector: With ChainerCV's `predict`.
        margin (float): Room around the boxes, as of
            :func:`~vasily_fashion.transforms.crop_by_bbox`.

    Returns:
        (list, numpy.ndarray): As many crops as there are items, :obj:`None`
        for a miss, and their detected categories, -1 for a miss.
    """
    crops: list[np.ndarray | None] = [None] * len(dataset.item_ids)
    categories = np.full(len(crops), -1, np.int32)
    starts = range(0, len(dataset.snaps), _BATCH_SIZE)
    for start in tqdm(starts, 'detection', disable=None):
        imgs = dataset.snaps.slice[start:start + _BATCH_SIZE, 'img']
        found = zip(imgs, *detector.predict(imgs), strict=True)
        for i, (img, bbox, label, score) in enumerate(found, start):
            items = np.flatnonzero(dataset.snap_indices == i)
            bbox = np.clip(bbox, 0, img.shape[1:] * 2)
            chosen = match_detections(
                bbox, score, dataset.bboxes[items], iou_thresh=_IOU_THRESH)
            hit = chosen >= 0
            categories[items[hit]] = label[chosen[hit]]
            for item, crop in zip(
                    items[hit], crop_by_bbox(img, bbox[chosen[hit]], margin),
                    strict=True):
                crops[item] = crop.copy()
    return crops, categories
