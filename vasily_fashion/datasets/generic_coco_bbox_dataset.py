import math
import os
from pathlib import PurePosixPath
from typing import Literal

from vasily_fashion.datasets.annotation_account import AnnotationAccount
from vasily_fashion.datasets.bbox_list_dataset import BboxListDataset
from vasily_fashion.datasets.category_map import make_label_map
from vasily_fashion.datasets.image_files import check_folder, check_names
from vasily_fashion.datasets.read_annotation import as_flag, read_json

# What pycocotools may take: it trusts all that it is given, and fills memory, or
# ends the process, by an outline that is long or far away.
_MAX_OUTLINE = 1_000_000


class GenericCOCOBboxDataset(BboxListDataset):
    """Photos with boxes from a COCO json, of any tool.

    Category and image ids may be any numbers or text, with gaps; a file that has
    two image ids is one photo. Boxes without area, or outside of the size that
    the json names, are left out; an annotation without a box has that of its
    segmentation (polygons or RLE, by pycocotools). Photos without boxes stay,
    as negatives.

    Args:
        annotation (str or path): The json.
        img_root (str or path): The folder of the photos.
        category_map (dict, 'common' or None): From the names of the file's
            categories to :obj:`~vasily_fashion.categories.\
FASHION_CATEGORIES`; others are not items. 'common' knows the names of
            the data sets that this library reads. Names are compared without
            case, spaces, ``-``, ``_`` and plural. :obj:`None` keeps the
            file's own categories, in the order of their ids; those that
            differ in case, spaces, ``-`` or ``_`` alone are one.
        missing ({'raise', 'skip'}): What to do about photos that are not
            there.
        use_crowded (bool): Whether boxes of crowds (`iscrowd`) are items.

    It returns what :class:`~vasily_fashion.datasets.BboxListDataset` does.

    Attributes:
        names, label_names, n_missing, sizes, left_out, unknown_categories: As of
            :class:`~vasily_fashion.datasets.BboxListDataset`.

    Raises:
        FileNotFoundError: If a file or folder is missing.
        ValueError: If the json is truncated, no COCO json, contradicts
            itself, has no annotation at all, no known category or no box that
            is left, or a photo's name leads out of `img_root`. When it is asked
            for a photo of another size than the json names.
    """

    def __init__(self, annotation: str | os.PathLike[str],
                 img_root: str | os.PathLike[str],
                 category_map: dict[str, str] | Literal['common'] | None = 'common',
                 missing: str = 'raise', use_crowded: bool = False) -> None:
        check_folder(img_root, 'img_root must be the folder of the photos')
        coco = read_json(annotation, dict)
        for key in ('images', 'annotations', 'categories'):
            if not isinstance(coco.get(key), list):
                raise ValueError(f'{annotation} is not a COCO json: it has no '
                                 f'list of {key}')
        if not coco['annotations']:
            raise ValueError(
                f'{annotation} has no annotation: it is a list of photos, '
                'such as is published of a test split')
        label_names, names, sizes, account = _read(
            coco, annotation, category_map, use_crowded)
        bboxes, labels = account.columns(names)
        super().__init__(
            img_root, names, bboxes, labels, label_names, missing, annotation, sizes, account)


def _read(coco, annotation, category_map, use_crowded):
    def field(kind, entry, key):
        if not isinstance(entry, dict) or key not in entry:
            raise ValueError(
                f'{annotation} is not a COCO json: in {kind} an entry lacks {key!r}: '
                f'{str(entry)[:80]}')
        value = entry[key]
        if key.endswith('id') and not isinstance(value, (int, float, str)):
            raise ValueError(
                f'{annotation}: in {kind} an entry has the {key} {value!r}, which is '
                f'not a number or text: {str(entry)[:80]}')
        return value

    name_of_id = {}
    for x in coco['categories']:
        id_, name = field('categories', x, 'id'), field('categories', x, 'name')
        if not isinstance(name, str):
            raise ValueError(f'{annotation}: the name of category {id_!r} is {name!r}, '
                             'which is not text')
        if name_of_id.setdefault(id_, name) != name:
            raise ValueError(
                f'{annotation} has two categories of the id {id_!r}: '
                f'{name_of_id[id_]!r} and {name!r}')
    # numbers before text
    order = sorted(name_of_id, key=lambda id_: (isinstance(id_, str), id_))
    label_of_name, label_names = make_label_map(
        [name_of_id[id_] for id_ in order], category_map, annotation)

    photo_of_id, sizes = {}, {}
    check_names((field('images', x, 'file_name') for x in coco['images']), annotation)
    for x in coco['images']:
        id_ = field('images', x, 'id')
        if id_ in photo_of_id:
            raise ValueError(f'{annotation} has two images of one id, {id_!r}')
        # a file that has two ids is one photo
        photo = photo_of_id[id_] = PurePosixPath(x['file_name']).as_posix()
        try:
            size = _as_size(x.get('height'), x.get('width'))
        except (OverflowError, TypeError, ValueError) as error:
            raise ValueError(
                f'{annotation}: height and width of {photo} are {x.get("height")!r} and '
                f'{x.get("width")!r}, which are not numbers') from error
        if size and sizes.setdefault(photo, size) != size:
            raise ValueError(
                f'{annotation} has two sizes of {photo}: {size} and {sizes[photo]}')

    account, to_bbox = AnnotationAccount(label_of_name), None
    for x in coco['annotations']:
        category, image = (field('annotations', x, key)
                           for key in ('category_id', 'image_id'))
        what = f'{annotation}: annotation {x.get("id")}'
        if category not in name_of_id:
            raise ValueError(
                f'{what} has category_id {category!r}, which is none of its categories, '
                f'such as {order[:1]}')
        if image not in photo_of_id:
            raise ValueError(
                f'{what} has image_id {image!r}, which is none of its images, such as '
                f'{list(photo_of_id)[:1]}')
        try:
            is_crowd = as_flag(x.get('iscrowd'))
        except ValueError as error:
            raise ValueError(
                f'{what} has iscrowd {x["iscrowd"]!r}, which is not 0 or 1') from error
        label = account.find_label(
            name_of_id[category], 'crowd' if is_crowd and not use_crowded else None)
        if label is None:
            continue
        if x.get('bbox'):
            try:
                left, top, width, height = map(float, x['bbox'])
            except (OverflowError, TypeError, ValueError) as error:
                raise ValueError(
                    f'{annotation}: bbox of annotation {x.get("id")} is not four '
                    f'numbers: {error}') from error
        else:
            to_bbox = to_bbox or _index(coco)
            try:
                left, top, width, height = to_bbox(x)
            except (AttributeError, KeyError, OverflowError, TypeError,
                    ValueError) as error:
                raise ValueError(
                    f'{what} has no bbox, and no segmentation that can be read: '
                    f'{type(error).__name__} {error}') from error
        photo = photo_of_id[image]
        account.add(photo, label, (top, left, top + height, left + width),
                    sizes.get(photo))
    return label_names, list(dict.fromkeys(photo_of_id.values())), sizes, account


def _as_size(height, width):
    """Of a photo; None where it is not named, as 0 and null say."""
    size = float(height or 0), float(width or 0)
    return size if all(0 < x < 2 ** 31 for x in size) else None


def _index(coco):
    """What gives the (left, top, width, height) of a segmentation."""
    try:
        from pycocotools import mask
        from pycocotools.coco import COCO
    except ImportError as error:
        raise ImportError(
            'annotations without bbox need pycocotools: pip install pycocotools') from error

    index = COCO()
    index.imgs = {x['id']: x for x in coco['images']}

    def to_bbox(x):
        photo = index.imgs[x['image_id']]
        _check_segmentation(x['segmentation'], photo['height'], photo['width'])
        return mask.toBbox(index.annToRLE(x))

    return to_bbox


def _check_segmentation(value, height, width):
    if isinstance(value, list):
        polygons = [
            [(float(x), float(y)) for x, y in zip(
                polygon[::2], polygon[1::2], strict=True)]
            for polygon in value]
        if min(map(len, polygons), default=0) < 3:
            raise ValueError('a polygon of less than three corners, or none')
        outline = sum(
            math.dist(a, b) for polygon in polygons
            for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True))
        away = max(math.hypot(*polygon[0]) for polygon in polygons)
        if not outline <= _MAX_OUTLINE or not away <= _MAX_OUTLINE:  # nor NaN
            raise ValueError(
                f'polygons of {outline:g} pixels in length, {away:g} away')
    else:
        height, width = value['size']
        counts = value['counts']
        if not isinstance(counts, list):
            counts = _decode(counts)
        if not all(isinstance(n, int) and n >= 0 for n in counts) or (
                sum(counts) > height * width):
            raise ValueError(f'counts of more than {height} x {width} pixels')
    if not all(isinstance(n, int) and 0 < n < 2 ** 16 for n in (height, width)):
        raise ValueError(f'a size of {height} x {width}')


def _decode(text):
    """The counts of COCO's compressed RLE."""
    counts, n, shift = [], 0, 0
    for byte in text.encode('ascii'):
        byte -= 48
        if not 0 <= byte < 64 or shift > 30:
            raise ValueError('counts that are not RLE')
        n |= (byte & 31) << shift
        shift += 5
        if not byte & 32:  # the last of this number
            if byte & 16:
                n -= 1 << shift
            counts.append(n + counts[-2] if len(counts) > 2 else n)
            n = shift = 0
    if shift:
        raise ValueError('counts that are cut off')
    return counts
