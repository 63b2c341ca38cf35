"""Embed a catalogue of product images, and build or update an index of it.

Run it again after a failure, or tomorrow: it goes on where it stopped, and
embeds only images that are new or have changed. Images that cannot be read
are listed at the end and in OUT/unreadable.txt.
"""
import argparse
import functools
from pathlib import Path

from vasily_fashion.datasets.named_datasets import RETRIEVAL_DATASETS, open_dataset
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.deploy.engine_arguments import add_engine_arguments
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval import Gallery, build_index
from vasily_fashion.utils import atomic_write
from vasily_fashion.utils.flag_types import at_least

_N_SHOWN = 10


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python build_index.py my_shop --out my_index')
    parser.add_argument(
        'root', help='the folder of the product photos, or of the data set; '
        "of 'csv' the file")
    parser.add_argument(
        '--dataset', choices=tuple(RETRIEVAL_DATASETS), default='folder',
        help='what root is (default: %(default)s)')
    parser.add_argument(
        '--split', help="of the data set; 'val' of a folder is a tenth of its products")
    parser.add_argument(
        '--images', help='folder of the images of a CSV; the CSV of a folder')
    parser.add_argument(
        '--out', default='output/index', help='the folder for the embeddings '
        'and the index (default: %(default)s)')
    parser.add_argument(
        '--index', choices=('flat', 'faiss', 'milvus'), default='flat',
        help='which kind (default: %(default)s)')
    parser.add_argument(
        '--factory', help="Faiss' factory string, of a new index; chosen by the "
        'number of images and --memory if not given')
    parser.add_argument(
        '--memory', type=float, metavar='GB', help='that the index may take')
    parser.add_argument(
        '--uri', help="Milvus' address, or a file; OUT/milvus.db if not given")
    parser.add_argument(
        '--weights', default='fashion', help='of StyleExtractorBN')
    parser.add_argument(
        '--detect', action='store_true', help='cut the item of each photo out '
        'of what is behind it, and name its category where it has none')
    parser.add_argument(
        '--detector-weights', default='fashion', help='of SSD300, for --detect')
    add_engine_arguments(parser, calibration='the catalogue')
    parser.add_argument(
        '--shard-size', type=at_least(1), default=512, metavar='N',
        help='images whose embeddings are written at a time '
        '(default: %(default)s)')
    parser.add_argument(
        '--n-worker', type=at_least(0), default=0, metavar='N', help='embed by N '
        'processes of this machine')
    parser.add_argument(
        '--scheduler', metavar='ADDRESS', help='embed by the workers of a Dask '
        'cluster, such as tcp://10.0.0.1:8786; all have to see root')
    args = parser.parse_args(argv)
    if args.dataset == 'folder' and args.root.lower().endswith('.csv'):
        parser.error(f'{args.root}: give the folder of the photos, and this as --images')
    if args.detector_weights != 'fashion' and not args.detect:
        parser.error('--detector-weights is for --detect')
    load = functools.partial(load_network, args.engine, args.gpu, args.precision)
    extractor, detector = (
        (StyleExtractorBN, args.weights), (FashionSSD300, args.detector_weights))
    try:
        catalogue = open_dataset(
            args.dataset, args.root, args.split, 'skip', args.images)
        if args.precision == 'int8':  # is found by all that load it later
            photos = Gallery.from_dataset(catalogue).sample()
            for network in (extractor, detector) if args.detect else (extractor,):
                load(*network, photos)
        built = build_index(
            catalogue, functools.partial(load, *extractor),
            args.out, args.index, factory=args.factory,
            memory=None if args.memory is None else args.memory * 1e9, uri=args.uri,
            load_detector=functools.partial(load, *detector) if args.detect else None,
            shard_size=args.shard_size, n_worker=args.n_worker,
            scheduler=args.scheduler)
        unreadable = Path(args.out) / 'unreadable.txt'
        with atomic_write(unreadable, 'w', encoding='utf-8') as file:
            file.writelines(f'{reason}\n' for reason in built.broken.values())
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))
    print(f'{built.path}: {built.n_added} added, {built.n_removed} removed, '
          f'{built.n_product} in the index')
    if built.recall is not None:
        print(f'Faiss: {built.factory} finds {built.recall:.1%} of the 10 nearest of '
              f'{min(100, built.n_product)} products')
    if built.n_missing:
        print(f'Images that are not there: {built.n_missing}')
    if built.broken:
        print(f'Images that cannot be read: {len(built.broken)}')
        for reason in list(built.broken.values())[:_N_SHOWN]:
            print(f'  {reason}')
        if len(built.broken) > _N_SHOWN:
            print(f'  and more, in {unreadable}')
    return 0


def load_network(engine, gpu, precision, network, weights, calibration=None):
    return compile_if_installed(
        network(pretrained_model=weights), engine, gpu, precision, calibration)[0]


if __name__ == '__main__':
    main()
