"""Draw the three tasks, detection, category and retrieval, of one snap."""

from vasily_fashion.visualizations import vis_overview

from figure_data import add_data, retrieve
from figure_file import make_parser, save


def main(argv=None):
    parser = make_parser(__doc__, 'overview.py --index 2 --out overview.pdf', 'overview.png')
    add_data(parser)
    parser.add_argument('--index', type=int, default=7, help='of the snap')
    args = parser.parse_args(argv)
    (img,), (items,), gallery = retrieve(args, [args.index])
    save(vis_overview(img, items, gallery.read).figure, args.out)


if __name__ == '__main__':
    main()
