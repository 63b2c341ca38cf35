"""The readers by name, for scripts."""
import os
from typing import Any

from vasily_fashion.datasets.ccp_bbox_dataset import CCPBboxDataset
from vasily_fashion.datasets.consumer_to_shop_dataset import ConsumerToShopDataset
from vasily_fashion.datasets.csv_retrieval_dataset import CSVRetrievalDataset
from vasily_fashion.datasets.deepfashion2_bbox_dataset import DeepFashion2BboxDataset
from vasily_fashion.datasets.deepfashion2_retrieval_dataset import DeepFashion2RetrievalDataset
from vasily_fashion.datasets.fashionpedia_bbox_dataset import FashionpediaBboxDataset
from vasily_fashion.datasets.generic_coco_bbox_dataset import GenericCOCOBboxDataset
from vasily_fashion.datasets.generic_voc_bbox_dataset import GenericVOCBboxDataset
from vasily_fashion.datasets.in_shop_dataset import InShopDataset
from vasily_fashion.datasets.modanet_bbox_dataset import ModaNetBboxDataset
from vasily_fashion.datasets.product_folder_dataset import ProductFolderDataset
from vasily_fashion.datasets.street2shop_dataset import Street2ShopDataset

#: Name -> (reader, its splits). A reader of files without splits has None.
BBOX_DATASETS = {
    'ccp': (CCPBboxDataset, ('train', 'val')),
    'deepfashion2': (DeepFashion2BboxDataset, ('train', 'validation')),
    'modanet': (ModaNetBboxDataset, ('train',)),
    'fashionpedia': (FashionpediaBboxDataset, ('train', 'val')),
    'coco': (GenericCOCOBboxDataset, (None,)),
    'voc': (GenericVOCBboxDataset, (None,)),
}
RETRIEVAL_DATASETS = {
    'deepfashion2-pairs': (
        DeepFashion2RetrievalDataset, ('train', 'validation')),
    'consumer-to-shop': (ConsumerToShopDataset, ('train', 'val', 'test')),
    'in-shop': (InShopDataset, ('train', 'test')),
    'street2shop': (Street2ShopDataset, ('train', 'test')),
    'csv': (CSVRetrievalDataset, (None,)),
    'folder': (ProductFolderDataset, (None,)),
}

# What `images` is to the readers of a file, or of a folder with a CSV.
_IMAGES = {'csv': 'root', 'folder': 'csv_path'}


def open_dataset(
        name: str, root: str | os.PathLike[str], split: str | None = None,
        missing: str = 'raise',
        images: str | os.PathLike[str] | None = None) -> Any:
    """Open a data set by the name of its reader.

    Args:
        name (str): Of `BBOX_DATASETS` or `RETRIEVAL_DATASETS`.
        root (str or path): Its folder; of 'coco' and 'csv' the file.
        split (str): One that the reader takes; its default if not given.
        missing ({'raise', 'skip'}): What to do about missing images.
        images (str or path): For 'coco' and 'csv', the folder of the images;
            that of the file by default. For 'folder', the CSV.

    Returns:
        The data set.

    Raises:
        OSError, ValueError: As the reader does, or `images` is not for it.
    """
    reader, _ = {**BBOX_DATASETS, **RETRIEVAL_DATASETS}[name]
    kwargs: dict[str, Any] = {'missing': missing}
    if split is not None:
        kwargs['split'] = split
    if name == 'coco':
        return reader(root, images or os.path.dirname(root) or '.', **kwargs)
    if images is not None:
        if name not in _IMAGES:
            raise ValueError(
                f'images is for coco, csv and folder, not for {name}')
        kwargs[_IMAGES[name]] = images
    return reader(root, **kwargs)
