import json
import pathlib
import runpy

import numpy as np
import pytest
from PIL import Image

_SCRIPT = runpy.run_path(
    str(pathlib.Path(__file__).parents[2] / 'examples' / 'plot_log.py'))


def _log(path, losses, scores=(), **others):
    lines = [{'iteration': 10 * (i + 1), 'main/loss': loss, **others}
             for i, loss in enumerate(losses)]
    for line, score in zip(reversed(lines), reversed(scores), strict=False):
        line['validation/main/map'] = score
    path.write_text(json.dumps(lines))
    return str(path)


def test_runs_follow_each_other(tmp_path):
    lines = _SCRIPT['read_logs']([
        _log(tmp_path / 'a', [3, 2]), _log(tmp_path / 'b', [1])])
    assert [line['iteration'] for line in lines] == [10, 20, 30]
    assert [line['main/loss'] for line in lines] == [3, 2, 1]


def test_curves(tmp_path):
    lines = _SCRIPT['read_logs']([
        _log(tmp_path / 'a', [4, 0, 2, 6], [.1, .2])])
    ax = _SCRIPT['vis_log'](lines, ['main/loss'], smooth=2)
    thin, thick = ax.lines
    np.testing.assert_array_equal(thin.get_ydata(), [4, 0, 2, 6])
    np.testing.assert_allclose(thick.get_xdata(), [15, 25, 35])
    np.testing.assert_allclose(thick.get_ydata(), [2, 1, 4])
    ax = _SCRIPT['vis_log'](lines, ['validation/main/map'])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [30, 40])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [.1, .2])


@pytest.mark.parametrize('scores, others, width', [
    ([], {}, 550), ([.5], {}, 550), ([.4, .5], {}, 1100),
    ([], {'main/hit': .5}, 1100), ([.4, .5], {'main/hit': .5}, 1100)])
def test_picture(tmp_path, scores, others, width):
    png = tmp_path / 'loss.png'
    _SCRIPT['main'](
        [_log(tmp_path / 'log', [3, 2, 1], scores, **others), str(png)])
    with Image.open(png) as image:
        assert image.size[0] == width
        assert len(image.convert('RGB').getcolors(2 ** 24)) > 10


@pytest.mark.parametrize('text, message', [
    (None, 'No such file'), ('', 'is not a log'), ('[]', 'has no line'),
    ('[{"loss": 1}]', 'has no line'), ('{"command": "train.py"}', 'has no line')])
def test_wrong_log(tmp_path, capsys, text, message):
    path = tmp_path / 'log'
    if text is not None:
        path.write_text(text)
    with pytest.raises(SystemExit):
        _SCRIPT['main']([str(path), str(tmp_path / 'loss.png')])
    error = capsys.readouterr().err
    assert message in error and str(path) in error
    assert not (tmp_path / 'loss.png').exists()
