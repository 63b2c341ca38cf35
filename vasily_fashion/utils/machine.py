import platform
from pathlib import Path

from vasily_fashion.accelerate.parallel import n_thread


def machine() -> str:
    """The processor, the number of cores in use and Python, in words."""
    name = platform.processor() or platform.machine()
    info = Path('/proc/cpuinfo')
    if info.exists():
        lines = dict(
            line.split(':', 1) for line in info.read_text().splitlines()
            if ':' in line)
        flags = lines.get('flags\t\t', '').split()
        name = next(
            (value.strip() for key, value in lines.items()
             if key.strip() == 'model name'), name)
        known = [flag for flag in (
            'avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_int8')
            if flag in flags]
        name += f' ({", ".join(known)})'
    return f'{name}, {n_thread()} cores, Python {platform.python_version()}'
