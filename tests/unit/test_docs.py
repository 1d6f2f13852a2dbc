"""The documentation as plain Markdown: what it links to and tells to type is there."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import yaml

from leakcheck.settings import KEYS
from leakcheck.tasks import namespace

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("examples/*/*.md")])
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
COMMAND = re.compile(
    r"""^(?:\$[ ]|-[ ]run:[ ]|-[ ])?[ ]*       # a prompt, a step of a workflow
    (?:\w+=\S+[ ])*(?:\S*/)?                 # its environment, its folder
    (leakcheck|inv|nox[ ]-s|make)[ ]          # the program
    (?:leakcheck\.)?                          # the collection of a task
    ("[\w-]+\(\w+\)"|[a-z][\w-]*)          # the task, session or target
    (?![ ]?…)(.*)""",
    re.VERBOSE,
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
OPTIONS_OF_DOCKER = {"--privileged", "--cap-add", "--security-opt"}
VARIABLE = re.compile(r"(?<![\w$])([A-Z][A-Z_]+)=")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(CODE.sub("", page.read_text())):
        target, _, anchor = link.partition("#")
        if target.startswith(("https://", "http://")):
            continue
        path = (page.parent / target) if target else page
        assert path.exists(), link
        assert not anchor or anchor in anchors(path), link


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=name)
def test_a_page_of_the_site_links_only_to_what_the_site_has(page: Path) -> None:
    links = LINK.findall(CODE.sub("", page.read_text()))
    assert [link for link in links if link.startswith(("../", "/"))] == []


def test_the_navigation_names_pages_that_are_there() -> None:
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    pages = re.findall(r"[\w-]+\.md", str(navigation))

    assert pages[0] == "index.md"
    assert [page for page in pages if not (DOCS / page).is_file()] == []


# What is to be typed


def code_lines(page: Path) -> list[str]:
    """Every line of a fenced block, and every text between backticks."""
    text = re.sub(r"\\\n +", "", page.read_text())
    fenced, inline = FENCE.findall(text), re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    return [*(line for block in fenced for line in block.splitlines()), *inline]


def typed(page: Path, program: str) -> list[tuple[str, str]]:
    """The tasks, sessions or targets of `program` on a page, each with what follows."""
    matches = [COMMAND.match(line) for line in code_lines(page)]
    return [(match[2].strip('"'), match[3]) for match in matches if match and match[1] == program]


def options_of(task: str) -> set[str]:
    names = inspect.signature(namespace[task].body).parameters
    return {f"--{name.replace('_', '-')}" for name in names} | {"--help"}


def options_of_sessions() -> set[str]:
    """What our own sessions take after `--`."""
    sources = [
        *ROOT.glob("tests/*/__main__.py"),
        ROOT / "noxfile.py",
        ROOT / "leakcheck/sessions.py",
    ]
    return {word for path in sources for word in OPTION.findall(path.read_text())}


def session_names() -> set[str]:
    sources = [(ROOT / name).read_text() for name in ("noxfile.py", "leakcheck/sessions.py")]
    names = {name for text in sources for name in re.findall(r"def (\w+)\(session:", text)}
    named = {name for text in sources for name in re.findall(r'name="([\w-]+)"', text)}
    return names | named | {"pprof-text", "pprof-pdf", "pprof-http"}


def targets() -> set[str]:
    fragment = ROOT / "leakcheck/adoption/templates/leakcheck.mk.j2"
    text = (ROOT / "Makefile").read_text() + fragment.read_text().replace("<< prefix >>", "")
    return set(re.findall(r"^([\w-]+):", text, flags=re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_task_that_is_to_be_typed_exists_with_its_options(page: Path) -> None:
    for program in ("leakcheck", "inv"):
        for task, rest in typed(page, program):
            assert task in namespace.task_names, f"{program} {task}"
            own = OPTION.findall(rest.partition(" -- ")[0].partition("#")[0].partition("`")[0])
            assert set(own) <= options_of(task), f"{program} {task} {rest}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_session_that_is_to_be_typed_exists(page: Path) -> None:
    for session, rest in typed(page, "nox -s"):
        base = session.partition("(")[0]
        assert base in session_names(), session
        known = options_of(base) if base in namespace.task_names else options_of_sessions()
        assert set(OPTION.findall(rest)) <= known, f"{session}{rest}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_target_that_is_to_be_typed_exists_with_its_variables(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target, rest in typed(page, "make"):
        assert target in targets(), target
        assert [each for each in VARIABLE.findall(rest) if f",{each})" not in makefile] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_option_that_is_spoken_of_exists(page: Path) -> None:
    known = options_of_sessions().union(*map(options_of, namespace.task_names))
    spoken = [line for line in code_lines(page) if re.match(r"--[a-z]", line)]
    unknown = {line.split()[0].partition("=")[0] for line in spoken} - known
    assert unknown <= OPTIONS_OF_DOCKER


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_environment_key_of_ours_exists(page: Path) -> None:
    known = {key.name for key in KEYS}
    internal = {"LEAKCHECK_AGENT_RUN_DIR", "LEAKCHECK_NO_SYSTEM_PACKAGES"}
    assert set(re.findall(r"\bLEAKCHECK_[A-Z_]+\b", page.read_text())) <= known | internal


def test_pages_do_tell_what_to_type() -> None:
    for program in ("leakcheck", "inv", "nox -s", "make"):
        assert len([command for page in PAGES for command in typed(page, program)]) > 5
