"""Embed a catalogue of product images, and build or update an index of it.

Run it again after a failure, or tomorrow: it goes on where it stopped, and
embeds only images that are new or have changed. Images that cannot be read
are listed at the end and in OUT/unreadable.txt.
"""
import argparse
import json
import sys
from pathlib import Path

from vasily_fashion.datasets.named_datasets import RETRIEVAL_DATASETS, open_dataset
from vasily_fashion.deploy import compile_link
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.retrieval import (
    EmbeddingStore,
    FaissIndex,
    FlatIndex,
    MilvusIndex,
    choose_factory,
    embed_catalogue,
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
        '--engine', choices=('auto', 'chainer', 'openvino', 'onnxruntime'),
        default='auto', help='what computes the network; auto: a compiled '
        'engine where one is installed, otherwise Chainer')
    parser.add_argument(
        '--shard-size', type=int, default=512, metavar='N',
        help='images whose embeddings are written at a time '
        '(default: %(default)s)')
    args = parser.parse_args(argv)
    if args.shard_size < 1:
        parser.error(f'--shard-size must be 1 or more, not {args.shard_size}')
    try:
        dataset = open_dataset(
            args.dataset, args.root, args.split, 'skip', args.images)
        extractor = load_extractor(args)
        out = Path(args.out)
        out.mkdir(parents=True, exist_ok=True)
        store = EmbeddingStore(out / 'embeddings', extractor)
        with chainer.using_config('accelerate', 'fast'):
            ids = embed_catalogue(
                dataset, extractor, store, shard_size=args.shard_size)
        index, n_added, n_removed = build(args, out, extractor, store, ids)
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))
    print(f'{index}: {n_added} added, {n_removed} removed, {len(ids)} in the '
          'catalogue')
    if dataset.n_missing:
        print(f'{dataset.n_missing} images are not there')
    broken = {i: store.broken[i] for i in ids if i in store.broken}
    with atomic_write(out / 'unreadable.txt', 'w', encoding='utf-8') as file:
        file.writelines(f'{reason}\n' for reason in broken.values())
    if broken:
        print(f'{len(broken)} images cannot be read:')
        for reason in list(broken.values())[:_N_SHOWN]:
            print(f'  {reason}')
        if len(broken) > _N_SHOWN:
            print(f'  and more, in {out / "unreadable.txt"}')
    return 0


def load_extractor(args):
    link = StyleExtractorBN(pretrained_model=args.weights)
    if args.engine == 'chainer':
        return link
    try:
        return compile_link(link, args.engine)
    except ImportError:
        if args.engine == 'auto':
            return link
        raise


def build(args, out, extractor, store, ids):
    """Make the index, or bring the one that is there up to date."""
    n = len(set(ids) - store.broken.keys())
    if n == 0:
        raise ValueError(f'{args.root} has no image that can be read')
    state = out / f'{args.index}.json'  # the shards that the index has seen
    first = json.loads(state.read_text())['n_shard'] if state.exists() else 0
    dim = store.read(store.shard_of[next(
        i for i in ids if i not in store.broken)])[1].shape[1]
    if args.index == 'milvus':
        path = args.uri or out / 'milvus.db'
        index = MilvusIndex(dim, path, extractor=extractor)
    elif args.index == 'faiss':
        path = out / 'faiss'
        if path.exists():
            index = FaissIndex.load(path, extractor)
        else:
            first = 0
            factory = args.factory or choose_factory(
                n, dim, None if args.memory is None else args.memory * 1e9)
            print(f'Faiss: {factory}')
            index = FaissIndex(dim, factory, extractor=extractor)
            if index.n_training:
                index.train(sample(store))
    else:
        path = out / 'index.npz'
        if path.exists():
            index = FlatIndex.load(path, extractor)
        else:
            first = 0
            index = FlatIndex(dim, extractor=extractor)
    n_added, n_removed = update_index(index, store, ids, first)
    if n_added or n_removed:
        index.save(*[] if args.index == 'milvus' else [path])
    with atomic_write(state, 'w') as file:
        json.dump({'n_shard': store.n_shard}, file)
    if args.index == 'milvus':
        index.close()
    return path, n_added, n_removed


def sample(store):
    """Embeddings for Faiss to learn from, out of random shards."""
    parts, n = [], 0
    for number in np.random.default_rng(0).permutation(store.n_shard).tolist():
        parts.append(store.read(number)[1])
        n += len(parts[-1])
        if n >= _N_TRAINING:
            break
    return np.concatenate(parts)


if __name__ == '__main__':
    sys.exit(main())
