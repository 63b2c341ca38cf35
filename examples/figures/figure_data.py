"""What figures are drawn of: synthetic worlds, or data of yours."""
from pathlib import Path

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import (
    CCPBboxDataset,
    CCPItemDataset,
    ProductFolderDataset,
    SyntheticFashionDataset,
)
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.deploy.engine_arguments import add_engine_arguments
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval import FashionItemRetriever, Gallery
from vasily_fashion.utils.flag_types import probability

import numpy as np

#: Product images in the synthetic shop, and how many are shown for an item.
N_PRODUCT = 144
_K = 5


def add_data(parser, has_snaps=True):
    """Give a parser the arguments --data, --seed and those of networks."""
    parser.add_argument(
        '--data', help='folder of Clothing Co-Parsing, whose val split is '
        'taken' + ('' if has_snaps else ', or of product photos')
        + '; a synthetic world if not given')
    parser.add_argument(
        '--seed', type=int, default=2016, help='of the synthetic world')
    if has_snaps:
        parser.add_argument(
            '--detector-weights', default='fashion', help="FashionSSD300's")
        parser.add_argument(
            '--score-thresh', type=probability, default=.3,
            help='items of this confidence or more')
    parser.add_argument(
        '--extractor-weights', default='fashion', help="StyleExtractorBN's")
    add_engine_arguments(parser, precision=None)


def open_gallery(data, seed, n):
    """Product images.

    Args:
        data (str): Folder of Clothing Co-Parsing or of product photos;
            :obj:`None` for the shop of a synthetic world.
        seed (int): The world.
        n (int): How many at most; how many in the synthetic shop.

    Returns:
        (Gallery, sequence of str): The images, and the names of the categories.
    """
    names = FASHION_CATEGORIES
    if data is None:
        gallery = Gallery.from_world(SyntheticFashionDataset(1, seed, n))
    elif (Path(data) / 'annotations' / 'pixel-level').is_dir():
        items = CCPItemDataset(data, 'val')
        gallery = Gallery(
            [str(i) for i in range(len(items))], items.read_product, items.categories)
    else:
        # the categories as the folders are named
        photos = ProductFolderDataset(data, category_map=None)
        gallery, names = Gallery.from_dataset(photos), photos.label_names
    # of a large shop some of all parts
    return gallery.choose(np.linspace(
        0, len(gallery) - 1, min(n, len(gallery))).round()), names


def load_extractor(args):
    """StyleExtractorBN, compiled if args say so."""
    return compile_if_installed(
        StyleExtractorBN(pretrained_model=args.extractor_weights), args.engine, args.gpu)[0]


def retrieve(args, indices):
    """Detect and retrieve for some snaps, as args say.

    Args:
        args: With what :func:`add_data` adds.
        indices (sequence of int): Of the snaps.

    Returns:
        (list of arrays, list, Gallery): The snaps, the items of each, and
        the products.
    """
    if args.data is None:
        snaps = SyntheticFashionDataset(max(*indices, 0) + 1, args.seed, N_PRODUCT)
    else:
        snaps = CCPBboxDataset(args.data, 'val')
    for i in indices:
        if not 0 <= i < len(snaps):
            raise SystemExit(f'--index: {i} is not among the {len(snaps)} snaps')
    imgs = [snaps[i][0] for i in indices]
    detector = FashionSSD300(pretrained_model=args.detector_weights)
    detector.score_thresh = args.score_thresh
    detector, _ = compile_if_installed(detector, args.engine, args.gpu)
    extractor = load_extractor(args)
    gallery, _ = open_gallery(
        args.data, args.seed, N_PRODUCT if args.data is None else 10 ** 6)
    retriever = FashionItemRetriever(detector, extractor, gallery.make_index(extractor))
    return imgs, retriever.retrieve(imgs, k=_K), gallery
