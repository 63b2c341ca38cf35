import contextlib
import io
import math
import os
from collections import defaultdict
from typing import Literal

from vasily_fashion.categories import COMMON_TO_FASHION
from vasily_fashion.datasets.bbox_list_dataset import BboxListDataset
from vasily_fashion.datasets.category_map import make_label_map
from vasily_fashion.datasets.image_files import check_folder, check_names
from vasily_fashion.datasets.read_annotation import read_json

import numpy as np

# What pycocotools may take: it trusts all that it is given, and fills memory, or
# ends the process, by an outline that is long or far away.
_MAX_OUTLINE = 1_000_000


class GenericCOCOBboxDataset(BboxListDataset):
    """Photos with boxes from a COCO json, of any tool.

    Category and image ids may be any numbers, with gaps. Boxes of no area are
    left out; an annotation without a box has that of its segmentation
    (polygons or RLE, by pycocotools). Photos without boxes stay, as
    negatives.

    Args:
        annotation (str or path): The json.
        img_root (str or path): The folder of the photos.
        category_map (dict, 'common' or None): From the names of the file's
            categories to :obj:`~vasily_fashion.categories.\
FASHION_CATEGORIES`; others are no item. 'common' knows the names of
            the data sets that this library reads. :obj:`None` keeps the
            file's own categories, in the order of their ids.
        missing ({'raise', 'skip'}): What to do about photos that are not
            there.
        use_crowded (bool): Whether boxes of crowds (`iscrowd`) are items.

    This dataset returns the following data.

    .. csv-table::
        :header: name, shape, dtype, format

        img, ":math:`(3, H, W)`", float32, "RGB, :math:`[0, 255]`"
        bbox, ":math:`(R, 4)`", float32, \
        ":math:`(y_{min}, x_{min}, y_{max}, x_{max})`"
        label, ":math:`(R,)`", int32, "index into `label_names`"

    Attributes:
        names, label_names, n_missing: As of
            :class:`~vasily_fashion.datasets.BboxListDataset`.
        n_empty (int): How many boxes of no area were left out.

    Raises:
        FileNotFoundError: If a file or folder is missing.
        ValueError: If the json is truncated, no COCO json, contradicts
            itself, has no annotation at all or no known category, or a photo's
            name leads out of `img_root`.
    """

    def __init__(self, annotation: str | os.PathLike[str],
                 img_root: str | os.PathLike[str],
                 category_map: dict[str, str] | Literal['common'] | None = 'common',
                 missing: str = 'raise', use_crowded: bool = False) -> None:
        check_folder(img_root, 'img_root must be the folder of the photos')
        coco = read_json(annotation, dict)
        for key in ('images', 'annotations', 'categories'):
            if not isinstance(coco.get(key), list):
                raise ValueError(f'{annotation} is no COCO json: it has no '
                                 f'list of {key}')
        if not coco['annotations']:
            raise ValueError(
                f'{annotation} has no annotation: it is a list of photos, '
                'such as is published of a test split')
        try:
            names, boxes, label_names = self._read(
                coco, annotation, category_map, use_crowded)
        except (KeyError, TypeError) as error:
            raise ValueError(
                f'{annotation} is no COCO json: an entry lacks {error}'
            ) from error
        check_names(names, annotation)
        super().__init__(
            img_root, names, [np.array([b for b, _ in of]) for of in boxes],
            [[label for _, label in of] for of in boxes], label_names,
            missing, annotation)

    def _read(self, coco, annotation, category_map, use_crowded):
        categories = sorted(coco['categories'], key=lambda x: x['id'])
        label_of_name, label_names = make_label_map(
            [x['name'] for x in categories],
            COMMON_TO_FASHION if category_map == 'common' else category_map,
            annotation)
        label_of_id = {x['id']: label_of_name.get(x['name'])
                       for x in categories}
        names = {x['id']: x['file_name'] for x in coco['images']}
        if len(names) < len(coco['images']):
            raise ValueError(f'{annotation} has two images of one id')
        boxes, without_box = defaultdict(list), []
        self.n_empty = 0
        for x in coco['annotations']:
            if x['category_id'] not in label_of_id:
                raise ValueError(
                    f'{annotation}: annotation {x.get("id")} has category_id '
                    f'{x["category_id"]}, which is none of its categories')
            if x['image_id'] not in names:
                raise ValueError(
                    f'{annotation}: annotation {x.get("id")} has image_id '
                    f'{x["image_id"]}, which is none of its images')
            label = label_of_id[x['category_id']]
            if label is None or x.get('iscrowd') and not use_crowded:
                continue
            if not x.get('bbox'):
                without_box.append((x, label))
                continue
            try:
                left, top, width, height = map(float, x['bbox'])
            except (OverflowError, TypeError, ValueError) as error:
                raise ValueError(
                    f'{annotation}: bbox of annotation {x.get("id")} is no four '
                    f'numbers: {error}') from error
            self._add(boxes, x['image_id'], left, top, width, height, label)
        if without_box:
            mask_api = _index(coco)
            for x, label in without_box:
                try:
                    box = mask_api(x)
                except (AttributeError, KeyError, OverflowError, TypeError,
                        ValueError) as error:
                    raise ValueError(
                        f'{annotation}: annotation {x.get("id")} has no bbox, and no '
                        f'segmentation that can be read: {type(error).__name__} '
                        f'{error}') from error
                self._add(boxes, x['image_id'], *box, label)
        return list(names.values()), [boxes[i] for i in names], label_names

    def _add(self, boxes, image_id, left, top, width, height, label):
        if width > 0 and height > 0:
            boxes[image_id].append(
                ((top, left, top + height, left + width), label))
        else:
            self.n_empty += 1


def _index(coco):
    """What gives the (left, top, width, height) of a segmentation."""
    try:
        from pycocotools import mask
        from pycocotools.coco import COCO
    except ImportError as error:
        raise ImportError(
            'annotations without bbox need pycocotools: pip install '
            "'vasily_fashion[coco]'") from error

    index = COCO()
    index.dataset = coco
    with contextlib.redirect_stdout(io.StringIO()):  # it prints progress
        index.createIndex()

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
            raise ValueError('counts that are no RLE')
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
