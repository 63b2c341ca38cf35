"""Fuzz one reader, led by coverage, for as long as you like.

    pip install atheris
    python tests/fuzz/run.py image --seconds 3600 --corpus output/fuzz/image

What the corpus folder has grows with what covers more. Bytes that raise what
they should not are written to the current folder as crash-...; once the defect
is mended they belong into tests/fuzz/corpus, where every run of the tests reads
them.
"""
import argparse
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
with atheris.instrument_imports(include=['vasily_fashion']):
    from tests.fuzz.target import run
    from tests.fuzz.targets import TARGETS


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('target', choices=tuple(TARGETS))
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--corpus', help='a folder; output/fuzz/TARGET if not given')
    args = parser.parse_args(argv)
    corpus = Path(args.corpus or f'output/fuzz/{args.target}')
    corpus.mkdir(parents=True, exist_ok=True)
    target = TARGETS[args.target]
    for i, seed in enumerate(target.seeds()):
        (corpus / f'seed-{i}').write_bytes(seed)
    folder = tempfile.TemporaryDirectory()
    # 10 s an input, and 2 GB of memory for all of it
    atheris.Setup(
        [sys.argv[0], f'-max_total_time={args.seconds}', '-timeout=10', '-rss_limit_mb=2048',
         '-print_final_stats=1', str(corpus)],
        lambda data: run(target, data, folder.name))
    atheris.Fuzz()


if __name__ == '__main__':
    main()
