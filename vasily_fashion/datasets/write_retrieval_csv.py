import csv
import os

from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset
from vasily_fashion.utils import atomic_write

import numpy as np


def write_retrieval_csv(
        dataset: RetrievalDataset, path: str | os.PathLike[str]) -> None:
    """Write the table of a retrieval data set as a CSV.

    The columns are those of Open Metric Learning, as
    :class:`~vasily_fashion.datasets.CSVRetrievalDataset` says, which reads it
    back with the same folder of images. Where item ids are not numbers,
    `label` is a running number and `item_id` the id.

    Args:
        dataset (vasily_fashion.datasets.RetrievalDataset): The data set. Boxes
            are written as they are, before `long_side` scales them.
        path (str or path): The file, which is there whole or not at all.

    Raises:
        ValueError: If boxes are to be scaled: the file cannot hold that.
    """
    if dataset.long_side is not None:
        raise ValueError(
            'boxes of this data set belong to images of another size, which a '
            'CSV cannot say: write that of the images the boxes were drawn on')
    number = dataset.item_ids
    is_number = np.issubdtype(number.dtype, np.integer)
    if not is_number:
        number = np.unique(number, return_inverse=True)[1].reshape(-1)
    with atomic_write(path, 'w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow([
            'label', 'path', 'split', 'is_query', 'is_gallery', 'category',
            'x_1', 'x_2', 'y_1', 'y_2', *([] if is_number else ['item_id'])])
        for i, name in enumerate(dataset.names):
            y0, x0, y1, x1 = (
                '' if np.isnan(x) else repr(float(x)) for x in dataset.bboxes[i])
            label = dataset.labels[i]
            writer.writerow([
                number[i], name, dataset.splits[i], dataset.is_query[i],
                dataset.is_gallery[i],
                '' if label < 0 else dataset.label_names[label],
                x0, x1, y0, y1,
                *([] if is_number else [dataset.item_ids[i]])])
