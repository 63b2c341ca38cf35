import os
from pathlib import Path

from vasily_fashion.categories import MODANET_TO_FASHION
from vasily_fashion.datasets.generic_coco_bbox_dataset import GenericCOCOBboxDataset
from vasily_fashion.datasets.read_annotation import check_choice


class ModaNetBboxDataset(GenericCOCOBboxDataset):
    """Street snaps of ModaNet with boxes of their items.

    Its 13 categories [#]_ are `FASHION_CATEGORIES`, with boots apart from
    footwear.

    .. [#] Shuai Zheng, Fan Yang, M. Hadi Kiapour, Robinson Piramuthu.
       ModaNet: A Large-scale Street Fashion Dataset with Polygon Annotations.
       ACM Multimedia 2018.

    Args:
        root (str or path): The folder that holds
            `annotations/modanet2018_instances_SPLIT.json`, as published, and
            the photos in `images`. They are those of PaperDoll, which have to
            be fetched apart.
        split ({'train', 'val'}): The file published for 'val' has no boxes.
        own_categories (bool): Whether to keep ModaNet's 13.
        missing ({'raise', 'skip'}): What to do about photos that are not
            there.

    It returns what :class:`~vasily_fashion.datasets.GenericCOCOBboxDataset`
    does, and raises the same.
    """

    def __init__(self, root: str | os.PathLike[str], split: str = 'train',
                 own_categories: bool = False, missing: str = 'raise') -> None:
        check_choice('split', split, ('train', 'val'))
        root = Path(root)
        super().__init__(
            root / 'annotations' / f'modanet2018_instances_{split}.json',
            root / 'images', None if own_categories else MODANET_TO_FASHION,
            missing)
