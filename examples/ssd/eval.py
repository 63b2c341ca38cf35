"""Score a detector: VOC and COCO average precision of each fashion category.

COCO's needs pycocotools and is left out without.
"""
import argparse
import importlib.util

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.datasets.named_datasets import BBOX_DATASETS, find_split, open_dataset
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.deploy.engine_arguments import add_engine_arguments
from vasily_fashion.evaluations import eval_detection, eval_detection_coco
from vasily_fashion.links import FashionSSD300
from vasily_fashion.links.ssd import VotingMultiboxCoder
from vasily_fashion.utils import write_json
from vasily_fashion.utils.flag_types import at_least

import chainer
import numpy as np
from tqdm import tqdm

_N_CALIBRATION = 64
_COCO_SCORES = ('ap', 'ap50', 'ap75', 'ap_small', 'ap_medium', 'ap_large')


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python eval.py --dataset ccp '
        '--root clothing-co-parsing')
    parser.add_argument(
        '--dataset', choices=('synthetic', *BBOX_DATASETS),
        default='synthetic', help='synthetic snaps, or a data set, of which the '
        'split that is to report is read')
    parser.add_argument(
        '--root', help="folder of the data set; of 'coco' the file")
    parser.add_argument(
        '--split', help="another split of it, such as 'val' to choose weights by")
    parser.add_argument('--images', help='folder of the photos of a COCO json')
    parser.add_argument(
        '--skip-missing', action='store_true',
        help='leave out photos that are not there')
    parser.add_argument(
        '--n-snap', type=int, default=100, help='synthetic snaps')
    parser.add_argument(
        '--seed', type=int, default=1000, help='of the synthetic snaps')
    parser.add_argument('--weights', default='fashion')
    parser.add_argument(
        '--vote-thresh', type=float, metavar='IOU',
        help='boxes that overlap one by so much have a vote in where it is, '
        'such as 0.6; none by default')
    parser.add_argument('--batch-size', type=at_least(1), default=8)
    add_engine_arguments(parser, 'chainer', 'f32', 'the data set')
    parser.add_argument(
        '--n-bootstrap', type=at_least(0), default=1000, metavar='N',
        help='how often photos are drawn anew for the 95 %% interval of mAP; '
        '0 for none')
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    if args.dataset != 'synthetic' and args.root is None:
        parser.error(f'--dataset {args.dataset} needs --root')
    if args.dataset == 'synthetic' and (args.root or args.split or args.images):
        parser.error('--root, --split and --images are not for --dataset synthetic')
    for option in 'n_snap', 'seed':
        if getattr(args, option) != parser.get_default(option) and args.dataset != 'synthetic':
            parser.error(f'--{option.replace("_", "-")} is not for --dataset {args.dataset}')
    try:
        with chainer.using_config('accelerate', 'fast'):
            write_json(args.json, evaluate(args, open_photos(args)))
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))


def open_photos(args):
    """Photos to score on."""
    if args.dataset == 'synthetic':
        return SyntheticFashionDataset(args.n_snap, args.seed)
    return open_dataset(
        args.dataset, args.root,
        args.split or find_split(args.dataset, 'test'),
        'skip' if args.skip_missing else 'raise', args.images)


def evaluate(args, dataset):
    """Print the scores; return them by name."""
    label_names = getattr(dataset, 'label_names', FASHION_CATEGORIES)
    model = FashionSSD300(
        pretrained_model=args.weights, label_names=label_names)
    if args.vote_thresh is not None:
        model.coder = VotingMultiboxCoder(model.coder, args.vote_thresh)
    photos = None
    if args.precision == 'int8':
        rows = np.linspace(0, len(dataset) - 1, min(_N_CALIBRATION, len(dataset)))
        photos = [dataset[int(i)][0] for i in rows]
    model, _ = compile_if_installed(
        model, args.engine, args.gpu, args.precision, photos)
    model.use_preset('evaluate')

    columns = [[] for _ in range(5)]
    for i in tqdm(range(0, len(dataset), args.batch_size), disable=None):
        imgs, gt_bboxes, gt_labels = zip(
            *dataset[i:i + args.batch_size], strict=True)
        batch = (*model.predict(imgs), gt_bboxes, gt_labels)
        for column, values in zip(columns, batch, strict=True):
            column.extend(values)
    classes = [label_names[i] for i in getattr(
        dataset, 'labelled', range(len(label_names)))]
    result = eval_detection(
        *columns, label_names=label_names, classes=classes,
        n_bootstrap=args.n_bootstrap)
    if importlib.util.find_spec('pycocotools'):
        result.update({
            f'coco/{key}': value
            for key, value in eval_detection_coco(
                *columns, label_names=label_names, classes=classes).items()})
    else:
        print('no COCO scores: pip install pycocotools')
    print_table(result, label_names)
    return result


def print_table(result, label_names):
    """A row for each class and one for their mean."""
    names = ['ap']
    header = ['VOC AP@0.5']
    if 'coco/map' in result:
        names += [f'coco/{name}' for name in _COCO_SCORES]
        header += ['COCO AP', 'AP50', 'AP75', 'small', 'medium', 'large']
    print(f'{"":10}', *(f'{text:>10}' for text in header))
    for label_name in label_names:
        print(f'{label_name:10}', *(
            f'{result[f"{name}/{label_name}"]:10.3f}' for name in names))
    means = [name.replace('ap', 'map', 1) for name in names]
    print(f'{"mean":10}', *(f'{result[name]:10.3f}' for name in means))
    if 'map/low' in result:
        print(f'mAP@0.5 {result["map"]:.3f} '
              f'[{result["map/low"]:.3f}, {result["map/high"]:.3f}], 95 % of '
              'photos drawn anew')


if __name__ == '__main__':
    main()
