import json

from tests.training_tests.tiny import tiny_items, tiny_snaps, train_tiny

import numpy as np
import pytest

_SCORES = {'ssd': 'validation/main/map', 'style': 'validation/main/hit@1'}


@pytest.mark.parametrize('kind', ['ssd', 'style'])
def test_best_is_kept(kind, tmp_path):
    val = (tiny_snaps if kind == 'ssd' else tiny_items)(2, seed=7)
    kwargs = {'val': val, 'eval_interval': 2, 'snapshot_interval': 1}
    _, log = train_tiny(kind, tmp_path, 5, **kwargs)
    scores = {line['iteration']: line[_SCORES[kind]] for line in log
              if _SCORES[kind] in line}
    assert list(scores) == [2, 4, 5]
    assert all(0 <= score <= 1 for score in scores.values())
    # the first of the highest
    best = max(scores, key=scores.get)
    with np.load(tmp_path / 'best.npz') as file:
        found = {name: file[name] for name in file.files}
    train_tiny(kind, tmp_path / 'again', best, lr_steps=[], **kwargs)
    with np.load(tmp_path / 'again/model.npz') as file:
        if best == 2:  # before the learning rate steps
            for name in file.files:
                np.testing.assert_allclose(
                    found[name], file[name], rtol=1e-5, atol=1e-7)


def test_the_last_iteration_is_in_the_log(tmp_path):
    _, log = train_tiny(
        'style', tmp_path, 5, val=tiny_items(), eval_interval=10, log_interval=3)
    assert [line['iteration'] for line in log] == [3, 5]
    assert 0 <= log[-1]['validation/main/hit@1'] <= 1


def test_scoring_changes_no_loss(tmp_path):
    losses = []
    for name, kwargs in (('with', {'val': tiny_items(), 'eval_interval': 1}),
                         ('without', {})):
        _, log = train_tiny('style', tmp_path / name, 4, **kwargs)
        losses.append([line['main/loss'] for line in log])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_resume_keeps_better_weights(tmp_path):
    """A best score of 2, which nothing reaches, is in the snapshot."""
    kwargs = {'val': tiny_items(), 'eval_interval': 1}
    train_tiny('style', tmp_path, 2, **kwargs)
    with np.load(tmp_path / 'snapshot', allow_pickle=True) as file:
        arrays = dict(file)
    assert 0 <= arrays['extension_triggers/best/best_value'] <= 1
    arrays['extension_triggers/best/best_value'] = np.array(2.)
    np.savez(tmp_path / 'edited.npz', **arrays)
    (tmp_path / 'best.npz').unlink()
    train_tiny('style', tmp_path, 4, resume=tmp_path / 'edited.npz', **kwargs)
    assert not (tmp_path / 'best.npz').exists()
    assert json.loads((tmp_path / 'log').read_text())[-1]['iteration'] == 4
