"""Serve the search for items of street snaps: a page, and JSON for programs.

Without a folder, it searches a synthetic shop. With a folder, it searches your product
photos. They are embedded at the start; or build_index.py embeds them before, and --index
names its index.
"""
import argparse
import contextlib
import logging
import socket
import time
from pathlib import Path

from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.datasets.image_files import check_folder, list_images
from vasily_fashion.datasets.named_datasets import RETRIEVAL_DATASETS, open_dataset
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.deploy.engine_arguments import add_engine_arguments
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval import Gallery, load_index
from vasily_fashion.utils import ImageReadError, read_image
from vasily_fashion.utils.flag_types import probability

import chainer
import numpy as np
import uvicorn
from catalogue import Catalogue, IndexFile, version_of
from connection import HEADER_SECONDS, Connection
from shop import open_shop
from snap_search import SnapSearch
from web import LOOPBACK, create_app

_N_SAMPLE = 6
_N_RANDOM = 64  # products whose distances say what is far

_log = logging.getLogger(__name__)


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python serve.py my_shop --index my_index/index.npz')
    parser.add_argument(
        'root', nargs='?', help='the folder of the product photos, or of the '
        'data set')
    parser.add_argument(
        '--dataset', choices=tuple(RETRIEVAL_DATASETS), default='folder',
        help='what root is (default: %(default)s)')
    parser.add_argument('--split', help='of the data set')
    parser.add_argument(
        '--images', help='folder of the images of a CSV; the CSV of a folder')
    parser.add_argument(
        '--index', help='what build_index.py wrote: index.npz, '
        "faiss.npz, milvus.db, or Milvus' address")
    parser.add_argument(
        '--samples', help='a folder of snaps, six of which the page offers')
    parser.add_argument(
        '--detector-weights', default='fashion', help="FashionSSD300's")
    parser.add_argument(
        '--extractor-weights', default='fashion', help="StyleExtractorBN's")
    add_engine_arguments(parser, calibration='the shop and of the sample snaps', gpu=False)
    parser.add_argument(
        '--score-thresh', type=probability, default=.3,
        help='items of this confidence or more (default: %(default)s)')
    parser.add_argument(
        '--n-item', type=int, default=144,
        help='items of the synthetic shop (default: %(default)s)')
    parser.add_argument(
        '--seed', type=int, default=2016, help='of the synthetic world')
    parser.add_argument(
        '--host', default='127.0.0.1', help='0.0.0.0: other devices of the network may '
        'use it, by the address that is printed (default: %(default)s)')
    parser.add_argument(
        '--port', type=int, default=8000, help='(default: %(default)s)')
    parser.add_argument(
        '--max-waiting', type=int, default=64, help='snaps that are let in at '
        'a time; the others are told to try later (default: %(default)s)')
    parser.add_argument(
        '--max-byte', type=int, default=10_000_000,
        help='of a snap (default: %(default)s)')
    parser.add_argument(
        '--max-pixel', type=int, default=16_000_000,
        help='of a snap (default: %(default)s)')
    parser.add_argument(
        '--allow-host', action='append', default=[], metavar='NAME',
        help='a name or address by which clients may call this server, beside '
        'localhost and --host; * for any; may come several times')
    parser.add_argument(
        '--allow-origin', action='append', default=[], metavar='URL',
        help='another site whose pages may search, such as '
        'https://shop.example; may come several times')
    args = parser.parse_args(argv)
    if args.root is None and args.index is not None:
        parser.error('--index: name the folder of its product photos as well')
    logging.basicConfig(
        level=logging.INFO, format='%(levelname)-8s %(name)s: %(message)s')
    logging.captureWarnings(True)  # which photos cannot be read
    try:
        app = load_app(args)
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))
    uvicorn.run(app, host=args.host, port=args.port, log_level='info',
                access_log=False, http=Connection, ws='none', backlog=128,
                timeout_keep_alive=HEADER_SECONDS)
    return 0


def load_app(args):
    """Load the networks, the shop and its index, as the arguments say."""
    samples, world = read_samples(args.samples), None
    if args.root is None:
        world = SyntheticFashionDataset(_N_SAMPLE, args.seed, args.n_item)
        samples = samples or [world[i][0] for i in range(_N_SAMPLE)]
    some = None

    def open_gallery():
        if world is not None:
            return Gallery.from_world(world)
        return open_shop(open_dataset(
            args.dataset, args.root, args.split, 'skip', args.images))

    photos = ([*samples, *open_gallery().sample()] if args.precision == 'int8'
              else None)
    detector = FashionSSD300(pretrained_model=args.detector_weights)
    detector.score_thresh = args.score_thresh
    detector, computed_by = compile_if_installed(
        detector, args.engine, precision=args.precision, calibration=photos)
    extractor, _ = compile_if_installed(
        StyleExtractorBN(pretrained_model=args.extractor_weights),
        args.engine, precision=args.precision, calibration=photos)
    _log.info('the networks are computed by %s', computed_by)

    def open_catalogue(version):
        nonlocal some
        shop = open_gallery()
        with chainer.using_config('accelerate', 'fast'):
            index = (shop.make_index(extractor) if args.index is None
                     else load_index(args.index, extractor))
            if some is None:  # before searches use the extractor
                rows = np.random.default_rng(0).permutation(len(shop))[:_N_RANDOM]
                some = shop.choose(rows).make_index(extractor, index.metric)
        n_product = sum(shop.is_there(str(i)) for i in index.ids.tolist())
        _log.info('%d products', n_product)
        if n_product < len(index):
            _log.warning('%d products of the index are not in the shop, and are '
                         'not offered', len(index) - n_product)
        return Catalogue(SnapSearch(
            detector, extractor, index, shop, args.max_pixel, some), shop, n_product, version)

    index_file = None
    if args.index is None:
        catalogue = open_catalogue(version_of(time.time()))
    else:
        index_file = IndexFile(args.index, open_catalogue)
        catalogue = index_file.load()
    hosts = [*LOOPBACK, args.host, *args.allow_host]
    if args.host == '0.0.0.0' and (own := find_address()):
        hosts.append(own)
        _log.info('from other devices: http://%s:%d', own, args.port)
    return create_app(
        catalogue, computed_by, samples, args.max_waiting, args.max_byte,
        args.max_pixel, index_file,
        ['*'] if '*' in args.allow_host else hosts,
        args.allow_origin)


def find_address():
    """The address of this machine in its network; None if it has no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, contextlib.suppress(OSError):
        udp.connect(('192.0.2.1', 9))  # UDP: nothing is sent
        return udp.getsockname()[0]


def read_samples(folder):
    """The first snaps of a folder and those in it."""
    if folder is None:
        return []
    check_folder(folder, '--samples names the folder of some snaps')
    imgs = []
    names, left_out = list_images(folder)
    for line in left_out:
        _log.warning('%s: not read: %s', folder, line)
    for name in names:
        if len(imgs) == _N_SAMPLE:
            break
        try:
            imgs.append(read_image(Path(folder, name)))
        except ImageReadError as error:
            _log.warning('left out: %s', error)
    return imgs


if __name__ == '__main__':
    main()
