import os

from vasily_fashion.datasets.deepfashion2 import (
    find_annotations,
    label_map,
    read_items,
)
from vasily_fashion.utils import read_image

import numpy as np
from chainercv.chainer_experimental.datasets.sliceable import GetterDataset


class DeepFashion2BboxDataset(GetterDataset):
    """Photos of DeepFashion2 with boxes of their items.

    Nothing but the names of the files [#]_ is read when it is opened; an
    annotation is read when it is asked for.

    .. [#] Yuying Ge, Ruimao Zhang, Xiaogang Wang, Xiaoou Tang, Ping Luo.
       DeepFashion2: A Versatile Benchmark for Detection, Pose Estimation,
       Segmentation and Re-Identification of Clothing Images. CVPR 2019.

    Args:
        root (str or path): The folder that holds `train` and `validation`,
            each with `image` and `annos`.
        split ({'train', 'validation'}): Which. The test photos are published
            without annotations.
        own_categories (bool): Whether to keep DeepFashion2's 13.
        missing ({'raise', 'skip'}): What to do about photos that are not
            there.

    It returns what :class:`~vasily_fashion.datasets.BboxListDataset` does.

    Attributes:
        names (list of str): Of the photos that are there, under `root`.
        label_names (tuple of str): What the labels mean.
        n_missing (int): How many photos were left out.

    Raises:
        FileNotFoundError: If folders are missing, or photos are and are not to
            be skipped.
        ValueError: When it is asked for a damaged annotation.
    """

    def __init__(self, root: str | os.PathLike[str], split: str = 'train',
                 own_categories: bool = False, missing: str = 'raise') -> None:
        super().__init__()
        self.root, stems, self.n_missing = find_annotations(
            root, split, missing)
        self._split = split
        self._stems = stems
        self._label_of_id, self.label_names = label_map(own_categories)
        self.add_getter('img', self._get_image)
        self.add_getter(('bbox', 'label'), self._get_annotations)

    def __len__(self) -> int:
        return len(self._stems)

    @property
    def left_out(self) -> dict[str, int]:
        """From reasons to counts of annotations that are left out; this reads all files."""
        n_solid = sum(len(label) for label in self.slice[:, 'label'])
        n_empty = sum(len(self._read_items(i)) for i in range(len(self))) - n_solid
        return {'empty': n_empty} if n_empty else {}

    @property
    def names(self) -> list[str]:
        return [f'{self._split}/image/{stem}.jpg' for stem in self._stems]

    def _get_image(self, i):
        return read_image(
            self.root / self._split / 'image' / f'{self._stems[i]}.jpg')

    def _read_items(self, i):
        return read_items(
            self.root / self._split / 'annos' / f'{self._stems[i]}.json')[1]

    def _get_annotations(self, i):
        items = self._read_items(i)
        bbox = np.array([x.bbox for x in items], np.float32).reshape(-1, 4)
        label = np.array(
            [self._label_of_id[x.category_id] for x in items], np.int32)
        solid = (bbox[:, 2:] > bbox[:, :2]).all(axis=1)
        return bbox[solid], label[solid]
