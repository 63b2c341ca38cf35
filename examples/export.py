"""Write the detector and the extractor as ONNX models that need nothing beside them.

A photo of any size goes in, uint8 RGB; boxes, labels and scores come out, or an
embedding. run_onnx.py beside this file runs them.
"""
import argparse

from vasily_fashion.deploy import export_detector, export_extractor
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.utils import atomic_write


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python examples/export.py --detector detector.onnx '
        '--extractor extractor.onnx')
    parser.add_argument(
        '--detector', metavar='FILE', help='the ONNX file of the detector to write')
    parser.add_argument(
        '--extractor', metavar='FILE', help='the ONNX file of the extractor to write')
    parser.add_argument(
        '--detector-weights', default='fashion', metavar='FILE',
        help="FashionSSD300's (default: the library's)")
    parser.add_argument(
        '--extractor-weights', default='fashion', metavar='FILE',
        help="StyleExtractorBN's (default: the library's)")
    parser.add_argument(
        '--score-thresh', type=float, metavar='SCORE',
        help='boxes of this confidence or more (default: as predict)')
    parser.add_argument(
        '--nms-thresh', type=float, metavar='IOU',
        help='of boxes of a category that overlap so much or more, the one of '
        'the highest confidence is left (default: as predict)')
    args = parser.parse_args(argv)
    if args.detector is None and args.extractor is None:
        parser.error('give --detector FILE, --extractor FILE or both')
    try:
        if args.detector is not None:
            detector = FashionSSD300(pretrained_model=args.detector_weights)
            for name in 'score_thresh', 'nms_thresh':
                if getattr(args, name) is not None:
                    setattr(detector, name, getattr(args, name))
            _write(export_detector(detector), args.detector)
        if args.extractor is not None:
            extractor = StyleExtractorBN(pretrained_model=args.extractor_weights)
            _write(export_extractor(extractor), args.extractor)
    except ImportError as error:
        parser.error(f"{error}: pip install onnx onnxruntime")
    except (OSError, ValueError) as error:
        parser.error(str(error))


def _write(model, path):
    with atomic_write(path) as file:
        file.write(model.SerializeToString())
    print(f'{path}: {model.ByteSize():,} bytes')


if __name__ == '__main__':
    main()
