"""`leakcheck profile`: the leak check, and all that was allocated as one profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from leakcheck.commandline import path_of, run_leak
from leakcheck.errors import BadInput
from leakcheck.launch.duration import parse_duration
from leakcheck.launch.rundirectory import ProfilePlan
from leakcheck.launch.size import parse_size
from leakcheck.model import EngineName
from leakcheck.pipeline import Request, project_of
from leakcheck.profiles.files import (
    check_prefix,
    default_prefix,
    module_name,
    program_name,
    write_numbered,
)
from leakcheck.profiles.recorder import ProfileRecorder
from leakcheck.progress import TerminalWatcher
from leakcheck.settings import Settings, load_environment

if TYPE_CHECKING:
    from leakcheck.commandline import Choices
    from leakcheck.observation import Watcher

__all__ = ["parse_interval_ms", "parse_step", "prefix_of", "run_profile"]

SHORTEST_S = 0.1
SMALLEST_STEP, LARGEST_STEP = 2**16, 2**47


def run_profile(choices: Choices) -> int:
    """Check for leaks, write the profile, say where; return the exit code of the check.

    However the check ends (Ctrl-C, a report that cannot be written), what was recorded is kept.
    """
    settings = Settings.from_mapping(load_environment(Path.cwd()))
    prefix = prefix_of(choices.project, choices.binary, settings)
    check_prefix(prefix)
    recorder = ProfileRecorder(plan=plan_of(choices))
    watcher = TerminalWatcher(Console(stderr=True))
    try:
        exit_code = run_leak(choices, recorder)
    finally:
        write_recorded(prefix, recorder, watcher)
    if recorder.is_empty:
        watcher.say(f"No profile {prefix}.NNNN.pb.gz was written: {nothing_recorded(choices)}")
    return exit_code


def write_recorded(prefix: str, recorder: ProfileRecorder, watcher: Watcher) -> None:
    """Write the snapshots, and where a run was checked the profile of the end."""
    for snapshot in recorder.snapshots:
        tell("Snapshot", write_numbered(prefix, snapshot))
    if not recorder.is_empty:
        with watcher.step("Writing the profile"):
            path = write_numbered(prefix, recorder.encoded())
        tell("Profile", path)


def nothing_recorded(choices: Choices) -> str:
    """Say why; gperftools' checker keeps a profile of leaks of its own."""
    if choices.engine == EngineName.HEAPCHECK.value:
        return "only the engine agent knows all that was allocated"
    return "the agent checked nothing"


def plan_of(choices: Choices) -> ProfilePlan:
    """Read when to take snapshots. Raises BadInput."""
    return ProfilePlan(
        interval_ms=0 if choices.interval is None else parse_interval_ms(choices.interval),
        step_bytes=0 if choices.inuse_step is None else parse_step(choices.inuse_step),
    )


def parse_interval_ms(text: str) -> int:
    """Read `--interval`. Raises BadInput."""
    try:
        seconds = parse_duration(text)
    except BadInput as error:
        raise BadInput(
            f"--interval {text} cannot be used", why=error.why, hint="--interval 5s"
        ) from error
    if seconds < SHORTEST_S:
        raise BadInput(
            f"--interval {text} is too short", why=f"{SHORTEST_S} s at least", hint="--interval 5s"
        )
    return round(seconds * 1000)


def parse_step(text: str) -> int:
    """Read `--inuse-step`. Raises BadInput."""
    size = parse_size(text, option="--inuse-step")
    if not SMALLEST_STEP <= size <= LARGEST_STEP:
        raise BadInput(
            f"--inuse-step {text} cannot be used",
            why=f"{SMALLEST_STEP} to {LARGEST_STEP} bytes",
            hint="--inuse-step 64MiB",
        )
    return size


def tell(label: str, path: Path) -> None:
    """Print where a file is."""
    Console().print(f"{label:>12} {path}", soft_wrap=True, markup=False, highlight=False)


def prefix_of(project: str | None, binary: str | None, settings: Settings) -> str:
    """Choose where profiles are: HEAPPROFILE, else named after the program or the module."""
    if settings.heapprofile:
        return settings.heapprofile
    program = path_of(binary)
    if program is not None:
        return default_prefix(program_name(program.name))
    return default_prefix(module_name(project_of(Request(project=path_of(project)), settings)))
