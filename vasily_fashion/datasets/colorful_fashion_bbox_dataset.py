import os

from vasily_fashion.categories import COLORFUL_FASHION_TO_FASHION, FASHION_CATEGORIES
from vasily_fashion.datasets.generic_voc_bbox_dataset import GenericVOCBboxDataset

import numpy as np

_FOOTWEAR = FASHION_CATEGORIES.index('footwear')


class ColorfulFashionBboxDataset(GenericVOCBboxDataset):
    """Street snaps of the Colorful Fashion set with boxes.

    The data set [#]_ boxes shoes one by one or as a pair; here, as in Clothing
    Co-Parsing, the shoes of a photo are one item with one box around them.
    Belts and scarves are worn and not boxed: `labelled` leaves them out.

    .. [#] Si Liu, Jiashi Feng, Csaba Domokos, Hui Xu, Junshi Huang, Zhenzhen
       Hu, Shuicheng Yan. Fashion Parsing with Weak Color-Category Labels. IEEE
       Transactions on Multimedia, 2014.

    Args:
        root (str or path): The folder that holds `Annotations`, `ImageSets`
            and `JPEGImages`.
        split ({'train', 'val', 'test'}): As its `ImageSets/Main` has them.
        missing ({'raise', 'skip'}): What to do about photos that are not
            there.

    It returns what :class:`~vasily_fashion.datasets.BboxListDataset` does.

    Attributes:
        left_out (dict): As of
            :class:`~vasily_fashion.datasets.BboxListDataset`; 'joined with the other
            shoe' as well.
        labelled (tuple of int): The labels that the photos are annotated
            with. An item of another category is neither boxed nor background.
    """

    labelled = tuple(sorted({
        FASHION_CATEGORIES.index(name)
        for name in COLORFUL_FASHION_TO_FASHION.values()}))

    def __init__(self, root: str | os.PathLike[str], split: str = 'train',
                 missing: str = 'raise') -> None:
        super().__init__(root, split, COLORFUL_FASHION_TO_FASHION, missing)
        n_shoe = np.diff(np.r_[0, np.cumsum(self._labels == _FOOTWEAR)][np.r_[0, self._end]])
        if n_joined := int(np.maximum(n_shoe - 1, 0).sum()):
            self.left_out['joined with the other shoe'] = n_joined

    def _get_annotations(self, i):
        bbox, label = super()._get_annotations(i)
        shoes = label == _FOOTWEAR
        if shoes.sum() < 2:
            return bbox, label
        pair = np.concatenate([
            bbox[shoes, :2].min(axis=0), bbox[shoes, 2:].max(axis=0)])
        return (np.concatenate([bbox[~shoes], pair[None]]).astype(np.float32),
                np.append(label[~shoes], np.int32(_FOOTWEAR)))
