"""Draw two sheets of results: detection, category and retrieval of snaps."""
import os

from vasily_fashion.visualizations import vis_retrieval_sheet

from figure_data import add_data, retrieve
from figure_file import make_parser, save


def main(argv=None):
    parser = make_parser(
        __doc__, 'result_sheets.py --data clothing-co-parsing', 'result_sheet.png')
    add_data(parser)
    parser.add_argument(
        '--n', type=int, default=8, help='snaps, half of them on each sheet')
    parser.add_argument('--index', type=int, default=0, help='of the first')
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
    main()
