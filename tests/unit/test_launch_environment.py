from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.launch.environment import (
    RUN_DIR_KEY,
    go_test_environment,
    launch_environment,
    preloadable,
)

AGENT = Path("/c/agent.so")
TCMALLOC = Path("/lib/libtcmalloc_minimal.so.4")
RUN_DIR = Path("/tmp/leakcheck-x")  # noqa: S108 - a name, nothing is written


def test_the_agent_comes_first_then_tcmalloc_then_the_users_own() -> None:
    env = launch_environment(
        {}, agent=AGENT, tcmalloc=TCMALLOC, run_dir=RUN_DIR, user_ld_preload="/u/a.so:/u/b.so"
    )

    assert env["LD_PRELOAD"] == f"{AGENT} {TCMALLOC} /u/a.so /u/b.so"


def test_the_agent_learns_its_run_directory() -> None:
    env = launch_environment({}, agent=AGENT, tcmalloc=TCMALLOC, run_dir=RUN_DIR)

    assert env[RUN_DIR_KEY] == str(RUN_DIR)
    assert RUN_DIR_KEY == "LEAKCHECK_AGENT_RUN_DIR"


def test_a_program_with_its_own_tcmalloc_gets_no_second_one() -> None:
    env = launch_environment({}, agent=AGENT, tcmalloc=None, run_dir=RUN_DIR)

    assert env["LD_PRELOAD"] == str(AGENT)


def test_tcmallocs_own_checker_is_not_started() -> None:
    base = {"HEAPCHECK": "strict", "HEAPPROFILE": "/tmp/x", "HOME": "/root"}  # noqa: S108

    env = launch_environment(base, agent=AGENT, tcmalloc=TCMALLOC, run_dir=RUN_DIR)

    assert "HEAPCHECK" not in env
    assert "HEAPPROFILE" not in env
    assert env["HOME"] == "/root"


def test_statistics_are_printed_by_the_agent_alone() -> None:
    base = {"MALLOCSTATS": "0", "TCMALLOC_VERBOSE": "1", "PERFTOOLS_VERBOSE": "1"}

    env = launch_environment(base, agent=AGENT, tcmalloc=TCMALLOC, run_dir=RUN_DIR)

    assert "MALLOCSTATS" not in env, "tcmalloc itself would print them for 0 too"
    assert "TCMALLOC_VERBOSE" not in env
    assert env["PERFTOOLS_VERBOSE"] == "1"


def test_the_programs_children_get_the_users_own_preload_back() -> None:
    env = launch_environment(
        {}, agent=AGENT, tcmalloc=TCMALLOC, run_dir=RUN_DIR, user_ld_preload="/u/a.so:/u/b.so"
    )
    plain = launch_environment({}, agent=AGENT, tcmalloc=TCMALLOC, run_dir=RUN_DIR)

    assert env["LEAKCHECK_AGENT_KEEP"] == "LD_PRELOAD=/u/a.so /u/b.so"
    assert "LEAKCHECK_AGENT_KEEP" not in plain


@pytest.mark.parametrize("separator", [" ", ":", "  ", " :"])
def test_a_library_the_user_preloads_already_is_not_named_twice(separator: str) -> None:
    users = f"{TCMALLOC}{separator}/u/a.so"

    env = launch_environment(
        {}, agent=AGENT, tcmalloc=TCMALLOC, run_dir=RUN_DIR, user_ld_preload=users
    )

    assert env["LD_PRELOAD"] == f"{AGENT} {TCMALLOC} /u/a.so"


_NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,12}", fullmatch=True)


@given(st.dictionaries(_NAMES, st.text(max_size=8)))
def test_the_rest_of_the_environment_is_as_it_was(base: dict[str, str]) -> None:
    env = launch_environment(base, agent=AGENT, tcmalloc=TCMALLOC, run_dir=RUN_DIR)
    ours = {
        "LD_PRELOAD",
        RUN_DIR_KEY,
        "HEAPCHECK",
        "HEAPPROFILE",
        "MALLOCSTATS",
        "TCMALLOC_VERBOSE",
    }

    assert {key: value for key, value in env.items() if key not in ours} == {
        key: value for key, value in base.items() if key not in ours
    }


def test_a_test_finds_the_tools_of_the_go_that_built_it() -> None:
    env = go_test_environment(
        {"PATH": "/usr/bin", "PWD": "/elsewhere"},
        goroot=Path("/usr/local/go"),
        package_dir=Path("/m/p"),
    )

    assert env == {"PATH": "/usr/local/go/bin:/usr/bin", "PWD": "/m/p"}


def test_an_environment_without_path_gets_no_empty_entry() -> None:
    env = go_test_environment({}, goroot=Path("/g"), package_dir=Path("/m"))

    assert env["PATH"] == "/g/bin", "an empty entry would mean the current directory"


def test_an_ordinary_path_is_preloaded_as_it_is(tmp_path: Path) -> None:
    assert preloadable(AGENT, tmp_path) == AGENT
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["with blank", "with:colon", "with\ttab"])
def test_a_path_that_ld_preload_cannot_carry_gets_a_link(tmp_path: Path, folder: str) -> None:
    library = tmp_path / folder / "agent.so"
    library.parent.mkdir()
    library.write_text("library")
    links = tmp_path / "links"
    links.mkdir()

    link = preloadable(library, links)

    assert link.parent == links
    assert link.read_text() == "library"


def test_the_name_of_the_link_has_no_blank_either(tmp_path: Path) -> None:
    library = tmp_path / "my agent.so"
    library.write_text("library")

    assert preloadable(library, tmp_path).name == "my-agent.so"
