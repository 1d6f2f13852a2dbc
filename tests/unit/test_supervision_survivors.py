from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.supervision.survivors import (
    ProcessEntry,
    adopt,
    end_survivors,
    list_processes,
    list_survivors,
    parse_stat,
    release,
)

# From Linux 6.1, shortened after the fields that are read.
PLAIN = "1234 (sleep) S 1200 1234 1199 34816 1234 4194304 104 0 0"
HOSTILE = "77 (a) Z 1 (b) R 1 77 76 0 -1 4194560 0"


def start_session(script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True
    )


def test_a_line_of_stat_names_parent_group_and_session() -> None:
    assert parse_stat(PLAIN) == ProcessEntry(1234, "sleep", "S", 1200, 1234, 1199)


def test_a_name_may_look_like_the_rest_of_the_line() -> None:
    assert parse_stat(HOSTILE) == ProcessEntry(77, "a) Z 1 (b", "R", 1, 77, 76)


@pytest.mark.parametrize(
    "text", ["", "1234", "1234 (sleep)", "1234 (sleep) S 1 2", "x (y) S 1 2 3"]
)
def test_a_cut_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a line|invalid literal"):
        parse_stat(text)


@given(
    st.builds(
        ProcessEntry,
        st.integers(1, 2**22),
        st.text(max_size=15),
        st.sampled_from("RSDZTtXI"),
        *(st.integers(0, 2**22) for _ in range(3)),
    )
)
def test_every_entry_comes_back_from_its_line(entry: ProcessEntry) -> None:
    numbers = f"{entry.parent} {entry.group} {entry.session} 0 -1 4194560"

    assert parse_stat(f"{entry.pid} ({entry.name}) {entry.state} {numbers}") == entry


def test_this_process_is_in_the_list_of_all() -> None:
    found = {process.pid: process for process in list_processes()}

    assert found[os.getpid()].parent == os.getppid()
    assert found[os.getpid()].session == os.getsid(0)


def test_the_descendants_of_a_program_are_its_survivors_and_itself_is_not() -> None:
    program = adopt(lambda: start_session("sleep 60 & echo $!; wait"), daemons=False)
    try:
        assert program.stdout is not None
        child = int(program.stdout.readline())

        survivors = list_survivors(program.pid, daemons=False)

        assert [process.pid for process in survivors] == [child]
    finally:
        program.kill()
        end_survivors(program.pid, daemons=False)
        release(program.pid)
        program.communicate()


def test_ended_survivors_are_named_and_gone() -> None:
    script = "sleep 60 & exec sleep 60"
    program = adopt(lambda: start_session(f"({script}) & echo $!; wait"), daemons=False)
    assert program.stdout is not None
    child = int(program.stdout.readline())
    while "sleep" not in Path(f"/proc/{child}/comm").read_text(encoding="utf-8"):
        time.sleep(0.005)
    program.kill()

    ended = end_survivors(program.pid, daemons=False)
    release(program.pid)
    program.communicate()

    assert len(ended) == 2
    assert f"sleep ({child})" in ended
    assert not Path(f"/proc/{child}/root").exists()


def test_where_nothing_was_left_nothing_is_named() -> None:
    program = adopt(lambda: start_session(":"), daemons=True)

    ended = end_survivors(program.pid, daemons=True)
    release(program.pid)
    program.communicate()

    assert ended == ()


def test_daemons_of_a_tool_stay() -> None:
    script = "setsid sleep 60 >&- 2>&- & echo $!"
    program = adopt(lambda: start_session(script), daemons=False)
    assert program.stdout is not None
    daemon = int(program.stdout.readline())
    program.wait()
    try:
        while os.getsid(daemon) != daemon:
            pass
        assert end_survivors(program.pid, daemons=False) == ()
        assert Path(f"/proc/{daemon}").exists()
    finally:
        release(program.pid)
        program.communicate()
        os.kill(daemon, 9)


def test_a_start_that_fails_leaves_nothing_to_release() -> None:
    def fail() -> subprocess.Popen[bytes]:
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        adopt(fail, daemons=True)

    program = adopt(lambda: start_session("sleep 60 >&- & :"), daemons=True)
    program.wait()
    assert len(end_survivors(program.pid, daemons=True)) == 1
    release(program.pid)
    program.communicate()
