"""Fine-tune SSD300 on Clothing Co-Parsing or another data set, and synthetic snaps."""
import argparse
import os

from vasily_fashion.datasets import RepeatRareDataset
from vasily_fashion.datasets.named_datasets import BBOX_DATASETS, open_dataset
from vasily_fashion.links import FashionSSD300
from vasily_fashion.training import create_communicator, train_fashion_ssd

import numpy as np
from chainer.datasets import ConcatenatedDataset


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python train.py --root clothing-co-parsing '
        '--weights vgg16_hed.npz --freeze-until conv3_3')
    parser.add_argument(
        '--dataset', choices=tuple(BBOX_DATASETS), default='ccp',
        help='what --root is; ccp is Clothing Co-Parsing')
    parser.add_argument(
        '--root', help="its folder, of 'coco' the file; its train split")
    parser.add_argument(
        '--images', help='folder of the photos, for a COCO json')
    parser.add_argument(
        '--skip-missing', action='store_true',
        help='leave out photos that are not there')
    parser.add_argument(
        '--repeat-rare', type=float, metavar='SHARE',
        help='repeat photos of categories that less than this share of '
        'them show, such as 0.3')
    parser.add_argument(
        '--n-synthetic', type=int, default=0,
        help='number of synthetic snaps to add')
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
    parser.add_argument('--device', default=-1, help='a GPU, or -1: the CPU')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--resume', help='a snapshot to go on from')
    parser.add_argument(
        '--val-root', help='folder (or file) of a data set of the same kind, '
        'whose val split scores the model while it is trained; best.npz keeps '
        'the best')
    parser.add_argument(
        '--eval-interval', type=int, default=500, metavar='ITERATION',
        help='iterations between two scores')
    parser.add_argument(
        '--communicator', help="ChainerMN's, under mpiexec: naive for CPUs, "
        'pure_nccl for GPUs')
    args = parser.parse_args(argv)

    if args.resume is not None and not os.path.isfile(args.resume):
        parser.error(f'--resume: there is no file {args.resume}')

    if args.val_root is not None and args.dataset == 'modanet':
        parser.error('--val-root: ModaNet has no boxes of a val split')
    if not args.max_expand >= 1:
        parser.error('--max-expand must be at least 1')
    parts, val = [], None
    try:
        comm = create_communicator(args.communicator)
        if args.val_root is not None:
            val = open_part(args, args.val_root, -1)
        if args.root is not None:
            photos = open_part(args, args.root, 0)
            if args.repeat_rare is not None:
                photos = RepeatRareDataset(photos, args.repeat_rare, args.seed)
            parts.append(photos)
        if args.n_synthetic:
            from vasily_fashion.datasets import SyntheticFashionDataset
            parts.append(SyntheticFashionDataset(args.n_synthetic, args.seed))
        if not parts:
            parser.error('nothing to train on: give --root or --n-synthetic')
        np.random.seed(args.seed)  # layers that no file gives start at random
        model = FashionSSD300(pretrained_model=args.weights, strict=False)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    train_fashion_ssd(
        model, ConcatenatedDataset(*parts), args.out, args.iteration,
        batch_size=args.batch_size, optimizer=args.optimizer, lr=args.lr,
        lr_schedule=args.lr_schedule, warm_up=args.warm_up,
        freeze_until=args.freeze_until, max_expand=args.max_expand,
        device=args.device, seed=args.seed, resume=args.resume, val=val,
        eval_interval=args.eval_interval, comm=comm)


def open_part(args, root, i):
    """The first or last of a data set's splits."""
    split = BBOX_DATASETS[args.dataset][1][i]
    return open_dataset(
        args.dataset, root, split, 'skip' if args.skip_missing else 'raise',
        args.images)


if __name__ == '__main__':
    main()
