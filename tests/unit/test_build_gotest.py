from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leakcheck.build import gocommand, gotest
from leakcheck.build.gocommand import GoEnvironment, parse_go_env
from leakcheck.build.gopackages import GoPackage
from leakcheck.build.gotest import GoBuild
from leakcheck.errors import BuildFailed
from leakcheck.process import Command, Completed

OURS = "-s=false -w=false -checklinkname=0"
ENVIRONMENT = GoEnvironment(goroot=Path("/usr/local/go"), version="go1.26.8")


def completed(command: Command, **fields: Any) -> Completed:
    defaults = {"returncode": 0, "stdout": "", "stderr": "", "timed_out": False}
    return Completed(command=command, duration_s=0.1, **{**defaults, **fields})


class FakeGo:
    """Stands for `run`: answers one command after the other, the last for all that follow."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.commands: list[Command] = []
        self._answers = list(answers) or [{}]

    def __call__(self, command: Command, **_: Any) -> Completed:
        self.commands.append(command)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer.get("returncode", 0) == 0 and "[no test files]" not in answer.get("stdout", ""):
            Path(command.argv[command.argv.index("-o") + 1]).write_text("binary")
        return completed(command, **answer)


def package_in(folder: Path) -> GoPackage:
    return GoPackage(import_path="example.com/m", dir=folder / "m", name="m", has_tests=True)


def build(folder: Path, *flags: str, environment: GoEnvironment = ENVIRONMENT) -> GoBuild:
    return GoBuild(go=Path("/go"), project=folder, environment=environment, flags=flags)


def test_the_users_build_flags_stand_before_the_package() -> None:
    command = gotest.test_build_command(
        "/go/bin/go", "example.com/m", Path("/t/m.test"), project=Path("/m"), flags=("-race",)
    )

    assert command.argv == (
        "/go/bin/go",
        "test",
        "-c",
        "-o",
        "/t/m.test",
        "-race",
        "example.com/m",
    )
    assert command.cwd == Path("/m")


def test_cgo_is_on_even_where_the_user_switched_it_off() -> None:
    environment = gocommand.go_environment({"CGO_ENABLED": "0", "CC": "clang"}, project=Path("/m"))

    assert environment == (("CC", "clang"), ("CGO_ENABLED", "1"), ("PWD", "/m"))


def test_the_binary_is_named_as_go_names_it_and_has_the_companion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = FakeGo()
    monkeypatch.setattr(gotest, "run", go)

    binary = gotest.build_test_binary(package_in(tmp_path), tmp_path, build(tmp_path, "-race"))

    assert binary.path == tmp_path / "m.test"
    assert binary.why_no_companion == ""
    assert go.commands[0].argv[5:] == (
        "-vet=off",
        "-race",
        f"-ldflags={OURS}",
        f"-overlay={tmp_path}/overlay.json",
        "example.com/m",
    )


def test_linker_flags_of_the_user_and_of_goflags_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = FakeGo()
    monkeypatch.setattr(gotest, "run", go)
    ambient = GoEnvironment(
        goroot=Path("/g"), version="go1.26.8", flags="'-ldflags=-X a=b' -mod=vendor"
    )

    gotest.build_test_binary(
        package_in(tmp_path), tmp_path, build(tmp_path, "-ldflags", "-w", environment=ambient)
    )

    assert go.commands[0].argv[5:-2] == (
        "-vet=off",
        f"-ldflags={OURS}",
        f"-ldflags=-X a=b {OURS}",
        f"-ldflags=-w {OURS}",
    )


def test_the_users_overlay_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gotest, "run", FakeGo())
    (tmp_path / "theirs.json").write_text('{"Replace": {"m/a.go": "other/a.go"}}')

    gotest.build_test_binary(
        package_in(tmp_path), tmp_path, build(tmp_path, "-overlay=theirs.json")
    )

    written = json.loads((tmp_path / "overlay.json").read_text())["Replace"]
    assert written[f"{tmp_path}/m/a.go"] == f"{tmp_path}/other/a.go"


def test_tests_that_only_the_companion_breaks_are_built_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = FakeGo({"returncode": 1, "stderr": "# m\nlink: undefined exithook.Add\n"}, {})
    monkeypatch.setattr(gotest, "run", go)

    binary = gotest.build_test_binary(package_in(tmp_path), tmp_path, build(tmp_path, "-race"))

    assert binary.path.read_text() == "binary"
    assert binary.why_no_companion == (
        "the companion did not compile: link: undefined exithook.Add"
    )
    assert go.commands[1].argv[5:] == ("-race", "example.com/m")


def test_a_failed_build_quotes_go_without_the_companion_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "# example.com/m\n./a.go:3:1: syntax error"
    monkeypatch.setattr(gotest, "run", FakeGo({"returncode": 1}, {"returncode": 1, "stderr": said}))

    with pytest.raises(BuildFailed) as caught:
        gotest.build_test_binary(package_in(tmp_path), tmp_path, build(tmp_path))

    assert caught.value.what == "the tests of example.com/m did not compile"
    assert caught.value.why == said


def test_the_command_offered_after_a_failed_build_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "my project"
    project.mkdir()
    monkeypatch.setattr(gotest, "run", FakeGo({"returncode": 1}))

    with pytest.raises(BuildFailed) as caught:
        gotest.build_test_binary(package_in(project), tmp_path, build(project))

    assert caught.value.hint == f"cd '{project}' && go vet example.com/m"


def test_a_silent_failure_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gotest, "run", FakeGo({"returncode": -9}))

    with pytest.raises(BuildFailed, match="status -9"):
        gotest.build_test_binary(package_in(tmp_path), tmp_path, build(tmp_path))


def test_a_package_without_test_files_builds_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "?   \texample.com/m\t[no test files]"
    monkeypatch.setattr(gotest, "run", FakeGo({"stdout": said}))

    with pytest.raises(BuildFailed, match="no test files"):
        gotest.build_test_binary(package_in(tmp_path), tmp_path, build(tmp_path))


# Printed by `go env -json GOROOT GOVERSION GOFLAGS` of Go 1.26.
GO_ENV = """{
	"GOFLAGS": "-buildvcs=false",
	"GOROOT": "/usr/local/go",
	"GOVERSION": "go1.26.8"
}
"""


def test_go_says_what_it_works_with() -> None:
    assert parse_go_env(GO_ENV) == GoEnvironment(
        goroot=Path("/usr/local/go"), version="go1.26.8", flags="-buildvcs=false"
    )


@pytest.mark.parametrize(
    "output", ["", "{}", "[]", "3", "nonsense", '{"GOROOT": ""}', '{"GOROOT": 3}']
)
def test_output_without_a_goroot_is_none(output: str) -> None:
    assert parse_go_env(output) is None


def test_go_is_asked_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Command] = []

    def go(command: Command, **_: Any) -> Completed:
        asked.append(command)
        return completed(command, stdout=GO_ENV)

    monkeypatch.setattr(gocommand, "run", go)

    assert gocommand.ask_go("go", project=tmp_path).goroot == Path("/usr/local/go")
    assert asked[0].argv == ("go", "env", "-json", "GOROOT", "GOVERSION", "GOFLAGS")
    assert asked[0].cwd == tmp_path


def test_a_go_that_does_not_answer_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        gocommand, "run", lambda c, **_: completed(c, returncode=1, stderr="no such tool\n")
    )

    with pytest.raises(BuildFailed, match="no such tool"):
        gocommand.ask_go("go", project=tmp_path)
