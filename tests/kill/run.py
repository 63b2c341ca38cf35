"""Kill a work hundreds of times.

    python tests/kill/run.py ssd --kills 200
"""
import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.kill.kill import kill_again_and_again, kill_the_app
from tests.kill.works import WORKS


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work', choices=(*WORKS, 'app'))
    parser.add_argument('--kills', type=int, default=200)
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    args = parser.parse_args(argv)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        if args.work == 'app':
            (Path(folder) / 'app').mkdir()
            n = kill_the_app(Path(folder) / 'app', args.kills, args.seed)
            what = f'{n} requests were answered, all alike'
        else:
            n, seconds = kill_again_and_again(
                args.work, Path(folder), args.kills, args.seed)
            what = f'{n} times it came to the end, which takes {seconds:.1f} s, as if left alone'
    print(f'{args.work}: killed {args.kills} times in '
          f'{time.monotonic() - start:.0f} s; {what}')


if __name__ == '__main__':
    main()
