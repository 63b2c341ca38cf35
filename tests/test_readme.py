import pathlib
import re

import pytest

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
    install = (ROOT / 'docs/how_to/install.md').read_text('utf-8')
    assert re.findall(r'^\| `(\w+)` \|', install, re.M) == extras


def test_it_is_read_in_a_minute():
    assert len(README.splitlines()) <= 120


def _blocks(text):
    return re.findall(
        r'^(?:<!-- command: [^\n]* -->\n)?```(?:sh|python)\n.*?^```$', text, re.M | re.S)


def test_japanese_has_the_same_commands():
    assert _blocks(JAPANESE) == _blocks(README)


def test_snippet_imports_what_there_is():
    # test_wheel.py runs all of it
    snippet, = re.findall(r'^```python\n(.*?)^```$', README, re.M | re.S)
    imports = re.findall(r'^(?:from|import) .*$', snippet, re.M)
    assert imports
    exec('\n'.join(imports), {})


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
