"""Read DeepFashion2's files, for its two readers."""
import os
from pathlib import Path
from typing import Any, NamedTuple

from vasily_fashion.categories import DEEPFASHION2_TO_FASHION, FASHION_CATEGORIES
from vasily_fashion.datasets.image_files import check_folder, is_hidden, keep_existing
from vasily_fashion.datasets.read_annotation import check_choice, read_json

_NAMES = tuple(DEEPFASHION2_TO_FASHION)


class Item(NamedTuple):
    """One annotated item of a photo."""

    category_id: int  #: 1 to 13
    style: int  #: 0 is that of an item without a pair
    bbox: tuple  #: (y_min, x_min, y_max, x_max)


def label_map(
        own_categories: bool) -> tuple[dict[int, int], tuple[str, ...]]:
    """Which label each category id has, and what the labels mean."""
    if own_categories:
        return {i + 1: i for i in range(len(_NAMES))}, _NAMES
    return ({i: FASHION_CATEGORIES.index(name)
             for i, name in enumerate(DEEPFASHION2_TO_FASHION.values(), 1)},
            FASHION_CATEGORIES)


def find_annotations(
        root: str | os.PathLike[str], split: str,
        missing: str) -> tuple[Path, list[str], int]:
    """List the annotations of a split.

    Returns:
        (pathlib.Path, list of str, int):
        The root, file names without suffix, in order, and how many photos are
        missing.
    """
    root = Path(root)
    check_choice('split', split, ('train', 'validation'))
    for name in ('annos', 'image'):
        check_folder(
            root / split / name, 'root must be the folder of DeepFashion2 that '
            f'holds {split}/annos and {split}/image')
    stems = sorted(
        name[:-len('.json')] for name in os.listdir(root / split / 'annos')
        if name.endswith('.json') and not is_hidden(name))
    if not stems:
        raise ValueError(f'{root / split / "annos"} has no json file')
    keep = keep_existing(
        root / split / 'image', [f'{stem}.jpg' for stem in stems], missing,
        root / split / 'annos')
    return root, [x for x, k in zip(stems, keep, strict=True) if k], keep.count(None)


def read_items(
        path: str | os.PathLike[str]) -> tuple[dict[str, Any], list[Item]]:
    """Read the annotation of a photo.

    Args:
        path (path): The json.

    Returns:
        (dict, list of Item):
        The json, with `source` and `pair_id`; its items, in order of their
        number.

    Raises:
        ValueError: If it is damaged, or of another layout.
    """
    annotation = read_json(path, dict)
    try:
        if annotation['source'] not in ('user', 'shop'):
            raise ValueError(f'source is {annotation["source"]!r}')
        annotation['pair_id'] = int(annotation['pair_id'])
        items = []
        # item numbers may have gaps
        for key in sorted(annotation.keys() - {'source', 'pair_id'},
                          key=lambda key: (len(key), key)):
            x = annotation[key]
            x0, y0, x1, y1 = map(float, x['bounding_box'])
            if not all(abs(n) < 2 ** 24 for n in (x0, y0, x1, y1)):  # nor NaN
                raise ValueError(f'bounding_box is {x["bounding_box"]}')
            item = Item(int(x['category_id']), int(x['style']),
                        (y0, x0, y1, x1))
            if not 1 <= item.category_id <= len(_NAMES):
                raise ValueError(f'category_id is {item.category_id}')
            items.append(item)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} is not an annotation of DeepFashion2: '
            f'{type(error).__name__} {error}') from error
    return annotation, items
