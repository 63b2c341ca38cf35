import os
from pathlib import Path

from vasily_fashion.categories import CONSUMER_TO_SHOP_TO_FASHION
from vasily_fashion.datasets.category_map import make_label_map
from vasily_fashion.datasets.image_files import check_folder
from vasily_fashion.datasets.read_annotation import check_choice, read_boxes, read_partition
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset

_SPLITS = ('train', 'val', 'test')
# The longer side of the images that the boxes were drawn on.
_LONG_SIDE = 300
# The high-resolution copies have another name for it.
_FOLDER, _FOLDER_HIGHRES = 'CLOTHING/Summer_Wear', 'CLOTHING/Summer_Suit'


class ConsumerToShopDataset(RetrievalDataset):
    """DeepFashion Consumer-to-Shop: consumers' photos and shops' images.

    An image is an example once [#]_, however many pairs it is in. Consumer
    or shop is what `source_type` of the boxes says (1 is a shop).

    .. [#] Ziwei Liu, Ping Luo, Shi Qiu, Xiaogang Wang, Xiaoou Tang.
       DeepFashion: Powering Robust Clothes Recognition and Retrieval with
       Rich Annotations. CVPR 2016. For the protocol, and what its gallery
       is, see :func:`~vasily_fashion.evaluations.eval_consumer_to_shop`.

    Args:
        root (str or path): The folder that holds `Anno`, `Eval` and `Img`.
        split ({'train', 'val', 'test', 'all'}): Partition of the pairs.
        highres (bool): Whether the images are the high-resolution copies.
            Boxes, which belong to images whose longer side is 300, are scaled
            then, and `CLOTHING/Summer_Suit` is found under that name too.
        missing ({'raise', 'skip'}): What to do about images that are not
            there.
        margin (float): As of
            :class:`~vasily_fashion.datasets.RetrievalDataset`.

    It returns what :class:`~vasily_fashion.datasets.RetrievalDataset` does.
    Labels are the categories of the paths; -1 where one is unknown.

    Raises:
        FileNotFoundError: If a file or folder is missing.
        ValueError: If a file is truncated or of another layout.
    """

    def __init__(self, root: str | os.PathLike[str], split: str = 'train',
                 highres: bool = False, missing: str = 'raise',
                 margin: float = 0.) -> None:
        check_choice('split', split, (*_SPLITS, 'all'))
        root = Path(root)
        check_folder(root / 'Img', 'root must be the folder of DeepFashion '
                     'Consumer-to-Shop that holds Anno, Eval and Img')
        partition = root / 'Eval' / 'list_eval_partition.txt'
        rows: dict[str, tuple[str, str]]
        rows = {}  # an image -> its item and split, in the file's order
        for *images, item_id, status in read_partition(partition, 4, _SPLITS):
            if split in (status, 'all'):
                for name in images:
                    rows.setdefault(name, (item_id, status))
        boxes = read_boxes(root / 'Anno' / 'list_bbox_consumer2shop.txt', rows)
        label_of_name, _ = make_label_map(
            CONSUMER_TO_SHOP_TO_FASHION, CONSUMER_TO_SHOP_TO_FASHION, partition)
        categories = [_category_of(name, label_of_name) for name in rows]
        files = list(rows)
        if highres and (root / 'Img' / 'img' / _FOLDER_HIGHRES).is_dir():
            files = [name.replace(_FOLDER, _FOLDER_HIGHRES) for name in files]
        is_shop = [boxes[name][0] == '1' for name in rows]
        super().__init__(
            root / 'Img', files, [item_id for item_id, _ in rows.values()],
            [not shop for shop in is_shop], is_shop,
            [status for _, status in rows.values()],
            [label_of_name.get(name, -1) for name in categories],
            [boxes[name][1:] for name in rows], missing=missing,
            source=partition, margin=margin,
            long_side=_LONG_SIDE if highres else None)
        self._tell(partition, (x for x in categories if x not in label_of_name))


def _category_of(name, known):
    """The second folder of a path, or both where they are known together."""
    second = ''.join(Path(name).parts[2:3])
    both = '/'.join(Path(name).parts[1:3])
    return second if second in known else both
