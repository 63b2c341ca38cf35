import os
from pathlib import Path

from vasily_fashion.categories import FASHION_CATEGORIES, IN_SHOP_TO_FASHION
from vasily_fashion.datasets.image_files import check_folder, check_names
from vasily_fashion.datasets.read_annotation import read_table
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
        if split not in ('train', 'test', 'all'):
            raise ValueError(
                f"split must be 'train', 'test' or 'all', not {split!r}")
        root = Path(root)
        check_folder(root / 'Img', 'root must be the folder of DeepFashion '
                     'In-shop that holds Anno, Eval and Img')
        partition = root / 'Eval' / 'list_eval_partition.txt'
        rows = read_table(partition, 3, 2)
        for _, _, status in rows:
            if status not in _STATUSES:
                raise ValueError(
                    f'{partition}: evaluation_status is {status!r}, none of '
                    f'{_STATUSES}: is it the file of another benchmark?')
        rows = [row for row in rows
                if split == 'all' or (row[2] == 'train') == (split == 'train')]
        check_names([name for name, _, _ in rows], partition)
        path = root / 'Anno' / 'list_bbox_inshop.txt'
        try:
            boxes = {
                name: (float(y0), float(x0), float(y1), float(x1))
                for name, _, _, x0, y0, x1, y1 in read_table(path, 7, 2)}
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from error
        unknown = [name for name, _, _ in rows if name not in boxes]
        if unknown:
            raise ValueError(
                f'{path} has no box of {len(unknown)} images that {partition} '
                f'names, such as {unknown[0]}')
        label_of_name = {
            name: FASHION_CATEGORIES.index(category)
            for name, category in IN_SHOP_TO_FASHION.items()}
        categories = [''.join(Path(name).parts[2:3]) for name, _, _ in rows]
        super().__init__(
            root / 'Img', [name for name, _, _ in rows],
            [item_id for _, item_id, _ in rows],
            [status != 'gallery' for _, _, status in rows],
            [status != 'query' for _, _, status in rows],
            [status for _, _, status in rows],
            [label_of_name.get(name, -1) for name in categories],
            [boxes[name] for name, _, _ in rows], missing=missing,
            source=partition, margin=margin)
        self._tell(partition, (x for x in categories if x not in label_of_name))
