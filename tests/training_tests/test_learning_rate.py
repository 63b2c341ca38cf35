from vasily_fashion.training import LearningRate

import pytest


def _rates(n, **kwargs):
    schedule = LearningRate('lr', .5, n, **kwargs)
    return [schedule.rate(t) for t in range(n)]


def test_steps():
    assert _rates(10) == pytest.approx([.5] * 7 + [.05] * 2 + [.005])
    assert _rates(4, steps=()) == [.5] * 4


def test_steps_never_before_the_first_update():
    assert _rates(2, steps=(.01,)) == pytest.approx([.5, .05])


def test_cosine():
    assert _rates(4, schedule='cosine') == pytest.approx(
        [.5, .25 + .25 / 2 ** .5, .25, .25 - .25 / 2 ** .5])
    # 9: a snapshot of a longer training
    for t in 4, 9:
        assert LearningRate('lr', .5, 4, 'cosine').rate(t) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize('schedule', ['steps', 'cosine'])
def test_warm_up(schedule):
    rates = _rates(12, schedule=schedule, warm_up=2)
    assert rates[:3] == pytest.approx([.25, .5, .5])
    assert max(rates) == .5 and rates[3:] == sorted(rates[3:], reverse=True)
    if schedule == 'cosine':
        assert rates[2:] == pytest.approx(_rates(10, schedule='cosine'))


def test_unknown():
    with pytest.raises(ValueError, match="'steps' or 'cosine', not 'linear'"):
        LearningRate('lr', .5, 2, 'linear')


@pytest.mark.parametrize('warm_up', [-1, 5])
def test_wrong_warm_up(warm_up):
    with pytest.raises(ValueError, match=f'warm_up.*{warm_up}'):
        LearningRate('lr', .5, 5, warm_up=warm_up)


@pytest.mark.parametrize('rate', [-1e-3, float('nan'), float('inf')])
def test_wrong_rate(rate):
    with pytest.raises(ValueError, match=f'learning rate must be 0 or more, not {rate}'):
        LearningRate('lr', rate, 5)
