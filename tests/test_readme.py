import pathlib
import re

import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / 'README.md').read_text('utf-8')
JAPANESE = (ROOT / 'README.ja.md').read_text('utf-8')


@pytest.mark.parametrize('name', ['main-job', 'tests'])
def test_command_stands_alone_right_after_its_comment(name):
    blocks = re.findall(
        rf'^<!-- command: {name} -->\n```(\w*)\n(.*?)\n```$', README,
        re.M | re.S)
    assert len(blocks) == 1
    language, command = blocks[0]
    assert language == 'sh'
    assert len(command.splitlines()) == 1
    # what it runs is in the checkout
    executable, script, *args = command.split()
    assert executable == 'python3'
    for word in [script] + [arg for arg in args if '/' in arg]:
        assert (ROOT / word).is_file(), word


def test_no_other_command_comments():
    names = re.findall(r'<!-- command: (.*?) -->', README)
    assert sorted(names) == ['main-job', 'tests']


def test_main_job_output_is_what_ci_looks_for():
    result = re.search(r'^RESULT=(\S+)$', (ROOT / '.ci/run').read_text(), re.M)
    assert f'`{result[1]}`' in README


@pytest.mark.parametrize('text', [README, JAPANESE])
def test_links_lead_somewhere(text):
    targets = re.findall(r'\]\(([^)#]+)[)#]', text)
    assert targets
    for target in targets:
        if '://' not in target:
            assert (ROOT / target).exists(), target


def test_extras_are_those_of_setup_py():
    setup_py = (ROOT / 'setup.py').read_text()
    extras = re.findall(r"^        '(\w+)': \[", setup_py, re.M)
    assert extras
    assert re.findall(r'^\| `(\w+)` \|', README, re.M) == extras


def _blocks(text, languages):
    return re.findall(
        rf'^```(?:{languages})\n(.*?)^```$', text, re.M | re.S)


def _numbers(text):
    return [sorted(re.findall(r'\d+(?:[.,]\d+)*', line))
            for line in text.splitlines() if line.startswith('|')]


def test_japanese_says_the_same():
    assert _blocks(JAPANESE, 'sh|python') == _blocks(README, 'sh|python')
    assert _numbers(JAPANESE) == _numbers(README)
    for pattern in (r'^#+ ', r'<!-- command: .* -->', r'^- '):
        assert len(re.findall(pattern, JAPANESE, re.M)) == len(
            re.findall(pattern, README, re.M)), pattern
    links = [sorted(re.findall(r'\]\(([^)#]+)', text)) for text in (
        JAPANESE.replace('README.md)', 'README.ja.md)', 1), README)]
    assert links[0] == links[1]


def _snippets():
    return re.findall(r'^```python\n(.*?)^```$', README, re.M | re.S)


def test_snippets_import_what_there_is():
    snippets = _snippets()
    assert snippets
    for snippet in snippets:
        imports = re.findall(r'^(?:from|import) .*$', snippet, re.M)
        assert imports
        exec('\n'.join(imports), {})


@pytest.mark.slow
def test_snippets_run(tmp_path, monkeypatch, capsys):
    rng = np.random.RandomState(0)
    for name in ('street.jpg', 'shop/dress.jpg', 'shop/bag.jpg'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.randint(
            0, 256, (120, 80, 3), dtype=np.uint8)).save(path)
    monkeypatch.chdir(tmp_path)
    for snippet in _snippets():
        exec(snippet, {})
        assert capsys.readouterr().out


@pytest.mark.parametrize(
    'path', sorted((ROOT / 'docs').glob('*.md')), ids=lambda path: path.name)
def test_links_of_docs(path):
    targets = re.findall(r'\]\(([^)#]+)[)#]', path.read_text('utf-8'))
    assert targets
    for target in targets:
        if '://' not in target:
            assert (path.parent / target).exists(), target


def test_pictures_are_shown():
    text = README + ''.join(
        path.read_text('utf-8') for path in (ROOT / 'docs').glob('*.md'))
    pictures = [path for path in (ROOT / 'docs').rglob('*')
                if path.suffix in ('.png', '.svg')]
    assert len(pictures) >= 9
    for path in pictures:
        assert re.search(rf'\]\([^)]*\b{re.escape(path.name)}\)', text), path
