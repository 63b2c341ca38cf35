"""Embed a catalogue of product images, and build or update an index of it.

Run it again after a failure, or tomorrow: it goes on where it stopped, and
embeds only images that are new or have changed. Images that cannot be read
are listed at the end and in OUT/unreadable.txt.
"""
import argparse
import contextlib
import functools
import json
import sys
from pathlib import Path

from vasily_fashion.datasets.named_datasets import RETRIEVAL_DATASETS, open_dataset
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval import (
    EmbeddingStore,
    FaissIndex,
    FlatIndex,
    MilvusIndex,
    choose_factory,
    count_parts,
    embed_catalogue,
    embed_in_parallel,
    measure_recall,
    update_index,
)
from vasily_fashion.utils import atomic_write

import chainer
import numpy as np

# Embeddings that Faiss learns its lists and codes from.
_N_TRAINING = 500000
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
    parser.add_argument('--split', help='of the data set')
    parser.add_argument(
        '--images', help='folder of the images of a CSV; the CSV of a folder')
    parser.add_argument(
        '--out', default='output/index', help='the folder for the embeddings '
        'and the index (default: %(default)s)')
    parser.add_argument(
        '--index', choices=('flat', 'faiss', 'milvus'), default='flat',
        help='which kind (default: %(default)s)')
    parser.add_argument(
        '--factory', help="Faiss' factory string; chosen by the number of "
        'images and --memory if not given')
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
    parser.add_argument(
        '--engine', choices=('auto', 'chainer', 'openvino', 'onnxruntime'),
        default='auto', help='what computes the network; auto: a compiled '
        'engine where one is installed, otherwise Chainer')
    parser.add_argument(
        '--shard-size', type=int, default=512, metavar='N',
        help='images whose embeddings are written at a time '
        '(default: %(default)s)')
    parser.add_argument(
        '--n-worker', type=int, default=0, metavar='N', help='embed by N '
        'processes of this machine, a part of the catalogue each')
    parser.add_argument(
        '--scheduler', metavar='ADDRESS', help='embed by the workers of a Dask '
        'cluster, such as tcp://10.0.0.1:8786; all have to see root and OUT')
    parser.add_argument(
        '--n-part', type=int, metavar='N', help='into how many parts several '
        'workers divide the catalogue: four each if not given')
    args = parser.parse_args(argv)
    if args.shard_size < 1:
        parser.error(f'--shard-size must be 1 or more, not {args.shard_size}')
    try:
        open_catalogue = functools.partial(
            open_dataset, args.dataset, args.root, args.split, 'skip',
            args.images)
        dataset = open_catalogue()
        load = functools.partial(load_extractor, args.weights, args.engine)
        extractor = load()
        load_cutter = functools.partial(
            load_detector, args.detector_weights, args.engine) if args.detect else None
        out = Path(args.out)
        out.mkdir(parents=True, exist_ok=True)
        if args.n_worker or args.scheduler or count_parts(out / 'embeddings'):
            with connect(args) as client:
                stores, ids = embed_in_parallel(
                    client, open_catalogue, load, out / 'embeddings',
                    count_parts(out / 'embeddings') or args.n_part
                    or 4 * max(len(client.nthreads()), 1), args.shard_size,
                    load_cutter)
        else:
            stores = [EmbeddingStore(out / 'embeddings', extractor)]
            with chainer.using_config('accelerate', 'fast'):
                ids = embed_catalogue(
                    dataset, extractor, stores[0], shard_size=args.shard_size,
                    detector=load_cutter and load_cutter())
        index, n_added, n_removed = build(args, out, extractor, stores, ids)
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))
    print(f'{index}: {n_added} added, {n_removed} removed, {len(ids)} in the '
          'catalogue')
    if dataset.n_missing:
        print(f'{dataset.n_missing} images are not there')
    broken = {
        i: store.broken[i] for store in stores for i in ids if i in store.broken}
    with atomic_write(out / 'unreadable.txt', 'w', encoding='utf-8') as file:
        file.writelines(f'{reason}\n' for reason in broken.values())
    if broken:
        print(f'{len(broken)} images cannot be read:')
        for reason in list(broken.values())[:_N_SHOWN]:
            print(f'  {reason}')
        if len(broken) > _N_SHOWN:
            print(f'  and more, in {out / "unreadable.txt"}')
    return 0


@contextlib.contextmanager
def connect(args):
    """A client of the cluster, or of processes of this machine."""
    from distributed import Client, LocalCluster

    if args.scheduler:
        with Client(args.scheduler) as client:
            yield client
        return
    # a network uses all threads that it may: one task at a time a process
    with LocalCluster(
            n_workers=args.n_worker or 1, threads_per_worker=1,
            dashboard_address=None) as cluster, Client(cluster) as client:
        yield client


def load_extractor(weights, engine):
    return compile_if_installed(
        StyleExtractorBN(pretrained_model=weights), engine)[0]


def load_detector(weights, engine):
    return compile_if_installed(
        FashionSSD300(pretrained_model=weights), engine)[0]


def build(args, out, extractor, stores, ids):
    """Make the index, or bring the one that is there up to date."""
    good = [(store, i) for store in stores for i in ids
            if i in store.shard_of and i not in store.broken]
    if not good:
        raise ValueError(f'{args.root} has no image that can be read')
    n, (store, i) = len(good), good[0]
    dim = store.read(store.shard_of[i])[1].shape[1]
    state = out / f'{args.index}.json'  # the shards that the index has seen
    first = json.loads(state.read_text()) if state.exists() else None
    if args.index == 'milvus':
        path = args.uri or out / 'milvus.db'
        index = MilvusIndex(dim, uri=path, extractor=extractor)
    elif args.index == 'faiss':
        path = out / 'faiss'
        # the folder comes before the index that is written into it
        if (path / 'manifest.json').exists():
            index = FaissIndex.load(path, extractor)
        else:
            first = None
            factory = args.factory or choose_factory(
                n, dim, None if args.memory is None else args.memory * 1e9)
            print(f'Faiss: {factory}')
            index = FaissIndex(dim, factory=factory, extractor=extractor)
            if index.n_training:
                index.train(sample(stores))
    else:
        path = out / 'index.npz'
        if path.exists():
            index = FlatIndex.load(path, extractor)
        else:
            first = None
            index = FlatIndex(dim, extractor=extractor)
    n_added, n_removed = update_index(index, stores, ids, first)
    if n_added or n_removed:
        index.save(*[] if args.index == 'milvus' else [path])
    with atomic_write(state, 'w') as file:
        json.dump([store.n_shard for store in stores], file)
    if args.index == 'faiss' and (n_added or n_removed):
        print(f'{index.factory} finds {measure_recall(index, stores, ids):.1%} '
              'of the 10 nearest of 100 products')
    if args.index == 'milvus':
        index.close()
    return path, n_added, n_removed


def sample(stores):
    """Embeddings for Faiss to learn from, out of random shards."""
    shards = [(store, number) for store in stores
              for number in range(store.n_shard)]
    parts, n = [], 0
    for k in np.random.default_rng(0).permutation(len(shards)).tolist():
        store, number = shards[k]
        parts.append(store.read(number)[1])
        n += len(parts[-1])
        if n >= _N_TRAINING:
            break
    return np.concatenate(parts)


if __name__ == '__main__':
    sys.exit(main())
