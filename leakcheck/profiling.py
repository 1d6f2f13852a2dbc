"""`leakcheck profile`: the leak check, and all that was allocated as one profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from leakcheck.commandline import path_of, run_leak
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

__all__ = ["prefix_of", "run_profile"]


def run_profile(choices: Choices) -> int:
    """Check for leaks, write the profile, say where; return the exit code of the check."""
    settings = Settings.from_mapping(load_environment(Path.cwd()))
    prefix = prefix_of(choices.project, choices.binary, settings)
    check_prefix(prefix)
    recorder = ProfileRecorder()
    exit_code = run_leak(choices, recorder)
    watcher = TerminalWatcher(Console(stderr=True))
    if recorder.is_empty:
        watcher.say(f"No profile {prefix}.NNNN.pb.gz was written: {nothing_recorded(choices)}")
        return exit_code
    with watcher.step("Writing the profile"):
        path = write_numbered(prefix, recorder.encoded())
    Console().print(f"     Profile {path}", soft_wrap=True, markup=False, highlight=False)
    return exit_code


def nothing_recorded(choices: Choices) -> str:
    """Say why; gperftools' checker keeps a profile of leaks of its own."""
    if choices.engine == EngineName.HEAPCHECK.value:
        return "only the engine agent knows all that was allocated"
    return "the agent checked nothing"


def prefix_of(project: str | None, binary: str | None, settings: Settings) -> str:
    """Choose where profiles are: HEAPPROFILE, else named after the program or the module."""
    if settings.heapprofile:
        return settings.heapprofile
    program = path_of(binary)
    if program is not None:
        return default_prefix(program_name(program.name))
    return default_prefix(module_name(project_of(Request(project=path_of(project)), settings)))
