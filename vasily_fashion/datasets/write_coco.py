import json
import os
from typing import Any

from vasily_fashion.utils import atomic_write

from PIL import Image
from tqdm import tqdm


def write_coco(dataset: Any, path: str | os.PathLike[str]) -> None:
    """Write photos with boxes as a COCO json.

    :class:`~vasily_fashion.datasets.GenericCOCOBboxDataset` reads it back,
    with the same folder of photos, the same order, boxes and labels. No
    photo is decoded: its size stands at the head of its file.

    Args:
        dataset: A reader of boxes of this library: with `root`, `names`,
            `label_names`, and the keys 'bbox' and 'label'.
        path (str or path): The file, which is there whole or not at all.

    Raises:
        OSError: If a photo cannot be opened, or the file not be written.
    """
    annotations: list[dict[str, Any]]
    images, annotations = [], []
    for i, name in enumerate(tqdm(dataset.names, 'COCO', disable=None)):
        with Image.open(dataset.root / name) as image:
            width, height = image.size
            # it is read turned; of a TIFF Pillow gives the size as turned
            if image.format != 'TIFF' and image.getexif().get(0x0112) in range(5, 9):
                width, height = height, width
        images.append({'id': i + 1, 'file_name': name, 'width': width,
                       'height': height})
        (bbox, label), = dataset.slice[i:i + 1, ('bbox', 'label')]
        for (y0, x0, y1, x1), k in zip(
                bbox.astype(float), label, strict=True):
            annotations.append({
                'id': len(annotations) + 1, 'image_id': i + 1,
                'category_id': int(k) + 1, 'iscrowd': 0,
                'bbox': [x0, y0, x1 - x0, y1 - y0],
                'area': (x1 - x0) * (y1 - y0)})
    with atomic_write(path, 'w', encoding='utf-8') as file:
        json.dump({
            'info': {}, 'licenses': [], 'images': images,
            'annotations': annotations,
            'categories': [{'id': k + 1, 'name': label_name}
                           for k, label_name in enumerate(dataset.label_names)],
        }, file, ensure_ascii=False)
