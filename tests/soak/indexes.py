"""Add, remove, search, save and load at random, as long as you like.

    python tests/soak/indexes.py hnsw --n-operation 1000000 --seed 0

Every answer of the index is compared with that of a plain model. Printed are
how long operations took, the memory, the recall, and the errors of the bad
arguments that are among them. It ends at the first thing that is wrong, and
says at which operation; the same seed comes there again.
"""
import argparse
import collections
import re
import tempfile
import time
from pathlib import Path

from vasily_fashion.retrieval import FaissIndex, FlatIndex, MilvusIndex

import numpy as np
from threadpoolctl import threadpool_limits

_DIM = 16
_N_CATEGORY = 8
_SIZE = 1000, 3000  # it grows to the one, shrinks to the other, and so on
_N_ID = 6000  # so few that what was removed comes again
_MAX_BATCH = 8
_MAX_K = 30
# Shares of the operations; the others add or remove.
_SHARES = {'search': .3, 'search category': .2, 'bad': .05, 'save and load': .002,
           'empty': .0005}

INDEXES = {
    'flat': lambda path: FlatIndex(_DIM),
    'faiss-flat': lambda path: FaissIndex(_DIM),
    'hnsw': lambda path: FaissIndex(_DIM, factory='HNSW16'),
    'ivf': lambda path: FaissIndex(_DIM, factory='IVF16,Flat', n_probe=4),
    'pq': lambda path: FaissIndex(_DIM, factory='IVF16,PQ8', n_probe=4),
    'milvus': lambda path: MilvusIndex(_DIM, uri=path / 'milvus.db'),
}
_EXACT = 'flat', 'faiss-flat', 'milvus'


class Model:
    """What is there, by number; a search looks at each."""

    def __init__(self):
        self.is_there = np.zeros(_N_ID, bool)
        self.embeddings = np.zeros((_N_ID, _DIM))
        self.categories = np.zeros(_N_ID, np.int64)

    def __len__(self):
        return int(self.is_there.sum())

    def add(self, embeddings, numbers, categories):
        self.is_there[numbers] = True
        self.embeddings[numbers] = embeddings
        self.categories[numbers] = categories

    def check(self, queries, k, category, distances, numbers, is_exact):
        """Compare what was found; return how many belong there, of how many."""
        rows = np.flatnonzero(self.is_there & (
            True if category is None else self.categories == category))
        n = min(k, len(rows))
        assert distances.shape == numbers.shape == (len(queries), n), (
            f'{distances.shape} found, there are {len(rows)}')
        if n == 0:
            return 0, 0
        assert np.isin(numbers, rows).all(), 'what is not there, or of another category'
        assert all(len(set(row)) == n for row in numbers.tolist()), 'found twice'
        all_distances = (
            (self.embeddings[rows] - queries[:, None].astype(float)) ** 2).sum(axis=2)
        right = np.take_along_axis(all_distances, np.searchsorted(rows, numbers), axis=1)
        assert _are_equal(distances, right), 'wrong distances'
        assert (np.diff(distances, axis=1) >= 0).all(), 'not nearest first'
        nearest = np.sort(np.partition(all_distances, n - 1, axis=1)[:, :n], axis=1)
        # equal distances may come in any order
        assert not is_exact or _are_equal(distances, nearest), 'nearer ones were missed'
        return int((distances <= nearest[:, -1:] + 1e-5).sum()), numbers.size


def _are_equal(distances, right):
    """To rounding; `numpy.allclose` takes ten times as long for so few."""
    return (np.abs(distances - right) <= 1e-5 + 1e-5 * right).all()


class Soak:
    """A walk of an index and its model.

    Attributes:
        errors (Counter): Of the bad arguments, how often each was refused.
        n_right, n_found (int): Of the searches that may miss some.
        n_embedding (int): How many were added, removed or searched for.
    """

    def __init__(self, name, folder, seed):
        self.name, self.folder = name, folder
        self.rng = np.random.default_rng(seed)
        self.index, self.model = INDEXES[name](folder), Model()
        self.errors = collections.Counter()
        self.n_right = self.n_found = self.n_embedding = 0
        self._grows = True
        self._is_text = False
        if name == 'pq':
            self.index.train(self._embeddings(self.index.n_training))
        self.fill()

    def step(self):
        """One operation; what it was, and the seconds of the index's part."""
        operation = self.rng.choice(
            [*_SHARES, 'change'], p=[*_SHARES.values(), 1 - sum(_SHARES.values())])
        if operation == 'change':
            if not _SIZE[0] < len(self.model) < _SIZE[1]:
                self._grows = len(self.model) <= _SIZE[0]
            operation = 'add' if self.rng.random() < (.7 if self._grows else .3) else 'remove'
        seconds = getattr(self, '_' + operation.replace(' ', '_'))()
        if self.name != 'milvus':  # where it takes as long as the operation
            self.count()
        return operation, seconds

    def count(self):
        """Whether as many are there as should be."""
        assert len(self.index) == len(self.model), (
            f'{len(self.index)} are there, not {len(self.model)}')

    def look(self):
        """Whether all are there, and no others."""
        self.count()
        ids = self.index.ids
        found = self._numbers(ids) if len(ids) else ids
        assert np.sort(found).tolist() == np.flatnonzero(self.model.is_there).tolist(), 'ids'

    def fill(self):
        # the first of IVF are those that it is trained with
        self._put(np.arange(_SIZE[0]))

    def close(self):
        if self.name == 'milvus':
            self.index.close()

    def _ids(self, numbers):
        return [f'p{i}' if self._is_text else i for i in numbers.tolist()]

    def _numbers(self, ids):
        assert ids.dtype.kind == ('U' if self._is_text else 'i')
        return np.char.lstrip(ids, 'p').astype(int) if self._is_text else ids

    def _embeddings(self, n):
        x = self.rng.normal(size=(n, _DIM)).astype(np.float32)
        # some are copies of what may be there
        if hasattr(self, 'model') and self.rng.random() < .2:
            x[0] = self.model.embeddings[self.rng.integers(_N_ID)]
        return x

    def _choose(self, among):
        n = min(int(self.rng.integers(1, _MAX_BATCH + 1)), len(among))
        return self.rng.choice(among, n, replace=False)

    def _put(self, numbers):
        x = self._embeddings(len(numbers))
        categories = self.rng.integers(-1, _N_CATEGORY, len(numbers))
        ids = self._ids(numbers)
        start = time.perf_counter()
        self.index.add(x, ids, categories)
        seconds = time.perf_counter() - start
        self.n_embedding += len(x)
        if self.name == 'pq':  # it keeps them rounded
            codec = self.index._index
            x = codec.sa_decode(codec.sa_encode(x))
        self.model.add(x, numbers, categories)
        return seconds

    def _add(self):
        return self._put(self._choose(np.flatnonzero(~self.model.is_there)))

    def _take(self, numbers):
        ids = self._ids(numbers)
        start = time.perf_counter()
        self.index.remove(ids)
        seconds = time.perf_counter() - start
        self.n_embedding += len(ids)
        self.model.is_there[numbers] = False
        return seconds

    def _remove(self):
        return self._take(self._choose(np.flatnonzero(self.model.is_there)))

    def _empty(self):
        seconds = self._take(np.flatnonzero(self.model.is_there))
        self._search()
        self.look()
        if self.name != 'milvus':  # a collection's ids are of one kind
            self._is_text = not self._is_text
        self.fill()
        return seconds

    def _search(self, category=None):
        queries = self._embeddings(int(self.rng.integers(1, _MAX_BATCH + 1)))
        k = int(self.rng.integers(1, _MAX_K + 1))
        start = time.perf_counter()
        distances, ids = self.index.search(
            queries, k, None if category is None else [category] * len(queries))
        seconds = time.perf_counter() - start
        self.n_embedding += len(queries)
        assert distances.dtype == np.float32
        n_right, n_found = self.model.check(
            queries, k, category, distances, self._numbers(ids) if ids.size else ids,
            # approximate ones look at each of a category
            self.name in _EXACT or category is not None)
        if category is None:
            self.n_right += n_right
            self.n_found += n_found
        return seconds

    def _search_category(self):
        return self._search(int(self.rng.integers(_N_CATEGORY + 1)))  # the last is of none

    def _bad(self):
        there, = self._ids(self.rng.choice(np.flatnonzero(self.model.is_there), 1))
        new, = self._ids(self.rng.choice(np.flatnonzero(~self.model.is_there), 1))
        other = 1 if self._is_text else 'p1'
        x, index = self._embeddings(2), self.index
        calls = {
            'wrong dim to add': (index.add, (x[:, 1:], [new, there]), 'another network'),
            'wrong dim to search': (index.search, (x[:, 1:], 1), 'another network'),
            'NaN': (index.add, (x * np.nan, [new, there]), 'NaN'),
            'id twice to add': (index.add, (x, [new, new]), 'twice'),
            'id twice to remove': (index.remove, ([there, there],), 'twice'),
            'id is not there': (index.remove, ([there, new],), 'is not in the index'),
            'id of another kind': (index.add, (x, [other, other]), 'ids are'),
            'fewer ids': (index.add, (x, [new]), '1 ids for 2'),
            'category -2': (index.add, (x[:1], [new], [-2]), 'categories'),
            'k 0': (index.search, (x, 0), 'k must be'),
            'id is there': (index.add, (x, [new, there]), 'in the index already')}
        kind = str(self.rng.choice(list(calls)))
        call, args, message = calls[kind]
        start = time.perf_counter()
        try:
            call(*args)
        except (TypeError, ValueError) as error:
            seconds = time.perf_counter() - start
            assert re.search(message, str(error)), f'{kind}: {error}'
            self.errors[f'{kind}: {type(error).__name__}'] += 1
        else:
            raise AssertionError(f'{kind} was taken')
        return seconds

    def _save_and_load(self):
        start = time.perf_counter()
        if self.name == 'milvus':
            self.index.save()
            self.index.close()
            self.index = MilvusIndex.load(self.folder / 'milvus.db')
        else:
            path = self.folder / ('index.npz' if self.name == 'flat' else 'index')
            self.index.save(path)
            self.index = type(self.index).load(path)
        seconds = time.perf_counter() - start
        self.look()
        return seconds


def soak(name, folder, n_operation, seed, each=lambda i, operation, seconds: None):
    """Walk; raises where the index is not as its model."""
    walk = Soak(name, folder, seed)
    # all ids of Milvus take as long as fifty operations
    per_look = 500 if name == 'milvus' else 20
    i = 0
    try:
        # Of batches so small, threads wait longer for each other than they compute.
        # Not before the walk, whose index imports Faiss with threads of its own.
        with threadpool_limits(limits=1):
            for i in range(n_operation):
                each(i, *walk.step())
                if i % per_look == 0 or i == n_operation - 1:
                    walk.look()
    except Exception as error:
        error.add_note(f'{name}, seed {seed}: operation {i}')
        raise
    finally:
        walk.close()
    return walk


def memory(field):
    """Megabytes of this process; Linux says it."""
    text = Path('/proc/self/status').read_text()
    return int(re.search(rf'{field}:\s*(\d+)', text)[1]) / 1e3


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('index', choices=tuple(INDEXES))
    parser.add_argument('--n-operation', type=int, default=1000000)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(argv)
    # filled now, so that they are not growth later
    seconds = np.full(args.n_operation, np.nan)  # zeros take no memory before they are written
    operations = np.full(args.n_operation, '', 'U15')
    resident = []

    def each(i, operation, its_seconds):
        operations[i], seconds[i] = operation, its_seconds
        if i % max(args.n_operation // 20, 1) == 0:
            resident.append(memory('VmRSS'))

    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        walk = soak(args.index, Path(folder), args.n_operation, args.seed, each)
    print(f'{args.index}: {args.n_operation:,} operations in '
          f'{time.monotonic() - start:.0f} s, all as the model says; '
          f'{walk.n_embedding:,} embeddings added, removed or searched for')
    for operation in sorted(set(operations)):
        its = 1e3 * seconds[operations == operation]
        print(f'{operation:>15}: {len(its):8,}, p50 {np.percentile(its, 50):.3f} ms, '
              f'p99 {np.percentile(its, 99):.3f} ms')
    print(f'recall {walk.n_right / walk.n_found:.4f} without a category')
    print('memory, each twentieth: ' + ' '.join(f'{x:.0f}' for x in resident)
          + f', at the end {memory("VmRSS"):.0f} MB, at most {memory("VmHWM"):.0f} MB')
    print(f'{walk.errors.total():,} errors, all expected: ' + ', '.join(
        f'{kind} {n:,}' for kind, n in sorted(walk.errors.items())))


if __name__ == '__main__':
    main()
