import itertools
import logging
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets.category_map import describe_unknown
from vasily_fashion.datasets.image_files import keep_existing
from vasily_fashion.transforms import crop_by_bbox, jitter_bbox
from vasily_fashion.utils import ImageReadError, read_image

import numpy as np
from chainercv.chainer_experimental.datasets.sliceable import GetterDataset

_log = logging.getLogger(__name__)


class RetrievalDataset(GetterDataset):
    """A table of images of items: street photos and product images.

    The base of the readers of retrieval data sets. One example is one item
    of one image, cut out by its box if it has one.

    Args:
        root (str or path): Folder of the images.
        names (list of str): The image of each example, under `root`.
        item_ids (array): :math:`(N,)`, int or str: the item in each. Examples
            of one id show the same item.
        is_query (array): :math:`(N,)`, bool: whether it is a street photo, or
            another that searches.
        is_gallery (array): :math:`(N,)`, bool: whether it is a product image,
            or another that is searched.
        splits (array of str): :math:`(N,)`; '' where there is none.
        labels (array): :math:`(N,)`, int32: its category; -1 where it is not
            known.
        bboxes (array): :math:`(N, 4)`; NaN where there is none and the whole
            image is the item. All NaN by default.
        label_names (tuple of str): What the labels mean.
        missing ({'raise', 'skip', None}): What to do about images that are not
            there; :obj:`None` if the names were found on the disk.
        source (str or path): The annotation file, for messages.
        margin (float): Room around boxes, as of
            :func:`~vasily_fashion.transforms.crop_by_bbox`.
        long_side (int): The longer side of the images that the boxes were
            drawn on. If the files are of another size, boxes are scaled.

    This dataset returns the following data.

    .. csv-table::
        :header: name, shape, dtype, format

        img, ":math:`(3, H, W)`", float32, "RGB, :math:`[0, 255]`"
        item_id, scalar, "int or str", --
        label, scalar, int32, "index into `label_names`, or -1"

    Attributes:
        names, item_ids, is_query, is_gallery, splits, labels, bboxes: Of the
            examples whose image is there.
        root, label_names, margin, long_side: See above.
        unknown_categories (dict): Name to number of rows, of categories that
            have no label here.
        n_missing (int): How many examples were left out.

    Raises:
        FileNotFoundError: If images are missing and are not to be skipped.
        ValueError: If the columns are not of one length, or a box is infinite.
    """

    def __init__(self, root: str | os.PathLike[str], names: Sequence[str],
                 item_ids: np.ndarray | Sequence[int] | Sequence[str],
                 is_query: np.ndarray | Sequence[bool],
                 is_gallery: np.ndarray | Sequence[bool],
                 splits: np.ndarray | Sequence[str] | None = None,
                 labels: np.ndarray | Sequence[int] | None = None,
                 bboxes: np.ndarray | Sequence[Sequence[float]] | None = None,
                 label_names: Sequence[str] = FASHION_CATEGORIES,
                 missing: str | None = 'raise',
                 source: str | os.PathLike[str] = 'the annotation',
                 margin: float = 0., long_side: int | None = None) -> None:
        super().__init__()
        self._more_columns: tuple[str, ...] = ()  # which `choose` keeps as well
        n = len(names)
        columns = {
            'item_ids': np.asarray(item_ids),
            'is_query': np.asarray(is_query, bool),
            'is_gallery': np.asarray(is_gallery, bool),
            'splits': np.full(n, '') if splits is None else np.asarray(splits),
            'labels': np.full(n, -1, np.int32) if labels is None
            else np.asarray(labels, np.int32),
            'bboxes': np.full((n, 4), np.nan, np.float32) if bboxes is None
            else _as_float32(bboxes).reshape(-1, 4),
        }
        lengths = {'names': n, **{k: len(x) for k, x in columns.items()}}
        if len(set(lengths.values())) > 1:
            raise ValueError(f'columns must be of one length, not {lengths}')
        if (infinite := np.isinf(columns['bboxes']).any(axis=1)).any():
            raise ValueError(
                f'{source}: the box of {names[int(infinite.argmax())]} is infinite')
        found = names if missing is None else keep_existing(root, names, missing, source)
        self.root = Path(root)
        self.names = [name for name in found if name is not None]
        self._kept = np.array([i for i, name in enumerate(found) if name is not None], int)
        self.unknown_categories: dict[str, int] = {}
        self.n_missing = n - len(self.names)
        if self.n_missing:
            _log.warning('%s: %d of %d images are not there, such as %s', source,
                         self.n_missing, n, names[found.index(None)])
        self.label_names = tuple(label_names)
        self.margin, self.long_side = margin, long_side
        for key, column in columns.items():
            setattr(self, key, column[self._kept])
        self.add_getter('img', self.read_crop)
        self.add_getter(('item_id', 'label'), self._get_item)

    def __len__(self) -> int:
        return len(self.names)

    def _get_item(self, i):
        return self.item_ids[i], self.labels[i]

    def _tell(
            self, source: str | os.PathLike[str], unknown_categories: Iterable[str],
            lines: Iterable[str] = ()) -> None:
        """Count unknown categories; log them, and what is not read."""
        self.unknown_categories = dict(Counter(unknown_categories))
        lines = [*describe_unknown(self.unknown_categories), *lines]
        if lines:
            _log.warning('%s: %s', source, ', '.join(lines))

    def read_photo(self, i: int) -> np.ndarray:
        """The image of an example, not cut by its box.

        Args:
            i (int): Which.

        Returns:
            numpy.ndarray: :math:`(3, H, W)`, float32.
        """
        return read_image(self.root / self.names[i])

    def read_crop(self, i: int, box_jitter: float = 0.,
                  random_state: Any = np.random,
                  box_margin: float = 0.) -> np.ndarray:
        """The image of an example, cut by its box if it has one.

        Args:
            i (int): Which.
            box_jitter (float): How far its box is moved, as
                :func:`~vasily_fashion.transforms.jitter_bbox` does with that
                standard deviation.
            random_state: Where chance comes from.
            box_margin (float): The most room that its box gets, as its `margin`.

        Returns:
            numpy.ndarray: :math:`(3, H, W)`, float32.

        Raises:
            ImageReadError: If the image cannot be read, or all of the box is
                outside of it.
        """
        img = self.read_photo(i)
        bbox = self.bboxes[i][None]
        if np.isnan(bbox).any():
            return img
        if self.long_side is not None:
            bbox = bbox * (max(img.shape[1:]) / self.long_side)
        if (bbox[0, :2] >= img.shape[1:]).any() or (bbox[0, 2:] <= 0).any():
            raise ImageReadError(  # a catalogue is built without it
                f'{self.root / self.names[i]}: its box {bbox[0].tolist()} is outside of its '
                f'{img.shape[2]} x {img.shape[1]} pixels: correct it, or leave it out')
        if box_jitter or box_margin:
            bbox = jitter_bbox(bbox, box_jitter, random_state, box_margin)
        return crop_by_bbox(img, bbox, self.margin)[0].copy()

    def image_ids(self) -> list[str]:
        """Ids of the images: unique, and the same in each run.

        If an item has one image, the image has the item's id. Otherwise its id is
        its path. If another image has that id already, such as another box of the
        same photo, '#2', '#3' and so on is added to the path.

        Returns:
            list of str: :math:`N` ids.
        """
        items = [str(i) for i in self.item_ids.tolist()]
        count = Counter(items)
        taken = {item for item, n in count.items() if n == 1}
        ids = []
        for item, name in zip(items, self.names, strict=True):
            if count[item] > 1:
                item = next(i for i in itertools.chain(
                    [name], (f'{name}#{n}' for n in itertools.count(2))) if i not in taken)
                taken.add(item)
            ids.append(item)
        return ids

    def choose(self, which: np.ndarray) -> 'RetrievalDataset':
        """Some of the examples.

        Args:
            which (array): :math:`(N,)`, bool; such as
                ``dataset.splits == 'test'``.

        Returns:
            RetrievalDataset: With these. Its `unknown_categories` and `n_missing` are
            those of the whole.
        """
        which = np.asarray(which)
        if which.dtype != bool or which.shape != (len(self),):
            raise ValueError(f'which must be {len(self)} bools')
        chosen = RetrievalDataset(
            self.root, [self.names[i] for i in np.flatnonzero(which)],
            self.item_ids[which], self.is_query[which],
            self.is_gallery[which], self.splits[which], self.labels[which],
            self.bboxes[which], self.label_names, None,
            margin=self.margin, long_side=self.long_side)
        for name in self._more_columns:
            column = getattr(self, name)
            setattr(chosen, name, column[which] if isinstance(column, np.ndarray)
                    else [column[i] for i in np.flatnonzero(which)])
        chosen._more_columns = self._more_columns
        chosen.n_missing = self.n_missing
        chosen.unknown_categories = dict(self.unknown_categories)
        return chosen


def _as_float32(bboxes):
    with np.errstate(over='ignore'):  # it becomes infinite
        return np.asarray(bboxes, np.float32)
