"""The tasks that show a profile with pprof: as text, as a PDF, as a web page."""

from __future__ import annotations

import contextlib
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from leakcheck.commandline import path_of
from leakcheck.errors import BadInput, ExitCode, ToolMissing
from leakcheck.launch.rundirectory import run_directory
from leakcheck.process import run
from leakcheck.profiles.conversion import readable_profile
from leakcheck.profiles.files import newest_profile
from leakcheck.profiles.pprof import LOOPBACK, Question, http_command, pdf_command, text_command
from leakcheck.profiles.sampletypes import comparable_sample
from leakcheck.profiling import prefix_of
from leakcheck.progress import TerminalWatcher
from leakcheck.reports.files import write_file
from leakcheck.settings import Settings, load_environment
from leakcheck.symbolise import Symboliser
from leakcheck.toolchain.discovery import find_dot, find_go, find_pprof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakcheck.process import Command
    from leakcheck.toolchain.discovery import GoTool, PprofTool

__all__ = ["ShowChoices", "run_pprof_http", "run_pprof_pdf", "run_pprof_text"]

DEFAULT_PORT = 8080
PORTS = range(1, 65536)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowChoices:
    """The options of these tasks, as typed; None where the user said nothing."""

    profile: str | None = None
    base: str | None = None
    sample: str | None = None
    project: str | None = None
    binary: str | None = None
    peek: str | None = None
    output: str | None = None
    port: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Who shows what; `source` is the file the user means, which may have been converted."""

    pprof: PprofTool
    question: Question
    source: Path


def run_pprof_text(choices: ShowChoices) -> int:
    """Print the functions that allocated, most first, or the callers of some."""
    if choices.peek == "":  # pprof would ask for commands
        raise BadInput("--peek names no function", hint="--peek mp_frame_new")
    with opened(choices) as view:
        print_plain(answer(text_command(view.pprof, view.question, peek=choices.peek)))
    return ExitCode.OK


def run_pprof_pdf(choices: ShowChoices) -> int:
    """Draw who calls whom into a PDF."""
    find_dot()
    with opened(choices) as view, run_directory() as folder:
        drawn = folder / "graph.pdf"
        answer(pdf_command(view.pprof, view.question, drawn))
        output = path_of(choices.output) or pdf_beside(view.source)
        write_file(output, drawn.read_bytes())
    print_plain(f"         PDF {output}")
    return ExitCode.OK


def run_pprof_http(choices: ShowChoices) -> int:
    """Serve pprof's web page to this machine until Ctrl-C, the way it is meant to end."""
    port = parse_port(choices.port)
    with opened(choices) as view:
        refuse_taken(port)
        print_plain(f"     Serving http://{LOOPBACK}:{port}/ui/flamegraph until Ctrl-C")
        with contextlib.suppress(KeyboardInterrupt):
            answer(http_command(view.pprof, view.question, port))
    return ExitCode.OK


@contextlib.contextmanager
def opened(choices: ShowChoices) -> Iterator[View]:
    """Find pprof and the profile; what had to be converted is gone at the end."""
    settings = Settings.from_mapping(load_environment(Path.cwd()))
    pprof = find_pprof(go_or_none(settings))
    source = path_of(choices.profile) or newest_profile(
        prefix_of(choices.project, choices.binary, settings)
    )
    base = path_of(choices.base)
    watcher = TerminalWatcher(Console(stderr=True))
    watcher.say(f"Opening {source}" + (f" less {base}" if base else ""))
    symboliser = Symboliser(settings.cache_dir)
    with run_directory() as folder:
        profile = readable_profile(source, folder, symboliser)
        older = base and readable_profile(base, folder, symboliser)
        sample = choices.sample or (comparable_sample(profile, older) if older else None)
        question = Question(profile=profile, base=older, sample=sample)
        yield View(pprof=pprof, question=question, source=source)


def answer(command: Command) -> str:
    """Run pprof and give what it prints. Raises BadInput with its own words when it says no."""
    completed = run(command)
    if completed.returncode != 0:
        raise BadInput(
            "pprof does not show this profile",
            why=completed.stderr.strip() or f"it ended with status {completed.returncode}",
            hint=str(command),
        )
    return completed.stdout


def go_or_none(settings: Settings) -> GoTool | None:
    """Find Go, whose pprof is used where there is no other."""
    try:
        return find_go(settings)
    except ToolMissing:
        return None


def pdf_beside(profile: Path) -> Path:
    """Name the PDF of `heap.0001.pb.gz`: `heap.0001.pdf`."""
    stem = profile.name.removesuffix(".gz").removesuffix(".pb").removesuffix(".heap")
    return profile.with_name(f"{stem}.pdf")


def parse_port(text: str | None) -> int:
    """Read `--port`. Raises BadInput."""
    if text is None:
        return DEFAULT_PORT
    if not (text.isascii() and text.isdecimal()) or int(text[:6]) not in PORTS:
        raise BadInput(f"--port {text} is not a port", why="1 to 65535", hint="--port 8081")
    return int(text)


def refuse_taken(port: int) -> None:
    """Raise BadInput when something listens on the port already, or may not."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise BadInput(
                f"the port {port} cannot be used", why=error.strerror or "", hint="--port 8081"
            ) from error


def print_plain(text: str) -> None:
    """Print as it is, and at once: who waits for the address must not wait for the end."""
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()
