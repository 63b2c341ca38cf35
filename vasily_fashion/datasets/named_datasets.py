"""The readers by name, for scripts."""
import os
from collections.abc import Callable, Sequence
from typing import Any

from vasily_fashion.datasets.ccp_bbox_dataset import CCPBboxDataset
from vasily_fashion.datasets.colorful_fashion_bbox_dataset import ColorfulFashionBboxDataset
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

# Every split is one of its data set's own; None reads the whole file.
_WHOLE: dict[str, str | None] = {'train': None, 'val': None, 'test': None}
_SAME: dict[str, str | None] = {'train': 'train', 'val': 'val', 'test': 'test'}
#: Name -> (reader, which of its splits is to train on, to choose weights by,
#: and to report). Where there is no 'val', weights cannot be chosen on it.
BBOX_DATASETS: dict[str, tuple[Any, dict[str, str | None]]] = {
    'ccp': (CCPBboxDataset, _SAME),
    'colorful': (ColorfulFashionBboxDataset, _SAME),
    # the test splits are not public: what is published is of validation
    'deepfashion2': (
        DeepFashion2BboxDataset, {'train': 'train', 'test': 'validation'}),
    'modanet': (ModaNetBboxDataset, {'train': 'train'}),
    'fashionpedia': (FashionpediaBboxDataset, {'train': 'train', 'test': 'val'}),
    'coco': (GenericCOCOBboxDataset, _WHOLE),
    'voc': (GenericVOCBboxDataset, _WHOLE),
}
RETRIEVAL_DATASETS: dict[str, tuple[Any, dict[str, str | None]]] = {
    'deepfashion2-pairs': (
        DeepFashion2RetrievalDataset, {'train': 'train', 'test': 'validation'}),
    'consumer-to-shop': (ConsumerToShopDataset, _SAME),
    'in-shop': (InShopDataset, {'train': 'train', 'test': 'test'}),
    'street2shop': (Street2ShopDataset, {'train': 'train', 'test': 'test'}),
    'csv': (CSVRetrievalDataset, _SAME),
    'folder': (ProductFolderDataset, {'train': 'train', 'val': 'val', 'test': None}),
}

# What `images` is to the readers of a file, or of a folder with a CSV.
_IMAGES = {'csv': 'root', 'folder': 'csv_path'}


def parse_dataset(
        words: Sequence[str], names: Sequence[str],
        options: dict[str, Callable[[str], Any]]
) -> tuple[str, str, dict[str, Any]]:
    """Parse the value of a script's ``--dataset``.

    Args:
        words (sequence of str): NAME ROOT [KEY=VALUE ...].
        names (sequence of str): The names that it may be.
        options (dict): The keys that there may be, and what makes a value of
            the text.

    Returns:
        (str, str, dict): Name, root, and the options that are given.

    Raises:
        ValueError: If it is not of that form.
    """
    if len(words) < 2 or words[0] not in names:
        raise ValueError(
            f'a data set is a name, one of {", ".join(names)}, and its folder '
            f'or file, not {" ".join(words)}')
    values = {}
    for word in words[2:]:
        key, _, value = word.partition('=')
        if key not in options:
            raise ValueError(
                f'{word} after {words[0]} {words[1]}: it must be one of '
                f'{", ".join(f"{key}=..." for key in options)}')
        values[key] = options[key](value)
    return words[0], words[1], values


def find_split(name: str, purpose: str) -> str | None:
    """The split of a data set that serves a purpose.

    Args:
        name (str): Of `BBOX_DATASETS` or `RETRIEVAL_DATASETS`.
        purpose ({'train', 'val', 'test'}): To train on, to choose weights by,
            or to report.

    Returns:
        str or None: The split; :obj:`None` for all there is.

    Raises:
        ValueError: If there is none.
    """
    _, splits = {**BBOX_DATASETS, **RETRIEVAL_DATASETS}[name]
    if purpose not in splits:
        raise ValueError(
            f'{name} has no split for {purpose!r}, only for '
            f'{", ".join(map(repr, splits))}; another split in its place would '
            'choose what it reports')
    return splits[purpose]


def find_all_splits(name: str) -> tuple[str | None, ...]:
    """The splits that hold all of a data set between them.

    Args:
        name (str): Of `BBOX_DATASETS` or `RETRIEVAL_DATASETS`.

    Returns:
        tuple: Splits as the reader takes them; (:obj:`None`,) for a reader
        that reads all of it at once.
    """
    if name in ('csv', 'folder'):
        return None,
    if name == 'ccp':
        return 'all',
    _, splits = {**BBOX_DATASETS, **RETRIEVAL_DATASETS}[name]
    return tuple(dict.fromkeys(splits.values()))


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
        if split is not None:
            raise ValueError(
                f'coco has no split {split!r}: name the json of that split')
        return reader(root, images or os.path.dirname(root) or '.', **kwargs)
    if images is not None:
        if name not in _IMAGES:
            raise ValueError(
                f'images is for coco, csv and folder, not for {name}')
        kwargs[_IMAGES[name]] = images
    return reader(root, **kwargs)
