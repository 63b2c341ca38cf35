import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from vasily_fashion.datasets.annotation_account import AnnotationAccount
from vasily_fashion.datasets.bbox_list_dataset import BboxListDataset
from vasily_fashion.datasets.category_map import make_label_map
from vasily_fashion.datasets.image_files import (
    HEIC_SUFFIXES,
    check_folder,
    is_hidden,
    is_image,
    is_utf8,
    walk_files,
)
from vasily_fashion.datasets.read_annotation import as_flag, read_text


class GenericVOCBboxDataset(BboxListDataset):
    """Photos with boxes from xml files in the manner of PASCAL VOC.

    Coordinates may be fractions, `difficult` may be missing, there may be no
    object, and photos may be of any format. Subfolders are read as well. The
    photo of an xml is that of `JPEGImages` with the same path but for the
    suffix; of several, the one that `<filename>` names. VOC counts pixels from
    1 and the last one in; the boxes here count from 0 and end after the last
    one. Boxes without area, or outside of the size that the xml names, are left
    out.

    Args:
        root (str or path): The folder that holds `Annotations`, `JPEGImages`
            and, if `split` is given, `ImageSets/Main/SPLIT.txt`, with an id,
            which is the path of an xml without suffix, in each line, and
            perhaps 1, 0 or -1 after it.
        split (str): Which photos; all that are annotated by default.
        category_map (dict, 'common' or None): As of
            :class:`~vasily_fashion.datasets.GenericCOCOBboxDataset`. Own
            categories are in alphabetical order.
        missing ({'raise', 'skip'}): What to do about photos that are not
            there.
        use_difficult (bool): Whether objects marked as difficult are items.

    It returns what :class:`~vasily_fashion.datasets.BboxListDataset` does.

    Attributes:
        names, label_names, n_missing, sizes, left_out, unknown_categories: As of
            :class:`~vasily_fashion.datasets.BboxListDataset`.
        not_annotated (list of str): Without a `split`, photos that have no xml.

    Raises:
        FileNotFoundError: If a file or folder is missing.
        ValueError: If a file is damaged or names no known category, no box is
            left, or it is not certain which photo an xml is about. When it is asked
            for a photo of another size than its xml names.
    """

    def __init__(self, root: str | os.PathLike[str], split: str | None = None,
                 category_map: dict[str, str] | Literal['common'] | None = 'common',
                 missing: str = 'raise', use_difficult: bool = False) -> None:
        root = Path(root)
        for name in ('Annotations', 'JPEGImages'):
            check_folder(
                root / name, 'root must be the folder that holds Annotations '
                'and JPEGImages')
        xmls: dict[str, Path] = {}  # the path of each without suffix
        for name in walk_files(root / 'Annotations'):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() == '.xml' and not is_hidden(name):
                path = root / 'Annotations' / name
                if not is_utf8(name):
                    raise ValueError(f'{str(path)!r}: its name is not UTF-8; rename it')
                if xmls.setdefault(stem, path) != path:
                    raise ValueError(f'{xmls[stem]} and {path} have one id: join them')
        ids = sorted(xmls) if split is None else _read_split(
            root / 'ImageSets' / 'Main' / f'{split}.txt', xmls)
        if not ids:
            raise ValueError(f'{root / "Annotations"} has no xml file')
        photos = _Photos(root / 'JPEGImages')
        read = [_read_annotation(xmls[id_]) for id_ in ids]
        names = [photos.find(id_, xmls[id_], filename)
                 for id_, (filename, _, _) in zip(ids, read, strict=True)]
        self.not_annotated = sorted(
            photos.images.difference(names) if split is None else ())
        label_of_name, label_names = make_label_map(
            sorted({name for _, _, objects in read for name, _, _ in objects}),
            category_map, root / 'Annotations')
        account, sizes = AnnotationAccount(label_of_name), {}
        for photo, (_, size, objects) in zip(names, read, strict=True):
            if size:
                sizes[photo] = size
            for name, is_difficult, box in objects:
                label = account.find_label(
                    name, 'difficult' if is_difficult and not use_difficult else None)
                if label is not None:
                    account.add(photo, label, box, size)
        bboxes, labels = account.columns(names)
        super().__init__(
            root / 'JPEGImages', names, bboxes, labels, label_names, missing,
            root / 'Annotations', sizes, account)


def _read_split(path, xmls):
    """The ids of a file such as train.txt, or dress_train.txt, which has marks."""
    ids = []
    lines = [line.strip() for line in read_text(path).split('\n') if line.strip()]
    for line in lines:
        found = [id_ for id_ in (line, re.sub(r'\s+(-1|0|1)$', '', line)) if id_ in xmls]
        if not found:
            raise FileNotFoundError(
                f'{path} names {line!r}, of which Annotations has no xml; is the root '
                'right?')
        ids.append(found[0])
    return list(dict.fromkeys(ids))


class _Photos:
    """Which photo each xml is about."""

    def __init__(self, root):
        files = {name for name in walk_files(root) if not is_hidden(name) and is_utf8(name)}
        self.images = {name for name in files if is_image(name)}
        self._of_stem = {}
        # a HEIC is found, so that reading it says what it is
        for name in sorted(self.images) + sorted(files - self.images):
            stem, suffix = os.path.splitext(name)
            others = self._of_stem.setdefault(stem, [])
            if name in self.images or suffix.lower() in HEIC_SUFFIXES and not others:
                others.append(name)
        self._xml_of_photo = {}

    def find(self, id_, xml, filename):
        same = self._of_stem.get(id_, [])
        folder = id_.rpartition('/')[0]
        named = next((name for name in (
            str(PurePosixPath(folder, PureWindowsPath(filename).name)), filename)
            if name in self.images), None)
        if same and named and named not in same:
            raise ValueError(
                f'{xml} has the filename {filename!r}, and there is {same[0]} as well: '
                'rename one, or correct the filename')
        if len(same) > 1 and not named:
            raise ValueError(
                f'{xml} may be about {" or ".join(same)}: its filename, {filename!r}, '
                'has to be one of them')
        photo = named or (same[0] if same else f'{id_}.jpg')
        other = self._xml_of_photo.setdefault(photo, xml)
        if other != xml:
            raise ValueError(f'{other} and {xml} are both about {photo}: join them')
        return photo


def _read_annotation(path):
    """The file name, the (height, width) and the objects of an xml."""
    try:
        root = ET.fromstring(read_text(path))
        if root.tag != 'annotation':
            raise ValueError(f'its first tag is {root.tag!r}')
        size = tuple(
            _as_number(root.findtext(f'size/{tag}') or '0', f'its {tag}')
            for tag in ('height', 'width'))
        objects = []
        for i, node in enumerate(root.iter('object')):
            name = (node.findtext('name') or '').strip()
            where = f'object {i + 1} ({name!r})' if name else f'object {i + 1}'
            if not name:
                raise ValueError(f'{where} has no name')
            difficult = node.findtext('difficult')
            try:
                is_difficult = as_flag(difficult)
            except ValueError as error:
                raise ValueError(
                    f'{where} has difficult {difficult!r}, which is not 0 or 1') from error
            box = node.find('bndbox')
            if box is None:
                raise ValueError(
                    f'{where} has no bndbox; it has {", ".join(x.tag for x in node)}')
            corners = []
            for tag in ('ymin', 'xmin', 'ymax', 'xmax'):
                text = box.findtext(tag)
                if text is None:
                    raise ValueError(f'the bndbox of {where} has no {tag}')
                corners.append(_as_number(text, f'{tag} of {where}'))
            y0, x0, y1, x1 = corners
            objects.append((name, is_difficult, (y0 - 1, x0 - 1, y1, x1)))
    except (ET.ParseError, ValueError) as error:
        raise ValueError(
            f'{path} is not an annotation in the manner of VOC: {error}'
        ) from error
    filename = (root.findtext('filename') or '').strip().replace('\\', '/')
    return filename, size if min(size) > 0 else None, objects


def _as_number(text, what):
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f'{what} is {text!r}, which is not a number') from error
