"""Draw two sheets of results: detection, category and retrieval of snaps."""
import argparse
import os
import sys

from vasily_fashion.visualizations import vis_retrieval_sheet

from figure_data import add_data, retrieve
from figure_file import add_out, save


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python result_sheets.py --data clothing-co-parsing')
    add_data(parser)
    parser.add_argument(
        '--n', type=int, default=8, help='snaps, half of them on each sheet')
    parser.add_argument('--index', type=int, default=0, help='of the first')
    add_out(parser, 'result_sheet.png')
    args = parser.parse_args(argv)
    if args.n < 2 or args.n % 2:
        parser.error(f'--n must be even, not {args.n}')
    indices = range(args.index, args.index + args.n)
    imgs, results, gallery = retrieve(args, indices)
    stem, suffix = os.path.splitext(args.out)
    for number in 1, 2:
        half = slice((number - 1) * args.n // 2, number * args.n // 2)
        save(vis_retrieval_sheet(
            imgs[half], results[half], gallery.read, n_column=2),
            f'{stem}_{number}{suffix}')


if __name__ == '__main__':
    sys.exit(main())
