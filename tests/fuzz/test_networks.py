"""Arrays of any kind as the images of the networks."""
import warnings

from vasily_fashion.links import FashionSSD300, StyleExtractorBN

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

_NUMBERS = st.one_of(
    hnp.integer_dtypes(), hnp.unsigned_integer_dtypes(), hnp.floating_dtypes())
_KINDS = st.one_of(
    _NUMBERS, hnp.boolean_dtypes(), hnp.complex_number_dtypes(), hnp.unicode_string_dtypes(),
    hnp.datetime64_dtypes(), hnp.array_dtypes())
_SHAPES = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)
# half of them are images but for their values
_IMAGES = st.one_of(
    hnp.arrays(_NUMBERS, st.tuples(st.just(3), st.integers(1, 4), st.integers(1, 4))),
    _KINDS.flatmap(lambda kind: hnp.arrays(kind, _SHAPES)),
    _SHAPES.map(lambda shape: np.full(shape, None)))


@pytest.fixture(scope='module', params=['predict', 'extract'])
def compute(request):
    if request.param == 'extract':
        return StyleExtractorBN().extract
    return FashionSSD300().predict


# an image takes a third of a second
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(imgs=st.one_of(_IMAGES, st.lists(_IMAGES, max_size=2), st.none(), st.text()))
def test_images_are_computed_or_refused(compute, imgs):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # numbers beyond float32
        try:
            found = compute(imgs)
        except (TypeError, ValueError) as error:
            assert str(error).startswith('imgs')
            return
    found = found if isinstance(found, tuple) else (found,)
    assert all(len(of_images) == len(imgs) for of_images in found)
