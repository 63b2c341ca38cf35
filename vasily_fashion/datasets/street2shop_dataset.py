import os
from pathlib import Path

from vasily_fashion.categories import FASHION_CATEGORIES, STREET2SHOP_TO_FASHION
from vasily_fashion.datasets.image_files import check_folder
from vasily_fashion.datasets.read_annotation import check_choice, read_json, read_text
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset

import numpy as np


class Street2ShopDataset(RetrievalDataset):
    """Exact Street2Shop: boxes of street photos, and shop photos.

    A street photo is an example for each of its pairs [#]_ (a photo may show
    several products, and a product be boxed twice); a shop photo is one for
    each of its products. An item's id is ``'CATEGORY/PRODUCT'``, since a
    number may stand for two products of two categories. Many of the shops'
    images are gone: `missing='skip'` leaves out what is not there.

    .. [#] M. Hadi Kiapour, Xufeng Han, Svetlana Lazebnik, Alexander C. Berg,
       Tamara L. Berg. Where to Buy It: Matching Street Clothing Photos in
       Online Shops. ICCV 2015. For the protocol, which searches within the
       category, see :func:`~vasily_fashion.evaluations.eval_street2shop`.

    Args:
        root (str or path): The folder that holds `meta/json`, `images` (named
            by 9 digits and any suffix) and, if missing images are to be
            listed with their addresses, `photos/photos.txt`.
        split ({'train', 'test', 'all'}): Of the street photos. All shop
            photos are in each.
        missing ({'raise', 'skip'}): What to do about images that are not
            there.
        margin (float): As of
            :class:`~vasily_fashion.datasets.RetrievalDataset`.

    It returns what :class:`~vasily_fashion.datasets.RetrievalDataset` does.
    `splits` are 'train' and 'test' for street photos and 'retrieval' for
    those of shops.

    Attributes:
        categories (numpy.ndarray): :math:`(N,)`, str: as the data set names
            them, for the protocol.
        missing_photos (dict): Number to address of the photos that are not
            there; the address is :obj:`None` where `photos.txt` has none.

    Raises:
        FileNotFoundError: If a file, folder or image is missing.
        ValueError: If a file is truncated or of another layout.
    """

    def __init__(self, root: str | os.PathLike[str], split: str = 'train',
                 missing: str = 'raise', margin: float = 0.) -> None:
        check_choice('split', split, ('train', 'test', 'all'))
        root = Path(root)
        check_folder(root / 'meta' / 'json', 'root must be the folder of '
                     'Exact Street2Shop that holds meta/json and images')
        check_folder(root / 'images', 'the photos have to be fetched')
        kinds = [*(f'{x}_pairs' for x in ('train', 'test') if split in (x, 'all')), 'retrieval']
        paths = [
            (path, kind, category) for kind in kinds for category in STREET2SHOP_TO_FASHION
            if (path := root / 'meta' / 'json' / f'{kind}_{category}.json').exists()]
        if not {kind for _, kind, _ in paths} >= set(kinds):
            raise FileNotFoundError(
                f'{root / "meta" / "json"} lacks {kinds[0]}_CATEGORY.json or '
                'retrieval_CATEGORY.json for all categories')
        photos, products, categories, splits, bboxes = [], [], [], [], []
        for path, kind, category in paths:
            for entry in read_json(path, list):
                try:
                    photos.append(int(entry['photo']))
                    products.append(int(entry['product']))
                    if kind == 'retrieval':
                        bboxes.append((np.nan,) * 4)
                    else:
                        bboxes.append(_corners(entry['bbox']))
                except (KeyError, OverflowError, TypeError, ValueError) as error:
                    raise ValueError(
                        f'{path}: entry {entry} is not as published: '
                        f'{type(error).__name__} {error}') from error
                categories.append(category)
                splits.append(kind.removesuffix('_pairs'))

        file_of_photo = {
            int(stem): name for name in os.listdir(root / 'images')
            if (stem := name.partition('.')[0]).isdecimal()}
        lost = sorted(set(photos) - file_of_photo.keys())
        self.missing_photos = dict.fromkeys(lost)
        photo_list = root / 'photos' / 'photos.txt'
        if lost and photo_list.exists():
            addresses = _read_addresses(photo_list)
            self.missing_photos = {i: addresses.get(i) for i in lost}
        is_shop = np.array(splits) == 'retrieval'
        super().__init__(
            root / 'images',
            [file_of_photo.get(i, f'{i:09}') for i in photos],
            np.array([f'{category}/{product}' for category, product in zip(
                categories, products, strict=True)]),
            ~is_shop, is_shop, splits,
            [FASHION_CATEGORIES.index(STREET2SHOP_TO_FASHION[x])
             for x in categories],
            bboxes, missing=missing, source=root / 'meta' / 'json',
            margin=margin)
        self.categories = np.array(
            [item_id.partition('/')[0] for item_id in self.item_ids])
        self._more_columns = 'categories',


def _corners(bbox):
    left, top, width, height = (
        float(bbox[key]) for key in ('left', 'top', 'width', 'height'))
    return top, left, top + height, left + width


def _read_addresses(path):
    addresses = {}
    for line in read_text(path).splitlines():
        number, _, address = line.partition(',')  # addresses have commas too
        number = number.strip()
        if number.isdecimal() and len(number) < 20:
            addresses[int(number)] = address.strip()
    return addresses
