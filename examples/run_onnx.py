"""Find a photo's items among product photos, with ONNX Runtime and NumPy alone.

The models are export.py's. Pillow decodes the photos; any other decoder does.
Usage: python run_onnx.py detector.onnx extractor.onnx street.jpg my_shop/*.jpg
"""
import json
import sys

import numpy as np
import onnxruntime


def detect(detector, photo):
    """Yield the name, the score, the box and the crop of each item."""
    names = json.loads(detector.get_modelmeta().custom_metadata_map['label_names'])
    size = np.array(photo.shape[:2])
    for box, label, score in zip(*detector.run(None, {'image': photo}), strict=True):
        room = .15 * (box[2:] - box[:2])  # as FashionItemRetriever leaves
        y0, x0 = first = np.floor(np.clip(box[:2] - room, 0, size - 1)).astype(int)
        y1, x1 = np.ceil(np.clip(box[2:] + room, first + 1, size)).astype(int)
        yield names[label], score, box, photo[y0:y1, x0:x1]


def embed(extractor, image):
    """Turn a crop or a product photo into 128 floats."""
    return extractor.run(None, {'image': image})[0]


def read(path):
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(Image.open(path)).convert('RGBA')
    white = Image.new('RGBA', image.size, 'white')  # below what is transparent
    return np.asarray(Image.alpha_composite(white, image).convert('RGB'))


def main(argv):
    detector, extractor = map(onnxruntime.InferenceSession, argv[:2])
    photo = read(argv[2])
    catalogue = np.stack([embed(extractor, read(path)) for path in argv[3:]])
    for name, score, box, crop in detect(detector, photo):
        distances = ((catalogue - embed(extractor, crop)) ** 2).sum(axis=1)
        nearest = distances.argmin()
        print(f'{name} {score:.2f} {box.round()}: {argv[3 + nearest]}, {distances[nearest]:.3f}')


if __name__ == '__main__':
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(sys.argv[1:])
