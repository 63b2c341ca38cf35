import os
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets.category_map import make_label_map
from vasily_fashion.datasets.image_files import (
    check_folder,
    find_files,
    image_suffixes,
    list_images,
)
from vasily_fashion.datasets.read_annotation import check_choice, find_unknown_columns, read_csv
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset

import numpy as np

_KNOWN = ('path', 'id', 'category', 'name', 'price', 'url', 'design', 'type')


class ProductFolderDataset(RetrievalDataset):
    """A folder of product photos, with a CSV about them if there is one.

    Without a CSV every image under the folder is a product, its id the path
    without suffix, its category the name of the folder that it is in. Photos whose
    paths differ in the suffix alone keep it in their ids. With a CSV, its rows are the
    products: column `path`, and, as far as they are there, `id`, `category`, `name`,
    `price`, `url` and `type`. Several rows may name one photo. Ids are text. Where the CSV has
    no column `category`, the folder's name is the category too.

    Args:
        root (str or path): The folder. Links to other folders are followed,
            loops of them are not.
        csv_path (str or path): The CSV: UTF-8, with a header line.
        category_map (dict, 'common' or None): As of
            :class:`~vasily_fashion.datasets.GenericCOCOBboxDataset`. Products
            of other categories stay, with the label -1.
        missing ({'raise', 'skip'}): What to do about photos that are in the
            CSV alone.
        split ({'train', 'val'}): About a tenth of the products is for
            validation: products of one `design`, a column of the CSV, stay
            together, and one without is a design of its own. All by default.
        label_names (sequence of str): Categories of your own, such as those of a
            detector, in its order: a product of one of these names has its index.

    It returns what :class:`~vasily_fashion.datasets.RetrievalDataset` does;
    all examples are in the gallery and none is a query.

    Attributes:
        product_names (list of str): As the CSV has them; '' where it has none.
        prices (list of str): Likewise.
        urls (list of str): Likewise.
        types (list of str): Likewise, of the column `type`: what a product is within its
            category, such as 'Cardigan', for training.
        left_out_files (list of str): Lines about the files of the folder that are not
            read. Without a CSV: their number by suffix, HEIC photos by name. With one:
            how many photos it does not name, and the first.
        unknown_columns (list of str): Columns of the CSV that are not read.

    Raises:
        FileNotFoundError: If the folder, the CSV or a photo is missing.
        ValueError: If there is no image, or none of the split, or the CSV has no
            column `path`, or names a photo outside of the folder, or an id twice.
    """

    def __init__(self, root: str | os.PathLike[str],
                 csv_path: str | os.PathLike[str] | None = None,
                 category_map: dict[str, str] | Literal['common'] | None = 'common',
                 missing: str = 'raise', split: str | None = None,
                 label_names: Sequence[str] = FASHION_CATEGORIES) -> None:
        check_choice('split', split, ('train', 'val', None))
        check_folder(root, 'root must be the folder of the product photos')
        self.left_out_files: list[str] = []
        if csv_path is None:
            images, self.left_out_files = list_images(root)
            rows = [{'path': name} for name in images]
            if not rows:
                raise ValueError(
                    f'{root} has no image, of {", ".join(image_suffixes())}; it has '
                    f'{"; ".join(self.left_out_files[:20]) or "no file"}')
        else:
            rows = read_csv(csv_path)
            if 'path' not in rows[0]:
                raise ValueError(
                    f'{csv_path} has no column path: its first '
                    'line must name path, and may name id, category, name, price, '
                    f'url, with commas between, and has {", ".join(map(repr, rows[0]))}')
            for row in rows:  # the folder and the id are read from it
                row['path'] = _as_posix(row['path'], root)
            named = set(find_files(root, (row['path'] for row in rows)))
            unnamed = [name for name in list_images(root)[0] if name not in named]
            if unnamed:
                self.left_out_files = [
                    f'{len(unnamed)} photos that the CSV does not name, such as {unnamed[0]}']
        if split is not None:
            rows = [row for row in rows if split == _split_of(row)]
            if not rows:
                raise ValueError(f'{csv_path or root} has too few products for a split {split!r}')
        names = [row['path'] for row in rows]
        id_of_name = _make_ids(dict.fromkeys(names))
        ids = [row.get('id') or id_of_name[name]
               for row, name in zip(rows, names, strict=True)]
        id_, n = Counter(ids).most_common(1)[0]
        if n > 1:
            raise ValueError(
                f'{csv_path} has the product {id_!r} twice: each photo needs an id of its own, '
                f'such as {id_}-1 and {id_}-2')
        categories = [
            row['category'] if 'category' in row
            else name.rpartition('/')[0].rpartition('/')[2]
            for row, name in zip(rows, names, strict=True)]
        known = sorted({name for name in categories if name})
        label_of_name, label_names = make_label_map(
            known, category_map, csv_path or root,
            # folders need not be named by categories
            must_know=category_map != 'common', label_names=label_names)
        super().__init__(
            root, names, np.array(ids), np.zeros(len(names), bool),
            np.ones(len(names), bool), None,
            [label_of_name.get(name, -1) for name in categories], None,
            label_names, missing if csv_path else None, csv_path or root)
        self.product_names = [rows[i].get('name', '') for i in self._kept]
        self.prices = [rows[i].get('price', '') for i in self._kept]
        self.urls = [rows[i].get('url', '') for i in self._kept]
        self.types = [rows[i].get('type', '') for i in self._kept]
        self._more_columns = 'product_names', 'prices', 'urls', 'types'
        self.unknown_columns = find_unknown_columns(rows, _KNOWN)
        self._tell(
            csv_path or root,
            (name for name in categories if name and name not in label_of_name),
            [f'column {name!r} is not read' for name in self.unknown_columns]
            + [f'not read: {line}' for line in self.left_out_files])


def _as_posix(path, root):
    if '\\' in path and not os.path.exists(os.path.join(root, path)):
        path = path.replace('\\', '/')  # of Windows
    return path and PurePosixPath(path).as_posix()  # without a './' before it


def _split_of(row):
    design = row.get('design') or row.get('id') or row['path']
    return 'val' if zlib.crc32(design.encode()) % 10 == 0 else 'train'


def _make_ids(names):
    """Name to id: without the suffix, where no other name has the same id then."""
    whole = set()
    while True:
        id_of_name = {name: name if name in whole else name.rpartition('.')[0] or name
                      for name in names}
        count = Counter(id_of_name.values())
        same = {name for name, id_ in id_of_name.items() if count[id_] > 1}
        if same <= whole:
            return id_of_name
        whole |= same
