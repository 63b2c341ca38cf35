"""Find the fashion items of street snaps in the product images of a shop.

Without arguments: synthetic snaps and a synthetic shop. With --photo and
--gallery: your own. See README.md beside this file.
"""
import argparse
import os
import sys
import warnings

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.compat import gpu_available
from vasily_fashion.datasets import SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.datasets.image_files import image_suffixes, list_images
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval import FashionItemRetriever, FlatIndex
from vasily_fashion.utils import ImageReadError, atomic_write, read_image
from vasily_fashion.visualizations import vis_retrieval_sheet

import chainer
import numpy as np
from chainercv.utils import bbox_iou
from tqdm import tqdm

_FORMATS = ('.jpg', '.pdf', '.png', '.svg', '.webp')
# Product images that are in memory at a time.
_BATCH_SIZE = 32
_SNAPS_PER_SHEET = 6


class _SyntheticShop:

    """The product images of a synthetic world; ids are item ids."""

    left_out = ()

    def __init__(self, world):
        self._images = world.product_images
        self.ids = range(len(self._images))
        self.name = f'a synthetic shop of {len(self.ids)} product images'

    def read(self, item_id):
        return self._images[int(item_id)][0]

    def category(self, item_id):
        return self._images.categories[int(item_id)]


class _FolderShop:

    """The images under a folder; ids are paths relative to it."""

    def __init__(self, folder):
        if not os.path.isdir(folder):
            raise ValueError(
                f'--gallery {folder}: there is no such folder; check the path')
        self._folder = folder
        self.ids, self.left_out = list_images(folder)
        if not self.ids:
            raise ValueError(
                f'--gallery {folder}: there are no images in it; files are '
                f'taken that end in {", ".join(image_suffixes())}; it has '
                f'{"; ".join(self.left_out) or "no file"}')
        self.name = f'the {len(self.ids)} images in {folder}'

    def read(self, name):
        return read_image(os.path.join(self._folder, str(name)))

    def category(self, name):
        return -1  # unknown


def _embed_shop(shop, extractor):
    """Index all product images that can be read; name the others."""
    embeddings, ids, imgs = [], [], []
    for i in _progress(shop.ids, 'embedding the shop', 'image'):
        try:
            imgs.append(shop.read(i))
        except ImageReadError as e:
            tqdm.write(f'skipped: {e}', file=sys.stderr)
            continue
        ids.append(i)
        if len(imgs) == _BATCH_SIZE:
            embeddings.append(extractor.extract(imgs))
            imgs = []
    if imgs:
        embeddings.append(extractor.extract(imgs))
    if not ids:
        raise ValueError(
            f'none of {shop.name} can be read; see the reasons above')
    embeddings = np.concatenate(embeddings)
    index = FlatIndex(embeddings.shape[1])
    index.add(embeddings, ids, [shop.category(i) for i in ids])
    return index


def _print_items(names, results):
    header = ('snap', 'item', 'score', 'box (top, left, bottom, right)',
              'nearest product images (squared distance)')
    rows = []
    for name, items in zip(names, results, strict=True):
        if not items:
            rows.append((name, 'no item found', '', '', ''))
        for item in sorted(items, key=lambda item: -item.score):
            rows.append((
                name, FASHION_CATEGORIES[item.category], f'{item.score:.2f}',
                ' '.join(f'{x:4.0f}' for x in item.bbox),
                '  '.join(f'{i} ({d:.3f})' for i, d in zip(
                    item.ids, item.distances, strict=True))))
            name = ''
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(4)]
    for row in [header, *rows]:
        cells = [x.ljust(w) for x, w in zip(row, [*widths, 0], strict=True)]
        print('  '.join(cells).rstrip())


def _print_truth(world, results, k):
    """Of a synthetic world it is known what is right."""
    truth = SyntheticItemDataset(world)
    n_box = n_found = 0
    for snap, bbox, category, item_id in zip(
            truth.snap_indices, truth.bboxes, truth.categories,
            truth.item_ids, strict=True):
        hits = [item for item in results[snap] if item.category == category
                and bbox_iou(bbox[None], item.bbox[None])[0, 0] >= 0.5]
        n_box += bool(hits)
        n_found += any(item_id in item.ids for item in hits)
    print(f'Of {len(truth)} items that the snaps show, {n_box} were detected; of '
          f'these {n_found} have their very product image among the {k} '
          'nearest.')


def _write_sheets(path, names, read, results, shop):
    """Write one sheet for every few snaps; return the paths."""
    stem, suffix = os.path.splitext(path)
    paths = []
    for start in _progress(
            range(0, len(names), _SNAPS_PER_SHEET), 'drawing', 'sheet'):
        part = slice(start, start + _SNAPS_PER_SHEET)
        fig = vis_retrieval_sheet(
            [read(i) for i in range(len(names))[part]], results[part],
            shop.read, names[part], n_column=2)
        number = start // _SNAPS_PER_SHEET + 1
        paths.append(path if number == 1 else f'{stem}-{number}{suffix}')
        with atomic_write(paths[-1]) as f, warnings.catch_warnings():
            # A letter that no font here has is drawn as a box.
            warnings.filterwarnings('ignore', message='Glyph .* missing')
            fig.savefig(f, format=suffix[1:].lower(), dpi=110)
    return paths


def _progress(x, what, unit):
    # Only where there is someone to see it: None is "if not a terminal".
    return tqdm(x, desc=what, unit=unit, leave=False, disable=None)


def _check_out(path):
    """Find out before the work that the sheet can be written after it."""
    if not path.lower().endswith(_FORMATS):
        raise ValueError(
            f'--out {path}: name a file that ends in {", ".join(_FORMATS)}')
    if os.path.isdir(path):
        raise ValueError(f'--out {path}: this is a folder; name a file in it')
    folder = os.path.dirname(path) or '.'
    os.makedirs(folder, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise ValueError(f'--out {path}: {folder} cannot be written to')


def _parse(argv):
    parser = argparse.ArgumentParser(
        description='Find the fashion items of street snaps in the product '
        'images of a shop. Without arguments both are synthetic.',
        epilog='example: python demo.py --photo street.jpg --gallery my_shop')
    parser.add_argument(
        '--photo', nargs='+', metavar='FILE', help='your own street snaps')
    parser.add_argument(
        '--gallery', metavar='FOLDER',
        help='your own product images: all images in and below this folder')
    parser.add_argument(
        '--k', type=_positive, default=5,
        help='product images for each item (default: %(default)s)')
    parser.add_argument(
        '--score-thresh', type=float, default=0.3, metavar='SCORE',
        help='items of this confidence or more (default: %(default)s)')
    parser.add_argument(
        '--category', default='same', metavar='CATEGORY',
        help="which product images an item is compared with: 'same', those of "
        "its category where the gallery has any; 'any', all; or a category "
        '(default: %(default)s)')
    parser.add_argument(
        '--gpu', type=int, default=-1, metavar='N',
        help='the GPU to compute on (default: none)')
    parser.add_argument(
        '--engine', choices=('auto', 'chainer', 'openvino', 'onnxruntime'),
        default='auto', help='what computes the networks; auto: a compiled '
        'engine where one is installed, otherwise Chainer, and Chainer with '
        '--gpu (default: %(default)s)')
    parser.add_argument(
        '--out', default=os.path.join('output', 'retrieval.png'),
        metavar='FILE', help='the sheet of results (default: %(default)s)')
    parser.add_argument(
        '--n-snap', type=_positive, default=_SNAPS_PER_SHEET, metavar='N',
        help='synthetic snaps (default: %(default)s)')
    parser.add_argument(
        '--n-item', type=_positive, default=144, metavar='N',
        help='items of the synthetic shop (default: %(default)s)')
    parser.add_argument(
        '--seed', type=int, default=2016,
        help='the synthetic world (default: %(default)s)')
    parser.add_argument(
        '--detector-weights', default='fashion', metavar='FILE',
        help="FashionSSD300's (default: the library's)")
    parser.add_argument(
        '--extractor-weights', default='fashion', metavar='FILE',
        help="StyleExtractorBN's (default: the library's)")
    args = parser.parse_args(argv)
    if args.category not in ('same', 'any', *FASHION_CATEGORIES):
        parser.error(f'--category {args.category}: it is one of same, any, '
                     f'{", ".join(FASHION_CATEGORIES)}')
    if args.gpu >= 0:
        if args.engine not in ('auto', 'chainer'):
            parser.error(f'--engine {args.engine}: with --gpu Chainer computes; '
                         'leave one of the two out')
        args.engine = 'chainer'
    if not 0 < args.score_thresh < 1:
        parser.error(f'--score-thresh {args.score_thresh}: it is between 0 '
                     'and 1')
    return args


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'{text} is not 1 or more')
    return value


def _run(args):
    _check_out(args.out)
    if args.gpu >= 0 and not gpu_available():
        raise ValueError(
            f'--gpu {args.gpu}: there is no GPU that CuPy can use here; '
            'leave --gpu out')

    world = SyntheticFashionDataset(args.n_snap, args.seed, args.n_item)
    if args.photo:
        names = [os.path.basename(path) for path in args.photo]
        snaps = f'{len(names)} photos'

        def read_snap(i):
            return read_image(args.photo[i])

        for i in range(len(names)):  # a wrong name is told at once
            read_snap(i)
    else:
        names = [f'snap {i}' for i in range(len(world))]
        snaps = f'{len(names)} synthetic snaps'

        def read_snap(i):
            return world[i][0]
    shop = _SyntheticShop(world) if args.gallery is None else _FolderShop(
        args.gallery)

    detector = FashionSSD300(pretrained_model=args.detector_weights)
    detector.score_thresh = args.score_thresh
    extractor = StyleExtractorBN(pretrained_model=args.extractor_weights)
    if args.gpu >= 0:
        for link in (detector, extractor):
            link.to_device(f'@cupy:{args.gpu}')
        detector.device.use()

    detector, computes = compile_if_installed(detector, args.engine)
    extractor, _ = compile_if_installed(extractor, args.engine)

    print(f'Finding the items of {snaps} in {shop.name}.')
    print(f'The networks are computed by {computes}.')
    index = _embed_shop(shop, extractor)
    retriever = FashionItemRetriever(detector, extractor, index)
    results = retriever.retrieve(
        (read_snap(i) for i in _progress(
            range(len(names)), 'detecting and searching', 'snap')),
        k=args.k, category=args.category)

    _print_items(names, results)
    if not args.photo and args.gallery is None:
        _print_truth(world, results, args.k)
    for path in _write_sheets(args.out, names, read_snap, results, shop):
        print(f'The sheet is {path}')
    for line in shop.left_out:
        print(f'Not read: {line}')


def main(argv=None):
    """Run the demo; return the exit status: 0, or 2 for bad input."""
    args = _parse(argv)
    try:
        # a little faster on a CPU
        with chainer.using_config('accelerate', 'fast'):
            _run(args)
    except (ImportError, OSError, ValueError) as e:
        print(f'demo.py: error: {e}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
