from vasily_fashion.transforms import street_augmentation

import numpy as np
import pytest


def _img(h=60, w=40):
    return (np.random.RandomState(0).rand(3, h, w) * 255).astype(np.float32)


@pytest.mark.parametrize('img', [
    _img(), _img(1, 1), _img(1, 50), _img(50, 1), _img(2, 3), _img(300, 7),
    np.full((3, 60, 40), 255, np.float32), np.zeros((3, 60, 40), np.float32),
    _img().astype(np.uint8)],
    ids=['img', '1x1', 'wide', 'high', '2x3', 'large', 'white', 'black',
         'uint8'])
def test_range_and_size(img):
    before = img.copy()
    _, h, w = img.shape
    for seed in range(40):
        out = street_augmentation(img, np.random.default_rng(seed))
        assert out.dtype == np.float32
        assert out.min() >= 0 and out.max() <= 255
        assert 0.8 * h <= out.shape[1] <= h and 0.8 * w <= out.shape[2] <= w
        out[...] = 0  # new: not a view
    np.testing.assert_array_equal(img, before)


def test_chance_comes_from_the_generator_alone():
    img = _img()
    np.random.seed(0)
    first = street_augmentation(img, np.random.default_rng(5))
    np.random.seed(1)
    np.testing.assert_array_equal(
        first, street_augmentation(img, np.random.default_rng(5)))
    state = np.random.get_state()[2]
    other = street_augmentation(img, np.random.default_rng(6))
    assert np.random.get_state()[2] == state
    assert other.shape != first.shape or (other != first).any()


def _outputs(img, n=200):
    random_state = np.random.default_rng(0)
    return [street_augmentation(img, random_state) for _ in range(n)]


def test_half_are_flipped():
    img = np.zeros((3, 40, 40), np.float32)
    img[:, :, 20:] = 200  # the right half
    flipped = [out[:, :, :18].mean() > out[:, :, -18:].mean()
               for out in _outputs(img)]
    assert 0.35 < np.mean(flipped) < 0.65


def test_light_and_colour_change():
    grey = np.full((3, 20, 20), 100, np.float32)
    means = np.array([np.median(out, axis=(1, 2)) for out in _outputs(grey)])
    brightness = means.mean(axis=1) / 100
    assert 0.68 < brightness.min() < 0.85 and 1.15 < brightness.max() < 1.36
    cast = means / means.mean(axis=1, keepdims=True)
    assert 0.03 < np.abs(cast - 1).max() < 0.12


def test_some_are_occluded_and_some_are_blurred():
    grey = np.full((3, 40, 40), 100, np.float32)
    occluded = [np.ptp(out, axis=(1, 2)).max() > 5 for out in _outputs(grey)]
    assert 0.15 < np.mean(occluded) < 0.45
    # a box of one colour, and no more than a third of a side
    for out, is_occluded in zip(_outputs(grey), occluded, strict=True):
        if is_occluded:
            differs = np.abs(
                out - np.median(out, axis=(1, 2), keepdims=True)).max(0) > 5
            assert differs.mean() < 0.2
    noise = (np.random.RandomState(0).rand(3, 256, 20) > 0.5) * 255.
    sharpness = [np.abs(np.diff(out, axis=2)).mean()
                 for out in _outputs(noise, 60)]
    blurred = np.array(sharpness) < 0.6 * np.median(sharpness)
    assert 0.05 < blurred.mean() < 0.45
