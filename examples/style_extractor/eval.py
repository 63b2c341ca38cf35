"""Score street-to-shop search: snap crops against product images.

Queries are the crops of ground-truth boxes, the gallery is the product image
of every item of the split, and a hit is the item's own among the k nearest.
With detected boxes a query is the crop of the box that stands for the item:
of those that overlap it most, and by 0.5 or more, the one of the best score,
whatever its category. An item without one is a miss.

Data sets of the field are scored by their own protocols, with true boxes;
DeepFashion2 with detected ones as well.
"""
import argparse
import json
import sys

from vasily_fashion.datasets import CCPItemDataset, SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.deploy import compile_link
from vasily_fashion.evaluations import eval_retrieval, match_detections
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.links.ssd import VotingMultiboxCoder
from vasily_fashion.transforms import crop_by_bbox
from vasily_fashion.utils import atomic_write

import baselines
import chainer
import numpy as np
import protocols
from tqdm import tqdm

_IOU_THRESH = 0.5
# snaps in memory at a time
_BATCH_SIZE = 8


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python eval.py --dataset ccp '
        '--root clothing-co-parsing --vgg16 vgg16_hed.npz')
    parser.add_argument(
        '--dataset', choices=('ccp', 'synthetic', *protocols.PROTOCOLS),
        default='synthetic', help='the val split of Clothing Co-Parsing, '
        'synthetic items, or one that is scored by its own protocol')
    parser.add_argument(
        '--root', help="folder of the data set; of 'csv' the file")
    parser.add_argument(
        '--split', help='another split of it than the one that is for tests')
    parser.add_argument('--images', help='folder of the images of a CSV')
    parser.add_argument(
        '--skip-missing', action='store_true',
        help='leave out images that are not there')
    parser.add_argument(
        '--gallery', choices=('test', 'val+test'), default='test',
        help='of Consumer-to-Shop: what is searched is disputed')
    parser.add_argument(
        '--n-snap', type=int, default=100, help='synthetic snaps')
    parser.add_argument(
        '--seed', type=int, default=1000, help='of the synthetic snaps')
    parser.add_argument(
        '--boxes', choices=('truth', 'detected'), default='truth',
        help='what the snap crops are cut by')
    parser.add_argument(
        '--within-category', action='store_true',
        help='compare a crop only with product images of its category, with '
        'detected boxes of the detected one')
    parser.add_argument(
        '--weights', default='fashion', help='of StyleExtractorBN')
    parser.add_argument(
        '--detector-weights', default='fashion',
        help='of SSD300, for detected boxes')
    parser.add_argument(
        '--score-thresh', type=float, default=0.01,
        help='detected boxes of lower scores are left out: 0.01 as for '
        'average precision, 0.6 as in the demo')
    parser.add_argument(
        '--vote-thresh', type=float, metavar='IOU',
        help='detected boxes that overlap one by so much have a vote in where '
        'it is, such as 0.6; none has if not given')
    parser.add_argument(
        '--engine', choices=('chainer', 'auto', 'openvino', 'onnxruntime'),
        default='chainer', help='what computes both networks, in float32; '
        'all but chainer are compiled, for speed')
    parser.add_argument(
        '--vgg16', help='weights of the VGG16 baseline; without, it is left '
        "out: 'imagenet' or what examples/ssd/convert.py wrote")
    parser.add_argument('--device', default=-1, help="Chainer's: a GPU, or -1: the CPU")
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    if args.dataset != 'synthetic' and args.root is None:
        parser.error(f'--dataset {args.dataset} needs --root')
    if args.boxes == 'detected' and args.dataset not in (
            'ccp', 'synthetic', 'deepfashion2-pairs'):
        parser.error(f'the protocol of {args.dataset} has true boxes')
    if args.within_category and args.dataset in protocols.PROTOCOLS:
        parser.error(f'the protocol of {args.dataset} says what is compared')
    with chainer.using_config('accelerate', 'fast'):
        if args.dataset in protocols.PROTOCOLS:
            try:
                dataset = protocols.open_for_test(
                    args.dataset, args.root, args.split,
                    'skip' if args.skip_missing else 'raise', args.images)
            except (OSError, ValueError) as error:
                parser.error(str(error))
            result = evaluate_by_protocol(args, dataset)
        else:
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
    gallery_ids, first = np.unique(dataset.item_ids, return_index=True)
    products = [products[i] for i in first]
    print(f'{len(crops)} queries, {len(products)} product images')
    categories = dataset.categories
    if args.boxes == 'detected':
        detector = load_detector(args)
        crops, categories = crop_detected(dataset, detector)
    found = np.array([crop is not None for crop in crops])
    query_ids = dataset.item_ids[found]
    compared = {}
    if args.within_category:
        compared = {'query_categories': categories[found],
                    'gallery_categories': dataset.categories[first]}
    crops = [crop for crop in crops if crop is not None]
    if args.boxes == 'detected':
        print(f'{len(crops)} of them detected; the others are misses')

    result = {}
    for name, embed in make_methods(args).items():
        gallery = embed(products)
        result[name] = eval_retrieval(
            embed(crops) if crops else gallery[:0], query_ids, gallery,
            gallery_ids, n_missed=int((~found).sum()), **compared)
        if args.boxes == 'detected':
            result[name]['found'] = float(found.mean())
        print_scores(name, result[name])
    return result


def evaluate_by_protocol(args, dataset):
    """Print the scores of a data set's own protocol; return them by name."""
    print(f'{len(dataset)} examples, {dataset.n_missing} left out')
    detector = None
    if args.boxes == 'detected':
        detector = load_detector(args)
    result = {}
    for name, embed in make_methods(args).items():
        result[name] = protocols.score(
            args.dataset, dataset, embed, args.gallery, detector)
        print_scores(name, result[name])
    return result


def make_methods(args):
    """What embeds images, by name."""
    methods = {
        'StyleExtractorBN': place(
            StyleExtractorBN(pretrained_model=args.weights), args).extract,
        'HSV histogram, cosine': baselines.hsv_histogram,
    }
    if args.vgg16:
        methods['VGG16 features, cosine'] = (
            lambda imgs: baselines.vgg16_features(imgs, args.vgg16))
    return methods


def print_scores(name, scores):
    print(f'{name:24}', '  '.join(
        f'{key} {value:.3f}' for key, value in scores.items()))


def load_detector(args):
    """The detector, set to find what average precision counts."""
    detector = FashionSSD300(pretrained_model=args.detector_weights)
    if args.vote_thresh is not None:
        detector.coder = VotingMultiboxCoder(detector.coder, args.vote_thresh)
    detector = place(detector, args)
    detector.use_preset('evaluate')
    detector.score_thresh = args.score_thresh
    return detector


def place(link, args):
    """The network, on its device or compiled."""
    if args.engine == 'chainer':
        link.to_device(args.device)
        return link
    return compile_link(link, args.engine, 'f32')


def crop_detected(dataset, detector):
    """Cut out the detected box of each item.

    Args:
        dataset (CCPItemDataset or SyntheticItemDataset): The items.
        detector: With ChainerCV's `predict`.

    Returns:
        tuple of list and numpy.ndarray:
        As many crops as there are items, :obj:`None` for a miss, and their
        detected categories.
    """
    crops = [None] * len(dataset)
    categories = np.full(len(dataset), -1, np.int32)
    starts = range(0, len(dataset.snaps), _BATCH_SIZE)
    for start in tqdm(starts, 'detection', disable=None):
        imgs = dataset.snaps.slice[start:start + _BATCH_SIZE, 'img']
        found = zip(imgs, *detector.predict(imgs), strict=True)
        for i, (img, bbox, label, score) in enumerate(found, start):
            items = np.flatnonzero(dataset.snap_indices == i)
            bbox = np.clip(bbox, 0, img.shape[1:] * 2)
            chosen = match_detections(
                bbox, score, dataset.bboxes[items], iou_thresh=_IOU_THRESH)
            hit = chosen >= 0
            categories[items[hit]] = label[chosen[hit]]
            for item, crop in zip(
                    items[hit], crop_by_bbox(img, bbox[chosen[hit]]),
                    strict=True):
                crops[item] = crop.copy()
    return crops, categories


if __name__ == '__main__':
    sys.exit(main())
