import ast
import base64
import hashlib
import importlib.metadata
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile

import vasily_fashion

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = pathlib.Path(__file__).parents[1]
PYTHONS = ['3.11', '3.12', '3.13']
GROUPS = ['run.txt', 'test.txt', 'docs.txt']


# The lock ---------------------------------------------------------------------

def _read_lock(name):
    """[(requirement, number of its hashes)] of a file of requirements/."""
    text = (ROOT / 'requirements' / name).read_text()
    text = re.sub(r'^\s*#.*\n', '', text, flags=re.M).replace('\\\n', ' ')
    entries = []
    for line in filter(str.strip, text.splitlines()):
        requirement, *hashes = re.split(r'\s+--hash=', line.strip())
        assert all(re.fullmatch('sha256:[0-9a-f]{64}', h) for h in hashes)
        entries.append((Requirement(requirement), len(hashes)))
    return entries


def _locked(python, *names, platform='linux'):
    """{distribution: version} that files give a Python, '3.13' or '3.13.1'."""
    major, minor, micro = [*python.split('.'), '0'][:3]
    environment = {
        'python_version': f'{major}.{minor}',
        'python_full_version': f'{major}.{minor}.{micro}',
        'sys_platform': platform, 'platform_system': platform.title(),
        'platform_machine': 'x86_64'}
    versions = {}
    for name in names:
        for requirement, _ in _read_lock(name):
            if (requirement.marker is None
                    or requirement.marker.evaluate(environment)):
                specifier, = requirement.specifier
                assert specifier.operator == '=='
                # what two files have is installed once
                assert versions.setdefault(
                    requirement.name, specifier.version) == specifier.version
    return versions


def _metadata():
    """The keyword arguments of setup() that are written out in setup.py."""
    for node in ast.walk(ast.parse((ROOT / 'setup.py').read_text())):
        if getattr(getattr(node, 'func', None), 'id', '') == 'setup':
            return {k.arg: ast.literal_eval(k.value) for k in node.keywords
                    if k.arg.endswith('_require') or k.arg.endswith('requires')}


@pytest.mark.parametrize('name', ['build.txt', *GROUPS])
def test_lock_has_hashes_and_no_addresses(name):
    entries = _read_lock(name)
    assert entries
    for requirement, n_hash in entries:
        assert n_hash > 0, requirement
        assert requirement.url is None
    text = (ROOT / 'requirements' / name).read_text()
    assert '://' not in text
    assert not re.search('^-', text, re.M)  # no option of pip's either


@pytest.mark.parametrize('python', PYTHONS)
def test_setup_py_admits_what_is_locked(python):
    metadata = _metadata()
    assert metadata['python_requires'] == '>=3.11'
    locked = _locked(python, *GROUPS)
    extras = metadata['extras_require']
    for text in (metadata['install_requires'] + extras['milvus']
                 + extras['opencv'] + extras['fast'] + extras['coco']):
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate(
                {'python_version': python}):
            continue
        version = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), (text, version)


@pytest.mark.parametrize('python', PYTHONS)
def test_build_tools_fit_the_lock(python):
    build = _locked(python, 'build.txt')
    assert set(build) == {'pip', 'setuptools', 'numpy'}
    assert build['numpy'] == _locked(python, 'run.txt')['numpy']
    # pkg_resources is in it, bdist_wheel too
    assert Requirement('setuptools>=70.1,<82').specifier.contains(
        build['setuptools'])


def test_lock_leaves_out_what_fights_or_needs_a_library():
    names = {requirement.name for name in GROUPS for requirement, _ in _read_lock(name)}
    assert not names & {'opencv-python', 'opencv-contrib-python',
                        'cupy-cuda12x', 'torch'}


def test_scripts_do_without_what_tests_and_docs_need():
    names = {requirement.name for requirement, _ in _read_lock('run.txt')}
    assert {'chainer', 'faiss-cpu', 'fastapi', 'openvino'} <= names
    assert not names & {'mypy', 'playwright', 'pymilvus', 'pytest', 'ruff', 'sphinx'}
    assert 'sphinx' not in {requirement.name for requirement, _ in _read_lock('test.txt')}


def test_environment_is_the_locked_one():
    if pathlib.Path(sys.prefix) != ROOT / '.venv':
        pytest.skip('not the environment that bootstrap.py makes')
    _, *names = (ROOT / '.venv' / 'ready').read_text().split()
    locked = _locked('.'.join(map(str, sys.version_info[:3])),
                     *(f'{name}.txt' for name in names if name != 'build'), platform=sys.platform)
    locked['pip'] = _locked('3.13', 'build.txt')['pip']
    installed = {name: importlib.metadata.version(name) for name in locked}
    assert installed == locked


# The metadata -----------------------------------------------------------------

def test_version_is_read_without_importing():
    found = re.findall(r"^__version__ = '([^']+)'$",
                       pathlib.Path(vasily_fashion.__file__).read_text(), re.M)
    assert found == [vasily_fashion.__version__]


def test_every_folder_of_the_package_is_installed():
    # find_packages() leaves out, in silence, folders without __init__.py
    for path in (ROOT / 'vasily_fashion').rglob('*.py'):
        assert (path.parent / '__init__.py').is_file(), path.parent


def _imports_at_the_top(path):
    """The names of the packages that importing a file imports."""
    tree = ast.parse(path.read_text('utf-8'))
    for node in tree.body:      # not those in functions, and not in try
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition('.')[0]
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition('.')[0]


def test_every_import_of_the_package_is_required():
    distributions = {'PIL': 'pillow', 'cv2': 'opencv-python-headless'}
    metadata = _metadata()
    required = {Requirement(text).name for text in (
        metadata['install_requires'] + metadata['extras_require']['opencv'])}
    # stand-ins that are imported only after what they repair was asked for
    required |= {'google', 'onnx', 'vasily_fashion'}
    used = set()
    for path in (ROOT / 'vasily_fashion').rglob('*.py'):
        for name in _imports_at_the_top(path):
            if name not in sys.stdlib_module_names:
                used.add(distributions.get(name, name))
                assert distributions.get(name, name) in required, (path, name)
    assert {'chainer', 'chainercv', 'numpy'} <= used


def test_uv_builds_with_what_bootstrap_builds_with():
    uv = tomllib.loads((ROOT / 'pyproject.toml').read_text())['tool']['uv']
    build = uv['extra-build-dependencies']
    assert build['chainer'] == ['setuptools<82']
    assert build['chainercv'] == ['setuptools<82', 'numpy']
    assert uv['extra-build-variables']['chainercv'] == {
        'CC': 'true', 'LDSHARED': 'true'}


@pytest.mark.skipif(not (ROOT / '.git').exists(), reason='not a git checkout')
def test_no_wheel_source_or_environment_is_committed():
    names = subprocess.check_output(
        ['git', 'ls-files', '-z'], cwd=ROOT, text=True).split('\0')
    for name in names:
        assert not re.search(
            r'\.(whl|egg|tar\.gz|tgz|so|pyc)$|^\.venv|(^|/)uv\.lock$', name)


def test_ruff():
    process = subprocess.run(
        [sys.executable, '-m', 'ruff', 'check', '--no-cache', '.'], cwd=ROOT,
        capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr


# bootstrap.py, for real, with small wheels of our own in place of the lock's ---

def _write_wheel(folder, name):
    """A wheel with one module, which says its name.  Returns its line in a lock."""
    info = f'{name}-1.0.dist-info'
    files = {
        f'{name}.py': 'print(__name__, __file__)\n' * (name in ('pytest', 'sphinx')),
        f'{info}/METADATA':
            f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n',
        f'{info}/WHEEL': 'Wheel-Version: 1.0\nGenerator: test\n'
                         'Root-Is-Purelib: true\nTag: py3-none-any\n',
    }
    record = ''
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(
            hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()
        record += f'{path},sha256={digest},{len(text)}\n'
    files[f'{info}/RECORD'] = record + f'{info}/RECORD,,\n'
    wheel = folder / f'{name}-1.0-py3-none-any.whl'
    with zipfile.ZipFile(wheel, 'w') as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f'{name}==1.0 --hash=sha256:{digest}\n'


class Checkout:

    def __init__(self, root):
        self.root = root
        self.venv = root / '.venv'
        self.stamp = self.venv / 'ready'
        self.lock = root / 'requirements' / 'run.txt'
        self.lock.parent.mkdir(parents=True)
        shutil.copy(ROOT / 'bootstrap.py', root)
        wheels = root.parent / 'wheels'
        wheels.mkdir()
        for name, module in (('build', 'small_build_tool'), ('run', 'small_library'),
                             ('test', 'pytest'), ('docs', 'sphinx')):
            self.lock.with_name(f'{name}.txt').write_text(_write_wheel(wheels, module))
        (root / 'script.py').write_text(
            'import small_library, sys; print(sys.prefix, *sys.argv[1:])')
        (root / 'mine.py').write_text('')
        self.environ = {
            'PATH': os.environ['PATH'], 'HOME': '', 'PIP_NO_INDEX': '1',
            'PIP_FIND_LINKS': wheels.as_uri()}

    def start(self, *args):
        # a job in the background is born without it, and so would its children be
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return subprocess.Popen(
            [sys.executable, str(self.root / 'bootstrap.py'), *args],
            env=self.environ, cwd=self.root, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def run(self, *args):
        process = self.start(*args)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / 'a place')


needs_fcntl = pytest.mark.skipif(
    sys.platform == 'win32', reason='bootstrap.py needs Linux or macOS')


@pytest.mark.slow
@needs_fcntl
def test_bootstrap_sets_up_once_and_again_when_the_lock_changes(checkout):
    code, out, err = checkout.run('run', 'script.py', 'a b', '--c')
    assert code == 0, err
    assert out == f'{checkout.venv} a b --c\n'
    assert err.count('installing ') == 2  # build and run alone

    made = checkout.stamp.stat().st_mtime_ns
    code, out, err = checkout.run('run', '-c', 'import mine; exit(7)')
    assert (code, out, err) == (7, '', '')
    assert checkout.stamp.stat().st_mtime_ns == made

    # now it asks for what nobody made
    (checkout.venv / 'leftover').touch()
    checkout.lock.write_text(re.sub(
        '[0-9a-f]{64}', '0' * 64, checkout.lock.read_text()))
    code, out, err = checkout.run('run', 'script.py')
    assert code == 1
    assert out == ''
    assert 'is not what requirements/ names' in err.splitlines()[-1]
    assert 'Traceback' not in err
    assert not checkout.stamp.exists()
    assert not (checkout.venv / 'leftover').exists()


@pytest.mark.slow
@needs_fcntl
def test_bootstrap_adds_what_tests_need_to_what_scripts_need(checkout):
    program = 'import importlib.util as u; print(*map(bool, map(u.find_spec, {})))'.format(
        ['small_library', 'pytest', 'sphinx'])
    code, out, err = checkout.run('run', '-c', program)
    assert (code, out) == (0, 'True False False\n'), err
    code, out, err = checkout.run('test')
    assert code == 0, err
    assert out.startswith(f'__main__ {checkout.venv}') and 'pytest.py' in out
    assert re.findall('installing (.*)', err) == ['requirements/test.txt']
    for verb in 'run', 'test':
        code, out, err = checkout.run(verb, *['-c', program][:2 * (verb == 'run')])
        assert (code, err) == (0, '')


@needs_fcntl
def test_bootstrap_leaves_a_foreign_venv_alone(checkout):
    checkout.venv.mkdir()
    (checkout.venv / 'mine').write_text('x')
    code, out, err = checkout.run('run', 'script.py')
    assert code == 1
    assert 'was not made by this script' in err
    assert len(err.splitlines()) == 1
    assert (checkout.venv / 'mine').read_text() == 'x'


@needs_fcntl
def test_bootstrap_names_a_missing_lock(checkout):
    checkout.lock.unlink()
    code, out, err = checkout.run('test')
    assert code == 1
    assert str(checkout.lock) in err
    assert not checkout.venv.exists()


@pytest.mark.parametrize('args', [['run'], ['set-up', 'x'], ['tests']])
def test_bootstrap_refuses_other_verbs(checkout, args):
    code, out, err = checkout.run(*args)
    assert code == 2
    assert 'bootstrap.py run SCRIPT' in err
    assert not checkout.venv.exists()


@needs_fcntl
@pytest.mark.slow
@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize('step', ['making .venv', 'installing requirements/build.txt'])
def test_bootstrap_redoes_an_interrupted_set_up(checkout, how, step):
    process = checkout.start()
    for line in process.stderr:
        if step in line:
            break
    time.sleep(.5)
    process.send_signal(how)
    _, err = process.communicate(timeout=60)
    assert process.returncode == {
        signal.SIGINT: 130, signal.SIGTERM: 130, signal.SIGKILL: -9}[how]
    assert 'Traceback' not in err
    assert not checkout.stamp.exists()

    code, out, err = checkout.run('run', 'script.py')
    assert code == 0, err
    assert out == f'{checkout.venv}\n'


@needs_fcntl
@pytest.mark.slow
def test_bootstrap_started_twice_at_once_makes_one_venv(checkout):
    processes = [checkout.start('run', 'script.py') for _ in range(3)]
    results = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [out for out, _ in results] == [f'{checkout.venv}\n'] * 3
    assert sum('making .venv' in err for _, err in results) == 1
    assert sum('waiting for another run' in err for _, err in results) >= 2


@needs_fcntl
@pytest.mark.slow
def test_bootstrap_does_not_touch_a_venv_in_use(checkout):
    user = checkout.start(
        'run', '-c', 'import time; print(flush=True); time.sleep(8); '
        'import small_library')
    assert user.stdout.readline() == '\n'
    checkout.lock.write_text(checkout.lock.read_text() + '# changed\n')
    code, _, err = checkout.run()
    assert code == 0
    assert 'waiting for another run' in err
    _, err = user.communicate(timeout=60)
    assert user.returncode == 0, err


@needs_fcntl
@pytest.mark.slow
def test_bootstrap_says_when_there_is_no_route(checkout):
    del checkout.environ['PIP_NO_INDEX'], checkout.environ['PIP_FIND_LINKS']
    checkout.environ.update(
        PIP_INDEX_URL='http://127.0.0.1:9/simple', PIP_RETRIES='1',
        PIP_TIMEOUT='2', PIP_CONFIG_FILE=os.devnull)
    code, _, err = checkout.run()
    assert code == 1
    assert 'no route to the package index' in err.splitlines()[-1]
