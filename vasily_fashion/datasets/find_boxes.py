import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from vasily_fashion.datasets.read_annotation import read_json
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset
from vasily_fashion.utils import atomic_write, weights_sha256

import chainer
import numpy as np
from tqdm import tqdm

_log = logging.getLogger(__name__)
_BATCH_SIZE = 8
_SCORE_THRESH = .05


def find_boxes(
        dataset: RetrievalDataset, detector: Any) -> np.ndarray:
    """Detect the item of each query that has no box.

    It is the box of the item's category with the highest score; of an item of
    unknown category, of any. The boxes are kept in
    `$CHAINER_DATASET_ROOT/vasily_fashion/boxes` by the photos' contents and
    the detector's weights, precision and box voting, from a score of 0.05 on, and
    detected once; if it is interrupted, those so far are kept.

    Args:
        dataset (RetrievalDataset): Its `bboxes` are filled in.
        detector: With ChainerCV's `predict`, such as
            :func:`~vasily_fashion.deploy.compile_link` makes.

    Returns:
        numpy.ndarray: :math:`(N,)`, bool: the queries without a box that the
        detector found none in either. The whole image stays the item.

    Raises:
        OSError: If a photo cannot be read.
        ValueError: If the detector's categories are not those of `dataset`.
    """
    label_names = tuple(getattr(detector, 'label_names', dataset.label_names))
    if label_names != dataset.label_names:
        raise ValueError(
            f'the detector finds {", ".join(label_names)}, and the data set is of '
            f'{", ".join(dataset.label_names)}: give it a category_map')
    rows = np.flatnonzero(
        dataset.is_query & np.isnan(dataset.bboxes).any(axis=1))
    folder = Path(chainer.dataset.get_dataset_directory('vasily_fashion/boxes'))
    precision = getattr(getattr(detector, 'engine', None), 'precision', 'f32')
    vote_thresh = getattr(getattr(detector, 'coder', None), 'vote_thresh', None)
    votes = '' if vote_thresh is None else f'-votes-{vote_thresh}'
    path = folder / f'{weights_sha256(detector)[:16]}-{precision}{votes}.json'
    known: dict[str, list[list[float]]] = {}
    if path.exists():
        try:
            known = read_json(path, dict)
        except ValueError:
            _log.warning('%s is damaged, and is made anew', path)
    photos = sorted({dataset.names[i] for i in rows})
    digests = {name: hashlib.sha1((dataset.root / name).read_bytes()).hexdigest()
               for name in photos}
    missing = list({digests[name]: name for name in photos
                    if digests[name] not in known}.values())
    first_row = {dataset.names[i]: i for i in rows[::-1]}
    thresh = getattr(detector, 'score_thresh', None)
    detector.score_thresh = _SCORE_THRESH
    try:
        for start in tqdm(
                range(0, len(missing), _BATCH_SIZE), 'detection', disable=None):
            names = missing[start:start + _BATCH_SIZE]
            imgs = [dataset.read_photo(first_row[name]) for name in names]
            for name, bbox, label, score in zip(
                    names, *detector.predict(imgs), strict=True):
                known[digests[name]] = np.column_stack(
                    [bbox, label, score]).astype(float).round(3).tolist()
    finally:
        detector.score_thresh = thresh  # the caller's
        if missing:
            with atomic_write(path, 'w') as file:
                json.dump(known, file)
    without = np.zeros(len(dataset), bool)
    for i in rows:
        found = np.array(known[digests[dataset.names[i]]]).reshape(-1, 6)
        if dataset.labels[i] >= 0:
            found = found[found[:, 4] == dataset.labels[i]]
        if len(found):
            dataset.bboxes[i] = found[found[:, 5].argmax(), :4]
        else:
            without[i] = True
    return without
