"""`leakcheck init` on repositories of all kinds, without a go command."""

from __future__ import annotations

import contextlib
import inspect
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from leakcheck.adoption import run_init
from leakcheck.adoption.byhand import additions
from leakcheck.adoption.drafts import draft_files
from leakcheck.adoption.repository import GoModule, Repository
from leakcheck.errors import BadInput
from leakcheck.settings import Settings, load_environment
from leakcheck.tasks import namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITTEN = {
    ".env.example",
    ".github/workflows/leakcheck.yml",
    "Makefile",
    "leakcheck.mk",
    "leakcheck.supp",
    "noxfile.py",
    "tasks.py",
}
CGO = 'package m\n\nimport "C"\n'
ROOT_MODULE = GoModule(folder=".", cgo_packages=(".",))
SUB_MODULE = GoModule(folder="go/media", cgo_packages=("./codec", "./mux"))


class Silent:
    """A watcher that hears nothing."""

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:  # noqa: ARG002
        yield

    def say(self, text: str) -> None: ...

    def output(self, data: bytes) -> None: ...


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one module that imports "C"."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.com/m\n")
    (folder / "m.go").write_text(CGO)
    return folder


def init(folder: Path, *, dry_run: bool = False) -> None:
    settings = Settings(cache_dir=folder / "cache", go="no-such-go")
    assert run_init(folder, settings, Silent(), dry_run=dry_run) == 0


def drafts(*modules: GoModule, **fields: Any) -> dict[str, str]:
    made = draft_files(Repository(root=Path("/nowhere"), modules=modules, **fields))
    return {draft.path: draft.text for draft in made}


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def commands(workflow: dict[str, Any]) -> list[str]:
    """Every shell command of a workflow, of GitHub or GitLab."""
    jobs = workflow.get("jobs") or {k: v for k, v in workflow.items() if isinstance(v, dict)}
    steps = [
        step if isinstance(step, str) else step.get("run", "")
        for job in jobs.values()
        for step in (*job.get("steps", ()), *job.get("before_script", ()), *job.get("script", ()))
    ]
    return [step for step in steps if step]


# What is written


def test_init_writes_what_a_repository_needs_and_nothing_else(folder: Path) -> None:
    init(folder)

    assert files(folder).keys() == WRITTEN | {"go.mod", "m.go"}


def test_a_second_time_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    init(folder)
    before = files(folder)
    capsys.readouterr()

    init(folder)

    assert files(folder) == before
    printed = capsys.readouterr().out
    assert "Wrote" not in printed
    assert "at the end of" not in printed


def test_the_repositorys_own_files_stay_as_they_are(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("tasks.py", "noxfile.py", "Makefile", ".env.example", "leakcheck.mk"):
        (folder / name).write_text("# mine\n")
    before = files(folder)

    init(folder)

    assert {name: files(folder)[name] for name in before} == before
    printed = capsys.readouterr().out
    for name in ("tasks.py", "noxfile.py", "Makefile", ".env.example"):
        assert f"Add at the end of {name}:" in printed
    assert "        include leakcheck.mk\n" in printed
    assert "        LEAKCHECK_PROJECT=.\n" in printed


@pytest.mark.parametrize("name", ["GNUmakefile", "makefile"])
def test_no_second_makefile_is_written_that_make_would_not_read(folder: Path, name: str) -> None:
    (folder / name).write_text("all:\n")

    init(folder)

    assert not (folder / "Makefile").exists()


def test_a_dangling_link_is_not_written_through(folder: Path, tmp_path: Path) -> None:
    (folder / "leakcheck.mk").symlink_to(tmp_path / "elsewhere")

    init(folder)

    assert not (tmp_path / "elsewhere").exists()


def test_tasks_in_a_folder_are_tasks_too(folder: Path) -> None:
    (folder / "tasks").mkdir()
    (folder / "tasks" / "__init__.py").write_text("")

    init(folder)

    assert not (folder / "tasks.py").exists()


def test_a_dry_run_writes_nothing_and_its_diff_makes_the_same_files(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    init(folder, dry_run=True)
    diff = capsys.readouterr().out
    assert files(folder).keys() == {"go.mod", "m.go"}

    subprocess.run(["git", "apply"], cwd=copy, input=diff, text=True, check=True)
    init(folder)

    assert files(copy) == files(folder)


def test_without_a_go_module_there_is_nothing_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refusal:
        run_init(tmp_path, Settings(cache_dir=tmp_path), Silent(), dry_run=False)

    assert "--binary" in refusal.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a folder"):
        run_init(tmp_path / "no", Settings(cache_dir=tmp_path), Silent(), dry_run=False)


def test_that_go_could_not_be_asked_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init(folder)

    printed = capsys.readouterr().out
    assert "Module .: C is reached by .\n" in printed
    assert "go could not be asked (LEAKCHECK_GO=no-such-go was not found)" in printed


def test_modules_without_c_are_left_out_where_one_has_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "m.go").write_text("package m\n")
    (folder / "inner").mkdir()
    (folder / "inner" / "go.mod").write_text("module example.com/m/inner\n")
    (folder / "inner" / "m.go").write_text(CGO)

    init(folder)

    assert "Module inner: C is reached by .\n" in capsys.readouterr().out
    assert (
        'register(project="inner", package=".", suppressions="leakcheck.supp")'
        in (folder / "noxfile.py").read_text()
    )


# The texts


def test_the_environment_keys_are_read_back(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(drafts(SUB_MODULE)[".env.example"])

    settings = Settings.from_mapping(load_environment(tmp_path))

    assert settings.project == Path("go/media")
    assert settings.package == "./..."


@pytest.mark.parametrize("modules", [(ROOT_MODULE,), (SUB_MODULE, ROOT_MODULE)])
def test_the_python_files_compile(modules: tuple[GoModule, ...]) -> None:
    made = drafts(*modules)

    for name in ("tasks.py", "noxfile.py"):
        compile(made[name], name, "exec")
    assert made["noxfile.py"].count("register(") == len(modules)


def test_each_module_has_a_session_of_its_own() -> None:
    text = drafts(ROOT_MODULE, SUB_MODULE)["noxfile.py"]

    assert 'register(project=".", package=".", suppressions="leakcheck.supp")' in text
    assert 'register(name="leak-go-media", project="go/media", package="./...",' in text


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, ".github/workflows/leakcheck.yml"),
        ({"has_github": True, "has_gitlab": True}, ".github/workflows/leakcheck.yml"),
        ({"has_gitlab": True}, "leakcheck.gitlab-ci.yml"),
    ],
)
def test_the_workflow_is_for_the_ci_system_that_is_used(fields: dict[str, Any], path: str) -> None:
    made = drafts(ROOT_MODULE, SUB_MODULE, **fields)

    assert [name for name in made if name.endswith(".yml")] == [path]
    assert yaml.safe_load(made[path])


@pytest.mark.parametrize("fields", [{}, {"has_gitlab": True}])
def test_the_workflow_calls_only_tasks_and_options_that_exist(fields: dict[str, Any]) -> None:
    made = drafts(ROOT_MODULE, **fields)
    (path,) = [name for name in made if name.endswith(".yml")]
    lines = [line for line in commands(yaml.safe_load(made[path])) if line.startswith("leakcheck")]

    called = set()
    for line in lines:
        _, task, *words = shlex.split(re.sub(r"\$\{\{.*?\}\}", "x", line))
        called.add(task)
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options <= {f"--{name.replace('_', '-')}" for name in parameters(task)}
    assert {"leak", "merge"} <= called


def parameters(task: str) -> list[str]:
    return list(inspect.signature(namespace[task].body).parameters)


def test_actions_are_pinned() -> None:
    workflow = drafts(ROOT_MODULE)[".github/workflows/leakcheck.yml"]

    used = re.findall(r"uses: (\S+)(.*)", workflow)
    assert len(used) >= 5
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name) for name, _ in used)
    assert all(re.fullmatch(r" # v[\d.]+", comment) for _, comment in used)


def test_the_suppression_file_is_all_comment() -> None:
    lines = drafts(ROOT_MODULE)["leakcheck.supp"].splitlines()
    assert all(line.startswith("#") for line in lines)


# The Make fragment


def make(folder: Path, *words: str, **environment: str) -> str:
    """What make would run, blanks put together."""
    done = subprocess.run(
        ["make", "-n", *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return " ".join(done.stdout.split()).replace(UNSET, "")


DEFAULTS = "--project '.' --package '.' --suppressions 'leakcheck.supp'"
UNSET = (
    "env -u PROJECT -u PACKAGE -u TEST -u LEVEL -u TIMEOUT -u JSON -u SUPPRESSIONS -u ISOLATE"
    " -u MAKEFLAGS -u MFLAGS "
)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (
            ["test-tcmalloc"],
            f"leakcheck leak {DEFAULTS}",
        ),
        (
            ["test-tcmalloc-strict"],
            f"leakcheck strict {DEFAULTS}",
        ),
        (
            ["test-tcmalloc", "TEST=^A('|B)$$", "ISOLATE=1", "LEVEL=strict"],
            (f"leakcheck leak --level 'strict' {DEFAULTS} --test '^A('\\''|B)$' --isolate"),
        ),
        (
            ["test-tcmalloc", "PROJECT=a b", "PACKAGE=./...", "TIMEOUT=1h", "JSON=x.json"],
            "leakcheck leak --project 'a b' --package './...'",
        ),
        (["test-tcmalloc", "LEAKCHECK=.venv/bin/leakcheck", "ISOLATE=0"], ".venv/bin/leakcheck"),
        (["leakcheck-doctor"], "leakcheck doctor"),
    ],
)
def test_a_target_calls_its_task(folder: Path, words: list[str], command: str) -> None:
    init(folder)

    assert make(folder, *words).startswith(command)


def test_the_makefiles_own_variables_are_not_meant(folder: Path) -> None:
    (folder / "Makefile").write_text("PACKAGE = m-1.0\nTEST = all\nall:\n\ninclude leakcheck.mk\n")
    init(folder)

    command = make(folder, "test-tcmalloc", PROJECT="elsewhere")

    assert command == f"leakcheck leak {DEFAULTS}"


def test_the_fragment_leaves_the_default_goal_alone(folder: Path) -> None:
    (folder / "Makefile").write_text("include leakcheck.mk\nall:\n\techo mine\n")
    init(folder)

    assert make(folder) == "echo mine"


def test_a_target_that_is_taken_gets_a_prefix(folder: Path) -> None:
    (folder / "Makefile").write_text("test-tcmalloc:\n\techo mine\ninclude leakcheck.mk\n")
    init(folder)

    assert make(folder, "test-tcmalloc") == "echo mine"
    assert make(folder, "leakcheck-test-tcmalloc-strict").startswith("leakcheck strict")


# What is to be added by hand


@pytest.mark.parametrize("name", ["namespace", "ns"])
def test_tasks_go_into_the_collection_that_is_there(folder: Path, name: str) -> None:
    (folder / "tasks.py").write_text(f"{name} = Collection(build)\n")

    assert f'{name}.add_collection(leakcheck_tasks, "leakcheck")' in by_hand(folder)["tasks.py"]


@pytest.mark.parametrize("taken", ["def leak(session):", "@nox.session(name='profile')"])
def test_a_session_that_is_taken_is_told_around(folder: Path, taken: str) -> None:
    (folder / "noxfile.py").write_text(f"import nox\n{taken}\n")

    assert 'register(name="leakcheck", project=' in by_hand(folder)["noxfile.py"]


def test_gitlab_is_told_to_include_the_file(folder: Path) -> None:
    (folder / ".gitlab-ci.yml").write_text("build: {}\n")

    lines = by_hand(folder)[".gitlab-ci.yml"]
    assert yaml.safe_load(lines) == {"include": {"local": "leakcheck.gitlab-ci.yml"}}


def by_hand(folder: Path) -> dict[str, str]:
    repository = Repository(
        root=folder,
        modules=(ROOT_MODULE,),
        has_gitlab=(folder / ".gitlab-ci.yml").exists(),
    )
    return dict(additions(repository, draft_files(repository)))
