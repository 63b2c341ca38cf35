"""Kill a process at random moments, begin it again, and look at what it left."""
import contextlib
import multiprocessing
import re
import threading
import time

from tests.kill.works import WORKS, script, step

import numpy as np

# forks of a process that has imported everything: they begin at once
_CONTEXT = multiprocessing.get_context('forkserver')
_CONTEXT.set_forkserver_preload(['tests.kill.works'])


def _start(name, which, folder):
    process = _CONTEXT.Process(target=step, args=(name, which, folder))
    process.start()
    return process


def _names(folder):
    """The files; what Faiss names at random, by its kind."""
    return sorted(re.sub('[0-9a-f]{16}', '*', str(path.relative_to(folder)))
                  for path in folder.rglob('*'))


def kill_again_and_again(name, folder, n_kill, seed=0):
    """Compare what was killed and begun again with what was not.

    After every kill, what is there has to be whole; in the end, files and
    content have to be those of a process that was left alone.

    Args:
        name (str): In `WORKS`.
        folder (pathlib.Path): An empty one.
        n_kill (int): How often.
        seed (int): Of the moments.

    Returns:
        (int, float):
        How often it came to the end, and the seconds that it takes if it is
        left alone.
    """
    work, rng = WORKS[name], np.random.default_rng(seed)
    whole = _prepare(name, folder / 'whole')
    start = time.monotonic()
    _finish(_start(name, 'do', whole))
    seconds = time.monotonic() - start
    expected, names = work.content(whole), _names(whole)
    assert names and all(array.size for array in expected.values())
    n_killed = n_finished = 0
    while n_killed < n_kill:
        killed = _prepare(name, folder / f'killed-{n_finished}')
        while True:
            process = _start(name, 'do', killed)
            if n_killed < n_kill:
                process.join(rng.uniform(0, seconds))
            else:
                process.join()
            if not process.is_alive():
                break
            process.kill()
            process.join()
            n_killed += 1
            work.content(killed)
        _finish(process)
        n_finished += 1
        assert _names(killed) == names
        content = work.content(killed)
        assert content.keys() == expected.keys()
        for key, array in expected.items():
            np.testing.assert_array_equal(content[key], array, key)
    return n_finished, seconds


def _prepare(name, folder):
    folder.mkdir()
    _finish(_start(name, 'prepare', folder))
    return folder


def _finish(process):
    process.join()
    assert process.exitcode == 0, f'it ended with {process.exitcode}'


def _serve(log, argv):
    with open(log, 'w', buffering=1) as file, contextlib.redirect_stderr(file):
        script('app/serve.py').main(argv)


def kill_the_app(folder, n_kill, seed=0):
    """Kill the server of a shop while it searches, at random moments.

    After every kill the files of the shop and of its index are what they
    were, and the server that is begun again answers as the first did.

    Args:
        folder (pathlib.Path): An empty one.
        n_kill (int): How often.
        seed (int): Of the moments.

    Returns:
        int: How many requests were answered before their server died.
    """
    import httpx
    rng = np.random.default_rng(seed)
    for which in 'prepare', 'do':
        _finish(_start('build-flat', which, folder))
    snap = (folder / 'shop' / '1.png').read_bytes()

    def files():
        return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}

    before, n_answered, expected = files(), 0, None
    for _ in range(n_kill + 1):
        log = folder.parent / 'log'
        log.write_text('')
        process = _CONTEXT.Process(target=_serve, args=(log, [
            str(folder / 'shop'), '--index', str(folder / 'index' / 'index.npz'),
            '--engine', 'chainer', '--port', '0']))
        process.start()
        while not (found := re.search(r'running on (http://\S+)', log.read_text())):
            assert process.is_alive(), log.read_text()
            time.sleep(.05)
        url = found[1] + '/search?k=3&box=0,0,20,20'
        answer = httpx.post(url, content=snap, timeout=60).json()['items']
        assert answer == (expected or answer) and len(answer[0]['products']) == 3
        expected = answer
        answers = []

        def ask(url=url, answers=answers):
            with contextlib.suppress(httpx.HTTPError):  # it is killed meanwhile
                while True:
                    answers.append(httpx.post(url, content=snap, timeout=60).json()['items'])

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0, 1))
        process.kill()
        process.join()
        for thread in threads:
            thread.join()
        assert all(answer == expected for answer in answers)
        n_answered += len(answers)
        assert files() == before
    return n_answered
