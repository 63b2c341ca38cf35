"""Draw the three tasks, detection, category and retrieval, of one snap."""
import argparse
import sys

from vasily_fashion.visualizations import vis_overview

from figure_data import add_data, retrieve
from figure_file import add_out, save


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python overview.py --index 2 --out overview.pdf')
    add_data(parser)
    parser.add_argument('--index', type=int, default=7, help='of the snap')
    add_out(parser, 'overview.png')
    args = parser.parse_args(argv)
    (img,), (items,), gallery = retrieve(args, [args.index])
    save(vis_overview(img, items, gallery.read).figure, args.out)


if __name__ == '__main__':
    sys.exit(main())
