"""Set this checkout up, and run things in it.

    python3 bootstrap.py                      only set up
    python3 bootstrap.py run SCRIPT [ARG ...] set up, then run a Python script
    python3 bootstrap.py test [ARG ...]       set up, then run pytest

The set-up makes `.venv` in the checkout from the hash-checked lock in
`requirements/`; it needs Python's standard library and a route to PyPI, or to
whatever index pip is configured for, and no compiler.  The next run, with the
same lock and the same Python, finds it ready and starts at once.  To have it
made anew, delete `.venv`.
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
BIN = os.path.join(VENV, 'bin')
# in VENV: it is ours to delete; it is complete, and what it was made from
MARKER = 'made-by-bootstrap'
STAMP = 'ready'
# what setup.py of Chainer and ChainerCV need, then everything else
BUILD = os.path.join(ROOT, 'requirements', 'build.txt')
LOCK = os.path.join(ROOT, 'requirements', 'lock.txt')
# PyPI has these as source only.  Nothing else is ever built.
FROM_SOURCE = 'chainer,chainercv'

# the two ends of the versions that are tested
OLDEST, NEWEST = (3, 11), (3, 13)


class Fail(Exception):
    """A set-up that cannot go on; the message says what to do."""


def say(text):
    print('bootstrap: ' + text, file=sys.stderr, flush=True)


def version():
    return '.'.join(map(str, sys.version_info[:3]))


def base_python():
    """The interpreter to make .venv from, also when .venv's own runs this."""
    if sys.prefix != sys.base_prefix:
        return getattr(sys, '_base_executable', None) or sys.executable
    return sys.executable


def check_machine():
    if sys.version_info < OLDEST:
        names = [f'python3.{minor}'
                 for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
        found = [name for name in names if shutil.which(name)]
        with_what = (found[0] + ', which is here' if found
                     else 'one, e.g. ' + ' or '.join(names))
        raise Fail(f'this is Python {version()} ({sys.executable}), and 3.11 '
                   f'or newer is needed: run it with {with_what}')
    if fcntl is None:
        raise Fail('Linux or macOS is needed; on Windows, use WSL')
    for path in (BUILD, LOCK):
        if not os.path.isfile(path):
            raise Fail(f'{path} is missing: restore it, e.g. with '
                       '`git checkout requirements`')


def key():
    """What .venv depends on: it is made anew when any of this changes."""
    digest = hashlib.sha256()
    for path in (os.path.abspath(__file__), BUILD, LOCK):
        with open(path, 'rb') as f:
            digest.update(hashlib.sha256(f.read()).digest())
    place = (ROOT, sys.version, os.path.realpath(sys.base_prefix),
             os.uname().machine)
    digest.update(repr(place).encode())
    return digest.hexdigest()


def is_ready():
    try:
        with open(os.path.join(VENV, STAMP)) as f:
            return (f.read() == key()
                    and os.access(os.path.join(BIN, 'python'), os.X_OK))
    except OSError:
        return False


def hold(fd, how):
    """Lock as `fcntl.flock`, and say so if that means to wait."""
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        say('waiting for another run that uses or makes .venv ...')
        fcntl.flock(fd, how)


def ensure():
    """Make .venv unless it is ready.

    Returns a descriptor that holds a shared lock: while it is open, in this
    process or the one that replaces it, no other run touches .venv.
    """
    try:
        fd = os.open(os.path.join(ROOT, '.venv.lock'),
                     os.O_RDWR | os.O_CREAT, 0o666)
        while True:
            hold(fd, fcntl.LOCK_SH)
            if is_ready():
                return fd
            fcntl.flock(fd, fcntl.LOCK_UN)
            hold(fd, fcntl.LOCK_EX)
            if not is_ready():      # nobody made it while this run waited
                make(fd)
            # the change to a shared lock is not atomic: look again
            fcntl.flock(fd, fcntl.LOCK_UN)
    except OSError as e:
        raise Fail(f'cannot set up {VENV}: {e}') from e


def clear():
    """Delete .venv, if it is this script's own."""
    new, old = VENV + '.new', VENV + '.old'
    for path in (new, old):
        if os.path.lexists(path):
            shutil.rmtree(path)
    if os.path.lexists(VENV):
        if not os.path.isfile(os.path.join(VENV, MARKER)):
            raise Fail(VENV + ' exists and was not made by this script: move '
                       'it away, or use it as README.md says for an '
                       'environment of your own')
        os.rename(VENV, old)    # an interrupted deletion leaves no half .venv
        shutil.rmtree(old)
    os.mkdir(new)
    with open(os.path.join(new, MARKER), 'w') as f:
        f.write('bootstrap.py deletes this folder when it makes it anew\n')
    os.rename(new, VENV)


def make(fd):
    start = time.monotonic()
    if sys.version_info[:2] > NEWEST:
        say(f'note: Python {version()} is newer than what is tested')
    clear()

    env = {name: value for name, value in os.environ.items()
           if name not in (
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
    python = os.path.join(BIN, 'python')

    def run(command):
        follow(command, env, fd)

    say(f'[1/3] making .venv with Python {version()}')
    command = [base_python(), '-m', 'venv', VENV]
    pip = [python, '-m', 'pip']
    if not importlib.util.find_spec('venv'):
        raise Fail(NO_VENV)
    if not importlib.util.find_spec('ensurepip'):
        if not importlib.util.find_spec('pip'):
            raise Fail(NO_VENV)
        command.insert(3, '--without-pip')
        pip = [base_python(), '-m', 'pip', '--python', python]
    run(command)

    say('[2/3] installing the build tools')
    install = ['install', '--no-input', '--require-hashes', '--only-binary',
               ':all:']
    run(pip + install + ['-r', BUILD])

    say('[3/3] installing the rest: about 300 MB to fetch the first time')
    run([python, '-m', 'pip'] + install + [
        '--no-binary', FROM_SOURCE, '--no-build-isolation', '-r', LOCK])

    # the checkout itself: nothing to build, and edits count at once
    site = subprocess.check_output(
        [python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'],
        env=env).decode().rstrip('\n')
    with open(os.path.join(site, 'vasily_fashion.pth'), 'w',
              encoding='utf-8') as f:
        f.write(ROOT + '\n')

    stamp = os.path.join(VENV, STAMP)
    with open(stamp + '.new', 'w') as f:
        f.write(key())
    os.replace(stamp + '.new', stamp)
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
                line = line.decode('utf-8', 'replace').rstrip()
                log.append(line)
                if shown and re.match('Collecting|Building|Installing', line):
                    width = shutil.get_terminal_size().columns - 1
                    print('\r\x1b[K' + ('  ' + line)[:width], end='',
                          file=sys.stderr, flush=True)
        except BaseException:
            process.terminate()
            raise
        finally:
            if shown:
                print('\r\x1b[K', end='', file=sys.stderr, flush=True)
    if process.returncode:
        log = '\n'.join(log)
        print(log[-4000:], file=sys.stderr)
        raise Fail(explain(log) + ' (what the command said is above)')


NO_VENV = (
    f'this Python ({sys.executable}) lacks the standard modules venv and '
    'ensurepip, which Debian and Ubuntu keep in a package of their own: '
    'install python3-venv, or run this with another Python')


def explain(log):
    """What to do about a failed command, from its output."""
    if 'DO NOT MATCH THE HASHES' in log:
        return ('what was downloaded is not what requirements/ names: clear '
                "pip's cache (`python3 -m pip cache purge`) and try again; if "
                'it stays, the index or a proxy serves other files')
    if 'No space left on device' in log:
        return 'the disk is full: about 1 GB is needed'
    if 'CERTIFICATE_VERIFY_FAILED' in log:
        return ('the index could not be trusted: behind a proxy of your own, '
                'give pip its certificate with PIP_CERT')
    if re.search('NewConnectionError|Max retries exceeded|Connection broken|'
                 'ConnectTimeout|ReadTimeout|ProxyError|NameResolutionError|'
                 'Connection to .* timed out|HTTP error', log):
        return ('no route to the package index: look at the network, the '
                'proxy (HTTPS_PROXY) and the index pip is configured for '
                '(`python3 -m pip config list`), then run this again')
    if 'No matching distribution found' in log:
        return ('the package index has no file that requirements/ names and '
                'that fits this machine: look at the network and at the index '
                'pip is configured for (`python3 -m pip config list`), which '
                'should be PyPI or a full mirror')
    if 'ensurepip' in log:
        return NO_VENV
    return 'the set-up failed; run it again, it starts from a clean .venv'


def become(fd, command):
    """Replace this process, keeping the lock."""
    os.set_inheritable(fd, True)
    os.environ.pop('__PYVENV_LAUNCHER__', None)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)


def interrupted(number, frame):
    raise KeyboardInterrupt


def main(args):
    verb = args[0] if args else 'set-up'
    known = {'set-up': len(args) == 0, 'run': len(args) > 1, 'test': True}
    if not known.get(verb):
        asked = verb in ('-h', '--help')
        print(__doc__, end='', file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    try:
        check_machine()
        before = signal.signal(signal.SIGTERM, interrupted)
        fd = ensure()
        signal.signal(signal.SIGTERM, before)
    except Fail as e:
        say(f'error: {e}')
        return 1
    except KeyboardInterrupt:
        say('interrupted; the next run sets up anew')
        return 130
    python = os.path.join(BIN, 'python')
    if verb == 'run':
        become(fd, [python] + args[1:])
    if verb == 'test':
        os.chdir(ROOT)
        become(fd, [python, '-m', 'pytest'] + args[1:])
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
