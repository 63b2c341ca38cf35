"""Draw the title picture: a snap and similar products of a shop."""

from vasily_fashion.visualizations import vis_title

from figure_data import add_data, retrieve
from figure_file import make_parser, save


def main(argv=None):
    parser = make_parser(__doc__, 'title.py --seed 7', 'title.png')
    add_data(parser)
    parser.add_argument('--index', type=int, default=59, help='of the snap')
    parser.add_argument('--title', default='vasily_fashion')
    parser.add_argument(
        '--subtitle', default='fashion item detection\nand retrieval with '
        'deep learning,\non Chainer')
    args = parser.parse_args(argv)
    (img,), (items,), gallery = retrieve(args, [args.index])
    save(vis_title(img, items, gallery.read, args.title,
                   args.subtitle).figure, args.out)


if __name__ == '__main__':
    main()
