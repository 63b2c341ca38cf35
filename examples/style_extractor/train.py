"""Train StyleExtractorBN on Clothing Co-Parsing or another data set, and synthetic items."""
import argparse
import os

from vasily_fashion.datasets import (
    CCPItemDataset,
    ConcatenatedItemDataset,
    StreetShopPairDataset,
    SyntheticFashionDataset,
    SyntheticItemDataset,
)
from vasily_fashion.datasets.named_datasets import open_dataset
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.links.style_extractor.choose_negatives import NEGATIVES
from vasily_fashion.links.style_extractor.start_from_vgg16 import start_from_vgg16
from vasily_fashion.links.style_extractor.triplet_train_chain import LOSSES
from vasily_fashion.training import create_communicator, train_style_extractor

import numpy as np

#: Data set -> its splits to train on and to score while training.
_PAIRS = {
    'street2shop': ('train', 'test'),
    'deepfashion2-pairs': ('train', 'validation'),
    'consumer-to-shop': ('train', 'val'),
    'in-shop': ('train', 'test'),
    'csv': ('train', 'val'),
}


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python train.py --root clothing-co-parsing '
        '--n-synthetic 300')
    parser.add_argument(
        '--dataset', choices=('ccp', *_PAIRS), default='ccp',
        help='what --root is; ccp is Clothing Co-Parsing')
    parser.add_argument(
        '--root', help="its folder, of 'csv' the file; its train split")
    parser.add_argument('--images', help='folder of the images, for a CSV')
    parser.add_argument(
        '--skip-missing', action='store_true',
        help='leave out images that are not there')
    parser.add_argument(
        '--n-cutout', type=int, default=1, help='how many product-like '
        'cutouts of each item of Clothing Co-Parsing there are')
    parser.add_argument(
        '--box-jitter', type=float, default=0., metavar='SHARE',
        help="how far the boxes of snap crops are moved, as a detector's err: "
        'standard deviation of each side, as a share of its height or width')
    parser.add_argument(
        '--n-synthetic', type=int, default=0,
        help='number of synthetic snaps whose items are added')
    parser.add_argument(
        '--weights', help="where to start: a path or 'fashion'")
    parser.add_argument(
        '--vgg16', help='start the first six convolutions with those of a '
        'VGG16, such as examples/ssd/convert.py writes')
    parser.add_argument(
        '--n-frozen-block', type=int, default=0, choices=range(4),
        help='how many of the three blocks keep their weights')
    parser.add_argument(
        '--features', metavar='FOLDER', help='compute frozen blocks once for '
        'each image, and keep the outputs in this folder')
    parser.add_argument(
        '--n-view', type=int, default=4, help='with --features, how many '
        'augmented views of a snap crop take turns')
    parser.add_argument('--out', default='output/style_extractor')
    parser.add_argument('--iteration', type=int, default=1000)
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument('--lr', type=float, default=1e-3)
    parser.add_argument(
        '--loss', choices=tuple(LOSSES), default='triplet')
    parser.add_argument(
        '--margin', type=float, help='of the loss; 0.2 for triplet, 1 for '
        'contrastive if not given, and ratio has none')
    parser.add_argument(
        '--negatives', choices=NEGATIVES, default='all',
        help='which product images of the batch an anchor moves away from')
    parser.add_argument(
        '--lr-schedule', choices=('steps', 'cosine'), default='steps',
        help='times 0.1 after 70 %% and 90 %% of the iterations, or half a '
        'cosine down to 0')
    parser.add_argument(
        '--warm-up', type=int, default=0, metavar='ITERATION',
        help='how many of the iterations the learning rate first grows over')
    parser.add_argument('--device', default=-1, help='a GPU, or -1: the CPU')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--resume', help='a snapshot to go on from')
    parser.add_argument(
        '--val-root', help='folder (or file) of a data set of the same kind, '
        'whose val split scores the model while it is trained; best.npz keeps '
        'the best')
    parser.add_argument(
        '--eval-interval', type=int, default=200, metavar='ITERATION',
        help='iterations between two scores')
    parser.add_argument(
        '--communicator', help="ChainerMN's, under mpiexec: naive for CPUs, "
        'pure_nccl for GPUs')
    parser.add_argument(
        '--multi-node-bn', action='store_true',
        help='normalise the batches of all workers as one')
    args = parser.parse_args(argv)

    if args.resume is not None and not os.path.isfile(args.resume):
        parser.error(f'--resume: there is no file {args.resume}')

    if args.multi_node_bn and args.communicator is None:
        parser.error('--multi-node-bn needs --communicator')
    if not 0 <= args.box_jitter < .25:
        parser.error('--box-jitter must be from 0 to under 0.25')
    if args.loss == 'ratio' and args.margin is not None:
        parser.error('--loss ratio has no --margin')
    if args.features is not None and (
            args.n_frozen_block == 0 or args.communicator is not None):
        parser.error('--features needs --n-frozen-block, and one worker')
    parts, val = [], None
    try:
        comm = create_communicator(args.communicator)
        if args.val_root is not None:
            val = open_pairs(args, args.val_root, 1)
        if args.root is not None:
            parts.append(open_pairs(
                args, args.root, 0, args.n_cutout, args.box_jitter))
        if args.n_synthetic:
            parts.append(SyntheticItemDataset(
                SyntheticFashionDataset(args.n_synthetic, args.seed)))
        if not parts:
            parser.error('nothing to train on: give --root or --n-synthetic')
        np.random.seed(args.seed)  # layers that no file gives start at random
        model = StyleExtractorBN(pretrained_model=args.weights, strict=False)
        if args.vgg16 is not None:
            start_from_vgg16(model, args.vgg16)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    train_style_extractor(
        model, ConcatenatedItemDataset(*parts), args.out, args.iteration,
        batch_size=args.batch_size, lr=args.lr,
        lr_schedule=args.lr_schedule, warm_up=args.warm_up,
        n_frozen_block=args.n_frozen_block, device=args.device,
        seed=args.seed, resume=args.resume, margin=args.margin,
        loss=args.loss, negatives=args.negatives, val=val,
        eval_interval=args.eval_interval, comm=comm,
        multi_node_bn=args.multi_node_bn, features=args.features,
        n_view=args.n_view)


def open_pairs(args, root, i, n_cutout=1, box_jitter=0.):
    """Pairs of the train or val split of a data set."""
    missing = 'skip' if args.skip_missing else 'raise'
    if args.dataset == 'ccp':
        return CCPItemDataset(
            root, ('train', 'val')[i], n_cutout=n_cutout, missing=missing,
            box_jitter=box_jitter)
    return StreetShopPairDataset(open_dataset(
        args.dataset, root, _PAIRS[args.dataset][i], missing, args.images),
        box_jitter)


if __name__ == '__main__':
    main()
