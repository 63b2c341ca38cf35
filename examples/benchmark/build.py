"""Building an index from photo files: each stage alone, and all together.

Stages are: to read and decode the photos, to embed them, to add the
embeddings to an index. Together they overlap as build_index.py has them; the
slowest of them sets the bound. Stages and whole take turns.
"""
import argparse
import contextlib
import tempfile
import time
from pathlib import Path

from vasily_fashion.datasets import ProductFolderDataset, SyntheticFashionDataset
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.deploy.engine_arguments import add_engine_arguments
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.retrieval import (
    EmbeddingStore,
    FlatIndex,
    embed_catalogue,
    update_index,
)
from vasily_fashion.utils import write_json
from vasily_fashion.utils.machine import machine

import chainer
import numpy as np
from PIL import Image

_BATCH_SIZE = 32


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python build.py --root my_shop --n 256')
    parser.add_argument(
        '--root', help='folder of product photos; synthetic ones without')
    parser.add_argument('--n', type=int, default=128, help='photos')
    add_engine_arguments(parser, precision=None, gpu=False)
    parser.add_argument('--repeat', type=int, default=3)
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    extractor, _ = compile_if_installed(
        StyleExtractorBN(pretrained_model='fashion'), args.engine)
    with contextlib.ExitStack() as stack:
        stack.enter_context(chainer.using_config('accelerate', 'fast'))
        root = args.root
        if root is None:
            root = stack.enter_context(tempfile.TemporaryDirectory())
            write_products(root, args.n)
        dataset = ProductFolderDataset(root)
        dataset = dataset.choose(np.arange(len(dataset)) < args.n)
        seconds = time_stages(dataset, extractor, args.repeat)
    n = len(dataset)
    print(f'{machine()}, {n} photos')
    bound = max(seconds[name] for name in ('read', 'embed', 'add'))
    for name, value in seconds.items():
        print(f'{name:9} {n / value:9.1f} images/s  '
              f'{bound / value:7.2f} of the slowest stage')
    write_json(args.json, {'machine': machine(), 'n': n, 'seconds': seconds})


def write_products(folder, n):
    """Write product images of a synthetic shop as JPEG files."""
    shop = SyntheticFashionDataset(1, n_item=max(n, 12)).product_images
    for i in range(n):
        Image.fromarray(shop[i][0].astype(np.uint8).transpose(1, 2, 0)).save(
            Path(folder) / f'{i}.jpg', quality=90)


def time_stages(dataset, extractor, repeat):
    """Seconds of each stage and of all together, medians."""
    seconds = {name: [] for name in ('read', 'embed', 'add', 'together')}

    def timed(name, work):
        start = time.perf_counter()
        result = work()
        seconds[name].append(time.perf_counter() - start)
        return result

    for _ in range(repeat):
        imgs = timed('read', lambda: list(dataset.slice[:, 'img']))
        embeddings = timed('embed', lambda imgs=imgs: np.concatenate([
            extractor.extract(imgs[i:i + _BATCH_SIZE])
            for i in range(0, len(imgs), _BATCH_SIZE)]))
        timed('add', lambda embeddings=embeddings: add(embeddings))
        timed('together', lambda: build(dataset, extractor))
    return {name: float(np.median(values)) for name, values in seconds.items()}


def add(embeddings):
    FlatIndex(embeddings.shape[1]).add(embeddings, np.arange(len(embeddings)))


def build(dataset, extractor):
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddingStore(folder, extractor)
        ids = embed_catalogue(dataset, extractor, store)
        update_index(FlatIndex(extractor.dim), store, ids)


if __name__ == '__main__':
    main()
