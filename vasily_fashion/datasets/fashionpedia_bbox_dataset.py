import os
from pathlib import Path

from vasily_fashion.categories import FASHIONPEDIA_TO_FASHION
from vasily_fashion.datasets.generic_coco_bbox_dataset import GenericCOCOBboxDataset
from vasily_fashion.datasets.read_annotation import check_choice

# what the archives unpack to, and what people call it
_FOLDERS = {
    'train': ('train', 'train2020', 'images/train'),
    'val': ('test', 'val_test2020', 'val', 'val2020', 'images/val'),
}


class FashionpediaBboxDataset(GenericCOCOBboxDataset):
    """Photos of Fashionpedia with boxes of their items.

    Of its 46 categories [#]_ the parts of garments (sleeve, collar, ...) are
    no items, nor are gloves, watches, hosiery and umbrellas.

    .. [#] Menglin Jia et al. Fashionpedia: Ontology, Segmentation, and an
       Attribute Localization Dataset. ECCV 2020.

    Args:
        root (str or path): The folder that holds
            `instances_attributes_SPLIT2020.json` and the photos, in the
            folder that the archive unpacks to ('train'; 'test' for both val
            and test).
        split ({'train', 'val'}): Which.
        own_categories (bool): Whether to keep Fashionpedia's, parts as well.
        missing ({'raise', 'skip'}): What to do about photos that are not
            there.

    It returns what :class:`~vasily_fashion.datasets.GenericCOCOBboxDataset`
    does, and raises the same.
    """

    def __init__(self, root: str | os.PathLike[str], split: str = 'train',
                 own_categories: bool = False, missing: str = 'raise') -> None:
        check_choice('split', split, tuple(_FOLDERS))
        root = Path(root)
        folders = [root / name for name in _FOLDERS[split]]
        super().__init__(
            root / f'instances_attributes_{split}2020.json',
            next((x for x in folders if x.is_dir()), folders[0]),
            None if own_categories else FASHIONPEDIA_TO_FASHION, missing)
