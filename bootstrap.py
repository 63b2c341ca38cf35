"""Set this checkout up, and run things in it.

    python3 bootstrap.py                      only set up
    python3 bootstrap.py run SCRIPT [ARG ...] set up, then run a Python script
    python3 bootstrap.py test [ARG ...]       set up for tests, then run pytest
    python3 bootstrap.py docs [ARG ...]       set up for the site, then run Sphinx

The set-up makes `.venv` in the checkout from the hash-checked files in
`requirements/`, and adds to it later what another command needs; it takes
Python's standard library and a route to PyPI, or to whatever index pip is
configured for, and no compiler.  The next run, with the same files and the same
Python, finds it ready and starts at once.  To have it made anew, delete `.venv`.
"""
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time

try:
    import fcntl
except ImportError:     # Windows
    fcntl = None

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, '.venv')
PYTHON = os.path.join(VENV, 'bin', 'python')
# it is ours to delete; what it was made from, and has
MARKER = os.path.join(VENV, 'made-by-bootstrap')
STAMP = os.path.join(VENV, 'ready')
# what a verb starts, and installs: its own file and those before it
VERBS = {
    'run': [],
    'test': ['-m', 'pytest', '-n', 'auto', '--maxprocesses', '4', '--dist', 'loadfile'],
    'docs': ['-m', 'sphinx']}
# build is what setup.py of Chainer and ChainerCV need
FILES = {name: os.path.join(ROOT, 'requirements', name + '.txt')
         for name in ('build', *VERBS)}
# PyPI has these as source only.  Nothing else is ever built.
FROM_SOURCE = 'chainer,chainercv'

# the two ends of the versions that are expected to work
OLDEST, NEWEST = (3, 11), (3, 13)


class Fail(Exception):
    """A set-up that cannot go on; the message says what to do."""


def say(text):
    print('bootstrap: ' + text, file=sys.stderr, flush=True)


def version():
    return '.'.join(map(str, sys.version_info[:3]))


def check_machine():
    if sys.version_info < OLDEST:
        raise Fail(f'this is Python {version()} ({sys.executable}), and 3.11 or newer '
                   'is needed: run it with one, e.g. python3.13 or python3.11')
    if fcntl is None:
        raise Fail('Linux or macOS is needed; on Windows, use WSL')
    for path in FILES.values():
        if not os.path.isfile(path):
            raise Fail(f'{path} is missing: restore it, e.g. with '
                       '`git checkout requirements`')


def key():
    """What .venv depends on: it is made anew when any of this changes."""
    digest = hashlib.sha256()
    for path in (os.path.abspath(__file__), *FILES.values()):
        with open(path, 'rb') as f:
            digest.update(hashlib.sha256(f.read()).digest())
    place = (ROOT, sys.version, os.path.realpath(sys.base_prefix),
             os.uname().machine)
    digest.update(repr(place).encode())
    return digest.hexdigest()


def ready():
    """The names of the files that .venv is made from; none, if it has to be made anew."""
    try:
        with open(STAMP) as f:
            made_from, *names = f.read().split()
    except (OSError, ValueError):
        return []
    return names if made_from == key() and os.access(PYTHON, os.X_OK) else []


def hold(fd, how):
    """Lock as `fcntl.flock`, and say so if that means to wait."""
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        say('waiting for another run that uses or makes .venv ...')
        fcntl.flock(fd, how)


def ensure(name):
    """Make .venv unless it has what a verb installs.

    Returns a descriptor that holds a shared lock: while it is open, in this
    process or the one that replaces it, no other run touches .venv.
    """
    try:
        fd = os.open(os.path.join(ROOT, '.venv.lock'),
                     os.O_RDWR | os.O_CREAT, 0o666)
        while True:
            hold(fd, fcntl.LOCK_SH)
            if name in ready():
                return fd
            fcntl.flock(fd, fcntl.LOCK_UN)
            hold(fd, fcntl.LOCK_EX)
            if name not in ready():     # nobody made it while this run waited
                make(fd, name)
            # the change to a shared lock is not atomic: look again
            fcntl.flock(fd, fcntl.LOCK_UN)
    except OSError as e:
        raise Fail(f'cannot set up {VENV}: {e}') from e


def clear():
    """Delete .venv, if it is this script's own, and begin it."""
    old = VENV + '.old'
    if os.path.lexists(VENV):
        if os.listdir(VENV) and not os.path.isfile(MARKER):
            raise Fail(VENV + ' exists and was not made by this script: move '
                       'it away, or use it as docs/how_to/install.md says')
        shutil.rmtree(old, ignore_errors=True)
        os.rename(VENV, old)    # an interrupted deletion leaves no half .venv
        shutil.rmtree(old)
    os.mkdir(VENV)
    with open(MARKER, 'w') as f:
        f.write('bootstrap.py deletes this folder when it makes it anew\n')


def make(fd, name):
    start = time.monotonic()
    env = {key: value for key, value in os.environ.items()
           if key not in (
               # would change what Python and pip install, or where
               'PYTHONHOME', 'PYTHONPATH', '__PYVENV_LAUNCHER__', 'PIP_PREFIX',
               'PIP_TARGET', 'PIP_ROOT', 'PIP_PYTHON', 'PIP_REQUIREMENT',
               'PIP_CONSTRAINT', 'PIP_NO_DEPS', 'PIP_DRY_RUN', 'PIP_QUIET',
               'PIP_ONLY_BINARY', 'PIP_NO_BINARY',
               # would compile ChainerX
               'CHAINER_BUILD_CHAINERX', 'READTHEDOCS')}
    # ChainerCV's only C file does not compile on Python 3.11 and newer, and
    # vasily_fashion.compat has a port of it: a "compiler" that makes nothing.
    env.update(CC='true', LDSHARED='true', PIP_USER='0', PYTHONUTF8='1',
               PIP_DISABLE_PIP_VERSION_CHECK='1')

    install = ['install', '--no-input', '--require-hashes', '--only-binary', ':all:',
               '--no-binary', FROM_SOURCE, '--no-build-isolation', '-r']
    done = ready()
    if not done:
        if sys.version_info[:2] > NEWEST:
            say(f'note: Python {version()} is newer than what is tested')
        clear()
        say(f'making .venv with Python {version()}')
        # not .venv's own interpreter, should that run this
        base = getattr(sys, '_base_executable', None) or sys.executable
        # Debian has pip without ensurepip, if not neither
        lacks_pip = not importlib.util.find_spec('ensurepip')
        follow([base, '-m', 'venv', *['--without-pip'] * lacks_pip, VENV], env, fd)
        if lacks_pip:
            follow([base, '-m', 'pip', '--python', PYTHON, *install, FILES['build']], env, fd)
    names = list(FILES)
    names = names[:names.index(name) + 1]
    for each in names:
        if each not in done:
            say(f'installing requirements/{each}.txt' + (
                ': about 200 MB to fetch the first time' if each == 'run' else ''))
            follow([PYTHON, '-m', 'pip', *install, FILES[each]], env, fd)

    # the checkout itself: nothing to build, and edits count at once
    site = subprocess.check_output(
        [PYTHON, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'],
        env=env, text=True).rstrip('\n')
    with open(os.path.join(site, 'vasily_fashion.pth'), 'w', encoding='utf-8') as f:
        f.write(ROOT + '\n')
    with open(STAMP + '.new', 'w') as f:
        f.write(' '.join([key(), *names]))
    os.replace(STAMP + '.new', STAMP)
    say(f'ready in {time.monotonic() - start:.0f} s')


def follow(command, env, fd):
    """Run a command of the set-up; keep its output, show what it is at.

    The child shares the lock: should this process be killed, the next run
    waits for the child to end as well.
    """
    log = []
    shown = sys.stderr.isatty()
    with subprocess.Popen(
            command, env=env, cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            pass_fds=(fd,)) as process:
        try:
            for line in process.stdout:
                log.append(line.decode('utf-8', 'replace'))
                if shown and re.match('Collecting|Building|Installing', log[-1]):
                    width = shutil.get_terminal_size().columns - 1
                    print('\r\x1b[K' + ('  ' + log[-1].rstrip())[:width], end='',
                          file=sys.stderr, flush=True)
        except BaseException:
            process.terminate()
            raise
        finally:
            if shown:
                print('\r\x1b[K', end='', file=sys.stderr, flush=True)
    if process.returncode:
        log = ''.join(log)
        print(log[-4000:], file=sys.stderr)
        raise Fail(explain(log) + ' (what the command said is above)')


NO_VENV = (
    f'this Python ({sys.executable}) lacks the standard modules venv and '
    'ensurepip, which Debian and Ubuntu keep in a package of their own: '
    'install python3-venv, or run this with another Python')


def explain(log):
    """What to do about a failed command, from its output."""
    for pattern, advice in (
            ('DO NOT MATCH THE HASHES',
             "what was downloaded is not what requirements/ names: clear pip's cache "
             '(`python3 -m pip cache purge`) and try again; if it stays, the index or a '
             'proxy serves other files'),
            ('No space left on device', 'the disk is full: about 2 GB are needed'),
            ('CERTIFICATE_VERIFY_FAILED',
             'the index could not be trusted: behind a proxy of your own, give pip its '
             'certificate with PIP_CERT'),
            ('NewConnectionError|Max retries exceeded|Connection broken|ConnectTimeout|'
             'ReadTimeout|ProxyError|NameResolutionError|Connection to .* timed out|HTTP error',
             'no route to the package index: look at the network, the proxy (HTTPS_PROXY) '
             'and the index pip is configured for (`python3 -m pip config list`), then run '
             'this again'),
            ('No matching distribution found',
             'the package index has no file that requirements/ names and that fits this '
             'machine: look at the index pip is configured for (`python3 -m pip config '
             'list`), which should be PyPI or a full mirror'),
            ('ensurepip|No module named (venv|pip)', NO_VENV)):
        if re.search(pattern, log):
            return advice
    return 'the set-up failed; run it again'


def interrupted(number, frame):
    raise KeyboardInterrupt


def main(args):
    verb = args[0] if args else 'run'
    if verb not in VERBS or args == ['run']:
        asked = verb in ('-h', '--help')
        print(__doc__, end='', file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    try:
        check_machine()
        before = signal.signal(signal.SIGTERM, interrupted)
        fd = ensure(verb)
        signal.signal(signal.SIGTERM, before)
    except Fail as e:
        say(f'error: {e}')
        return 1
    except KeyboardInterrupt:
        say('interrupted; the next run starts over')
        return 130
    if not args:
        return 0
    # this process becomes the script's, and keeps the lock
    os.set_inheritable(fd, True)
    os.environ.pop('__PYVENV_LAUNCHER__', None)
    if verb != 'run':
        os.chdir(ROOT)
    os.execv(PYTHON, [PYTHON, *VERBS[verb], *args[1:]])


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
