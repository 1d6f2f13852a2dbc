"""`leakcheck init` on repositories of all kinds, without a go command."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import shlex
import shutil
import subprocess
import sys
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


def test_of_many_packages_the_first_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "abcdefgh":
        (folder / name).mkdir()
        (folder / name / "m.go").write_text(CGO)

    init(folder)

    printed = capsys.readouterr().out
    assert "Module .: C is reached by ., ./a, ./b, ./c, ./d, ./e and 3 more\n" in printed


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
    assert registered((folder / "noxfile.py").read_text()) == [
        {
            "project": "inner",
            "package": ".",
            "suppressions": "leakcheck.supp",
            "baseline": "inner/leakcheck-baseline.json",
        }
    ]


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
    first, second = registered(drafts(ROOT_MODULE, SUB_MODULE)["noxfile.py"])

    assert (first["project"], first["package"], first.get("name")) == (".", ".", None)
    assert second["name"] == "leak-go-media"
    assert (second["project"], second["package"]) == ("go/media", "./...")


def registered(noxfile: str) -> list[dict[str, str]]:
    """The arguments of each call of `register`."""
    calls = [node for node in ast.walk(ast.parse(noxfile)) if isinstance(node, ast.Call)]
    return [
        {word.arg or "": ast.literal_eval(word.value) for word in call.keywords} for call in calls
    ]


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
    scripts = "\n".join(commands(yaml.safe_load(made[path]))).replace("\\\n", "")
    lines = [line for line in scripts.splitlines() if line.startswith("leakcheck")]

    called = set()
    for line in lines:
        _, task, *words = shlex.split(re.sub(r"\$\{\{.*?\}\}", "x", line))
        called.add(task)
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options <= {f"--{name.replace('_', '-')}" for name in parameters(task)}
    assert {"leak", "merge"} <= called


@pytest.mark.parametrize(
    ("fields", "schema"),
    [({}, "vendor.github-workflows"), ({"has_gitlab": True}, "vendor.gitlab-ci")],
)
def test_the_workflow_is_of_the_form_that_its_service_takes(
    fields: dict[str, Any], schema: str, tmp_path: Path
) -> None:
    made = drafts(ROOT_MODULE, SUB_MODULE, **fields)
    (text,) = [text for name, text in made.items() if name.endswith(".yml")]
    (tmp_path / "workflow.yml").write_text(text)

    words = ("check_jsonschema", "--builtin-schema", schema, tmp_path / "workflow.yml")
    checked = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("fields", [{}, {"has_gitlab": True}])
def test_the_workflow_accepts_a_baseline_that_is_there(
    fields: dict[str, Any], tmp_path: Path, *, is_there: bool
) -> None:
    made = drafts(SUB_MODULE, **fields)
    (path,) = [name for name in made if name.endswith(".yml")]
    script = "\n".join(commands(yaml.safe_load(made[path])))
    lines = [line for line in script.splitlines() if re.match(r"leakcheck leak|if | +--|#", line)]
    program = tmp_path / "leakcheck"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    if is_there:
        (tmp_path / "go" / "media").mkdir(parents=True)
        (tmp_path / "go" / "media" / "leakcheck-baseline.json").touch()

    ran = subprocess.run(
        ["sh", "-e"],
        input="\n".join(lines),
        cwd=tmp_path,
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "BASELINE": "go/media/leakcheck-baseline.json",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert ("--baseline go/media/leakcheck-baseline.json " in ran.stdout) == is_there
    assert "--suppressions leakcheck.supp " in ran.stdout


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
    return UNSET.sub("", " ".join(done.stdout.replace("\\\n", " ").split()))


DEFAULTS = "--project '.' --package '.' --suppressions 'leakcheck.supp'"
UNSET = re.compile(r"env (?:-u \w+ )+")


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
        (
            ["test-tcmalloc", "BASELINE=b", "SARIF=s", "HTML=h", "JUNIT=j", "SHARD=1/2"],
            f"leakcheck leak {DEFAULTS} --baseline 'b' --shard '1/2' --junit 'j' --sarif 's'",
        ),
        (
            ["profile", "INTERVAL=5s", "INUSE_STEP=1MiB", "ISOLATE=1"],
            f"leakcheck profile {DEFAULTS} --isolate --interval '5s' --inuse-step '1MiB'",
        ),
        (
            ["pprof-text", "PEEK=^A$$", "BASE=b", "SAMPLE=alloc_space", "PROFILE=p"],
            "leakcheck pprof-text --project '.' --profile 'p' --base 'b' --sample 'alloc_space'",
        ),
        (["pprof-pdf", "OUTPUT=x.pdf"], "leakcheck pprof-pdf --project '.' --output 'x.pdf'"),
        (["pprof-http", "PORT=80"], "leakcheck pprof-http --project '.' --port '80'"),
        (["leakcheck-baseline", "LEVEL=strict"], f"leakcheck baseline --level 'strict' {DEFAULTS}"),
        (["leakcheck-doctor"], "leakcheck doctor"),
    ],
)
def test_a_target_calls_its_task(folder: Path, words: list[str], command: str) -> None:
    init(folder)

    assert make(folder, *words).startswith(command)


def test_every_option_of_a_task_can_be_given_to_make(folder: Path) -> None:
    init(folder)
    not_for_a_package = {"binary", "max_leaks", "verbose", "print_suppressions"}

    for target, task in (
        ("test-tcmalloc", "leak"),
        ("profile", "profile"),
        ("pprof-pdf", "pprof-pdf"),
    ):
        names = [name for name in parameters(task) if name not in {"context", *not_for_a_package}]
        command = make(folder, target, *(f"{name.upper()}=1" for name in names))
        assert [name for name in names if f"--{name.replace('_', '-')}" not in command] == []


def test_no_variable_of_make_reaches_the_tested_program(folder: Path) -> None:
    init(folder)
    (folder / "leakcheck").write_text("#!/bin/sh\nenv\n")
    (folder / "leakcheck").chmod(0o755)
    names = {
        name.upper() for task in ("leak", "profile", "pprof-text") for name in parameters(task)
    }
    names -= {"CONTEXT", "BINARY", "MAX_LEAKS", "VERBOSE", "PRINT_SUPPRESSIONS"}

    ran = subprocess.run(
        ["make", "test-tcmalloc", "LEAKCHECK=./leakcheck", *(f"{name}=1" for name in names)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )

    assert names.isdisjoint(line.partition("=")[0] for line in ran.stdout.splitlines())


def test_a_baseline_is_used_from_the_day_on_which_it_is_there(folder: Path) -> None:
    init(folder)
    assert "--baseline" not in make(folder, "test-tcmalloc")

    (folder / "leakcheck-baseline.json").touch()

    assert "--baseline 'leakcheck-baseline.json'" in make(folder, "test-tcmalloc")
    assert "--baseline" not in make(folder, "test-tcmalloc", "PROJECT=other")


def test_the_makefiles_own_variables_are_not_meant(folder: Path) -> None:
    (folder / "Makefile").write_text("PACKAGE = m-1.0\nTEST = all\nall:\n\ninclude leakcheck.mk\n")
    init(folder)

    command = make(folder, "test-tcmalloc", PROJECT="elsewhere")

    assert command == f"leakcheck leak {DEFAULTS}"


def test_the_fragment_leaves_the_default_goal_alone(folder: Path) -> None:
    (folder / "Makefile").write_text("include leakcheck.mk\nall:\n\techo mine\n")
    init(folder)

    assert make(folder) == "echo mine"


@pytest.mark.parametrize("rule", ["profile:", "bench profile :: x", "profile : x | y"])
def test_where_a_target_is_taken_all_get_a_prefix(folder: Path, rule: str) -> None:
    (folder / "Makefile").write_text(f"{rule}\n\techo mine\nx y:\ninclude leakcheck.mk\n")
    init(folder)

    assert make(folder, "profile") == "echo mine"
    assert make(folder, "leakcheck-test-tcmalloc-strict").startswith("leakcheck strict")


@pytest.mark.parametrize("line", ["profile := x", "# profile:", "\tprofile: x", "all: profile"])
def test_what_only_looks_like_a_target_takes_none(folder: Path, line: str) -> None:
    (folder / "Makefile").write_text(f"a:\n{line}\ninclude leakcheck.mk\n")
    init(folder)

    assert make(folder, "profile").startswith("leakcheck profile")


# What is to be added by hand


@pytest.mark.parametrize("name", ["namespace", "ns"])
def test_tasks_go_into_the_collection_that_is_there(folder: Path, name: str) -> None:
    (folder / "tasks.py").write_text(f"{name} = Collection(build)\n")

    assert f'{name}.add_collection(leakcheck_tasks, "leakcheck")' in by_hand(folder)["tasks.py"]


@pytest.mark.parametrize("taken", ["def leak(session):", "@nox.session(name='profile')"])
def test_a_session_that_is_taken_is_told_around(folder: Path, taken: str) -> None:
    (folder / "noxfile.py").write_text(f"import nox\n{taken}\n")

    (call,) = registered(by_hand(folder)["noxfile.py"])
    assert (call["name"], call["project"]) == ("leakcheck", ".")


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
