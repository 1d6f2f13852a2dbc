"""`python3 -m bootstrap [--quiet] [--tests] [--keep-going]`: exit 0 when all is there, else 2.

This file runs on every Python from 3.6 on (hence no `annotations` from `__future__`), to say
that an old one is too old; everything imported below the check need not.
"""

import shutil
import sys

__all__ = ["old_python_message"]


def old_python_message(executable: str, version: str) -> str:
    """What to type instead, with a newer Python that is on PATH if there is one."""
    names = [f"python3.{minor}" for minor in range(14, 9, -1)]
    there = [name for name in names if shutil.which(name)]
    hint = f"PYTHON={there[0]} make setup" if there else "PYTHON=/path/to/python3.12 make setup"
    return (
        "error: leakcheck needs Python 3.10 or newer\n"
        f"       {executable} is Python {version}\n"
        f"  type: {hint}\n"
    )


if sys.version_info < (3, 10):  # noqa: UP036 - that is the point
    sys.stderr.write(old_python_message(sys.executable, ".".join(map(str, sys.version_info[:3]))))
    sys.exit(2)

from bootstrap.command_line import main  # noqa: E402 - does not compile before 3.10

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
