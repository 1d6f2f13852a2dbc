"""Faults of the place: what is linked, preloaded or named oddly, and disks that refuse."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults import FAULTS, LOST

from leakcheck.build.agent import agent_library
from leakcheck.errors import ExitCode, LeakcheckError, NotChecked
from leakcheck.model import Check
from leakcheck.process import Command, run
from leakcheck.toolchain.discovery import find_cc, list_tcmallocs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Checker, ConsoleScript

    from leakcheck.model import Report

pytestmark = pytest.mark.e2e

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can set this up")
MUSL_SPECS = "/usr/lib/x86_64-linux-musl/musl-gcc.specs"
NOBODY = 65534
PR_SET_KEEPCAPS = 8  # linux/prctl.h
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
CAPABILITY_VERSION_3, CAP_DAC_READ_SEARCH = 0x20080522, 1 << 2  # linux/capability.h
E_MACHINE = 18
AARCH64 = 183


@pytest.fixture
def lossy(compiled: Callable[..., Path]) -> Path:
    """A program that loses 121 bytes and ends well."""
    return compiled(FAULTS / "ends.c", "-pthread", "-ldl")


def lost(report: Report) -> tuple[int, int]:
    return report.leaked_objects, report.leaked_bytes


@pytest.mark.parametrize(("flags", "why"), [((), "musl"), (("-static",), "static")])
def test_a_musl_program_is_not_called_clean(
    checker: Checker, compiled: Callable[..., Path], flags: tuple[str, ...], why: str
) -> None:
    program = compiled("leak.c", "-specs", MUSL_SPECS, *flags)

    with pytest.raises(NotChecked, match=why):
        checker.binary(program)


def test_a_compiler_for_musl_is_told(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("leak", "--project", str(FAULTS / "gofaults"), CC="musl-gcc")

    assert ended.exit_code == ExitCode.NOT_CHECKED
    assert "musl-gcc compiles for another C library than glibc" in ended.err
    assert len(ended.err.splitlines()) < 10


def test_a_program_with_a_malloc_of_its_own_is_not_called_clean(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    report = checker.binary(compiled(FAULTS / "ownmalloc.c"))

    assert report.check is Check.NOT_CHECKED
    assert "an allocator of its own" in report.reason


def test_a_tcmalloc_for_another_processor_is_not_called_clean(
    checker: Checker, lossy: Path, tmp_path: Path
) -> None:
    foreign = tmp_path / "libtcmalloc.so.4"
    content = bytearray(list_tcmallocs()[0].path.read_bytes())
    content[E_MACHINE : E_MACHINE + 2] = AARCH64.to_bytes(2, "little")
    foreign.write_bytes(content)
    settings = replace(checker.settings, tcmalloc=foreign)

    with pytest.raises(LeakcheckError, match=r"libtcmalloc\.so\.4"):
        replace(checker, settings=settings).binary(lossy, "nothing")


def test_clocks_of_libc_that_jump_change_nothing(
    checker: Checker, lossy: Path, compiled: Callable[..., Path]
) -> None:
    clocks = compiled(FAULTS / "jumpingclock.c", "-shared", "-fPIC")
    settings = replace(checker.settings, ld_preload=str(clocks))

    report = replace(checker, settings=settings).binary(lossy, "nothing", timeout_s=60.0)

    assert lost(report) == LOST


@pytest.mark.parametrize(
    "name", ["two words", "a\nline", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "\udcff\udcfe", ":"]
)
def test_a_program_with_an_awkward_name_is_checked(
    checker: Checker, lossy: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    program = folder / name
    shutil.copy(lossy, program)

    report = checker.binary(program, "nothing")

    assert lost(report) == LOST


def test_a_very_long_path_is_checked(checker: Checker, lossy: Path, tmp_path: Path) -> None:
    folder = tmp_path
    while len(str(folder)) < 3500:
        folder /= "d" * 200
    folder.mkdir(parents=True)
    program = Path(shutil.copy(lossy, folder))

    report = checker.binary(program, "nothing")

    assert lost(report) == LOST


def test_output_that_is_no_text_reaches_the_user_unchanged(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    report = checker.binary(compiled("leak.c"), "1", "121", "0", os.fsdecode(b"\xff\xfe\n\x00"[:3]))

    assert b"\xff\xfe\n" in checker.watcher.shown
    assert lost(report) == LOST


def test_ten_runs_at_once_do_not_disturb_each_other(
    leakcheck: ConsoleScript, lossy: Path, checker: Checker
) -> None:
    assert lost(checker.binary(lossy, "nothing")) == LOST  # the agent is built

    def check_once(number: int) -> tuple[int, int]:
        name = f"{number}.json"
        ended = leakcheck("leak", "--binary", str(lossy), "--json", name, "--", "nothing")
        return ended.exit_code, leakcheck.json(name)["leaked_bytes"]

    with ThreadPoolExecutor(10) as pool:
        ended = list(pool.map(check_once, range(10)))

    assert ended == [(ExitCode.FAILED, LOST[1])] * 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=64k,mode=1777", "tmpfs", str(folder))
    assert run(Command(mount)).returncode == 0
    try:
        yield folder
    finally:
        assert run(Command(("umount", str(folder)))).returncode == 0


@only_root
@pytest.mark.parametrize("free_pages", [1, 2, 3])
def test_a_full_disk_is_told_and_not_called_clean(
    leakcheck: ConsoleScript, lossy: Path, small_disk: Path, free_pages: int
) -> None:
    (small_disk / "full").write_bytes(bytes(4096 * (16 - free_pages)))

    ended = leakcheck("leak", "--binary", str(lossy), "--", "nothing", TMPDIR=str(small_disk))

    assert ended.exit_code == ExitCode.NOT_CHECKED, ended.out
    assert "disk" in (ended.out + ended.err) or "No space left" in (ended.out + ended.err)


@only_root
def test_a_report_that_does_not_fit_on_the_disk_is_not_success(
    leakcheck: ConsoleScript, compiled: Callable[..., Path], small_disk: Path
) -> None:
    (small_disk / "full").write_bytes(bytes(4096 * 16))
    target = str(small_disk / "out.json")

    ended = leakcheck("leak", "--binary", str(compiled("leak.c")), "--json", target, "--", "0")

    assert ended.exit_code == ExitCode.NOT_CHECKED
    assert "out.json" in ended.err
    assert not Path(target).exists()


def become(user: int) -> None:
    """Set the user id, and keep the right to read: this checkout may lie in a closed folder."""
    libc = ctypes.CDLL(None)
    assert libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0
    os.setuid(user)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(CAP_DAC_READ_SEARCH, CAP_DAC_READ_SEARCH, 0, 0, 0, 0)
    assert libc.capset(header, sets) == 0


def as_nobody(do: Callable[[], object]) -> str:
    """What `do` gives or raises, in a process of a user who owns nothing."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        become(NOBODY)
        try:
            answer = str(do())
        except LeakcheckError as error:
            answer = f"{type(error).__name__}: {error}"
        except BaseException as error:  # noqa: BLE001 - this process must not become a second pytest
            answer = repr(error)
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        answer = answers.read()
    os.waitpid(child, 0)
    return answer


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user can look into."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@only_root
@pytest.mark.parametrize(
    ("owner", "answer"),
    [
        ((0, 0o755), "(1, 121)"),
        ((0, 0o777), "cannot be trusted"),
        ((NOBODY, 0o755), "(1, 121)"),
        ((NOBODY - 1, 0o755), "cannot be trusted"),
    ],
)
def test_a_cache_filled_by_another_user_is_taken_from_root_alone(
    checker: Checker, lossy: Path, public: Path, owner: tuple[int, int], answer: str
) -> None:
    program = Path(shutil.copy(lossy, public / "program"))
    settings = replace(checker.settings, cache_dir=public / "cache")
    agents = settings.cache_dir / "agent"
    assert lost(checker.binary(program, "nothing")) == LOST
    shutil.copytree(checker.settings.cache_dir / "agent", agents)
    for path in (agents, *agents.iterdir()):
        os.chown(path, owner[0], owner[0])
        path.chmod(owner[1])

    told = as_nobody(lambda: lost(replace(checker, settings=settings).binary(program, "nothing")))

    assert answer in told


def grant_net_raw(program: Path) -> None:
    """Give it a file capability (capabilities(7), linux/capability.h)."""
    os.setxattr(program, "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))


@only_root
@pytest.mark.parametrize(
    ("grant", "why"),
    [
        (lambda program: program.chmod(0o4755), "set-user-ID"),
        (lambda program: program.chmod(0o2755), "set-group-ID"),
        (grant_net_raw, "capabilities"),
    ],
    ids=["user", "group", "capability"],
)
def test_a_program_that_gains_rights_is_not_called_clean(
    checker: Checker, lossy: Path, public: Path, grant: Callable[[Path], None], why: str
) -> None:
    program = Path(shutil.copy(lossy, public / "program"))
    grant(program)
    settings = replace(checker.settings, cache_dir=public / "cache")

    told = as_nobody(lambda: replace(checker, settings=settings).binary(program, "nothing"))

    assert told.startswith("NotChecked"), told
    assert why in told


@only_root
def test_a_cache_that_cannot_be_written_is_told(
    checker: Checker, lossy: Path, public: Path
) -> None:
    program = Path(shutil.copy(lossy, public / "program"))
    settings = replace(checker.settings, cache_dir=public / "cache")
    settings.cache_dir.mkdir(mode=0o755)
    assert lost(checker.binary(program, "nothing")) == LOST

    told = as_nobody(lambda: replace(checker, settings=settings).binary(program, "nothing"))

    assert "BadInput: the cache directory cannot be written" in told


def test_a_symbolic_link_in_the_cache_is_not_written_through(
    leakcheck: ConsoleScript, lossy: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    (cache / "agent").mkdir(parents=True)
    library = agent_library(find_cc(), cache)
    library.symlink_to(tmp_path / "nowhere")

    ended = replace(leakcheck, cache_dir=cache)("leak", "--binary", str(lossy), "--", "nothing")

    assert ended.exit_code == ExitCode.FAILED
    assert not library.is_symlink()
    assert not (tmp_path / "nowhere").exists()


NO_NEW_CODE = f"""
import ctypes, os, sys
if ctypes.CDLL(None).prctl({PR_SET_MDWE}, {PR_MDWE_REFUSE_EXEC_GAIN}, 0, 0, 0) != 0:
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_where_written_memory_may_not_become_code_nothing_is_checked_and_nothing_crashes(
    lossy: Path,
) -> None:
    script = Path(sys.executable).with_name("leakcheck")
    argv = (sys.executable, "-c", NO_NEW_CODE, str(script), "leak", "--binary", str(lossy))

    ended = run(Command((*argv, "--", "nothing")), timeout_s=60.0)

    if ended.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE (it came with Linux 6.3)")
    assert ended.returncode == ExitCode.NOT_CHECKED, ended.stdout
    assert "the kernel refused to make libc's text writable" in ended.stdout
    assert "passed" in ended.stdout


@only_root
@pytest.mark.parametrize("words", [("leak", "--binary"), ("doctor",)])
def test_without_proc_nothing_is_checked_and_that_is_said(
    lossy: Path, words: tuple[str, ...]
) -> None:
    tried = run(Command(("unshare", "--mount", "true")))
    if tried.returncode != 0:
        pytest.skip(f"no mounts of its own here: {tried.stderr.strip()}")
    script = str(Path(sys.executable).with_name("leakcheck"))
    without = 'umount -l /proc && exec "$@"'
    argv = ("unshare", "--mount", "sh", "-c", without, "sh", script, *words)
    program = (str(lossy), "--", "nothing") if "--binary" in words else ()

    ended = run(Command((*argv, *program)), timeout_s=60.0)

    told = ended.stdout + ended.stderr
    assert ended.returncode == ExitCode.NOT_CHECKED, told
    assert "/proc" in told
    assert "Traceback" not in told


def test_links_planted_in_a_folder_for_all_are_not_followed(
    leakcheck: ConsoleScript, lossy: Path, tmp_path: Path
) -> None:
    common, victim = tmp_path / "common", tmp_path / "victim"
    common.mkdir()
    common.chmod(0o1777)
    victim.write_text("mine")
    for name in ("leakcheck", "ends_heap", "ends_heap.0001.pb.gz", "agent.conf", "evidence"):
        (common / name).symlink_to(victim)
    (tmp_path / "link").symlink_to(common)
    planted = {path.name for path in common.iterdir()}

    ended = leakcheck(
        "profile",
        f"--binary={lossy}",
        "--",
        "nothing",
        TMPDIR=str(tmp_path / "link"),
        HEAPPROFILE=str(tmp_path / "link" / "ends_heap"),
    )

    assert "detected leaks of 121 bytes in 1 objects" in ended.out, ended.err
    assert victim.read_text() == "mine"
    assert {path.name for path in common.iterdir()} == planted | {"ends_heap.0002.pb.gz"}
