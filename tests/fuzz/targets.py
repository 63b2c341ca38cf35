"""Everything that reads bytes from outside, as functions of those bytes.

A target has seeds, which are read without an error, and says which errors may
come out of other bytes. Anything else that is raised is a defect.
"""
import dataclasses
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path

from vasily_fashion.converters.read_arrays import read_arrays
from vasily_fashion.datasets import (
    CSVRetrievalDataset,
    GenericCOCOBboxDataset,
    GenericVOCBboxDataset,
    ProductFolderDataset,
)
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.retrieval import FlatIndex
from vasily_fashion.utils import ImageReadError, load_weights, read_image, save_weights

import numpy as np
from PIL import Image

_DIM = 4


@dataclasses.dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        read (callable): Takes bytes and an empty folder.
        seeds (callable): Gives a list of bytes that are read.
        errors (tuple): What other bytes may raise.
    """

    read: Callable
    seeds: Callable
    errors: tuple


def run(target, data, folder):
    """Read bytes; raise what is no expected error.

    Returns:
        bool: Whether they were read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            target.read(data, Path(folder))
        except target.errors as error:
            assert str(error), 'an error has to say something'
            return False
    return True


def _image(data, folder):
    # the limit keeps a run fast; what is beyond it is refused by its header
    img = read_image(io.BytesIO(data), max_pixel=100_000)
    assert img.dtype == np.float32 and img.shape[0] == 3
    assert 0 <= img.min() and img.max() <= 255


def _images():
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (6, 5, 3), np.uint8))
    modes = [image, image.convert('P'), image.convert('L'), image.convert('LA'),
             image.convert('RGBA'), image.convert('CMYK'), image.convert('1'),
             Image.fromarray(rng.integers(0, 65536, (4, 3), np.uint16))]
    files = []
    for kind in 'PNG', 'JPEG', 'GIF', 'WEBP', 'BMP', 'TIFF', 'PPM', 'JPEG2000':
        for image in modes:
            file = io.BytesIO()
            try:
                image.save(file, kind)
            except (OSError, KeyError, ValueError):
                continue  # it has no such mode
            files.append(file.getvalue())
    return files


def _write(data, folder, name):
    path = folder / name
    path.write_bytes(data)
    return path


def _index(data, folder):
    FlatIndex.load(_write(data, folder, 'index.npz'))


def _saved(save):
    """The bytes of a file that a function writes."""
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'x.npz')
        save(path)
        return path.read_bytes()


def _indexes():
    files = []
    for ids in [1, 2, 3], ['a', 'b', 'ü']:
        for metric in 'sqeuclidean', 'cosine':
            index = FlatIndex(_DIM, metric)
            index.add(np.eye(3, _DIM) + 1, ids, [0, 1, -1])
            files.append(_saved(index.save))
    return files


_EXTRACTOR = None


def _weights(data, folder):
    global _EXTRACTOR
    if _EXTRACTOR is None:
        _EXTRACTOR = StyleExtractorBN()
    load_weights(_write(data, folder, 'weights.npz'), _EXTRACTOR)


def _weight_files():
    # a whole one has 7 MB, and every byte of it is alike: one layer
    def save(path):
        np.savez(path, **{'bn1_1/gamma': StyleExtractorBN().bn1_1.gamma.array})
    file = _saved(lambda path: save_weights(path, StyleExtractorBN()))
    assert len(file) > 1_000_000
    return [_saved(save)]


def _arrays(data, folder):
    read_arrays(_write(data, folder, 'weights'))


def _array_files():
    header = json.dumps({'x': {
        'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}}).encode()
    return [
        _saved(lambda path: np.savez(path, x=np.ones(3))),
        _saved(lambda path: np.savez_compressed(path, x=np.ones(3))),
        len(header).to_bytes(8, 'little') + header + np.ones(2, '<f4').tobytes()]


def _shop(folder):
    """An image that annotations may name."""
    (folder / 'photos').mkdir(exist_ok=True)
    Image.new('RGB', (9, 9)).save(folder / 'photos' / 'a.png')
    return folder / 'photos'


def _visit(dataset):
    for i in range(min(len(dataset), 3)):
        dataset[i]


def _coco(data, folder):
    _visit(GenericCOCOBboxDataset(
        _write(data, folder, 'a.json'), _shop(folder), missing='skip'))


def _cocos():
    return [json.dumps({
        'images': [{'id': 1, 'file_name': 'a.png', 'height': 9, 'width': 9}],
        'categories': [{'id': 7, 'name': 'top'}],
        'annotations': [{'id': 1, 'image_id': 1, 'category_id': 7, 'bbox': [1, 1, 4, 4],
                         'segmentation': [[1, 1, 5, 1, 5, 5]], 'iscrowd': 0}],
    }).encode()]


def _csv(data, folder):
    _visit(CSVRetrievalDataset(
        _write(data, folder, 'a.csv'), root=_shop(folder), missing='skip'))


def _csvs():
    return [b'path,label,split,is_query,is_gallery,category,x_1,x_2,y_1,y_2\n'
            b'a.png,1,train,True,False,top,0,5,0,5\na.png,1,train,False,True,top,,,,\n']


def _product_csv(data, folder):
    _visit(ProductFolderDataset(
        _shop(folder), _write(data, folder, 'a.csv'), missing='skip'))


def _product_csvs():
    return ['path,id,category,price,url\na.png,é,top,"1,000",https://x.example\n'.encode()]


def _voc(data, folder):
    for name in 'Annotations', 'JPEGImages':
        (folder / name).mkdir(exist_ok=True)
    Image.new('RGB', (9, 9)).save(folder / 'JPEGImages' / 'a.jpg')
    _write(data, folder / 'Annotations', 'a.xml')
    _visit(GenericVOCBboxDataset(folder, missing='skip'))


def _vocs():
    return [b'<annotation><filename>a.jpg</filename><size><width>9</width><height>9</height>'
            b'<depth>3</depth></size><object><name>top</name><difficult>0</difficult><bndbox>'
            b'<xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object>'
            b'</annotation>']


TARGETS = {
    'image': Target(_image, _images, (ImageReadError,)),
    'index': Target(_index, _indexes, (OSError, ValueError)),
    'weights': Target(_weights, _weight_files, (OSError, ValueError)),
    'arrays': Target(_arrays, _array_files, (OSError, ValueError, ImportError)),
    'coco': Target(_coco, _cocos, (OSError, ValueError)),
    'csv': Target(_csv, _csvs, (OSError, ValueError)),
    'product_csv': Target(_product_csv, _product_csvs, (OSError, ValueError)),
    'voc': Target(_voc, _vocs, (OSError, ValueError)),
}
