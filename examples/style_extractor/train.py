"""Train StyleExtractorBN on Clothing Co-Parsing and synthetic items."""
import argparse
import os

from vasily_fashion.datasets import CCPItemDataset, SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.links.style_extractor.start_from_vgg16 import start_from_vgg16
from vasily_fashion.training import train_style_extractor

from chainer.datasets import ConcatenatedDataset


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python train.py --root clothing-co-parsing '
        '--n-synthetic 300')
    parser.add_argument(
        '--root', help='folder of Clothing Co-Parsing; its train split')
    parser.add_argument(
        '--n-synthetic', type=int, default=0,
        help='number of synthetic snaps whose items are added')
    parser.add_argument(
        '--weights', help="where to start: a path or 'fashion'")
    parser.add_argument(
        '--vgg16', help='start the first six convolutions with those of a '
        'VGG16, such as examples/ssd/hed2npz.py writes')
    parser.add_argument(
        '--n-frozen-block', type=int, default=0, choices=range(4),
        help='how many of the three blocks keep their weights')
    parser.add_argument('--out', default='output/style_extractor')
    parser.add_argument('--iteration', type=int, default=1000)
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument('--lr', type=float, default=1e-3)
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
    args = parser.parse_args(argv)

    if args.resume is not None and not os.path.isfile(args.resume):
        parser.error(f'--resume: there is no file {args.resume}')

    parts = []
    try:
        if args.root is not None:
            parts.append(CCPItemDataset(args.root, 'train'))
        if args.n_synthetic:
            parts.append(SyntheticItemDataset(
                SyntheticFashionDataset(args.n_synthetic, args.seed)))
        if not parts:
            parser.error('nothing to train on: give --root or --n-synthetic')
        model = StyleExtractorBN(pretrained_model=args.weights)
        if args.vgg16 is not None:
            start_from_vgg16(model, args.vgg16)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    train_style_extractor(
        model, ConcatenatedDataset(*parts), args.out, args.iteration,
        batch_size=args.batch_size, lr=args.lr,
        lr_schedule=args.lr_schedule, warm_up=args.warm_up,
        n_frozen_block=args.n_frozen_block, device=args.device,
        seed=args.seed, resume=args.resume)


if __name__ == '__main__':
    main()
