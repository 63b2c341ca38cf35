"""What the documentation shows is run, page by page, as it stands there."""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / 'docs'
PAGES = [
    path.relative_to(DOCS).with_suffix('').as_posix()
    for path in sorted([DOCS / 'tutorial.md', *(DOCS / 'how_to').glob('*.md')])
    # what installing takes is tried by test_setup.py
    if path.stem != 'install']


def _script(page):
    """A page as a script of bash: its sh blocks, and its python blocks as files."""
    lines = []
    for language, block in re.findall(
            r'^```(\w*)\n(.*?)^```$', (DOCS / f'{page}.md').read_text('utf-8'), re.M | re.S):
        if language == 'sh':
            lines.append(block)
        elif language == 'python':
            lines.append(f"python - <<'END_OF_PYTHON'\n{block}END_OF_PYTHON\n")
        else:
            # what is not run here says so: it needs other machines
            assert language == 'text', f'{page}: ```{language}'
    assert lines
    return '\n'.join(lines)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which('curl') is None, reason='there is no curl here')
@pytest.mark.parametrize('page', PAGES)
def test_page_runs(page, tmp_path):
    if page == 'how_to/cluster':
        pytest.importorskip('distributed')
    pytest.importorskip('fastapi_offline')
    for name in 'examples', 'weights':
        (tmp_path / name).symlink_to(ROOT / name)
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ['PATH']])
    done = subprocess.run(
        ['bash', '-euo', 'pipefail', '-c', _script(page)], cwd=tmp_path, text=True,
        capture_output=True, stdin=subprocess.DEVNULL,
        env={**os.environ, 'PATH': path, 'PYTHONPATH': str(ROOT)})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-5000:]
    if page == 'tutorial':
        assert '60 added, 0 removed' in done.stdout
        assert '1 added, 0 removed, 61 in the index' in done.stdout
        assert '0 added, 1 removed, 60 in the index' in done.stdout
        assert '"status":"ok","n_product":60' in done.stdout
        assert '"products":[{"name":' in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec('furo') is None or importlib.util.find_spec('myst_parser') is None,
    reason='requirements/docs.txt is not installed')
def test_site_is_built_without_a_warning(tmp_path):
    done = subprocess.run(
        [sys.executable, '-m', 'sphinx', '-W', '--keep-going', '-q', '-c', 'docs', '-d',
         tmp_path / 'doctrees', '.', tmp_path / 'site'], cwd=ROOT, text=True,
        capture_output=True, env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert done.returncode == 0, done.stderr
    pages = {path.relative_to(tmp_path / 'site').as_posix()
             for path in (tmp_path / 'site').rglob('*.html')}
    assert {'README.html', 'docs/tutorial.html', 'docs/reference/links.html'} <= pages
    # what users call is in the reference
    text = (tmp_path / 'site/docs/reference/retrieval.html').read_text('utf-8')
    for name in 'FashionItemRetriever.retrieve', 'FlatIndex.search', 'load_index':
        assert f'id="vasily_fashion.retrieval.{name}"' in text
