from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.deploy import export_extractor
from vasily_fashion.links import StyleExtractorBN

import numpy as np
import onnx
import onnx.utils
import onnxruntime
import pytest


@pytest.fixture(scope='module')
def extractor():
    return StyleExtractorBN(pretrained_model='fashion')


@pytest.fixture(scope='module')
def model(extractor):
    model = export_extractor(extractor)
    onnx.checker.check_model(model, full_check=True)
    return model


@pytest.fixture(scope='module')
def prepare(model):
    part = onnx.utils.Extractor(model).extract_model(['image'], ['prepared'])
    session = _session(part)
    return lambda image: session.run(None, {'image': image})[0][0]


def _session(model):
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=['CPUExecutionProvider'])


def _chw(image):
    return image.transpose(2, 0, 1).astype(np.float32)


@pytest.mark.parametrize('size', [
    (384, 256),  # as it is
    (768, 512), (1000, 800), (500, 100), (100, 500), (385, 256), (384, 257),  # shrunk
    (200, 150), (383, 255), (50, 256), (384, 20),  # enlarged, or one side fits
    (768, 101), (768, 103),  # 50.5 and 51.5 wide
    (1, 1), (1, 2000), (2000, 1)])
def test_prepares_as_the_extractor(extractor, prepare, size):
    # noise: of one pixel each, where ways to resize differ most
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    np.testing.assert_allclose(
        prepare(image), extractor.prepare(_chw(image)), atol=2e-4)  # a twentieth of a level


def test_embeds_as_the_extractor(extractor, model):
    products = SyntheticFashionDataset(1, 0).product_images
    images = [products[i][0].transpose(1, 2, 0).astype(np.uint8) for i in range(4)]
    images[1] = images[1][::3, ::3]
    session = _session(model)
    assert [value.name for value in session.get_inputs()] == ['image']
    found = np.stack([session.run(['embedding'], {'image': image})[0] for image in images])
    assert found.dtype == np.float32
    assert found.shape == (4, 128)
    expected = extractor.extract([_chw(image) for image in images])
    errors = ((found - expected) ** 2).sum(axis=1)
    spread = ((expected[:, None] - expected) ** 2).sum(axis=2)[~np.eye(4, dtype=bool)]
    assert errors.max() < 1e-6 * spread.min()
