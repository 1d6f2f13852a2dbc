"""`nox -s fuzz -- --seconds 60`: each reader under atheris, which looks for new paths through it.

Ends with 1 when a reader raises what is not ours; the input that did it is then kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["leakcheck", "elftools", "dotenv"]):
    from tests.fuzz.targets import TARGETS

__all__ = ["main"]

_LARGEST_BYTES = 1 << 16
_SLOWEST_S = 10


def main(argv: list[str]) -> int:
    """Fuzz every reader, each in a process of its own, and give the exit code."""
    parser = argparse.ArgumentParser(prog="nox -s fuzz --", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each reader")
    parser.add_argument("--only", choices=sorted(TARGETS), help="one reader")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="for what fails")
    options = parser.parse_args(argv)
    options.keep.mkdir(parents=True, exist_ok=True)
    names = [options.only] if options.only else list(TARGETS)
    failed = [name for name in names if _fuzz(name, options.seconds, options.keep) != 0]
    hold = f"these hold: {', '.join(names)}\n"
    sys.stdout.write(f"failed: {', '.join(failed)}\n" if failed else hold)
    return 1 if failed else 0


def _fuzz(name: str, seconds: int, keep: Path) -> int:
    """Run libFuzzer in a child, for it never returns; its exit status says what it found."""
    sys.stdout.write(f"{name}\n")
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _run_libfuzzer(name, seconds, keep)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run_libfuzzer(name: str, seconds: int, keep: Path) -> None:
    target = TARGETS[name]
    with tempfile.TemporaryDirectory(prefix="leakcheck-fuzz-") as corpus:
        for number, sample in enumerate(target.samples):
            (Path(corpus) / str(number)).write_bytes(sample)
        words = (
            f"-max_total_time={seconds}",
            f"-max_len={_LARGEST_BYTES}",
            f"-timeout={_SLOWEST_S}",
            f"-artifact_prefix={keep}/{name}-",
            "-verbosity=0",
            "-print_final_stats=1",
        )
        atheris.Setup([name, *words, corpus], target.attempt)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
