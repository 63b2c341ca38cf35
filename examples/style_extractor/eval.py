"""Score street-to-shop search: snap crops against product images.

Queries are the crops of ground-truth boxes, the gallery is the product image
of every item of the split, and a hit is the item's own among the k nearest.
"""
import argparse
import json
import sys

from vasily_fashion.datasets import CCPItemDataset, SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.evaluations import eval_retrieval
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.utils import atomic_write

import baselines
import chainer
import numpy as np
from tqdm import tqdm


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python eval.py --dataset ccp '
        '--root clothing-co-parsing --vgg16 vgg16_hed.npz')
    parser.add_argument(
        '--dataset', choices=('ccp', 'synthetic'), default='synthetic',
        help='the val split of Clothing Co-Parsing, or synthetic items')
    parser.add_argument('--root', help='folder of Clothing Co-Parsing')
    parser.add_argument(
        '--n-snap', type=int, default=100, help='synthetic snaps')
    parser.add_argument(
        '--seed', type=int, default=1000, help='of the synthetic snaps')
    parser.add_argument('--weights', default='fashion')
    parser.add_argument(
        '--vgg16', help='weights of the VGG16 baseline; without, it is left '
        "out: 'imagenet' or what examples/ssd/hed2npz.py wrote")
    parser.add_argument('--device', default=-1, help='a GPU, or -1: the CPU')
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    if args.dataset == 'ccp' and args.root is None:
        parser.error('--dataset ccp needs --root')
    with chainer.using_config('accelerate', 'fast'):
        result = evaluate(args)
    if args.json:
        with atomic_write(args.json, 'w') as file:
            json.dump(result, file, indent=2)
            file.write('\n')


def evaluate(args):
    """Print the scores; return them by name."""
    if args.dataset == 'ccp':
        dataset = CCPItemDataset(args.root, 'val')
    else:
        dataset = SyntheticItemDataset(
            SyntheticFashionDataset(args.n_snap, args.seed))
    crops, products = [], []
    for i in tqdm(range(len(dataset)), 'images', disable=None):
        crop, product, _ = dataset[i]
        crops.append(crop)
        products.append(product)
    query_ids = dataset.item_ids
    gallery_ids, first = np.unique(query_ids, return_index=True)
    products = [products[i] for i in first]

    model = StyleExtractorBN(pretrained_model=args.weights)
    model.to_device(args.device)
    methods = {
        'StyleExtractorBN': model.extract,
        'HSV histogram, cosine': baselines.hsv_histogram,
    }
    if args.vgg16:
        methods['VGG16 features, cosine'] = (
            lambda imgs: baselines.vgg16_features(imgs, args.vgg16))
    result = {}
    print(f'{len(crops)} queries, {len(products)} product images')
    for name, embed in methods.items():
        result[name] = eval_retrieval(
            embed(crops), query_ids, embed(products), gallery_ids)
        print(f'{name:24}', '  '.join(
            f'{key} {value:.3f}' for key, value in result[name].items()))
    return result


if __name__ == '__main__':
    sys.exit(main())
