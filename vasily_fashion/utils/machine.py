import platform
import re
from pathlib import Path

from vasily_fashion.accelerate.parallel import n_thread


def machine() -> str:
    """The processor, the number of cores in use and Python, in words."""
    name = platform.processor() or platform.machine()
    info = Path('/proc/cpuinfo')
    if info.exists():
        text = info.read_text()
        if found := re.search(r'^model name\s*: (.*)', text, re.M):
            name = found[1]
        known = [flag for flag in (
            'avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_int8')
            if flag in text.split()]
        name += f' ({", ".join(known)})'
    return f'{name}, {n_thread()} cores, Python {platform.python_version()}'
