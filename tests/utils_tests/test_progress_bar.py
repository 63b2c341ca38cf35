import time

from vasily_fashion.utils import progress_bar


def test_piped_progress_is_lines(capsys):
    with progress_bar.progress_bar(40, 'embed', 'image') as bar:
        for _ in range(40):
            bar.update()
            time.sleep(.001)
    lines = capsys.readouterr().err.splitlines()
    # one at the beginning, one at the end, and none within the ten seconds
    assert len(lines) == 2 and '\r' not in ''.join(lines)
    assert lines[0].startswith('embed:   0%') and '40/40' in lines[1]
