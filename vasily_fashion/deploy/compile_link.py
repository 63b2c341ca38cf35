import hashlib
import importlib.util
from collections.abc import Iterable
from typing import Any

from vasily_fashion.deploy.compiled_ssd import CompiledSSD
from vasily_fashion.deploy.compiled_style_extractor import CompiledStyleExtractor
from vasily_fashion.deploy.export_onnx import export_onnx
from vasily_fashion.deploy.model_cache import ModelCache
from vasily_fashion.deploy.onnxruntime_engine import ONNXRuntimeEngine, has_cuda
from vasily_fashion.deploy.openvino_engine import (
    OpenVINOEngine,
    compiles_as,
    cpu_computes_bf16,
)
from vasily_fashion.deploy.quantize import quantize, sums_are_wide
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.utils import check_images

import chainer
import numpy as np
from chainercv.links.model.ssd import SSD

_ENGINES = ('openvino', 'onnxruntime')
_PRECISIONS = ('f32', 'bf16', 'int8')
# Of the spread of an output: how far an engine's may be from Chainer's.
_TOLERANCE = 1e-3


def compile_link(
        link: SSD | StyleExtractorBN, engine: str = 'auto',
        precision: str = 'auto',
        calibration: Iterable[np.ndarray] | None = None
) -> Any:
    """Compile a trained network for inference.

    The network is exported to ONNX, compared with Chainer on images, and
    compiled by OpenVINO (CPUs) or ONNX Runtime (elsewhere, and CUDA). What is
    made is kept on disk, see
    :class:`~vasily_fashion.deploy.ModelCache`, and found there by
    the weights the next time.

    .. code-block:: python

        detector = compile_link(FashionSSD300(pretrained_model='fashion'))
        bboxes, labels, scores = detector.predict(imgs)

    Args:
        link: A :class:`~vasily_fashion.links.FashionSSD300` (or another SSD of
            ChainerCV), or a :class:`~vasily_fashion.links.StyleExtractorBN`.
            It is not changed, and not needed afterwards.
        engine ({'auto', 'openvino', 'onnxruntime'}): 'auto' takes ONNX Runtime
            where its build has CUDA, else OpenVINO if it is installed, else
            ONNX Runtime.
        precision ({'auto', 'f32', 'bf16', 'int8'}): 'auto' is 'bf16' where
            OpenVINO computes on a CPU that has it, else 'f32'. 'int8' is for
            OpenVINO.
        calibration (iterable of numpy.ndarray): Raw images such as will come,
            :math:`(3, H, W)`, RGB, :math:`[0, 255]`: snaps for a detector,
            crops and product images for an extractor. 'int8' takes the
            ranges of its layers from them; 60 or more are good. When it has
            been made before, it may be left out. The comparison with Chainer
            is on the first of them as well, or on synthetic snaps.

    Returns:
        CompiledSSD or CompiledStyleExtractor: With the ``predict`` or
        ``extract`` of the link, for
        :class:`~vasily_fashion.retrieval.FashionItemRetriever` as well. Its
        ``engine`` says what was chosen.

    Raises:
        TypeError: If the link is of another class.
        ValueError: If the engine or the precision is unknown or cannot be had
            here, or 'int8' lacks calibration images.
        ImportError: If the engine is not installed.
        RuntimeError: If the compiled network does not compute what Chainer
            does.
    """
    compiled: type[CompiledSSD] | type[CompiledStyleExtractor]
    if isinstance(link, SSD):
        compiled, prepare = CompiledSSD, link._prepare
        insize, n_output = (link.insize, link.insize), 2
    elif isinstance(link, StyleExtractorBN):
        link = link.copy()
        link.train = False  # whatever a caller in Chainer v1's manner has set
        compiled, prepare = CompiledStyleExtractor, link.prepare
        insize, n_output = link.insize, 1
    else:
        raise TypeError(
            'link must be a FashionSSD300 or a StyleExtractorBN, not '
            f'{type(link).__name__}')
    engine = _choose_engine(engine)
    precision = _choose_precision(precision, engine)
    if calibration is not None:
        calibration = check_images(
            calibration, 'calibration', allow_empty=False)

    cache = ModelCache(link)

    def export(folder):
        import onnx

        path = folder / 'model.onnx'
        onnx.save(export_onnx(link, insize, n_output), path)
        imgs = calibration[:2] if calibration else _synthetic_snaps()
        _compare(
            link, _load(engine, path, 'f32'),
            np.stack([prepare(img) for img in imgs]))

    path = cache.get(f'f32-{engine}', export) / 'model.onnx'
    if precision == 'int8':
        path = _quantized(cache, path, calibration, prepare)
    blobs = None
    if engine == 'openvino':  # what it compiled, for this CPU
        blobs = cache.get(
            f'openvino-{precision}-{compiles_as()}-{path.parent.name}',
            lambda folder: OpenVINOEngine(path, precision, folder))
    return compiled(link, _load(engine, path, precision, blobs))


def _choose_engine(engine):
    if engine not in ('auto', *_ENGINES):
        raise ValueError(
            f"engine must be 'auto' or one of {_ENGINES}, not {engine!r}")
    installed = [name for name in _ENGINES if importlib.util.find_spec('onnx')
                 and importlib.util.find_spec(name)]
    if engine == 'auto' and installed:
        if 'onnxruntime' in installed and has_cuda():
            return 'onnxruntime'
        return installed[0]
    if engine not in installed:
        name = 'OpenVINO or ONNX Runtime' if engine == 'auto' else engine
        raise ImportError(
            f'{name} is not installed: pip install onnx, with openvino or onnxruntime')
    return engine


def _choose_precision(precision, engine):
    if precision not in ('auto', *_PRECISIONS):
        raise ValueError(
            f"precision must be 'auto' or one of {_PRECISIONS}, not "
            f'{precision!r}')
    if engine != 'openvino':
        if precision not in ('auto', 'f32'):
            raise ValueError(
                f"precision {precision!r} is OpenVINO's; {engine} computes in "
                "'f32'")
        return 'f32'
    if precision == 'auto':
        return 'bf16' if cpu_computes_bf16() else 'f32'
    if precision == 'bf16' and not cpu_computes_bf16():
        raise ValueError(
            "precision 'bf16': this CPU has no instructions for it; 'auto' "
            'takes what it has')
    return precision


def _quantized(cache, onnx_path, calibration, prepare):
    bits = 8 if sums_are_wide() else 7
    if calibration is None:
        entry = cache.newest(f'int8-w{bits}-*')
        if entry is None:
            raise ValueError(
                "precision='int8' needs calibration: a list of raw images "
                'such as will come, once for these weights')
    else:
        digest = hashlib.sha256()
        for img in calibration:
            digest.update(str(img.shape).encode() + img.tobytes())
        entry = cache.get(
            f'int8-w{bits}-{digest.hexdigest()[:16]}',
            lambda folder: quantize(
                onnx_path, [prepare(img) for img in calibration], folder / 'model.xml'))
    return entry / 'model.xml'


def _load(engine, path, precision, cache=None):
    if engine == 'openvino':
        return OpenVINOEngine(path, precision, cache)
    return ONNXRuntimeEngine(path)


def _synthetic_snaps():
    # takes a while to import, and is needed once for each network
    from vasily_fashion.datasets import SyntheticFashionDataset

    return [img for img, _, _ in SyntheticFashionDataset(2)[:]]


def _compare(link, engine, x):
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        expected = link(link.device.send(x))
    if isinstance(expected, chainer.Variable):
        expected = expected,
    for y, found in zip(expected, engine(x), strict=True):
        y = chainer.get_device('@numpy').send(y.array)
        error = np.abs(found - y).max()
        if not error <= _TOLERANCE * y.std():
            raise RuntimeError(
                f"{engine.name} computes another network than Chainer: an "
                f'output is off by {error:.2g} at a spread of {y.std():.2g}')
