import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vasily_fashion.datasets.image_files import keep_existing
from vasily_fashion.utils import read_image

import numpy as np
from chainercv.chainer_experimental.datasets.sliceable import GetterDataset


class BboxListDataset(GetterDataset):
    """Photos with boxes, whose annotations are in memory.

    The base of the readers of detection data sets.

    Args:
        root (str or path): Folder of the photos.
        names (list of str): The photos' names there.
        bboxes (list of array): :math:`(R, 4)` for each photo.
        labels (list of array): :math:`(R,)` for each photo.
        label_names (tuple of str): What the labels mean.
        missing ({'raise', 'skip'}): What to do about photos that are not
            there.
        source (str or path): The annotation file, for messages.

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

    Raises:
        FileNotFoundError: If photos are missing and are not to be skipped.
        ValueError: If a box has NaN or infinite numbers.
    """

    def __init__(self, root: str | os.PathLike[str], names: list[str],
                 bboxes: list[np.ndarray], labels: list[Any],
                 label_names: Sequence[str], missing: str = 'raise',
                 source: str | os.PathLike[str] = 'the annotation') -> None:
        super().__init__()
        self.root = Path(root)
        keep = np.flatnonzero(keep_existing(root, names, missing, source))
        self.names = [names[i] for i in keep]
        self.n_missing = len(names) - len(keep)
        self.label_names = tuple(label_names)
        bboxes, labels = [bboxes[i] for i in keep], [labels[i] for i in keep]
        # two arrays for all, since small ones take 100 bytes each
        self._end = np.cumsum([len(label) for label in labels], dtype=np.int64)
        with np.errstate(over='ignore'):  # it becomes infinite
            self._bboxes = np.concatenate([
                np.empty((0, 4)), *(np.reshape(b, (-1, 4)) for b in bboxes)],
                dtype=np.float32, casting='same_kind')
        if not np.isfinite(self._bboxes).all():
            raise ValueError(f'{source}: a box has NaN or infinite numbers')
        self._labels = np.concatenate(
            [np.empty(0, np.int32), *labels]).astype(np.int32)
        self.add_getter('img', self._get_image)
        self.add_getter(('bbox', 'label'), self._get_annotations)

    def __len__(self) -> int:
        return len(self.names)

    def _get_image(self, i):
        return read_image(self.root / self.names[i])

    def _get_annotations(self, i):
        of_photo = slice(self._end[i - 1] if i else 0, self._end[i])
        return self._bboxes[of_photo].copy(), self._labels[of_photo].copy()
