"""Score a detector: VOC AP@0.5 of each fashion category."""
import argparse
import json
import sys

from vasily_fashion.datasets import CCPBboxDataset, SyntheticFashionDataset
from vasily_fashion.evaluations import eval_detection
from vasily_fashion.links import FashionSSD300
from vasily_fashion.utils import atomic_write

import chainer
from tqdm import tqdm


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python eval.py --dataset ccp '
        '--root clothing-co-parsing')
    parser.add_argument(
        '--dataset', choices=('ccp', 'synthetic'), default='synthetic',
        help='the val split of Clothing Co-Parsing, or synthetic snaps')
    parser.add_argument('--root', help='folder of Clothing Co-Parsing')
    parser.add_argument(
        '--n-snap', type=int, default=100, help='synthetic snaps')
    parser.add_argument(
        '--seed', type=int, default=1000, help='of the synthetic snaps')
    parser.add_argument('--weights', default='fashion')
    parser.add_argument('--batch-size', type=int, default=8)
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
        dataset = CCPBboxDataset(args.root, 'val')
    else:
        dataset = SyntheticFashionDataset(args.n_snap, args.seed)
    model = FashionSSD300(pretrained_model=args.weights)
    model.use_preset('evaluate')
    model.to_device(args.device)

    columns = [[] for _ in range(5)]
    for i in tqdm(range(0, len(dataset), args.batch_size), disable=None):
        imgs, gt_bboxes, gt_labels = zip(
            *dataset[i:i + args.batch_size], strict=True)
        batch = (*model.predict(imgs), gt_bboxes, gt_labels)
        for column, values in zip(columns, batch, strict=True):
            column.extend(values)
    bboxes, labels, scores, gt_bboxes, gt_labels = columns
    result = eval_detection(bboxes, labels, scores, gt_bboxes, gt_labels)
    for name, value in result.items():
        print(f'{name:15} {value:.3f}')
    return result


if __name__ == '__main__':
    sys.exit(main())
