"""Draw default boxes that match the items of a snap, on two feature maps."""

from vasily_fashion.datasets import CCPBboxDataset, SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300
from vasily_fashion.visualizations import vis_default_boxes

from figure_file import make_parser, save
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

_INK = '#333333'


def main(argv=None):
    parser = make_parser(__doc__, 'default_boxes.py --out default_boxes.pdf', 'default_boxes.png')
    parser.add_argument(
        '--data', help='folder of Clothing Co-Parsing, whose val split is '
        'taken, instead of synthetic snaps')
    parser.add_argument('--index', type=int, default=1, help='of the snap')
    parser.add_argument(
        '--level', type=int, nargs=2, default=(1, 2),
        help='the two feature maps, 0 is the finest')
    args = parser.parse_args(argv)
    dataset = (SyntheticFashionDataset(max(args.index + 1, 1), 5) if args.data is None
               else CCPBboxDataset(args.data, 'val'))
    model = FashionSSD300()
    if not 0 <= args.index < len(dataset):
        parser.error(f'--index: there are {len(dataset)} snaps, from 0')
    if not all(0 <= level < len(model.extractor.grids) for level in args.level):
        parser.error(f'--level: there are {len(model.extractor.grids)} feature maps, from 0')
    img, bbox, label = dataset[args.index]
    height = 4.2 * img.shape[1] / img.shape[2]
    figure = Figure(figsize=(8.6, height + .8), layout='constrained')
    for ax, level in zip(figure.subplots(1, 2), args.level, strict=True):
        vis_default_boxes(img, bbox, label, model, level, ax)
        grid = model.extractor.grids[level]
        ax.set_title(f'{grid} x {grid} feature map', fontsize=10)
    figure.legend(
        handles=[
            Line2D([], [], color=_INK, linewidth=2.2, label='true box of an item'),
            Line2D([], [], color=_INK, linestyle='--', linewidth=1.4,
                   label='default box that matches it, the best two'),
            Line2D([], [], color=_INK, linestyle='', marker='o', markersize=4,
                   label='cell of that default box')],
        loc='outside lower center', ncols=3, fontsize=9, frameon=False)
    save(figure, args.out)


if __name__ == '__main__':
    main()
