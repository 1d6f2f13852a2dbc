"""Profiles of the bundled example, opened by pprof itself, as text, as a PDF and in a browser."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import browse
from conftest import PROJECTS, ConsoleScript, Ended

from leakcheck.process import Command, run
from leakcheck.profiles.profile import LEAK_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.e2e

TEST = "mediaprobe.TestMXF_H265MezMaker"
LEAF = "mp_frame_new"
SAMPLES = [each.name for each in LEAK_TYPES]
BOX = re.compile(
    r'<div class="boxbg[^>]*left: ([\d.]+)px; top: ([\d.]+)px; width: ([\d.]+)px'
    r'[^>]*><div class="boxtext">([^<]*)'
)


@dataclass(frozen=True)
class Profiled:
    """The example, run for a profile."""

    script: ConsoleScript
    ended: Ended

    @property
    def first(self) -> Path:
        return self.script.folder / "heap.0001.pb.gz"

    def show(self, task: str, *words: str) -> str:
        ended = self.script(task, *words, HEAPPROFILE="heap", GOFLAGS="-mod=vendor")
        assert ended.exit_code == 0, ended.err
        return ended.out


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Profiled:
    script = ConsoleScript(tmp_path_factory.mktemp("profiled"), cache_dir)
    words = ("profile", "--json", "out.json")
    profiled = Profiled(script, script(*words, HEAPPROFILE="heap"))
    # A project around that no Go could work in.
    (script.folder / "go.mod").write_text("module example.com/other\n\ngo 9.99\n")
    return profiled


def go_pprof(*words: str) -> str:
    """Ask pprof without leakcheck, as somebody would who was sent the file."""
    completed = run(Command(("go", "tool", "pprof", *words)))
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def flat_amounts(profile: Path, sample: str) -> Counter[str]:
    """Read the flat column of `-top -unit=B`, whose rows read `     4800B  2.3% … name`."""
    how = ("-top", "-unit=B", "-nodefraction=0", f"-sample_index={sample}")
    rows = go_pprof(*how, str(profile)).partition("flat%")[2].splitlines()[1:]
    amounts: Counter[str] = Counter()
    for flat, _, _, _, _, function, *_ in map(str.split, rows):
        amounts[function] += int(flat.removesuffix("B"))
    return amounts


def total(profile: Path, sample: str) -> int:
    """Add up all that was allocated itself."""
    return flat_amounts(profile, sample).total()


def test_the_check_ends_as_leak_does_and_names_the_profile(profiled: Profiled) -> None:
    assert profiled.ended.exit_code == 1, profiled.ended.err
    assert f"Profile {profiled.first}" in profiled.ended.out
    assert "Leak check _main_ detected leaks" in profiled.ended.out


def test_its_numbers_are_those_of_the_report(profiled: Profiled) -> None:
    report = profiled.script.json("out.json")
    evidence = report["runs"][0]["evidence"]

    assert total(profiled.first, "leaked_space") == report["leaked_bytes"]
    assert total(profiled.first, "leaked_objects") == report["leaked_objects"]
    assert total(profiled.first, "inuse_space") == int(evidence["live_bytes"])
    assert total(profiled.first, "inuse_objects") == int(evidence["live_objects"])


def test_every_block_is_counted_also_when_it_was_freed_again(
    compiled: Callable[..., Path], tmp_path: Path, cache_dir: Path
) -> None:
    script = ConsoleScript(tmp_path, cache_dir)
    ended = script("profile", "--binary", str(compiled("churn.c")), HEAPPROFILE="heap")
    assert ended.exit_code == 1, ended.err

    profile = tmp_path / "heap.0001.pb.gz"
    counted = [flat_amounts(profile, sample) for sample in SAMPLES]
    assert [each["churn"] for each in counted] == [1000, 64_000, 0, 0, 0, 0]
    assert [each["lose"] for each in counted] == [3, 300, 3, 300, 3, 300]
    assert [each["grow"] for each in counted] == [4, 1_000_000, 1, 400_000, 0, 0]


def test_c_and_go_have_their_own_names_and_lines(profiled: Profiled) -> None:
    lines = go_pprof("-top", "-lines", "-nodefraction=0", str(profiled.first))

    assert re.search(rf"{LEAF} \S*/frame\.c:23", lines)
    assert re.search(r"encode_h265 \S*/codec\.c:50 \(inline\)", lines)
    assert re.search(rf"example\.com/{TEST} \S*/xcode_test\.go:41", lines)
    assert "mp_mixer_init" in lines


def test_leaks_are_labelled_with_their_test(profiled: Profiled) -> None:
    tags = go_pprof("-tags", str(profiled.first))

    assert "TestMXF_H265MezMaker" in tags
    assert "TestProbeErrorPath/" in tags
    assert "example.com/mediaprobe" in tags


def test_the_text_shows_leaks_first_and_ignores_the_go_project_around(profiled: Profiled) -> None:
    printed = profiled.show("pprof-text")

    assert "Type: leaked_space" in printed
    assert re.search(rf"169\.92kB .* {LEAF}$", printed, re.MULTILINE)


def test_peek_shows_who_called(profiled: Profiled) -> None:
    printed = profiled.show("pprof-text", "--peek", f"^{LEAF}$", "--sample", "leaked_objects")

    assert "Type: leaked_objects" in printed
    assert re.search(r"50 +100% \| +encode_h265$", printed, re.MULTILINE)


def test_less_itself_a_profile_has_nothing(profiled: Profiled) -> None:
    printed = profiled.show("pprof-text", "--base", "heap.0001.pb.gz")

    assert LEAF not in printed
    assert "Total samples = 0" in printed


def test_a_number_that_no_profile_has_is_told_in_pprofs_words(profiled: Profiled) -> None:
    ended = profiled.script("pprof-text", "--sample", "lost_space", HEAPPROFILE="heap")

    assert ended.exit_code == 2
    assert "lost_space" in ended.err
    assert "leaked_space" in ended.err


def test_the_pdf_names_c_and_go(profiled: Profiled) -> None:
    profiled.show("pprof-pdf")

    drawn = profiled.script.folder / "heap.0001.pdf"
    text = run(Command(("pdftotext", str(drawn), "-"))).stdout
    assert LEAF in text
    assert "TestMXF_H265MezMaker" in text
    assert "code_video" in text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def served(profiled: Profiled, port: int) -> Iterator[subprocess.Popen[str]]:
    command = profiled.script.command("pprof-http", "--port", str(port), HEAPPROFILE="heap")
    with subprocess.Popen(
        command.argv,
        env=dict(command.env or ()),
        cwd=command.cwd,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            yield server
        finally:
            server.send_signal(signal.SIGINT)


def wait_for(url: str) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10):  # noqa: S310
            return
        time.sleep(0.1)
    pytest.fail(f"nobody answers at {url}")


def rendered(url: str, folder: Path) -> str:
    """Open a page in a real browser, and take what its scripts made of it."""
    options = ("--window-size=1600,1200", "--virtual-time-budget=10000", "--dump-dom")
    return browse(url, folder, *options).stdout


@dataclass(frozen=True)
class Box:
    """One box of the flame graph."""

    left: float
    top: float
    width: float
    text: str

    def is_under(self, other: Box) -> bool:
        """Whether it lies deeper, within the width of the other."""
        is_within = other.left <= self.left and self.left + self.width <= other.left + other.width
        return is_within and self.top > other.top


def test_the_flame_graph_shows_a_c_function_under_its_go_test(
    profiled: Profiled, tmp_path: Path
) -> None:
    port = free_port()
    with served(profiled, port) as server:
        wait_for(f"http://127.0.0.1:{port}/ui/")
        page = rendered(f"http://127.0.0.1:{port}/ui/flamegraph", tmp_path)

    assert server.returncode == 0
    boxes = [Box(float(a), float(b), float(c), text) for a, b, c, text in BOX.findall(page)]
    (test,) = (box for box in boxes if box.text == TEST)
    (leaf,) = (box for box in boxes if box.text == LEAF)
    (thread,) = (box for box in boxes if box.text == "worker_main")
    assert leaf.is_under(test)
    assert not thread.is_under(test)


def test_the_page_is_for_this_machine_alone_and_the_address_is_told(profiled: Profiled) -> None:
    port = free_port()
    with served(profiled, port) as server:
        assert server.stdout is not None
        first = server.stdout.readline()
        wait_for(f"http://127.0.0.1:{port}/ui/")
        with socket.socket() as other, pytest.raises(OSError, match="refused"):
            other.connect(("127.0.0.2", port))

    assert first == f"     Serving http://127.0.0.1:{port}/ui/flamegraph until Ctrl-C\n"
    assert server.returncode == 0


def test_a_heap_file_of_gperftools_gets_the_right_names(tmp_path: Path, cache_dir: Path) -> None:
    """`go tool pprof` by itself knows only Go's symbols, and gives C their names."""
    program, prefix = tmp_path / "frames", tmp_path / "own"
    built = run(
        Command(("go", "build", "-o", str(program), "."), cwd=PROJECTS / "goframes"), timeout_s=300
    )
    assert built.returncode == 0, built.stderr
    keys = ("LD_PRELOAD=libtcmalloc.so.4", f"HEAPPROFILE={prefix}")
    assert run(Command(("env", *keys, str(program)))).returncode == 0
    script = ConsoleScript(tmp_path, cache_dir)

    shown = script("pprof-text", "--sample", "inuse_space", HEAPPROFILE="own")

    assert shown.exit_code == 0, shown.err
    assert re.search(r"\d%  make_frame$", shown.out, re.MULTILINE)
    assert re.search(r"\d%  _cgo_\w+_make_frame$", shown.out, re.MULTILINE)
    assert "make_frame" not in go_pprof("-top", str(program), f"{prefix}.0001.heap")


def test_isolated_tests_have_what_their_threads_allocated_and_what_none_did_is_told_once(
    tmp_path: Path, cache_dir: Path
) -> None:
    script = ConsoleScript(tmp_path, cache_dir)
    words = ("--project", str(PROJECTS / "goisolated"), "--package", "./threads", "--isolate")

    script("profile", *words, "--json", "out.json", HEAPPROFILE="heap")

    profile = tmp_path / "heap.0001.pb.gz"
    assert tagged_bytes(profile, "leaked_space") == {
        "TestOne": 100,
        "TestTwo": 2200,
        "FuzzSeeds": 40,
        "ExampleLoseOnThread": 60,
    }
    assert total(profile, "leaked_space") == script.json("out.json")["leaked_bytes"]
    assert script.json("out.json")["leaked_bytes"] == 100 + 2200 + 40 + 60 + 22 + 30


def tagged_bytes(profile: Path, sample: str) -> dict[str, int]:
    """Read of `-tags` the lines `  2200B (97.6%): TestTwo` below ` test: Total …`; not zeros."""
    printed = go_pprof("-tags", "-unit=B", f"-sample_index={sample}", str(profile))
    tests = printed.partition(" test: ")[2].partition("\n\n")[0]
    found = re.findall(r"^ +([0-9]+)B \([ .0-9]+%\): (\S+)$", tests, re.MULTILINE)
    return {test: int(size) for size, test in found}


def snapshots(ended: Ended) -> list[str]:
    """The files that the lines `    Snapshot /tmp/heap.0001.pb.gz` name."""
    return re.findall(r"^ +Snapshot (\S+)$", ended.out, re.MULTILINE)


@pytest.mark.parametrize("when", [("--inuse-step", "8MiB"), ("--interval", "200ms")])
def test_snapshots_show_how_memory_grew(
    compiled: Callable[..., Path], tmp_path: Path, cache_dir: Path, when: tuple[str, str]
) -> None:
    script = ConsoleScript(tmp_path, cache_dir)
    ended = script("profile", "--binary", str(compiled("steps.c")), *when, HEAPPROFILE="heap")
    assert ended.exit_code == 0, ended.err
    paths = [*snapshots(ended), f"{tmp_path}/heap.{len(snapshots(ended)) + 1:04}.pb.gz"]

    held = [flat_amounts(Path(path), "inuse_space")["hold"] for path in paths]
    assert held == sorted(held)
    assert held[0] < held[-1]
    assert all(size % 2**20 == 0 for size in held)
    assert held[-1] == 40 * 2**20
    grown = script("pprof-text", "--base", paths[0], HEAPPROFILE="heap").out
    assert "Type: inuse_space" in grown
    assert re.search(rf"^ +{40 - held[0] // 2**20}MB .* hold$", grown, re.MULTILINE)


def test_snapshots_are_left_of_a_program_that_never_ends(
    compiled: Callable[..., Path], tmp_path: Path, cache_dir: Path
) -> None:
    script = ConsoleScript(tmp_path, cache_dir)
    words = ("--binary", str(compiled("steps.c")), "--interval", "200ms", "--timeout", "3s")

    ended = script("profile", *words, "--", "for ever", HEAPPROFILE="heap")

    assert ended.exit_code == 1
    assert "Profile" not in ended.out
    assert "the agent checked nothing" in ended.err
    assert flat_amounts(Path(snapshots(ended)[-1]), "inuse_space")["hold"] >= 2**20
