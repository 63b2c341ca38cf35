"""What all figures have in common: their parser, and where they go."""
import argparse
import os

from vasily_fashion.utils import atomic_write

from matplotlib import rc_context

_FORMATS = ('.pdf', '.png', '.svg')


def make_parser(description, example, name):
    """A parser with the argument --out."""
    parser = argparse.ArgumentParser(
        description=description, epilog=f'example: python {example}',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        '--out', type=_picture, default=os.path.join('output', 'figures', name),
        help=f'the picture: {", ".join(_FORMATS)}')
    return parser


def _picture(path):
    if not path.lower().endswith(_FORMATS):
        raise argparse.ArgumentTypeError(
            f'{path}: name a file that ends in {", ".join(_FORMATS)}')
    return path


def save(figure, path):
    """Write a figure; its folder is made if there is none."""
    suffix = os.path.splitext(path)[1].lower()
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    # the same picture is the same file
    with atomic_write(path) as file, rc_context({'svg.hashsalt': 'vasily_fashion'}):
        figure.savefig(
            file, format=suffix[1:], dpi=130,
            metadata={'.svg': {'Date': None}, '.pdf': {'CreationDate': None}}
            .get(suffix))
    print(path)
