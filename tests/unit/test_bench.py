from __future__ import annotations

import json
from pathlib import Path

import pytest

from leakcheck.process import Command
from tests.accuracy.answer import Amount
from tests.bench.bigproject import write_big_project
from tests.bench.contenders import Sample, Tool, remark_on
from tests.bench.contest import Cell, Contest, median_of
from tests.bench.document import describe_machine, render_document
from tests.bench.lineup import Entry
from tests.bench.meter import Measurement, Meter, metered_command, parse_measurement
from tests.bench.records import render_json
from tests.bench.scaling import Growth, Reading, bytes_per_block
from tests.bench.suites import Absent, parse_download
from tests.bench.table import COLUMNS, as_markdown, cells
from tests.bench.targets import Target, growth_targets, ratio_targets, reading_targets
from tests.bench.workbench import Around, suite_command
from tests.bench.workloads import LOST, WORK_PROJECT, WORKLOADS, Workload

METERED = "started 100.5\nended 102.75\ncpu 1.5\npeak_kib 2048\nstatus 0\n"
CHURN = WORKLOADS[0]


def measurement(cpu_s: float) -> Measurement:
    return Measurement(
        wall_s=2.0, cpu_s=cpu_s, peak_kib=2048, after_s=0.25, status=0, output="PASS\n"
    )


def cell(name: str, *cpu_s: float, workload: Workload = CHURN, remark: str = "") -> Cell:
    samples = tuple(
        Sample(measurement=measurement(one), said=LOST, verdict_s=0.5, remark=remark)
        for one in cpu_s
    )
    return Cell(entry=Entry(name=name), workload=workload, samples=samples)


def growth(blocks: int, check_s: float, block_bytes: float = 50.0) -> Growth:
    return Growth(blocks=blocks, check_s=check_s, verdict_s=1.0, block_bytes=block_bytes)


class Counting:
    """A contender that writes down its turns."""

    def __init__(self, name: str, turns: list[str]) -> None:
        self.name, self.turns = name, turns

    def prepare(self, workload: Workload) -> None:
        if workload.name == "deep":
            raise Absent("no deep water here")

    def run(self, _workload: Workload, count: int) -> Sample:
        self.turns.append(f"{self.name} {count}")
        return Sample(measurement=measurement(1.0))


def test_the_meter_s_lines_become_a_measurement() -> None:
    read = parse_measurement(METERED, "PASS\nbench: tests ended at 102.500000\n")
    assert (read.wall_s, read.cpu_s, read.peak_kib, read.status) == (2.25, 1.5, 2048, 0)
    assert read.after_s == 0.25


def test_a_program_that_does_not_say_when_its_tests_ended_has_no_time_after_them() -> None:
    assert parse_measurement(METERED, "PASS\n").after_s is None


def test_what_is_preloaded_is_not_preloaded_into_the_meter() -> None:
    command = Command(("x.test", "-v"), env=(("LD_PRELOAD", "lib.so"),), cwd=Path("/p"))
    metered = metered_command(Path("/b/meter"), Path("/b/out"), command)
    assert metered.argv == (
        *("/b/meter", "/b/out", "env", "-i", "LD_PRELOAD=lib.so", "x.test", "-v"),
    )
    assert (metered.env, metered.cwd) == (None, Path("/p"))


def test_a_suite_runs_in_its_package_with_what_the_tool_puts_around_it() -> None:
    around = Around(prefix=("valgrind",), environment=(("BENCH_LEAVE", "libc"),))
    command = suite_command(Path("/b/x.test"), Path("/src"), "^TestX$", 7, around)
    assert command.argv == ("valgrind", "/b/x.test", "-test.run=^TestX$", "-test.paniconexit0")
    assert {("BENCH_LEAVE", "libc"), ("BENCH_COUNT", "7")} <= set(command.env or ())
    assert command.cwd == Path("/src")


@pytest.mark.parametrize(
    ("said", "is_exact", "remark"),
    [
        (None, False, "no verdict"),
        (LOST, True, ""),
        (Amount(6, 6000), False, ""),
        (Amount(0, 0), False, "found 0 bytes in 0 objects, not 7000 bytes in 7 objects"),
        (Amount(8, 8000), True, "found 8000 bytes in 8 objects, not 7000 bytes in 7 objects"),
    ],
)
def test_a_verdict_has_to_be_right_by_what_is_asked_of_it(
    said: Amount | None, is_exact: bool, remark: str
) -> None:
    assert remark_on(said, LOST, is_exact=is_exact) == remark


def test_contenders_take_turns_and_slow_ones_have_fewer() -> None:
    turns: list[str] = []
    entries = [
        Entry(name="a", contender=Counting("a", turns)),
        Entry(name="slow", contender=Counting("slow", turns), is_slow=True),
        Entry(name="gone", absence="no such tool"),
    ]
    contest = Contest(rounds=2, rounds_slow=1, is_short=True)
    found = contest.hold(entries, [CHURN], lambda _text: None)
    assert turns == [f"a {CHURN.short}", f"slow {CHURN.short}", f"a {CHURN.short}"]
    assert [(len(one.samples), one.remark) for one in found] == [
        *((2, ""), (1, ""), (0, "no such tool")),
    ]


def test_what_cannot_be_built_is_a_line_with_the_reason() -> None:
    deep = next(workload for workload in WORKLOADS if workload.name == "deep")
    entry = Entry(name="a", contender=Counting("a", []))
    (found,) = Contest(rounds=1, rounds_slow=1, is_short=True).hold([entry], [deep], print)
    assert (found.samples, found.remark) == ((), "no deep water here")


def test_a_median_of_nothing_is_nothing() -> None:
    assert median_of([]) is None
    assert median_of([3.0, 1.0, 2.0]) == 2.0


def test_a_row_has_medians_and_the_ratio_to_tcmalloc() -> None:
    row = cells(cell("leakcheck normal", 1.0, 3.0, 2.0), cell("tcmalloc", 0.5))
    assert row == ("leakcheck normal", "2.00 s", "2.00 s", "4.0x", "2 MB", "0.50 s", "7 blocks")
    assert len(row) == len(COLUMNS)


def test_a_row_without_a_run_says_why() -> None:
    absent = Cell(entry=Entry(name="x"), workload=CHURN, absence="no valgrind on PATH")
    assert cells(absent, None) == ("x", "-", "-", "-", "-", "-", "no valgrind on PATH")


def test_markdown_keeps_one_line_a_row() -> None:
    assert (
        as_markdown(("a", "b"), [("x|y", "1\n2")]) == "| a | b |\n| --- | --: |\n| x\\|y | 1 2 |\n"
    )


def test_targets_compare_processor_time_within_one_run() -> None:
    found = ratio_targets(
        [cell("leakcheck normal", 1.0), cell("LeakSanitizer", 0.4), cell("HEAPCHECK", 50.0)]
    )
    assert [(target.value, target.is_met) for target in found] == [(50.0, True), (2.5, False)]


def test_growth_counts_the_worst_size_for_memory_and_the_ends_for_time() -> None:
    check, linear, memory = growth_targets(
        [growth(250_000, 0.1), growth(1_000_000, 0.4, 70.0), growth(4_000_000, 3.2)]
    )
    assert (check.value, check.is_met) == (0.4, True)
    assert (linear.value, linear.is_met) == (pytest.approx(2.0), False)
    assert (memory.value, memory.is_met) == (70.0, False)
    assert bytes_per_block(2048.0, 1024.0, 1024) == 1024.0


def test_report_and_profile_of_the_large_binary_have_bounds() -> None:
    warm, cold, profile = reading_targets(
        Reading(binary_bytes=51_000_000, cold_s=4.5, warm_s=0.6, profile_s=3.1)
    )
    assert (warm.is_met, cold.is_met, profile.is_met) == (True, False, False)
    assert warm.name == "report of 51 MB, warm cache"
    assert profile.name == "profile of 51 MB, warm cache"


def test_the_document_has_every_table() -> None:
    targets = [Target(name="t", bound=2.0, value=2.5, unit="x")]
    contest = Contest(rounds=5, rounds_slow=1, is_short=False)
    text = render_document(
        cells=[cell("tcmalloc", 0.5)],
        targets=targets,
        growth=[growth(1_000_000, 0.25)],
        contest=contest,
        about={"Go": "1.26"},
        date="2026-11-24",
    )
    assert "| t | ≤ 2 x | 2.50 x | **missed** |" in text
    assert "| 1,000,000 | 0.250 s | 1.00 s | 50 bytes |" in text
    assert f"### churn: {CHURN.title}" in text
    assert "- Go: 1.26\n" in text


def test_every_run_is_in_the_json() -> None:
    text = render_json([cell("x", 1.0, 2.0)], [], {"Go": "1.26"})
    (found,) = json.loads(text)["cells"]
    assert [run["cpu_s"] for run in found["runs"]] == [1.0, 2.0]
    assert found["runs"][0]["found"] == {"objects": 7, "bytes": 7000}


def test_the_machine_is_named_by_its_processor() -> None:
    assert describe_machine("processor: 0\nmodel name\t: EPYC 9\n", 2).startswith("EPYC 9, 2 cores")
    assert describe_machine("", 4) == "4 cores"


def test_a_module_that_cannot_be_had_is_a_reason() -> None:
    assert parse_download('{"Dir": "/m/x"}') == Path("/m/x")
    with pytest.raises(Absent, match="404"):
        parse_download('{"Error": "404 Not Found"}')
    with pytest.raises(Absent):
        parse_download("")


def test_what_a_workload_loses_is_what_its_tests_lose() -> None:
    source = (WORK_PROJECT / "work_test.go").read_text()
    assert f"lostBlocks = {LOST.objects}\n" in source
    assert f"lostBytes  = {LOST.bytes // LOST.objects}\n" in source
    tests = {workload.test.strip("^$") for workload in WORKLOADS if workload.lost}
    assert all(f"func {name}(t *testing.T)" in source for name in tests)


def test_the_large_project_calls_each_of_its_parts(tmp_path: Path) -> None:
    write_big_project(tmp_path)
    parts = list(tmp_path.glob("part*.go"))
    calls = (tmp_path / "all.go").read_text()
    assert len(parts) > 50
    assert all(f"{path.stem}(m)" in calls for path in parts)


def test_a_tool_that_does_not_end_has_no_measurement(tmp_path: Path) -> None:
    class Never:
        timeout_s = 9.0

        def measure(self, *_: object) -> None:
            return None

    sample = Tool(bench=Never()).run(CHURN, 1)  # type: ignore[arg-type]
    assert sample.remark == "did not end in 9 s"
    assert Meter(tmp_path).folder == tmp_path
