from vasily_fashion.evaluations import bootstrap_interval

import numpy as np
import pytest


def test_is_the_loop():
    rng = np.random.RandomState(0)
    values, groups = rng.rand(50), np.array(list('abcdefg'))[rng.randint(0, 7, 50)]
    draws, means = np.random.default_rng(4), []
    names = np.unique(groups)
    for _ in range(300):
        chosen = names[draws.integers(7, size=7)]
        means.append(np.concatenate([values[groups == x] for x in chosen]).mean())
    assert bootstrap_interval(values, groups, 300, 4) == pytest.approx(
        tuple(np.percentile(means, [2.5, 97.5])))
    assert bootstrap_interval(values, groups, 300, 4) != (
        bootstrap_interval(values, groups, 300, 5))


def test_covers_the_truth_19_times_of_20():
    """Photos of 1 to 9 queries that are all hits or all misses."""
    rng = np.random.RandomState(1)
    covered = naive = 0
    for seed in range(200):
        n = rng.randint(1, 10, 60)
        values = np.repeat(rng.rand(60) < .3, n)
        low, high = bootstrap_interval(values, np.repeat(np.arange(60), n), 200, seed)
        covered += low <= .3 <= high
        # as if queries were independent
        low, high = bootstrap_interval(values, None, 200, seed)
        naive += low <= .3 <= high
    assert 178 <= covered <= 199
    assert naive < 150


def test_one_photo_says_nothing_about_others():
    assert np.isnan(bootstrap_interval([1, 0, 1], [7, 7, 7])).all()
    assert np.isnan(bootstrap_interval([], [])).all()


@pytest.mark.parametrize('args, message', [
    (([1, np.nan],), 'values must be'), (([[1]],), 'values must be'),
    (([1, 0], [1]), r'groups has shape \(1,\) for 2'),
    (([1, 0], [1, 2], 0), 'n_resample must be 1 or more')])
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(*args)
