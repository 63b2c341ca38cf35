import json
import os
import struct
import zlib
from collections import Counter
from pathlib import Path

from vasily_fashion.categories import CCP_TO_FASHION
from vasily_fashion.datasets.category_map import make_label_map
from vasily_fashion.datasets.image_files import keep_existing
from vasily_fashion.datasets.read_annotation import check_choice
from vasily_fashion.datasets.read_mat import read_mat
from vasily_fashion.utils import read_image

import cv2
import numpy as np
from chainercv.chainer_experimental.datasets.sliceable import GetterDataset
from chainercv.utils import mask_to_bbox

# The ids of the photos to train on and to choose by.
_SPLITS = Path(__file__).with_name('ccp_splits.json')
# A connected component under this share of its label's mask is a stray mark.
_MIN_COMPONENT = 0.05
_NO_ITEM = ('null', 'hair', 'skin')


class CCPBboxDataset(GetterDataset):
    """Street snaps of Clothing Co-Parsing with boxes of their items.

    The data set [#]_ labels pixels. One item is one label of a photo: its box
    is that of the label's mask after dropping connected components under 5 %
    of the mask. Labels are mapped by
    `vasily_fashion.categories.CCP_TO_FASHION`. Photos without a pixel
    annotation are left out.

    .. [#] Wei Yang, Ping Luo, Liang Lin. Clothing Co-Parsing by Joint Image
       Segmentation and Labeling. CVPR 2014.

    Args:
        root (str or path): The folder that holds `photos`, `annotations` and
            `label_list.mat`.
        split ({'train', 'val', 'test', 'all'}): 634 photos are to train on,
            163 to choose weights by, as `ccp_splits.json` lists them; all
            other annotated photos, 207 of the full set, are to report.
        missing ({'raise', 'skip'}): What to do about photos that are
            annotated but not there.
        own_categories (bool): Whether to keep the data set's 56, skin, hair
            and the background left out.

    It returns what :class:`~vasily_fashion.datasets.BboxListDataset` does.

    Attributes:
        ids (list of str): The photo ids, in order.
        names (list of str): The photos, under `root`.
        label_names (tuple of str): What the labels mean.
        n_missing (int): How many photos were left out.
    """

    def __init__(self, root: str | os.PathLike[str], split: str = 'train',
                 missing: str = 'raise', own_categories: bool = False) -> None:
        super().__init__()
        check_choice('split', split, ('train', 'val', 'test', 'all'))
        self.root = Path(root)
        folder = self.root / 'annotations' / 'pixel-level'
        names = self.root / 'label_list.mat'
        for path in (folder, names, self.root / 'photos'):
            if not path.exists():
                raise FileNotFoundError(
                    f'{path} is missing: root must be the folder of Clothing '
                    'Co-Parsing that holds photos, annotations and '
                    'label_list.mat')
        split_of_id = {
            id_: name
            for name, ids in json.loads(_SPLITS.read_text()).items() for id_ in ids}
        self.ids = [
            path.stem for path in sorted(folder.glob('*.mat'))
            if path.stem.isdecimal() and split in (
                'all', split_of_id.get(int(path.stem), 'test'))]
        if not self.ids:
            raise ValueError(
                f'{folder} annotates no photo of split {split!r}'
                + (': those of the full set that ccp_splits.json does not list'
                   if split == 'test' else ''))
        keep = keep_existing(
            self.root, [f'photos/{id_}.jpg' for id_ in self.ids], missing,
            folder)
        self.ids = [id_ for id_, k in zip(self.ids, keep, strict=True) if k]
        self.names = [f'photos/{id_}.jpg' for id_ in self.ids]
        self.n_missing = keep.count(None)
        value_names = _load(names, 'label_list', _check_names)
        self._value_names = value_names
        label_of_name, self.label_names = make_label_map(
            [name for name in value_names if name not in _NO_ITEM],
            None if own_categories else CCP_TO_FASHION, names)
        self._label_of_value = {
            value: label_of_name[name]
            for value, name in enumerate(value_names) if name in label_of_name}
        self.add_getter('img', self._get_image)
        self.add_getter(('bbox', 'label'), self._get_annotations)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def unknown_categories(self) -> dict[str, int]:
        """From names of labels that are not items to their counts; this reads all photos."""
        counts: Counter[str] = Counter()
        for i in range(len(self)):
            counts.update(
                self._value_names[value]
                for value in np.unique(self._read_values(i)).astype(int).tolist()
                if 0 <= value < len(self._value_names)
                and value not in self._label_of_value)
        for name in _NO_ITEM:
            counts.pop(name, None)
        return dict(counts)

    def _get_image(self, i):
        return read_image(self.root / self.names[i])

    def _get_annotations(self, i):
        label, mask = self._get_items(i)
        return mask_to_bbox(mask), label

    def get_mask(self, i: int) -> np.ndarray:
        """Masks of the items of a photo, in the order of its boxes.

        Args:
            i (int): Index of the photo.

        Returns:
            numpy.ndarray: :math:`(R, H, W)`, bool.
        """
        return self._get_items(i)[1]

    def _read_values(self, i):
        path = self.root / 'annotations' / 'pixel-level' / f'{self.ids[i]}.mat'
        return _load(path, 'groundtruth', _check_values)

    def _get_items(self, i):
        values = self._read_values(i)
        label, mask = [], []
        for value in np.unique(values):
            if int(value) in self._label_of_value:
                label.append(self._label_of_value[int(value)])
                mask.append(_without_stray_marks(values == value))
        return (np.array(label, np.int32),
                np.array(mask, bool).reshape((-1,) + values.shape))


def _load(path, name, check):
    try:
        return check(read_mat(path, name))
    except (KeyError, IndexError, RecursionError, TypeError, ValueError,
            struct.error, zlib.error) as error:
        raise ValueError(
            f'{path} holds no readable {name} ({type(error).__name__} {error}); fetch '
            'it again') from error


def _check_names(cells):
    names = list(cells[0])
    if not all(isinstance(name, str) for name in names):
        raise ValueError('a name is not text')
    return names


def _check_values(values):
    if isinstance(values, str) or values.dtype == object:
        raise ValueError('it does not hold numbers')
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError(f'it is of shape {values.shape}, or has NaN or infinity')
    return values


def _without_stray_marks(mask):
    _, component, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA]
    keep = areas >= _MIN_COMPONENT * areas[1:].sum()
    keep[1 + areas[1:].argmax()] = True  # of many small ones, the largest
    keep[0] = False
    return keep[component]
