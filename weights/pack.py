"""Turn what a training wrote into a file of weights/.

Prints the file's name, size and sha256, for weights/README.md and
vasily_fashion/utils/locate_weights.py.
"""
import argparse
import hashlib
import os
import sys
from pathlib import Path

from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.utils import save_weights

import numpy as np

_LINKS = {
    'fashion_ssd300': (FashionSSD300, np.float16),
    'style_extractor_bn': (StyleExtractorBN, None),
}


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python weights/pack.py fashion_ssd300 '
        'output/ssd/model.npz 2026_11_26')
    parser.add_argument('link', choices=sorted(_LINKS))
    parser.add_argument('model', help='model.npz that the training wrote')
    parser.add_argument('version', help='end of the file name, such as a date')
    args = parser.parse_args(argv)
    link, dtype = _LINKS[args.link]
    path = Path(__file__).parent / f'{args.link}_{args.version}.npz'
    save_weights(path, link(pretrained_model=args.model), dtype)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(path.name, os.path.getsize(path), digest)


if __name__ == '__main__':
    sys.exit(main())
