import os
from pathlib import Path
from typing import Literal

from vasily_fashion.datasets.bbox_list_dataset import check_pixels
from vasily_fashion.datasets.category_map import make_label_map
from vasily_fashion.datasets.read_annotation import find_unknown_columns, read_csv
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset

import numpy as np

_NEEDED = ('label', 'path', 'split', 'is_query', 'is_gallery')
_BOX = ('y_1', 'x_1', 'y_2', 'x_2')
_KNOWN = (*_NEEDED, *_BOX, 'item_id', 'category')
_TRUTH = {'true': True, '1': True, '1.0': True, 'yes': True,
          'false': False, '0': False, '0.0': False, 'no': False, '': None}


class CSVRetrievalDataset(RetrievalDataset):
    """Images of items from your own CSV.

    The columns are those of Open Metric Learning: `label` (the item), `path`,
    `split`, `is_query`, `is_gallery`, and, if there are, `category` and the
    box `x_1`, `x_2`, `y_1`, `y_2` in pixels. `item_id`, which
    :func:`~vasily_fashion.datasets.write_retrieval_csv` adds where ids are no
    numbers, goes before `label`. Ids are text, unless all are whole numbers in
    their usual form: 0108 is not 108. An empty `is_query` or `is_gallery`, as Open
    Metric Learning has them in rows to train on, means both: such images are
    paired with each other.

    Args:
        path (str or path): The CSV: UTF-8, with a header line.
        split (str): Rows of this split alone.
        root (str or path): Where `path` starts; the folder of the CSV by
            default.
        category_map (dict, 'common' or None): As of
            :class:`~vasily_fashion.datasets.GenericCOCOBboxDataset`. Rows of
            other categories stay, with the label -1.
        missing ({'raise', 'skip'}): What to do about images that are not
            there.
        margin (float): As of
            :class:`~vasily_fashion.datasets.RetrievalDataset`.

    It returns what :class:`~vasily_fashion.datasets.RetrievalDataset` does.

    Attributes:
        unknown_columns (list of str): Columns that are not read.

    Raises:
        FileNotFoundError: If the CSV or an image is missing.
        ValueError: If a column is missing or a value is wrong, which the message
            names, or all boxes are shares of 1 in place of pixels.
    """

    def __init__(self, path: str | os.PathLike[str], split: str | None = None,
                 root: str | os.PathLike[str] | None = None,
                 category_map: dict[str, str] | Literal['common'] | None = 'common',
                 missing: str = 'raise', margin: float = 0.) -> None:
        root = Path(path).parent if root is None else Path(root)
        rows = read_csv(path)
        header = rows[0].keys()
        lacking = [name for name in _NEEDED if name not in header]
        if lacking:
            raise ValueError(
                f'{path} has no column {lacking[0]}: its first '
                f'line must name {", ".join(_NEEDED)}, with commas between, and has '
                f'{", ".join(map(repr, header))}')
        splits = {row['split'] for row in rows}
        if split is not None:
            rows = [row for row in rows if row['split'] == split]
            if not rows:
                raise ValueError(
                    f'{path} has no row of split {split!r}; there are '
                    f'{", ".join(map(repr, sorted(splits)))}')
        names = [row['path'] for row in rows]
        categories = [row.get('category') or '' for row in rows]
        label_of_name, label_names = make_label_map(
            sorted({name for name in categories if name}), category_map, path)
        id_column = 'item_id' if 'item_id' in header else 'label'
        for row in rows:
            if not row[id_column]:
                raise ValueError(
                    f'{path}: {id_column} of {row["path"]} is empty; give each item '
                    'an id')
        bboxes = np.array([_box(row, path) for row in rows])
        check_pixels(bboxes[~np.isnan(bboxes[:, 0])], path)
        super().__init__(
            root, names, _as_item_ids([row[id_column] for row in rows]),
            [_truth(row, 'is_query', path) for row in rows],
            [_truth(row, 'is_gallery', path) for row in rows],
            [row['split'] for row in rows],
            [label_of_name.get(name, -1) for name in categories],
            bboxes, label_names, missing, path, margin)
        self.unknown_columns = find_unknown_columns(rows, _KNOWN)
        self._tell(
            path, (name for name in categories if name and name not in label_of_name),
            [f'column {name!r} is not read' for name in self.unknown_columns])


def _as_item_ids(item_ids):
    """int64 if all are such numbers, written as Python writes them; else text."""
    if all(_is_int64(x) for x in item_ids):
        return np.array(item_ids, object).astype(np.int64)
    return np.array(item_ids)


def _is_int64(text):
    try:
        value = int(text[:20])
    except ValueError:
        return False
    return str(value) == text and -2 ** 63 <= value < 2 ** 63


def _truth(row, column, path):
    try:
        value = _TRUTH[row[column].lower()]
    except KeyError:
        raise ValueError(
            f'{path}: {column} of {row["path"]} is {row[column]!r}, neither '
            'True nor False') from None
    return True if value is None else value


def _box(row, path):
    values = [row.get(column) or 'nan' for column in _BOX]
    try:
        box = [float(value) for value in values]
    except ValueError as error:
        raise ValueError(
            f'{path}: the box of {row["path"]} is not four numbers: {error}'
        ) from error
    if 0 < np.isnan(box).sum() < 4:
        raise ValueError(f'{path}: the box of {row["path"]} is not four numbers: {values}')
    if box[2] <= box[0] or box[3] <= box[1]:
        raise ValueError(
            f'{path}: the box of {row["path"]} has no area: y_2 must be above y_1, and x_2 '
            f'above x_1, not {values}')
    return box
