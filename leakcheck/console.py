"""What is typed after `leakcheck`: a task and its options, as Invoke reads them."""

from __future__ import annotations

import contextlib
import inspect
import sys
from typing import TYPE_CHECKING

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from leakcheck.errors import ExitCode
from leakcheck.progress import forget_standard_output
from leakcheck.tasks import namespace
from leakcheck.version import leakcheck_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["run_console"]


class LeakcheckProgram(Program):
    """Invoke's program with our exit code for bad options and without its own options' help."""

    def normalize_argv(self, argv: list[str] | None) -> None:
        """Take the words to parse from `argv`, else from the process."""
        super().normalize_argv(argv)
        self.argv = name_parts(self.argv)

    def parse_core(self, argv: list[str] | None) -> None:
        """Read the options before the task; byte code is written as Python's own setting says.

        Invoke switches it off, and every start would compile the package again.
        """
        is_off = sys.dont_write_bytecode
        with _bad_options_are_not_checked():
            super().parse_core(argv)
        sys.dont_write_bytecode = is_off

    def parse_tasks(self) -> None:
        """Read the task and its options."""
        with _bad_options_are_not_checked():
            super().parse_tasks()

    def parse_cleanup(self) -> None:
        """Answer `--help TASK` and the like."""
        with _bad_options_are_not_checked():
            super().parse_cleanup()

    def print_help(self) -> None:
        """Name the tasks, not the options that come from Invoke."""
        print(f"Usage: {self.binary} TASK [--options]\n       {self.binary} TASK --help\n")  # noqa: T201
        self.list_tasks()


def name_parts(argv: Sequence[str]) -> list[str]:
    """Turn `merge A.json B.json --json C` into `merge --part=A.json --part=B.json --json C`.

    To Invoke, further words would be names of tasks.
    """
    if list(argv[1:2]) != ["merge"]:
        return list(argv)
    parameters = inspect.signature(namespace["merge"].body).parameters
    flags = {f"--{name}" for name, parameter in parameters.items() if parameter.default is False}
    words, is_value = list(argv[:2]), False
    for word in argv[2:]:
        is_option = word.startswith("-")
        words.append(word if is_option or is_value else f"--part={word}")
        is_value = is_option and "=" not in word and word not in flags
    return words


def run_console(argv: Sequence[str] | None) -> None:
    """Run the task named on the command line and leave with its exit code."""
    program = LeakcheckProgram(
        name="leakcheck", binary="leakcheck", namespace=namespace, version=leakcheck_version()
    )
    try:
        program.run(None if argv is None else ["leakcheck", *argv])
    except BrokenPipeError:  # `leakcheck --help | head`
        forget_standard_output()
        sys.exit(ExitCode.NOT_CHECKED)


@contextlib.contextmanager
def _bad_options_are_not_checked() -> Iterator[None]:
    """Leave with 2: Invoke's 1 would say that a test failed or leaked."""
    try:
        yield
    except ParseError as error:
        raise Exit(f"leakcheck: {error}", code=ExitCode.NOT_CHECKED) from error
