"""Fine-tune SSD300 on photos with boxes."""
import argparse
import os

from vasily_fashion.datasets import (
    ConcatenatedBboxDataset,
    ProductBboxDataset,
    RepeatRareDataset,
    SyntheticFashionDataset,
)
from vasily_fashion.datasets.named_datasets import (
    BBOX_DATASETS,
    find_split,
    open_dataset,
    parse_dataset,
)
from vasily_fashion.links import FashionSSD300
from vasily_fashion.training import create_communicator, train_fashion_ssd
from vasily_fashion.utils import find_device

import numpy as np

_PHOTOS = (*BBOX_DATASETS, 'products', 'synthetic')
_OPTIONS = {'weight': float, 'images': str}


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python train.py --dataset ccp clothing-co-parsing '
        '--weights vgg16_hed.npz --freeze-until conv3_3')
    parser.add_argument(
        '--dataset', nargs='+', action='append', metavar=('NAME', 'ROOT'),
        help=f'photos to train on, one of {", ".join(_PHOTOS)}; its folder (of '
        'coco the file, of synthetic the number of snaps), whose split to '
        'train on is read; and, if wanted, weight=W, its share of each batch; '
        'images=PATH, the folder of the photos of a COCO json, or the CSV of '
        "products' folder. May be given several times")
    parser.add_argument(
        '--skip-missing', action='store_true',
        help='leave out photos that are not there')
    parser.add_argument(
        '--repeat-rare', type=float, metavar='SHARE',
        help='repeat photos of categories that less than this share of '
        'them show, such as 0.3')
    parser.add_argument(
        '--weights', default='imagenet',
        help="where to start: a path, 'imagenet', 'voc0712' or 'fashion'")
    parser.add_argument('--out', default='output/ssd')
    parser.add_argument('--iteration', type=int, default=4000)
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument(
        '--optimizer', choices=('sgd', 'adam'), default='sgd')
    parser.add_argument(
        '--lr', type=float,
        help='learning rate to begin with; 1e-3 for SGD, 1e-4 for Adam if '
        'not given')
    parser.add_argument(
        '--lr-schedule', choices=('steps', 'cosine'), default='steps',
        help='times 0.1 after 70 %% and 90 %% of the iterations, or half a '
        'cosine down to 0')
    parser.add_argument(
        '--warm-up', type=int, default=0, metavar='ITERATION',
        help='how many of the iterations the learning rate first grows over')
    parser.add_argument(
        '--freeze-until', help="last frozen layer, such as 'conv3_3'")
    parser.add_argument(
        '--max-expand', type=float, default=4, metavar='FACTOR',
        help='the widest canvas that a photo is put on while training')
    parser.add_argument('--gpu', type=int, default=-1, help='the GPU to compute on; -1: the CPU')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--resume', help='a snapshot to go on from')
    parser.add_argument(
        '--val', nargs='+', metavar=('NAME', 'ROOT'), help='a data set, as '
        'for --dataset, whose split to choose by scores the model while it is '
        'trained; best.npz keeps the best')
    parser.add_argument(
        '--eval-interval', type=int, default=500, metavar='ITERATION',
        help='iterations between two scores')
    parser.add_argument(
        '--communicator', help="ChainerMN's, under mpiexec: naive for CPUs, "
        'pure_nccl for GPUs')
    args = parser.parse_args(argv)

    if args.resume is not None and not os.path.isfile(args.resume):
        parser.error(f'--resume: there is no file {args.resume}')

    if not args.max_expand >= 1:
        parser.error('--max-expand must be at least 1')
    if not args.dataset:
        parser.error('nothing to train on: give --dataset')
    parts, weights, val = [], [], None
    try:
        device = find_device(args.gpu)
        comm = create_communicator(args.communicator)
        for words in args.dataset:
            name, root, options = parse_dataset(words, _PHOTOS, _OPTIONS)
            photos = open_photos(args, name, root, 'train', options)
            if args.repeat_rare is not None and name != 'synthetic':
                photos = RepeatRareDataset(photos, args.repeat_rare, args.seed)
            parts.append(photos)
            weights.append(options.get('weight'))
        if args.val is not None:
            name, root, options = parse_dataset(args.val, _PHOTOS, _OPTIONS)
            val = open_photos(args, name, root, 'val', options)
        np.random.seed(args.seed)  # layers that no file gives start at random
        model = FashionSSD300(pretrained_model=args.weights, strict=False)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    train_fashion_ssd(
        model, ConcatenatedBboxDataset(*parts), args.out, args.iteration,
        batch_size=args.batch_size, optimizer=args.optimizer, lr=args.lr,
        lr_schedule=args.lr_schedule, warm_up=args.warm_up,
        freeze_until=args.freeze_until, max_expand=args.max_expand,
        device=device, seed=args.seed, resume=args.resume, val=val,
        eval_interval=args.eval_interval, comm=comm,
        weights=None if not any(weights) else [w or 1. for w in weights])


def open_photos(args, name, root, purpose, options):
    """Open the photos of a data set, for training or for choosing weights."""
    missing = 'skip' if args.skip_missing else 'raise'
    if name == 'synthetic':
        seed = args.seed if purpose == 'train' else args.seed + 1000
        return SyntheticFashionDataset(int(root), seed)
    if name == 'products':
        return ProductBboxDataset(open_dataset(
            'folder', root, find_split('folder', purpose), missing,
            options.get('images')))
    return open_dataset(
        name, root, find_split(name, purpose), missing, options.get('images'))


if __name__ == '__main__':
    main()
