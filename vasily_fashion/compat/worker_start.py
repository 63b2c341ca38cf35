"""What a worker process runs first (see ``worker_processes.py``)."""
import os
import sys

# Where the parent found this package.  The parent's whole sys.path arrives
# right after this, in place of what is changed here.
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
import vasily_fashion.compat  # noqa: E402, F401
