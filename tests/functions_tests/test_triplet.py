import chainer.functions as F
import numpy as np


def test_it_is_the_articles():
    """Squared distances and a margin of 0.2: Chainer's, as of 2016."""
    random = np.random.RandomState(0)
    anchor, positive, negative = random.randn(3, 8, 5) * 0.3
    losses = [
        max(0., ((a - p) ** 2).sum() - ((a - n) ** 2).sum() + 0.2)
        for a, p, n in zip(anchor, positive, negative, strict=True)]
    assert 0 in losses and max(losses) > 0
    np.testing.assert_allclose(
        F.triplet(anchor, positive, negative).array, np.mean(losses))
