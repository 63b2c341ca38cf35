import types
import warnings

from vasily_fashion.training import EmbeddingGuard

import pytest

_MARGIN = .2


def _messages(observations, n_iteration=5):
    guard = EmbeddingGuard(
        types.SimpleNamespace(loss_at_collapse=_MARGIN), n_iteration)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        for i, (loss, active, d_negative) in enumerate(observations, 1):
            guard(types.SimpleNamespace(
                observation={'main/loss/rank': loss, 'main/active': active,
                             'main/d_negative': d_negative},
                updater=types.SimpleNamespace(iteration=i)))
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize('observation', [
    (_MARGIN * 1.01, 1., .8),    # equal distances, far apart
    (_MARGIN * 1.4, .8, 1e-4)])  # all embeddings alike
def test_collapse_is_said_once_in_one_line(observation):
    message, = _messages([(.5, .7, 1.)] * 3 + [observation] * 20)
    assert message.startswith('iteration 8: in the last 5 iterations')
    assert 'collapsed' in message and 'learning rate' in message
    assert '\n' not in message


def test_nothing_left_to_learn():
    message, = _messages([(0., 0., 3.)] * 9)
    assert 'nothing left to learn' in message and 'batch-hard' in message


@pytest.mark.parametrize('observations', [
    [(.2, .6, .8)] * 20,  # at the margin, but half the triplets are right
    [(.3, 1., .8)] * 20,  # hard negatives
    [(0., 0., 3.), (.1, .1, 3.)] * 10,
    [(.2, 1., .8)] * 4])  # not for long enough
def test_silence(observations):
    assert _messages(observations) == []
