"""Find the fashion items of street snaps in the product images of a shop."""
import argparse
import os

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.deploy.engine_arguments import add_engine_arguments
from vasily_fashion.evaluations import count_found
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval import FashionItemRetriever, Gallery
from vasily_fashion.utils import atomic_write, read_image
from vasily_fashion.utils.flag_types import at_least, probability
from vasily_fashion.visualizations import vis_retrieval_sheet

_FORMATS = ('.jpg', '.pdf', '.png', '.svg', '.webp')
_SNAPS_PER_SHEET = 6


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=f'{__doc__} Without arguments both are synthetic.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python demo.py --photo street.jpg --gallery my_shop')
    add = parser.add_argument
    add('--photo', nargs='+', metavar='FILE', help='your own street snaps')
    add('--gallery', metavar='FOLDER', help='your product images: a folder, or a CSV in it')
    add('--k', type=at_least(1), default=5, help='product images for each item')
    add('--score-thresh', type=probability, default=.3, help='least confidence, between 0 and 1')
    add('--category', default='same', choices=('same', 'any', *FASHION_CATEGORIES),
        help="what an item is compared with: products of its category, 'any', or one category")
    add_engine_arguments(parser)
    add('--out', default='output/retrieval.png', help='the sheet of results')
    add('--n-snap', type=int, default=6, help='synthetic snaps')
    add('--n-item', type=int, default=144, help='items of the synthetic shop')
    add('--seed', type=int, default=2016, help='the synthetic world')
    add('--detector-weights', default='fashion', help="a file of FashionSSD300's")
    add('--extractor-weights', default='fashion', help="a file of StyleExtractorBN's")
    args = parser.parse_args(argv)
    if not args.out.lower().endswith(_FORMATS) or os.path.isdir(args.out):
        parser.error(f'--out {args.out}: name a file that ends in {", ".join(_FORMATS)}')
    for path in (path for path in args.photo or () if not os.path.isfile(path)):
        parser.error(f'--photo {path}: this is not a file')
    try:
        run(args)
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))


def run(args):
    os.makedirs(os.path.dirname(args.out) or '.', exist_ok=True)
    world = None if args.photo and args.gallery else SyntheticFashionDataset(
        args.n_snap, args.seed, args.n_item)
    snaps = args.photo or range(args.n_snap)
    gallery = Gallery.from_folder(args.gallery) if args.gallery else Gallery.from_world(world)

    def read(start):
        return [read_image(snap) if args.photo else world[snap][0]
                for snap in snaps[start:start + _SNAPS_PER_SHEET]]

    imgs = read(0)  # what cannot be read is told before the shop is embedded
    detector = FashionSSD300(pretrained_model=args.detector_weights)
    extractor = StyleExtractorBN(pretrained_model=args.extractor_weights)
    detector.score_thresh = args.score_thresh
    how = {'engine': args.engine, 'gpu': args.gpu, 'precision': args.precision,
           'calibration': gallery.sample() if args.precision == 'int8' else None}
    detector, engine = compile_if_installed(detector, **how)
    extractor, _ = compile_if_installed(extractor, **how)
    print(f'Snaps: {len(snaps)}, product images: {len(gallery)}, computed by {engine}')
    retriever = FashionItemRetriever(detector, extractor, gallery.make_index(extractor))

    stem, suffix = os.path.splitext(args.out)
    known, results = set(gallery.categories.tolist()) - {-1}, []
    for start in range(0, len(snaps), _SNAPS_PER_SHEET):
        # detect, crop, embed and search
        found = retriever.retrieve(imgs, k=args.k, category=args.category)
        names = [os.path.basename(str(snap)) for snap in snaps[start:start + len(imgs)]]
        fig = vis_retrieval_sheet(imgs, found, gallery.read, names, n_column=2)
        path = f'{stem}-{start // _SNAPS_PER_SHEET + 1}{suffix}' if start else args.out
        with atomic_write(path) as file:
            fig.savefig(file, format=suffix[1:].lower(), dpi=110)
        for name, items in zip(names, found, strict=True):
            print(f'snap {name}:' if items else f'snap {name}: no item found')
            for item in sorted(items, key=lambda item: -item.score):
                print(f'  {item.category_name:10} {item.score:.2f} ', *(
                    f'{i} ({d:.2f})' for i, d in zip(item.ids, item.distances, strict=True)))
                if args.category == 'same' and known and known.isdisjoint(
                        (item.category, item.second_category)):
                    print(' ' * 19 + 'of all products: the shop has none of its category')
        print(f'The sheet is {path}')
        results += found
        imgs = read(start + _SNAPS_PER_SHEET)
    if not args.photo and not args.gallery:
        n_item, n_detected, n_found = count_found(world, results)
        print(f'Of {n_item} items that the snaps show, {n_detected} were detected; of these '
              f'{n_found} have their own product image among the {args.k} nearest.')


if __name__ == '__main__':
    main()
