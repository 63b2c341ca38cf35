"""Where a figure goes."""
import os

from vasily_fashion.utils import atomic_write

from matplotlib import rc_context

_FORMATS = ('.pdf', '.png', '.svg')


def add_out(parser, name):
    """Give a parser the argument --out."""
    parser.add_argument(
        '--out', default=os.path.join('output', 'figures', name),
        help=f'the picture: {", ".join(_FORMATS)}')


def save(figure, path):
    """Write a figure; its folder is made if there is none."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in _FORMATS:
        raise SystemExit(
            f'--out {path}: name a file that ends in {", ".join(_FORMATS)}')
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    # the same picture is the same file
    with atomic_write(path) as file, rc_context({'svg.hashsalt': 'vasily_fashion'}):
        figure.savefig(
            file, format=suffix[1:], dpi=130,
            metadata={'.svg': {'Date': None}, '.pdf': {'CreationDate': None}}
            .get(suffix))
    print(path)
