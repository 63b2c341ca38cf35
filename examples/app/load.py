"""Send snaps to a running app from many clients at once.

The requests are good snaps. With --bad, some of them are wrong: not an image, too many
bytes or pixels, or a wrong parameter. The script prints how each kind of request was answered
and how long that took, and the server's memory before, at most, and after. Use it with
a server of your own on this machine.
"""
import argparse
import asyncio
import collections
import io
import json
import sys
import time
from pathlib import Path

from vasily_fashion.utils import write_json

import httpx
import numpy as np
from PIL import Image

_TIMEOUT = 600


async def client(args, snaps, huge, rng, answers):
    """Send one request after the other."""
    end = time.monotonic() + (args.seconds or 0)
    n_sent = 0
    async with httpx.AsyncClient(base_url=args.url, timeout=_TIMEOUT) as session:
        while time.monotonic() < end if args.seconds else n_sent < args.n_request:
            n_sent += 1
            content = snaps[rng.integers(len(snaps))]
            kind, params, expected = 'good', {'k': int(rng.integers(1, 20))}, {200, 503}
            if rng.random() < args.bad:
                kind, content, params, expected = spoil(content, huge, rng)
            start = time.perf_counter()
            try:
                answer = await session.post('search', content=content, params=params)
                code = answer.status_code
                json.loads(answer.content)
            except (httpx.HTTPError, ValueError) as error:
                code = type(error).__name__
            answers.append((kind, code, code in expected, time.perf_counter() - start))


def spoil(content, huge, rng):
    """Make a request that the server must refuse."""
    kind = rng.integers(5)
    if kind == 0:
        return 'no image', rng.bytes(int(rng.integers(0, 99999))), {}, {422, 503}
    if kind == 1:
        return 'half an image', content[:len(content) // 2], {}, {422, 503}
    if kind == 2:
        return 'too many bytes', bytes(12_000_000), {}, {413}
    if kind == 3:
        return 'too many pixels', huge, {}, {422, 503}
    return 'empty box', content, {'box': '5,5,5,5'}, {422, 503}


def many_pixels():
    """A file of a few kilobytes with 25 million pixels."""
    file = io.BytesIO()
    Image.new('L', (5000, 5000)).save(file, 'PNG')
    return file.getvalue()


def resident(pid):
    """Memory of a process in megabytes, on Linux."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS'):
            return int(line.split()[1]) / 1e3
    raise ValueError(f'--pid {pid}: it has ended')


async def watch(pid, seconds, memory):
    while True:
        memory.append(resident(pid))
        await asyncio.sleep(seconds)


async def run(args):
    """Send all requests; return the numbers."""
    async with httpx.AsyncClient(base_url=args.url, timeout=_TIMEOUT) as session:
        shop = (await session.get('shop')).json()
        snaps = ([path.read_bytes() for path in map(Path, args.photo)] or [
            (await session.get(path)).content for path in shop['samples']])
    if not snaps:
        sys.exit('the app offers no samples: give --photo')
    huge = many_pixels()
    answers, memory = [], [resident(args.pid)] if args.pid else []
    watching = asyncio.create_task(watch(args.pid, .5, memory)) if args.pid else None
    start = time.perf_counter()
    await asyncio.gather(*[
        client(args, snaps, huge, np.random.default_rng([args.seed, i]), answers)
        for i in range(args.n_client)])
    seconds = time.perf_counter() - start
    if watching:
        memory.append(resident(args.pid))
        watching.cancel()
    times = [t for _, code, _, t in answers if code == 200]
    return {
        'n_client': args.n_client, 'seconds': seconds,
        'answers': dict(sorted(collections.Counter(
            str(code) for _, code, _, _ in answers).items())),
        'kinds': {
            kind: about([(code, t) for its, code, _, t in answers if its == kind])
            for kind in sorted({kind for kind, _, _, _ in answers})},
        'unexpected': sum(not good for _, _, good, _ in answers),
        'per_second': len(times) / seconds,
        'p50': float(np.percentile(times, 50)) if times else None,
        'p99': float(np.percentile(times, 99)) if times else None,
        'memory': memory}


def about(answers):
    """The numbers of one kind of request."""
    codes, times = zip(*answers, strict=True)
    return {
        'answers': dict(sorted(collections.Counter(map(str, codes)).items())),
        'p50': float(np.percentile(times, 50)), 'p99': float(np.percentile(times, 99))}


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python load.py --n-client 50 --n-request 4 --pid 4711')
    parser.add_argument('--url', default='http://127.0.0.1:8000/')
    parser.add_argument(
        '--photo', nargs='+', default=[], help="snaps; the app's samples if not given")
    parser.add_argument(
        '--n-client', type=int, default=50, help='at once (default: %(default)s)')
    parser.add_argument(
        '--n-request', type=int, default=4,
        help='of each, one after the other (default: %(default)s)')
    parser.add_argument(
        '--seconds', type=float, help='go on for so long, instead of --n-request')
    parser.add_argument(
        '--bad', type=float, default=0., help='share of requests that are to '
        'be refused (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--pid', type=int, help="the server's, for its memory")
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    result = asyncio.run(run(args))
    print(f'{args.n_client} clients, {result["seconds"]:.0f} s: {result["answers"]}, '
          f'{result["unexpected"]} not as they should be')
    if result['p50'] is not None:
        print(f'{result["per_second"]:.2f} snaps a second; p50 {result["p50"]:.1f} s, '
              f'p99 {result["p99"]:.1f} s')
    for kind, its in result['kinds'].items():
        print(f'{kind:>15}: {its["answers"]}, p50 {its["p50"]:.2f} s, p99 {its["p99"]:.2f} s')
    if result['memory']:
        memory = result['memory']
        print(f'memory {memory[0]:.0f} MB before, {max(memory):.0f} at most, '
              f'{memory[-1]:.0f} after')
    write_json(args.json, result)
    return int(result['unexpected'] > 0)


if __name__ == '__main__':
    sys.exit(main())
