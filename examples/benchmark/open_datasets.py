"""Open DeepFashion2 and Exact Street2Shop at full size: seconds and memory.

Both are made up in a temporary folder, in their layout, with annotations of
the real length and empty files in place of photos, which opening does not
read. Each is opened in a process of its own.
"""
import argparse
import json
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

from vasily_fashion.categories import STREET2SHOP_TO_FASHION
from vasily_fashion.datasets import (
    DeepFashion2BboxDataset,
    DeepFashion2RetrievalDataset,
    Street2ShopDataset,
)
from vasily_fashion.utils.machine import machine

import numpy as np
from peak_memory import peak_memory
from tqdm import tqdm

# as published
_N_DEEPFASHION2 = 191961
_N_STREET2SHOP = 404683
_N_STREET = 20357
_N_PAIR = 39479


def make_deepfashion2(root, n):
    random_state = np.random.default_rng(0)
    for name in ('annos', 'image'):
        (root / 'train' / name).mkdir(parents=True)
    for i in tqdm(range(n), 'DeepFashion2', disable=None):
        anno = {'source': 'user' if i % 3 else 'shop', 'pair_id': i // 10}
        for k in range(1 + i % 2):  # 1.6 items a photo there
            x, y = random_state.integers(0, 300, 2).tolist()
            anno[f'item{k + 1}'] = {
                'segmentation': [random_state.uniform(
                    0, 600, 90).round(2).tolist() for _ in range(2)],
                'scale': 2, 'viewpoint': 2, 'zoom_in': 1,
                'landmarks': random_state.integers(0, 600, 99).tolist(),
                'style': i % 3, 'bounding_box': [x, y, x + 200, y + 300],
                'category_id': 1 + i % 13, 'occlusion': 1,
                'category_name': 'short sleeve top'}
        (root / 'train' / 'annos' / f'{i + 1:06}.json').write_text(
            json.dumps(anno))
        (root / 'train' / 'image' / f'{i + 1:06}.jpg').touch()


def make_street2shop(root, n):
    random_state = np.random.default_rng(0)
    for name in ('meta/json', 'images', 'photos'):
        (root / name).mkdir(parents=True)
    n_street, n_pair = _N_STREET * n // _N_STREET2SHOP, _N_PAIR * n // _N_STREET2SHOP
    with open(root / 'photos' / 'photos.txt', 'w') as file:
        for i in tqdm(range(1, n + 1), 'Street2Shop', disable=None):
            file.write(f'{i:09},http://shop.example/images/{i},w=300.jpg\n')
            if i % 20:  # the others are gone
                (root / 'images' / f'{i:09}.jpg').touch()
    categories = list(STREET2SHOP_TO_FASHION)
    n_category = len(categories)
    for c, category in enumerate(categories):
        def pairs(n, first, last, with_box):
            photos = random_state.integers(first, last, n).tolist()
            box = {'bbox': {'left': 1, 'top': 2, 'width': 99, 'height': 98}}
            return [{'photo': p, 'product': p % 3000, **(box if with_box else {})}
                    for p in photos]

        for kind, share in ('train_pairs', .8), ('test_pairs', .2):
            _write(root, kind, category, pairs(
                int(n_pair * share / n_category), 1, n_street, True))
        _write(root, 'retrieval', category, [
            {'photo': p, 'product': p % 3000}
            for p in range(n_street + c, n + 1, n_category)])


def _write(root, kind, category, entries):
    (root / 'meta' / 'json' / f'{kind}_{category}.json').write_text(
        json.dumps(entries))


def _open(reader, *args):
    before, start = peak_memory(), time.perf_counter()
    dataset = reader(*args)
    seconds = time.perf_counter() - start
    return len(dataset), seconds, peak_memory() - before


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python open_datasets.py --share 0.1')
    parser.add_argument(
        '--share', type=float, default=1, help='of the photos that there are')
    args = parser.parse_args(argv)
    print(machine())
    context = multiprocessing.get_context('spawn')
    with tempfile.TemporaryDirectory() as folder:
        deepfashion2, street2shop = Path(folder, 'df2'), Path(folder, 's2s')
        make_deepfashion2(deepfashion2, int(_N_DEEPFASHION2 * args.share))
        make_street2shop(street2shop, int(_N_STREET2SHOP * args.share))
        os.sync()
        for reader, *where in (
                (DeepFashion2BboxDataset, deepfashion2),
                (DeepFashion2RetrievalDataset, deepfashion2),
                (Street2ShopDataset, street2shop, 'all', 'skip')):
            with context.Pool(1) as process:  # each has memory of its own
                n, seconds, memory = process.apply(_open, (reader, *where))
            print(f'{reader.__name__:30} {n:8,} examples  {seconds:6.1f} s  '
                  f'{memory * 2 ** 20 / n:6.0f} bytes an example at the peak')


if __name__ == '__main__':
    main()
