"""Draw SSD300's feature maps from the network itself."""

from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300
from vasily_fashion.visualizations import vis_ssd_network

from figure_file import make_parser, save


def main(argv=None):
    parser = make_parser(__doc__, 'ssd_network.py --out ssd_network.pdf', 'ssd_network.svg')
    args = parser.parse_args(argv)
    img = SyntheticFashionDataset(2, 5)[1][0]
    save(vis_ssd_network(FashionSSD300(), img).figure, args.out)


if __name__ == '__main__':
    main()
