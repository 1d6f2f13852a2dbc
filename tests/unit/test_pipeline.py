from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from report_samples import CRASHED, LEAK, RUN

from leakcheck import example, pipeline
from leakcheck.build.gocommand import GoEnvironment
from leakcheck.build.gopackages import GoPackage
from leakcheck.build.gotest import TestBinary
from leakcheck.errors import BadInput, BuildFailed, ExitCode, NotChecked, ToolMissing
from leakcheck.launch.program import Options
from leakcheck.model import Check, EngineName, Level, Part
from leakcheck.observation import Bench
from leakcheck.pipeline import Request, check, project_of, refused, select_packages
from leakcheck.settings import Settings
from leakcheck.shards import Dealer, parse_shard
from leakcheck.symbolise import Symboliser
from leakcheck.toolchain.discovery import GoTool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakcheck.build.gotest import GoBuild
    from leakcheck.model import Run


def package(name: str, **fields: Any) -> GoPackage:
    defaults = {"name": name, "uses_cgo": True, "has_tests": True}
    return GoPackage(
        import_path=f"example.com/m/{name}", dir=Path("/m") / name, **{**defaults, **fields}
    )


CGO = package("cg")
OTHER = package("other")
PURE = package("pure", uses_cgo=False)
UNTESTED = package("untested", has_tests=False)
BROKEN = package("broken", error="broken/a.go:2:8: no required module provides package x")


class Notebook:
    """A watcher that writes everything down."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        self.said.append(text)
        yield

    def say(self, text: str) -> None:
        self.said.append(text)

    def output(self, data: bytes) -> None:
        raise AssertionError(data)

    def section(self, title: str) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        return contextlib.nullcontext()


@dataclass
class Stages:
    """What the stages would do, and what they were asked."""

    packages: tuple[GoPackage, ...] = (CGO,)
    runs: dict[str, Run] = field(default_factory=dict)
    build_errors: dict[str, BuildFailed] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    listed: list[tuple[str, Path, tuple[str, ...]]] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    engines: list[EngineName] = field(default_factory=list)
    options: list[Options] = field(default_factory=list)
    watcher: Notebook = field(default_factory=Notebook)

    def find_library(self, engine: EngineName, _: Settings) -> None:
        self.engines.append(engine)
        self.asked.append("tcmalloc")

    def find_packages(
        self, _: Path, pattern: str, *, project: Path, flags: tuple[str, ...]
    ) -> tuple[GoPackage, ...]:
        self.listed.append((pattern, project, flags))
        return self.packages

    def build_test_binary(self, built: GoPackage, folder: Path, _: GoBuild) -> TestBinary:
        self.asked.append(f"build {built.name}")
        if built.name in self.build_errors:
            raise self.build_errors[built.name]
        return TestBinary(path=folder / f"{built.name}.test")

    def package_program(self, built: GoPackage, _: TestBinary, options: Options, **__: Any) -> str:
        self.options.append(options)
        return built.import_path

    def named_program(self, binary: Path, options: Options, **_: Any) -> str:
        self.options.append(options)
        return str(binary)

    def observe(self, program: str, bench: Bench) -> Run:
        self.asked.append(f"run {program}")
        self.levels.append(bench.level)
        return self.runs.get(program, replace(RUN, package=program))


@pytest.fixture
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stages:
    fake = Stages()

    def set_up(level: Level, settings: Settings, watcher: Notebook, engine: EngineName) -> Bench:
        fake.engines.append(engine)
        return Bench(
            agent=Path("/agent.so"),
            level=level,
            settings=settings,
            symboliser=Symboliser(tmp_path),
            watcher=watcher,
        )

    for name in (
        "find_library",
        "find_packages",
        "build_test_binary",
        "package_program",
        "named_program",
        "observe",
    ):
        monkeypatch.setattr(pipeline, name, getattr(fake, name))
    monkeypatch.setattr(pipeline, "set_up", set_up)
    monkeypatch.setattr(pipeline, "find_go", lambda _: GoTool(Path("/go"), (1, 26)))
    monkeypatch.setattr(pipeline, "ask_go", lambda *_, **__: GoEnvironment(goroot=Path("/r")))
    return fake


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path, project=tmp_path)


def test_one_clean_package_is_clean(stages: Stages, settings: Settings) -> None:
    report = check(Request(), settings, stages.watcher)

    assert report.exit_code == ExitCode.OK
    assert report.check is Check.CLEAN
    assert stages.asked == ["tcmalloc", "build cg", "run example.com/m/cg"]


def test_the_settings_say_what_the_request_leaves_open(stages: Stages, tmp_path: Path) -> None:
    settings = Settings(
        cache_dir=tmp_path,
        project=tmp_path,
        package="./x",
        level=Level.STRICT,
        go_flags=("-race",),
    )

    report = check(Request(), settings, stages.watcher)

    assert stages.listed == [("./x", tmp_path.resolve(), ("-race",))]
    assert stages.levels == [Level.STRICT]
    assert report.level is Level.STRICT


def test_the_request_wins_over_the_settings(stages: Stages, tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, project=Path("/nowhere"), package="./x")
    request = Request(project=tmp_path, package="./y", level=Level.DRACONIAN)

    report = check(request, settings, stages.watcher)

    assert stages.listed == [("./y", tmp_path.resolve(), ())]
    assert report.level is Level.DRACONIAN


def test_the_users_options_reach_the_program(stages: Stages, settings: Settings) -> None:
    options = Options(test="TestA", timeout_s=5, verbose=True)

    check(Request(options=options), settings, stages.watcher)

    assert stages.options == [options]


def test_every_package_with_c_and_tests_runs_and_the_others_are_named(
    stages: Stages, settings: Settings
) -> None:
    stages.packages = (CGO, PURE, UNTESTED, OTHER)

    report = check(Request(package="./..."), settings, stages.watcher)

    assert [run.package for run in report.runs] == ["example.com/m/cg", "example.com/m/other"]
    assert report.skipped == (
        ("example.com/m/pure", "no cgo"),
        ("example.com/m/untested", "no test files"),
    )
    assert report.exit_code == ExitCode.OK


def test_a_leak_in_one_of_several_packages_is_the_verdict(
    stages: Stages, settings: Settings
) -> None:
    stages.packages = (CGO, OTHER)
    stages.runs["example.com/m/cg"] = replace(RUN, check=Check.LEAKS, leaks=(LEAK,))

    report = check(Request(package="./..."), settings, stages.watcher)

    assert report.exit_code == ExitCode.FAILED
    assert report.leaked_bytes == LEAK.leaked_bytes


def test_a_crash_in_one_of_several_packages_does_not_stop_the_others(
    stages: Stages, settings: Settings
) -> None:
    stages.packages = (CGO, OTHER)
    stages.runs["example.com/m/cg"] = CRASHED

    report = check(Request(package="./..."), settings, stages.watcher)

    assert stages.asked[-1] == "run example.com/m/other"
    assert report.exit_code == ExitCode.FAILED


@pytest.mark.parametrize("only", [PURE, UNTESTED])
def test_a_pattern_without_c_is_not_called_clean(
    stages: Stages, settings: Settings, only: GoPackage
) -> None:
    stages.packages = (only,)

    with pytest.raises(NotChecked, match="no test that reaches C code") as caught:
        check(Request(), settings, stages.watcher)

    assert only.import_path in caught.value.why
    assert caught.value.exit_code is ExitCode.NOT_CHECKED


def test_the_only_package_that_does_not_build_is_an_error(
    stages: Stages, settings: Settings
) -> None:
    stages.build_errors["cg"] = BuildFailed("the tests of cg did not compile", why="a.go:1")

    with pytest.raises(BuildFailed, match=r"a\.go:1"):
        check(Request(), settings, stages.watcher)


def test_one_of_several_packages_that_does_not_build_is_a_run_not_checked(
    stages: Stages, settings: Settings
) -> None:
    stages.packages = (CGO, OTHER)
    stages.build_errors["cg"] = BuildFailed("the tests of cg did not compile", why="#\na.go:1")

    report = check(Request(package="./..."), settings, stages.watcher)

    assert [run.check for run in report.runs] == [Check.NOT_CHECKED, Check.CLEAN]
    assert report.runs[0].reason == "the tests of cg did not compile"
    assert report.exit_code == ExitCode.NOT_CHECKED
    assert any("a.go:1" in text for text in stages.watcher.said), "the compiler's words are shown"


def test_a_short_reason_against_one_of_several_packages_is_in_the_report(
    stages: Stages, settings: Settings
) -> None:
    stages.packages = (CGO, BROKEN)

    report = check(Request(package="./..."), settings, stages.watcher)

    assert report.runs[1].reason == f"go cannot build {BROKEN.import_path}: {BROKEN.error}"


def test_what_go_says_against_a_package_is_told_in_its_words(
    stages: Stages, settings: Settings
) -> None:
    stages.packages = (BROKEN,)

    with pytest.raises(BuildFailed, match="no required module provides package x"):
        check(Request(), settings, stages.watcher)
    assert stages.asked == ["tcmalloc"]


def test_a_package_that_does_not_exist_is_bad_input(stages: Stages, settings: Settings) -> None:
    stages.packages = (replace(BROKEN, name="", error="directory not found"),)

    with pytest.raises(BadInput, match="there is no package"):
        check(Request(), settings, stages.watcher)


def test_a_missing_tcmalloc_is_told_before_the_build(
    stages: Stages, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ToolMissing("tcmalloc was not found")

    monkeypatch.setattr(pipeline, "find_library", refuse)

    with pytest.raises(ToolMissing):
        check(Request(), settings, stages.watcher)
    assert stages.asked == []
    assert stages.listed == []


def test_a_binary_is_run_without_any_project(stages: Stages, tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, project=Path("/nowhere"))
    request = Request(binary=Path("./a.out"), options=Options(arguments=("x",)))

    report = check(request, settings, stages.watcher)

    assert stages.asked == ["run a.out"]
    assert stages.options == [Options(arguments=("x",))]
    assert len(report.runs) == 1


def test_arguments_without_a_program_are_refused(stages: Stages, settings: Settings) -> None:
    request = Request(options=Options(arguments=("a b", "c")))

    with pytest.raises(BadInput, match="'a b' c"):
        check(request, settings, stages.watcher)


@pytest.mark.parametrize("engine", list(EngineName))
def test_the_engine_that_was_asked_for_is_used_and_named(
    stages: Stages, settings: Settings, engine: EngineName
) -> None:
    report = check(Request(engine=engine), settings, stages.watcher)

    assert stages.engines == [engine, engine], "to find the library, and to set up"
    assert report.engine is engine


def test_a_project_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a folder"):
        project_of(Request(project=tmp_path / "missing"), Settings(cache_dir=tmp_path))


def test_without_a_project_the_example_is_taken(tmp_path: Path) -> None:
    project = project_of(Request(), Settings(cache_dir=tmp_path))

    assert project.name == "mediaprobe"
    assert (project / "go.mod").is_file()


def test_an_installation_without_the_example_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example, "__file__", str(tmp_path / "leakcheck" / "example.py"))

    with pytest.raises(BadInput, match="no project was named") as caught:
        example.find_example()

    assert "--project" in caught.value.hint


def test_the_example_inside_the_installed_package_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "leakcheck" / "examples" / "mediaprobe"
    inside.mkdir(parents=True)
    (inside / "go.mod").write_text("module example.com/mediaprobe\n")
    monkeypatch.setattr(example, "__file__", str(tmp_path / "leakcheck" / "example.py"))

    assert example.find_example() == inside


def test_who_stands_in_a_go_module_means_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(cache_dir=tmp_path)
    elsewhere = project_of(Request(), settings)

    (tmp_path / "go.mod").write_text("module example.com/m\n")

    assert elsewhere.name == "mediaprobe"
    assert project_of(Request(), settings) == tmp_path
    assert project_of(Request(project=elsewhere), settings) == elsewhere


def test_broken_packages_are_chosen_so_that_they_are_heard_of() -> None:
    chosen, skipped = select_packages((BROKEN, PURE))

    assert chosen == (BROKEN,)
    assert skipped == (("example.com/m/pure", "no cgo"),)


@pytest.mark.parametrize(
    ("error", "reason", "exit_code"),
    [
        (ToolMissing("no tcmalloc", why="searched"), "no tcmalloc: searched", 2),
        (KeyboardInterrupt(), "interrupted", 130),
        (SystemExit(143), "ended by SIGTERM", 2),
        (ValueError("a defect"), "a defect", 2),
        (ValueError(), "ValueError", 2),
    ],
)
def test_an_ending_without_a_verdict_is_a_report_not_checked(
    error: BaseException, reason: str, exit_code: int
) -> None:
    report = refused(error)

    assert report.check is Check.NOT_CHECKED
    assert report.reason == reason
    assert report.exit_code == exit_code


def test_isolated_each_test_is_a_run(
    stages: Stages, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def observe_each(program: str, test: str | None, _: Bench, __: Dealer) -> tuple[Run, ...]:
        return tuple(replace(RUN, package=program, argv=(str(test), str(n))) for n in range(3))

    monkeypatch.setattr(pipeline, "observe_each", observe_each)
    stages.packages = (CGO, OTHER)
    request = Request(package="./...", options=Options(test="TestA/x"), isolate=True)

    report = check(request, settings, stages.watcher)

    assert [run.argv for run in report.runs] == [("TestA/x", str(n)) for n in range(3)] * 2
    assert stages.options == [Options(), Options()], "the binary is told of one test at a time"
    assert stages.asked == ["tcmalloc", "build cg", "build other"], "each is built once"


def test_a_shard_builds_and_runs_only_its_own_packages(stages: Stages, settings: Settings) -> None:
    stages.packages = (CGO, PURE, OTHER)

    report = check(Request(package="./...", part=parse_shard("2/2")), settings, stages.watcher)

    assert stages.asked == ["tcmalloc", "build other", f"run {OTHER.import_path}"]
    assert report.shard == Part(index=2, count=2, units=(CGO.import_path, OTHER.import_path))
    assert report.skipped == ((PURE.import_path, "no cgo"),)


def test_a_shard_with_nothing_to_run_says_so_and_is_not_clean(
    stages: Stages, settings: Settings
) -> None:
    report = check(Request(part=parse_shard("2/2")), settings, stages.watcher)

    assert (report.check, report.exit_code) == (Check.NOT_CHECKED, ExitCode.NOT_CHECKED)
    assert (
        report.reason == f"nothing fell to shard 2/2: it shares out no more than {CGO.import_path}"
    )


def test_one_program_cannot_be_shared_out(stages: Stages, settings: Settings) -> None:
    request = Request(binary=Path("a.out"), part=parse_shard("1/2"))

    with pytest.raises(BadInput, match="nothing to share out"):
        check(request, settings, stages.watcher)


def test_only_a_go_test_binary_has_tests_to_isolate(
    stages: Stages, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "named_program", lambda *_, **__: NotAGoTest())

    with pytest.raises(BadInput, match="it is not a Go test binary"):
        check(Request(binary=Path("a.out"), isolate=True), settings, stages.watcher)


class NotAGoTest:
    is_go_test = False
