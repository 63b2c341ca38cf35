"""Fine-tune SSD300 on Clothing Co-Parsing and synthetic snaps."""
import argparse
import os

from vasily_fashion.datasets import CCPBboxDataset, RepeatRareDataset
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
        '--root', help='folder of Clothing Co-Parsing; its train split')
    parser.add_argument(
        '--repeat-rare', type=float, metavar='SHARE',
        help='repeat its photos of categories that less than this share of '
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
    parser.add_argument('--device', default=-1, help='a GPU, or -1: the CPU')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--resume', help='a snapshot to go on from')
    parser.add_argument(
        '--val-root', help='folder of Clothing Co-Parsing, whose val split '
        'scores the model while it is trained; best.npz keeps the best')
    parser.add_argument(
        '--eval-interval', type=int, default=500, metavar='ITERATION',
        help='iterations between two scores')
    parser.add_argument(
        '--communicator', help="ChainerMN's, under mpiexec: naive for CPUs, "
        'pure_nccl for GPUs')
    args = parser.parse_args(argv)

    if args.resume is not None and not os.path.isfile(args.resume):
        parser.error(f'--resume: there is no file {args.resume}')

    parts, val = [], None
    try:
        comm = create_communicator(args.communicator)
        if args.val_root is not None:
            val = CCPBboxDataset(args.val_root, 'val')
        if args.root is not None:
            photos = CCPBboxDataset(args.root, 'train')
            if args.repeat_rare is not None:
                photos = RepeatRareDataset(photos, args.repeat_rare, args.seed)
            parts.append(photos)
        if args.n_synthetic:
            from vasily_fashion.datasets import SyntheticFashionDataset
            parts.append(SyntheticFashionDataset(args.n_synthetic, args.seed))
        if not parts:
            parser.error('nothing to train on: give --root or --n-synthetic')
        np.random.seed(args.seed)  # layers that no file gives start at random
        model = FashionSSD300(pretrained_model=args.weights)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    train_fashion_ssd(
        model, ConcatenatedDataset(*parts), args.out, args.iteration,
        batch_size=args.batch_size, optimizer=args.optimizer, lr=args.lr,
        lr_schedule=args.lr_schedule, warm_up=args.warm_up,
        freeze_until=args.freeze_until, device=args.device, seed=args.seed,
        resume=args.resume, val=val, eval_interval=args.eval_interval,
        comm=comm)


if __name__ == '__main__':
    main()
