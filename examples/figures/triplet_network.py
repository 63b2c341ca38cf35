"""Draw the triplet network, with three real images and their distances."""
from vasily_fashion.datasets import CCPItemDataset, SyntheticFashionDataset, SyntheticItemDataset
from vasily_fashion.visualizations import vis_triplet_network

from figure_data import add_data, load_extractor
from figure_file import make_parser, save


def main(argv=None):
    parser = make_parser(__doc__, 'triplet_network.py --index 5 12', 'triplet_network.png')
    add_data(parser, has_snaps=False)
    parser.add_argument(
        '--index', type=int, nargs=2, default=(28, 4),
        help='two items: the first as snap crop and product image, the other '
        'as product image')
    args = parser.parse_args(argv)
    items = (SyntheticItemDataset(SyntheticFashionDataset(8, args.seed))
             if args.data is None else CCPItemDataset(args.data, 'val'))
    for i in args.index:
        if not 0 <= i < len(items):
            parser.error(f'--index: {i} is not among the {len(items)} items')
    query, positive, _ = items[args.index[0]]
    imgs = query, positive, items[args.index[1]][1]
    extractor = load_extractor(args)
    save(vis_triplet_network(imgs, extractor.extract(imgs)).figure, args.out)


if __name__ == '__main__':
    main()
