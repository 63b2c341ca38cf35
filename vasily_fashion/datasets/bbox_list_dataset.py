import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vasily_fashion.datasets.annotation_account import AnnotationAccount
from vasily_fashion.datasets.category_map import describe_unknown
from vasily_fashion.datasets.compare_size import compare_size
from vasily_fashion.datasets.image_files import keep_existing
from vasily_fashion.utils import read_image

import numpy as np
from chainercv.chainer_experimental.datasets.sliceable import GetterDataset

_log = logging.getLogger(__name__)


class BboxListDataset(GetterDataset):
    """Photos with boxes, whose annotations are in memory.

    The base of the readers of detection data sets. What is left out is counted
    and logged.

    Args:
        root (str or path): Folder of the photos.
        names (list of str): The photos' names there.
        bboxes (list of array): :math:`(R, 4)` for each photo.
        labels (list of array): :math:`(R,)` for each photo.
        label_names (tuple of str): What the labels mean.
        missing ({'raise', 'skip'}): What to do about photos that are not
            there.
        source (str or path): The annotation file, for messages.
        sizes (dict): Name of a photo to the height and width that the annotation
            names, of those that it does.
        account (AnnotationAccount): What the reader left out.

    This dataset returns the following data.

    .. csv-table::
        :header: name, shape, dtype, format

        img, ":math:`(3, H, W)`", float32, "RGB, :math:`[0, 255]`"
        bbox, ":math:`(R, 4)`", float32, \
        ":math:`(y_{min}, x_{min}, y_{max}, x_{max})`"
        label, ":math:`(R,)`", int32, "index into `label_names`"

    Attributes:
        root (pathlib.Path): See above.
        names (list of str): Of the photos that are there.
        label_names (tuple of str): See above.
        n_missing (int): How many photos were left out.
        sizes (dict): See above.
        left_out (dict): Reason to number of annotations that were left out: 'crowd',
            'difficult', 'empty', 'outside', 'twice', 'photo missing'.
        unknown_categories (dict): Name to number of annotations that were left out
            because their category is not an item.

    Raises:
        FileNotFoundError: If photos are missing and are not to be skipped.
        ValueError: If a photo has more boxes than labels or fewer, a label is none of
            `label_names`, a box has NaN or infinite numbers, no box is left, or all boxes
            are shares of 1 in place of pixels. When it is asked for a photo of
            another size than the annotation names.
    """

    def __init__(self, root: str | os.PathLike[str], names: list[str],
                 bboxes: list[Any], labels: list[Any],
                 label_names: Sequence[str], missing: str = 'raise',
                 source: str | os.PathLike[str] = 'the annotation',
                 sizes: Mapping[str, tuple[int, int]] | None = None,
                 account: AnnotationAccount | None = None) -> None:
        super().__init__()
        self.root = Path(root)
        found = keep_existing(root, names, missing, source)
        self.names = [name for name in found if name is not None]
        keep = [i for i, name in enumerate(found) if name is not None]
        self.n_missing = len(names) - len(keep)
        self.label_names = tuple(label_names)
        self.sizes = {name: sizes[names[i]] for name, i in zip(self.names, keep, strict=True)
                      if names[i] in sizes} if sizes else {}
        account = account or AnnotationAccount({})
        self.left_out: dict[str, int] = dict(account.left_out)
        self.unknown_categories: dict[str, int] = dict(account.unknown_categories)
        n_box = sum(map(len, labels))
        bboxes, labels = [bboxes[i] for i in keep], [labels[i] for i in keep]
        if n_lost := n_box - sum(map(len, labels)):
            self.left_out['photo missing'] = n_lost
        for name, bbox, label in zip(self.names, bboxes, labels, strict=True):
            if np.size(bbox) != 4 * len(label):
                raise ValueError(
                    f'{source}: {name} has {np.size(bbox) / 4:g} boxes and {len(label)} labels')
        # two arrays for all, since small ones take 100 bytes each
        self._end = np.cumsum([len(label) for label in labels], dtype=np.int64)
        with np.errstate(over='ignore'):  # it becomes infinite
            self._bboxes = np.concatenate([
                np.empty((0, 4)), *(np.reshape(b, (-1, 4)) for b in bboxes)],
                dtype=np.float32, casting='same_kind')
        if not (finite := np.isfinite(self._bboxes).all(axis=1)).all():
            i = np.searchsorted(self._end, finite.argmin(), 'right')
            raise ValueError(
                f'{source}: a box of {self.names[i]} has NaN or infinite numbers')
        lines = [f'{n} {reason}' for reason, n in self.left_out.items()]
        lines += describe_unknown(self.unknown_categories)
        if not len(self._bboxes):
            raise ValueError(
                f'{source}: no box is left to train on or to score by. Of its '
                f'annotations these were left out: {", ".join(lines) or "none"}')
        if lines:
            _log.warning('%s: annotations left out: %s', source, ', '.join(lines))
        check_pixels(self._bboxes, source)
        self._labels = np.concatenate(
            [np.empty(0, np.int32), *labels]).astype(np.int32)
        if not (known := (0 <= self._labels) & (self._labels < len(self.label_names))).all():
            i = known.argmin()
            raise ValueError(
                f'{source}: {self.names[np.searchsorted(self._end, i, "right")]} has the label '
                f'{self._labels[i]}, which is not an index of the {len(self.label_names)} '
                'label_names')
        self.add_getter('img', self._get_image)
        self.add_getter(('bbox', 'label'), self._get_annotations)

    def __len__(self) -> int:
        return len(self.names)

    def _get_image(self, i):
        path = self.root / self.names[i]
        img = read_image(path)
        fault = compare_size(path, img.shape[1:], self.sizes.get(self.names[i]))
        if fault:
            raise ValueError(fault)
        return img

    def _get_annotations(self, i):
        i = range(len(self))[i]
        of_photo = slice(self._end[i - 1] if i else 0, self._end[i])
        return self._bboxes[of_photo].copy(), self._labels[of_photo].copy()


def check_pixels(bbox: np.ndarray, source: str | os.PathLike[str]) -> None:
    """Raise `ValueError` if all boxes are in shares of the sides.

    Args:
        bbox (array): :math:`(R, 4)`.
        source (str or path): Where they stand, for the message.
    """
    if len(bbox) and is_share(bbox).all():
        raise ValueError(
            f'{source}: all boxes are within the first pixel: they are shares of '
            'the sides, and must be pixels')


def is_share(bbox: np.ndarray) -> np.ndarray:
    """Guess which boxes are in shares of the image's sides."""
    return np.all(np.hstack((bbox >= -1, bbox[:, 2:] <= 1.001)), axis=1)
