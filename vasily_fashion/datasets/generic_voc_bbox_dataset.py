import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Literal

from vasily_fashion.categories import COMMON_TO_FASHION
from vasily_fashion.datasets.bbox_list_dataset import BboxListDataset
from vasily_fashion.datasets.category_map import make_label_map
from vasily_fashion.datasets.image_files import check_folder, check_names
from vasily_fashion.datasets.read_annotation import read_text

import numpy as np


class GenericVOCBboxDataset(BboxListDataset):
    """Photos with boxes from xml files in the manner of PASCAL VOC.

    Coordinates may be fractions, `difficult` may be missing, there may be no
    object, and photos may be of any format: that of `JPEGImages` with the id
    of the xml is taken. VOC counts pixels from 1 and the last one in; the
    boxes here count from 0 and end after the last one.

    Args:
        root (str or path): The folder that holds `Annotations`, `JPEGImages`
            and, if `split` is given, `ImageSets/Main/SPLIT.txt`.
        split (str): Which photos; all that are annotated by default.
        category_map (dict, 'common' or None): As of
            :class:`~vasily_fashion.datasets.GenericCOCOBboxDataset`. Own
            categories are in alphabetical order.
        missing ({'raise', 'skip'}): What to do about photos that are not
            there.
        use_difficult (bool): Whether objects marked as difficult are items.

    It returns what :class:`~vasily_fashion.datasets.BboxListDataset` does.

    Attributes:
        n_empty (int): How many boxes of no area were left out.

    Raises:
        FileNotFoundError: If a file or folder is missing.
        ValueError: If a file is damaged, names no known category, or leads
            out of `root`.
    """

    def __init__(self, root: str | os.PathLike[str], split: str | None = None,
                 category_map: dict[str, str] | Literal['common'] | None = 'common',
                 missing: str = 'raise', use_difficult: bool = False) -> None:
        root = Path(root)
        for name in ('Annotations', 'JPEGImages'):
            check_folder(
                root / name, 'root must be the folder that holds Annotations '
                'and JPEGImages')
        if split is None:
            ids = sorted(path.stem for path in root.glob('Annotations/*.xml'))
        else:
            path = root / 'ImageSets' / 'Main' / f'{split}.txt'
            ids = read_text(path).split()
            check_names(ids, path)
        if not ids:
            raise ValueError(f'{root / "Annotations"} has no xml file')
        objects = [
            _read_objects(root / 'Annotations' / f'{id_}.xml', use_difficult)
            for id_ in ids]
        label_of_name, label_names = make_label_map(
            sorted({name for of in objects for name, _ in of}),
            COMMON_TO_FASHION if category_map == 'common' else category_map,
            root / 'Annotations')
        file_of_id = {path.stem: path.name
                      for path in sorted((root / 'JPEGImages').iterdir())}
        bboxes, labels = [], []
        self.n_empty = 0
        for of in objects:
            of = [(label_of_name[name], box) for name, box in of
                  if name in label_of_name]
            solid = [(label, box) for label, box in of
                     if box[2] > box[0] and box[3] > box[1]]
            self.n_empty += len(of) - len(solid)
            labels.append([label for label, _ in solid])
            bboxes.append(np.array([box for _, box in solid]))
        super().__init__(
            root / 'JPEGImages',
            [file_of_id.get(id_, f'{id_}.jpg') for id_ in ids], bboxes, labels,
            label_names, missing, root / 'Annotations')


def _read_objects(path, use_difficult):
    objects = []
    try:
        for node in ET.fromstring(read_text(path)).iter('object'):
            difficult = (node.findtext('difficult') or '0').strip()
            if float(difficult) and not use_difficult:
                continue
            box = node.find('bndbox')
            y0, x0, y1, x1 = (float(box.findtext(tag)) for tag in (
                'ymin', 'xmin', 'ymax', 'xmax'))
            objects.append((
                node.findtext('name').strip(), (y0 - 1, x0 - 1, y1, x1)))
    except (ET.ParseError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} is no annotation in the manner of VOC: {error}'
        ) from error
    return objects
