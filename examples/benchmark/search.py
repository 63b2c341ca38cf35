"""Search: exact against Faiss and NumPy, approximate against exact.

Embeddings are made up: products in clusters (as those of one kind are),
spread over 24 of 128 dimensions, with noise in all. Real ones are alike in
that: most of the variance of an embedding is in few directions. Queries are
other views of products, as snap crops are.

All of one line are timed in turns, and the median is printed. Exact is
FlatIndex. On few cores the threads of NumPy and Faiss wait for each other, which
says nothing of either: compare with `--n-thread 1`.
"""
import argparse
import os
import tempfile
import time
from pathlib import Path

from vasily_fashion.retrieval import FaissIndex, FlatIndex, MilvusIndex
from vasily_fashion.utils import write_json
from vasily_fashion.utils.machine import machine

import faiss
import numpy as np
from interleaved import interleaved
from threadpoolctl import threadpool_info, threadpool_limits

_DIM = 128
_K = 10
_N_QUERY = 64


def make_embeddings(n, seed=0):
    """Embeddings of `n` products, and of queries near some of them."""
    random_state = np.random.default_rng(seed)
    basis = random_state.normal(size=(24, _DIM)).astype(np.float32)
    centres = random_state.normal(size=(max(n // 50, 1), 24))
    x = np.empty((n, _DIM), np.float32)
    for start in range(0, n, 100000):
        part = slice(start, min(start + 100000, n))
        size = part.stop - part.start
        z = centres[random_state.integers(len(centres), size=size)]
        z = z + .5 * random_state.normal(size=z.shape)
        x[part] = z.astype(np.float32) @ basis
        x[part] += .5 * random_state.normal(size=(size, _DIM))
    some = x[random_state.choice(n, 1000)]
    return x, (some + random_state.normal(
        size=some.shape)).astype(np.float32)


def numpy_search(x, norms, queries):
    """What a user would write."""
    scores = norms - 2 * (queries @ x.T)
    part = np.argpartition(scores, _K, axis=1)[:, :_K]
    order = np.argsort(np.take_along_axis(scores, part, axis=1), axis=1)
    return np.take_along_axis(part, order, axis=1)


def exact_numpy_search(x, norms, queries):
    """That, and the distances from the differences, as FlatIndex has them."""
    scores = norms - 2 * (queries @ x.T)
    part = np.argpartition(scores, 2 * _K, axis=1)[:, :2 * _K]
    distances = ((x[part].astype(np.float64) - queries[:, None]) ** 2).sum(axis=2)
    order = np.argsort(distances, axis=1)[:, :_K]
    return np.take_along_axis(part, order, axis=1)


def exact(x, queries, flat, repeat):
    """Seconds of exact searches."""
    faiss_flat = FaissIndex(_DIM, factory='Flat')
    faiss_flat.add(x, np.arange(len(x)))
    plain = faiss.IndexFlatL2(_DIM)
    plain.add(x)
    norms = (x ** 2).sum(axis=1)

    result = {}
    for n_query in 1, _N_QUERY:
        q = queries[:n_query]
        result[n_query] = interleaved({
            'faiss.IndexFlatL2': lambda q=q: plain.search(q, _K),
            'NumPy': lambda q=q: numpy_search(x, norms, q),
            'NumPy, exact': lambda q=q: exact_numpy_search(x, norms, q),
            'FlatIndex': lambda q=q: flat.search(q, _K),
            "FaissIndex, 'Flat'": lambda q=q: faiss_flat.search(q, _K),
        }, repeat)
        best = min(result[n_query]['faiss.IndexFlatL2'],
                   result[n_query]['NumPy'])
        for name, seconds in result[n_query].items():
            print(f'{len(x):9,} exact, {n_query:2} queries  {name:20} '
                  f'{seconds * 1e3:9.1f} ms  {seconds / best:5.2f} of the best')
    return result


def approximate(x, queries, flat, factories, repeat):
    """Build time, bytes, and recall against queries a second."""
    truth = flat.search(queries, _K)[1]
    result = {}
    categories = np.zeros(len(x), np.int32)
    categories[::100] = 1  # 1 %
    some = FlatIndex(_DIM)
    some.add(x[::100], np.arange(0, len(x), 100))
    filtered = some.search(queries[:100], _K)[1]
    for factory in factories:
        index = FaissIndex(_DIM, factory=factory)
        start = time.perf_counter()
        if index.n_training:
            index.train(x[:500000])
        index.add(x, np.arange(len(x)), categories)
        build = time.perf_counter() - start
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, 'index.npz')
            index.save(path)
            size = path.stat().st_size
        curve = []
        choices = settings(index)
        for name, value in choices:
            setattr(index, name, value)
            found = index.search(queries, _K)[1]
            seconds = interleaved({
                'exact': lambda: flat.search(queries[:_N_QUERY], _K),
                'this': lambda index=index: index.search(
                    queries[:_N_QUERY], _K)}, repeat)
            curve.append({
                'setting': value, 'recall': recall(found, truth),
                'queries_per_second': _N_QUERY / seconds['this'],
                'times_exact': seconds['exact'] / seconds['this']})
            print(f'{len(x):9,} {factory:14} {name} {value:5}  recall@10 '
                  f'{curve[-1]["recall"]:.3f}  {curve[-1]["queries_per_second"]:8.0f} '
                  f'queries/s  {curve[-1]["times_exact"]:6.1f} times exact')
        setattr(index, *choices[0])
        of_category = recall(
            index.search(queries[:100], _K, [1] * 100)[1], filtered)
        print(f'{len(x):9,} {factory:14} built in {build:.0f} s, '
              f'{size / len(x):.0f} bytes an item, recall@10 of 1 % that pass '
              f'{of_category:.3f}')
        result[factory] = {
            'build': build, 'bytes': size / len(x), 'curve': curve,
            'filtered_recall': of_category}
    return result


def settings(index):
    """The default, and others around it."""
    if index.factory.startswith('HNSW'):
        return [('ef_search', n) for n in (index.ef_search, 16, 64, 128, 256)]
    n_list = index._index.nlist
    return [('n_probe', max(1, n_list // n)) for n in (64, 256, 128, 32, 16)]


def milvus(x, queries, truth, repeat):
    """Milvus Lite, in a file."""
    with tempfile.TemporaryDirectory() as folder:
        index = MilvusIndex(_DIM, uri=os.path.join(folder, 'milvus.db'))
        start = time.perf_counter()
        index.add(x, np.arange(len(x)))
        index.save()
        build = time.perf_counter() - start
        found = index.search(queries[:100], _K)[1]
        seconds = interleaved({'milvus': lambda: index.search(
            queries[:_N_QUERY], _K)}, repeat)['milvus']
        size = sum(path.stat().st_size for path in Path(folder).rglob('*')
                   if path.is_file())
        index.close()
    print(f'{len(x):9,} Milvus Lite     built in {build:.0f} s, '
          f'{size / len(x):.0f} bytes an item, recall@10 '
          f'{recall(found, truth[:100]):.3f}, '
          f'{_N_QUERY / seconds:.0f} queries/s')
    return {'build': build, 'bytes': size / len(x),
            'recall': recall(found, truth[:100]),
            'queries_per_second': _N_QUERY / seconds}


def recall(found, truth):
    return float(np.mean([
        len(set(a) & set(b)) / len(b)
        for a, b in zip(found.tolist(), truth.tolist(), strict=True)]))


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python search.py --n 10000 100000 1000000 --json search.json')
    parser.add_argument(
        '--n', type=int, nargs='+', default=[1000000], help='embeddings')
    parser.add_argument(
        '--factory', nargs='*', help="Faiss'; HNSW32 and two of IVF if not given")
    parser.add_argument(
        '--milvus', type=int, default=0, metavar='N',
        help='Milvus Lite, of up to that many')
    parser.add_argument(
        '--n-thread', type=int, help='of NumPy and Faiss; as many as they '
        'take if not given')
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    with threadpool_limits(args.n_thread):
        measure(args)


def measure(args):
    """Measure and print; the numbers go into the file after each size."""
    threads = max((x['num_threads'] for x in threadpool_info()), default=1)
    print(f'{machine()}, {threads} threads, Faiss {faiss.__version__}')
    result = {'machine': machine(), 'n_thread': threads, 'sizes': {}}
    for n in args.n:
        x, queries = make_embeddings(n)
        flat = FlatIndex(_DIM)
        flat.add(x, np.arange(n))
        n_list = 2 ** round(np.log2(4 * np.sqrt(n)))
        factories = args.factory if args.factory is not None else [
            'HNSW32', f'IVF{n_list},SQ8', f'IVF{n_list},PQ32']
        of = result['sizes'][n] = {
            'exact': exact(x, queries, flat, args.repeat)}
        of['faiss'] = approximate(x, queries, flat, factories, args.repeat)
        if n <= args.milvus:
            of['milvus'] = milvus(
                x, queries, flat.search(queries, _K)[1], args.repeat)
        write_json(args.json, result)


if __name__ == '__main__':
    main()
