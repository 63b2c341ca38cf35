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
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval import FashionItemRetriever, FlatIndex

import numpy as np
from tqdm import tqdm

_BATCH_SIZE = 32
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
            '--score-thresh', type=float, default=.3,
            help='items of this confidence or more')
    parser.add_argument(
        '--extractor-weights', default='fashion', help="StyleExtractorBN's")
    parser.add_argument(
        '--engine', choices=('auto', 'chainer', 'openvino', 'onnxruntime'),
        default='auto', help='what computes the networks; auto: a compiled '
        'engine where one is installed, otherwise Chainer')
    parser.add_argument(
        '--gpu', type=int, default=-1, help='the GPU to compute on, by Chainer')


class Products:
    """Product images.

    Args:
        data (str): Folder of Clothing Co-Parsing or of product photos;
            :obj:`None` for the shop of a synthetic world.
        seed (int): The world.
        n (int): How many at most; how many in the synthetic shop.

    Attributes:
        categories (array): (N,) int32, indices into `names`.
        names (sequence of str): The categories.
    """

    def __init__(self, data, seed, n):
        self.names = FASHION_CATEGORIES
        if data is None:
            shop = SyntheticFashionDataset(1, seed, n).product_images
            self._read, self.categories = lambda i: shop[i][0], shop.categories
        elif (Path(data) / 'annotations' / 'pixel-level').is_dir():
            items = CCPItemDataset(data, 'val')
            self._read, self.categories = lambda i: items[i][1], items.categories
        else:
            # the categories as the folders are named
            photos = ProductFolderDataset(data, category_map=None)
            self._read, self.categories = lambda i: photos[i][0], photos.labels
            self.names = photos.label_names
        # of a large shop some of all parts
        self._rows = np.linspace(
            0, len(self.categories) - 1, min(n, len(self.categories))
        ).round().astype(int)
        self.categories = np.asarray(self.categories)[self._rows]

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, i):
        return self._read(int(self._rows[i]))


def embed(products, extractor):
    """Embeddings of products, (N, 128)."""
    parts = []
    for start in tqdm(range(0, len(products), _BATCH_SIZE), 'embed',
                      disable=None, leave=False):
        parts.append(extractor.extract([
            products[i] for i in range(
                start, min(start + _BATCH_SIZE, len(products)))]))
    return np.concatenate(parts)


def retrieve(args, indices):
    """Detect and retrieve for some snaps, as args say.

    Args:
        args: With what :func:`add_data` adds.
        indices (sequence of int): Of the snaps.

    Returns:
        (list of arrays, list, Products): The snaps, the items of each, and
        the products; ids of items are indices into them.
    """
    if args.data is None:
        snaps = SyntheticFashionDataset(max(indices) + 1, args.seed, N_PRODUCT)
    else:
        snaps = CCPBboxDataset(args.data, 'val')
    imgs = [snaps[i][0] for i in indices]
    detector = FashionSSD300(pretrained_model=args.detector_weights)
    detector.score_thresh = args.score_thresh
    detector, _ = compile_if_installed(detector, args.engine, args.gpu)
    extractor, _ = compile_if_installed(
        StyleExtractorBN(pretrained_model=args.extractor_weights), args.engine,
        args.gpu)
    products = Products(
        args.data, args.seed, N_PRODUCT if args.data is None else 10 ** 6)
    index = FlatIndex(extractor.dim, extractor=extractor)
    index.add(embed(products, extractor), np.arange(len(products)))
    retriever = FashionItemRetriever(detector, extractor, index)
    return imgs, retriever.retrieve(imgs, k=_K), products
