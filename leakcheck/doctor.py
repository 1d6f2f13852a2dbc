"""`leakcheck doctor`: what is needed, what is there, and the one command that mends the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from leakcheck.build.agent import build_agent
from leakcheck.errors import BuildFailed, ExitCode, LeakcheckError, NotChecked, ToolMissing
from leakcheck.toolchain.discovery import (
    find_cc,
    find_dot,
    find_go,
    find_libunwind,
    find_pprof,
    find_tcmalloc,
    list_tcmallocs,
)
from leakcheck.toolchain.machine import has_seccomp_listener, patch_refusal, read_machine
from leakcheck.toolchain.packages import install_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from leakcheck.settings import Settings
    from leakcheck.toolchain.cctool import CcTool
    from leakcheck.toolchain.discovery import Tcmalloc

__all__ = ["Finding", "doctor_exit_code", "examine", "render_findings"]

_REASON_LINES = 6
_PART_IS_MISSING = re.compile(r"\.h'?:? (?:No such file|file not found)|: cannot find ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked for.

    `required` says whether a check of a Go package needs it. `capability` is what it gives,
    or why it is missing; `mend` is the one command to type, empty when all is well or nothing
    can be typed.
    """

    name: str
    ok: bool
    required: bool
    version: str = ""
    path: str = ""
    capability: str = ""
    mend: str = ""


class _Found(NamedTuple):
    capability: str
    version: str = ""
    path: object = ""


def examine(settings: Settings) -> tuple[Finding, ...]:
    """Look for all that leakcheck needs or can use; builds the agent when that is not yet done.

    Never raises a LeakcheckError: each one is a finding.
    """
    return tuple(
        _examine_one(name, look, settings, required=required)
        for name, required, look in _EXAMINATIONS
    )


def doctor_exit_code(findings: tuple[Finding, ...]) -> ExitCode:
    """NOT_CHECKED when something required is missing: no check would come to a verdict."""
    missing = any(finding.required and not finding.ok for finding in findings)
    return ExitCode.NOT_CHECKED if missing else ExitCode.OK


def render_findings(findings: tuple[Finding, ...]) -> RenderableType:
    """Draw the table, then the mending commands, each on a line of its own to be copied."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("", "", "version", "what it gives, where it is"):
        table.add_column(title, overflow="fold", no_wrap=not title)
    for finding in findings:
        mark, style = _mark(finding)
        where = Text(finding.capability)
        if finding.path:
            where.append(f"\n{finding.path}", style="dim")
        table.add_row(Text(mark, style=style), finding.name, _short(finding.version), where)
    return Group(table, *_mending_lines(findings))


def _short(version: str) -> str:
    """Take the number out of `gcc (Debian 12.2.0-14+deb12u1) 12.2.0` or `6.18.44-fc`."""
    numbers = re.findall(r"\d+(?:\.\d+)+", version)
    return numbers[-1] if numbers else version


def _mark(finding: Finding) -> tuple[str, str]:
    if finding.ok:
        return "ok", "green"
    return ("MISSING", "bold red") if finding.required else ("missing", "yellow")


def _mending_lines(findings: tuple[Finding, ...]) -> tuple[Text, ...]:
    commands = dict.fromkeys(finding.mend for finding in findings if finding.mend)
    if not commands:
        return ()
    lines = (Text(f"  {command}", overflow="fold") for command in commands)
    return (Text("\nTo mend, type:", style="bold"), *lines)


def _examine_one(
    name: str, look: Callable[[Settings], _Found], settings: Settings, *, required: bool
) -> Finding:
    try:
        found = look(settings)
    except LeakcheckError as error:
        why = "\n".join(str(error).splitlines()[:_REASON_LINES])
        return Finding(name=name, ok=False, required=required, capability=why, mend=error.hint)
    return Finding(
        name=name,
        ok=True,
        required=required,
        version=found.version,
        path=str(found.path),
        capability=found.capability,
    )


def _look_at_machine(_: Settings) -> _Found:
    machine = read_machine()
    if not machine.is_supported:
        raise NotChecked(f"{machine.system} {machine.processor} is not Linux x86_64 or aarch64")
    return _Found(f"Linux {machine.processor}", machine.kernel)


def _look_at_libc(_: Settings) -> _Found:
    machine = read_machine()
    if not machine.has_glibc:
        raise NotChecked("the C library is not glibc", why="the agent does not run on musl")
    return _Found("glibc", machine.libc.removeprefix("glibc "))


def _look_for_go(settings: Settings) -> _Found:
    go = find_go(settings)
    return _Found("builds test binaries", go.version_text, go.path)


def _look_for_cc(_: Settings) -> _Found:
    cc = find_cc()
    return _Found("builds the agent and cgo code", cc.version, cc.path)


def _look_for_agent(settings: Settings) -> _Found:
    cc = find_cc()
    try:
        return _Found("compiles", path=build_agent(cc, settings.cache_dir))
    except BuildFailed as error:
        hint = _hint_for_compiler(cc, error.why)
        raise BuildFailed(error.what, why=_complaints(error.why), hint=hint) from error


def _hint_for_compiler(cc: CcTool, output: str) -> str:
    """Headers and start-up code come in a package; else another compiler may do."""
    if _PART_IS_MISSING.search(output):
        return install_command("cc")
    other = "clang" if cc.kind == "gcc" else "gcc"
    return f"CC={other} leakcheck doctor  # tries another compiler"


def _complaints(output: str) -> str:
    """Leave out what stands before the first error, such as where a header was included."""
    lines = output.splitlines()
    first = next((index for index, line in enumerate(lines) if "error" in line), 0)
    return "\n".join(lines[first:])


def _look_for_tcmalloc(settings: Settings) -> _Found:
    library = find_tcmalloc(settings)
    return _Found("malloc hooks", library.version or "", library.path)


def _look_for_libunwind(_: Settings) -> _Found:
    path = find_libunwind()
    if path is None:
        raise ToolMissing(
            "libunwind.so.8 was not found",
            why="C stacks come slower, from the compiler's unwinder",
            hint=install_command("libunwind"),
        )
    return _Found("C stacks, fast", path=path)


def _look_at_code_patching(_: Settings) -> _Found:
    refusal = patch_refusal()
    if refusal is not None:
        raise NotChecked(
            "code cannot be changed in memory, so Go's exit is missed",
            why=refusal,
            hint="sudo setsebool -P selinuxuser_execmod 1",
        )
    return _Found("the agent catches Go's exit")


def _look_for_checker(_: Settings) -> _Found:
    return _best_with("checker", lambda library: library.has_checker, "gperftools' heap checker")


def _look_for_profiler(_: Settings) -> _Found:
    return _best_with("checker", lambda library: library.has_profiler, "gperftools' heap profiler")


def _best_with(package: str, is_fit: Callable[[Tcmalloc], bool], capability: str) -> _Found:
    """Only the full library has them, and since gperftools 2.17 no library the checker."""
    found = list_tcmallocs()
    for library in found:
        if is_fit(library):
            return _Found(capability, library.version or "", library.path)
    full = [library for library in found if not library.is_minimal]
    if full:
        raise NotChecked(f"gperftools {full[0].version or ''} is built without it")
    raise ToolMissing("no full tcmalloc was found", hint=install_command(package))


def _look_for_pprof(settings: Settings) -> _Found:
    try:
        go = find_go(settings)
    except LeakcheckError:
        go = None
    return _Found("reads heap profiles", path=" ".join(find_pprof(go).argv))


def _look_for_dot(_: Settings) -> _Found:
    dot = find_dot()
    return _Found("draws graphs for pprof", dot.version or "", dot.path)


def _look_for_seccomp_listener(_: Settings) -> _Found:
    if not has_seccomp_listener():
        raise NotChecked("the kernel has none", why="not needed: Go's exit is patched")
    return _Found("the kernel has one; not needed")


_EXAMINATIONS = (
    ("machine", True, _look_at_machine),
    ("C library", True, _look_at_libc),
    ("Go", True, _look_for_go),
    ("C compiler", True, _look_for_cc),
    ("agent", True, _look_for_agent),
    ("tcmalloc", True, _look_for_tcmalloc),
    ("code patching", True, _look_at_code_patching),
    ("libunwind", False, _look_for_libunwind),
    ("heap checker", False, _look_for_checker),
    ("heap profiler", False, _look_for_profiler),
    ("pprof", False, _look_for_pprof),
    ("dot", False, _look_for_dot),
    ("seccomp listener", False, _look_for_seccomp_listener),
)
"""Name, whether it is required, and how to look; in the order of the table."""
