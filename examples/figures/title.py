"""Draw the title picture: a snap and similar products of a shop."""
import argparse
import sys

from vasily_fashion.visualizations import vis_title

from figure_data import add_data, retrieve
from figure_file import add_out, save


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python title.py --seed 7')
    add_data(parser)
    parser.add_argument('--index', type=int, default=8, help='of the snap')
    parser.add_argument('--title', default='vasily_fashion')
    parser.add_argument(
        '--subtitle', default='fashion item detection\nand retrieval with '
        'deep learning,\non Chainer')
    add_out(parser, 'title.png')
    args = parser.parse_args(argv)
    (img,), (items,), gallery = retrieve(args, [args.index])
    save(vis_title(img, items, gallery.read, args.title,
                   args.subtitle).figure, args.out)


if __name__ == '__main__':
    sys.exit(main())
