import logging
import os
from pathlib import Path
from typing import Literal

from vasily_fashion.categories import COMMON_TO_FASHION
from vasily_fashion.datasets.category_map import make_label_map
from vasily_fashion.datasets.image_files import check_folder, check_names
from vasily_fashion.datasets.read_annotation import read_csv
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset

import numpy as np

_log = logging.getLogger(__name__)

_SUFFIXES = ('.jpg', '.jpeg', '.png', '.webp', '.gif', '.bmp', '.tif', '.tiff')


class ProductFolderDataset(RetrievalDataset):
    """A folder of product photos, with a CSV about them if there is one.

    Without a CSV every image under the folder is a product, its id the path
    without suffix, its category the name of the folder that it is in. With
    one, its rows are the products: column `path`, and, as far as they are
    there, `id`, `category`, `price` and `url`.

    Args:
        root (str or path): The folder. Links to other folders are followed,
            loops of them are not.
        csv_path (str or path): The CSV: UTF-8, with a header line.
        category_map (dict, 'common' or None): As of
            :class:`~vasily_fashion.datasets.GenericCOCOBboxDataset`. Products
            of other categories stay, with the label -1.
        missing ({'raise', 'skip'}): What to do about photos that are in the
            CSV alone.

    It returns what :class:`~vasily_fashion.datasets.RetrievalDataset` does;
    all examples are in the gallery and none is a query.

    Attributes:
        prices (list of str): As the CSV has them; '' where it has none.
        urls (list of str): Likewise.

    Raises:
        FileNotFoundError: If the folder, the CSV or a photo is missing.
        ValueError: If there is no image, or the CSV has no column `path`, or
            names a photo outside of the folder, or an id twice.
    """

    def __init__(self, root: str | os.PathLike[str],
                 csv_path: str | os.PathLike[str] | None = None,
                 category_map: dict[str, str] | Literal['common'] | None = 'common',
                 missing: str = 'raise') -> None:
        check_folder(root, 'root must be the folder of the product photos')
        if csv_path is None:
            rows = [{'path': name} for name in _list_images(root)]
            if not rows:
                raise ValueError(
                    f'{root} has no image, of {", ".join(_SUFFIXES)}')
        else:
            rows = read_csv(csv_path)
            if not rows or 'path' not in rows[0]:
                raise ValueError(
                    f'{csv_path} has no row, or no column path: its first '
                    'line must name path, and may name id, category, price, '
                    'url')
        names = [row['path'] for row in rows]
        check_names(names, csv_path or root)
        ids = [row.get('id') or name.rpartition('.')[0] or name
               for row, name in zip(rows, names, strict=True)]
        if csv_path is not None and len(set(ids)) < len(ids):
            twice = next(x for i, x in enumerate(ids) if x in ids[:i])
            raise ValueError(f'{csv_path} has the product {twice!r} twice')
        if csv_path is None and len(set(ids)) < len(ids):
            ids = names  # a.jpg and a.png
        categories = [
            row['category'] or '' if row.get('category') is not None
            else name.rpartition('/')[0].rpartition('/')[2]
            for row, name in zip(rows, names, strict=True)]
        known = sorted({name for name in categories if name})
        if category_map == 'common' and COMMON_TO_FASHION.keys().isdisjoint(
                known):
            known = []  # folders need not be named by categories
        label_of_name, label_names = make_label_map(
            known,
            COMMON_TO_FASHION if category_map == 'common' else category_map,
            csv_path or root)
        super().__init__(
            root, names, np.array(ids), np.zeros(len(names), bool),
            np.ones(len(names), bool), None,
            [label_of_name.get(name, -1) for name in categories], None,
            label_names, missing, csv_path or root)
        row_of = dict(zip(names, rows, strict=True))
        self.prices = [row_of[name].get('price') or '' for name in self.names]
        self.urls = [row_of[name].get('url') or '' for name in self.names]


def _list_images(root):
    names, seen = [], set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link to a folder that has been listed
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        names += [
            Path(folder, file).relative_to(root).as_posix()
            for file in sorted(files)
            if file.lower().endswith(_SUFFIXES) and not file.startswith('.')]
    for name in names:
        if not _is_text(name):
            _log.warning('left out: %r: its name is not UTF-8; rename it', name)
    return [name for name in names if _is_text(name)]


def _is_text(name):
    try:
        return name.isascii() or bool(name.encode())
    except UnicodeEncodeError:
        return False
