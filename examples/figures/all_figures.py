"""Draw all figures, each by its own script, into one folder."""
import argparse
import os

import default_boxes
import overview
import product_map
import result_sheets
import ssd_network
import title
import triplet_network


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python all_figures.py --data clothing-co-parsing')
    parser.add_argument(
        '--data', help='folder of Clothing Co-Parsing, whose val split is '
        'taken; synthetic worlds if not given')
    parser.add_argument(
        '--gpu', type=int, default=-1, help='the GPU to compute on, by Chainer')
    parser.add_argument('--out', default=os.path.join('output', 'figures'))
    args = parser.parse_args(argv)
    data = [] if args.data is None else ['--data', args.data]
    ssd_network.main(['--out', os.path.join(args.out, 'ssd_network.svg')])
    default_boxes.main([*data, '--out', os.path.join(args.out, 'default_boxes.png')])
    for script, name in (
            (title, 'title'), (overview, 'overview'),
            (triplet_network, 'triplet_network'),
            (result_sheets, 'result_sheet'), (product_map, 'product_map')):
        script.main([*data, '--gpu', str(args.gpu),
                     '--out', os.path.join(args.out, f'{name}.png')])


if __name__ == '__main__':
    main()
