"""How much memory a process has had."""
import sys


def peak_memory():
    """The most memory that this process has had so far, in MB."""
    try:
        with open('/proc/self/status') as f:
            return next(
                int(line.split()[1]) / 1024 for line in f if line.startswith('VmHWM'))
    except FileNotFoundError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1024 / (1024 if sys.platform == 'darwin' else 1)
