import os
from pathlib import Path

from vasily_fashion.categories import IN_SHOP_TO_FASHION
from vasily_fashion.datasets.category_map import make_label_map
from vasily_fashion.datasets.image_files import check_folder
from vasily_fashion.datasets.read_annotation import check_choice, read_boxes, read_partition
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset

_STATUSES = ('train', 'query', 'gallery')


class InShopDataset(RetrievalDataset):
    """DeepFashion In-shop: several images of each item, all of one shop.

    Images to train on [#]_ search and are searched, so that
    :class:`~vasily_fashion.datasets.StreetShopPairDataset` pairs them with
    each other.

    .. [#] Ziwei Liu, Ping Luo, Shi Qiu, Xiaogang Wang, Xiaoou Tang.
       DeepFashion: Powering Robust Clothes Recognition and Retrieval with
       Rich Annotations. CVPR 2016. For the protocol see
       :func:`~vasily_fashion.evaluations.eval_in_shop`, whose statuses are
       `splits`.

    Args:
        root (str or path): The folder that holds `Anno`, `Eval` and `Img`.
        split ({'train', 'test', 'all'}): 'test' is query and gallery.
        missing ({'raise', 'skip'}): What to do about images that are not
            there.
        margin (float): As of
            :class:`~vasily_fashion.datasets.RetrievalDataset`.

    It returns what :class:`~vasily_fashion.datasets.RetrievalDataset` does,
    with 'train', 'query' and 'gallery' as `splits`.

    Raises:
        FileNotFoundError: If a file or folder is missing.
        ValueError: If a file is truncated or of another layout.
    """

    def __init__(self, root: str | os.PathLike[str], split: str = 'train',
                 missing: str = 'raise', margin: float = 0.) -> None:
        check_choice('split', split, ('train', 'test', 'all'))
        root = Path(root)
        check_folder(root / 'Img', 'root must be the folder of DeepFashion '
                     'In-shop that holds Anno, Eval and Img')
        partition = root / 'Eval' / 'list_eval_partition.txt'
        rows = [row for row in read_partition(partition, 3, _STATUSES)
                if split == 'all' or (row[2] == 'train') == (split == 'train')]
        names = [name for name, _, _ in rows]
        boxes = read_boxes(root / 'Anno' / 'list_bbox_inshop.txt', names)
        label_of_name, _ = make_label_map(IN_SHOP_TO_FASHION, IN_SHOP_TO_FASHION, partition)
        categories = [''.join(Path(name).parts[2:3]) for name in names]
        super().__init__(
            root / 'Img', names, [item_id for _, item_id, _ in rows],
            [status != 'gallery' for _, _, status in rows],
            [status != 'query' for _, _, status in rows],
            [status for _, _, status in rows],
            [label_of_name.get(name, -1) for name in categories],
            [boxes[name][1:] for name in names], missing=missing,
            source=partition, margin=margin)
        self._tell(partition, (x for x in categories if x not in label_of_name))
