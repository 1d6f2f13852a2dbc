from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from leakcheck import process
from leakcheck.errors import BadInput, NotChecked, ToolMissing
from leakcheck.process import Command, Completed, run, supervise, tool_environment
from leakcheck.supervision import escalation
from leakcheck.supervision.escalation import Step
from leakcheck.supervision.survivors import list_processes

GRACE_S = 0.5


def python(script: str, *arguments: str) -> Command:
    return Command((sys.executable, "-u", "-c", script, *arguments))


def shell(script: str) -> Command:
    """Make a command that is ready for signals sooner than Python is."""
    return Command(("/bin/sh", "-c", script))


def supervised(
    script: str, *, timeout_s: float | None = 30.0, grace_s: float = GRACE_S
) -> Completed:
    return supervise(python(script), timeout_s=timeout_s, on_output=None, grace_s=grace_s)


def is_alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return text.rpartition(") ")[2][0] not in "ZX"


def open_descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


# What a tool says


def test_both_streams_of_a_tool_are_kept_apart() -> None:
    completed = run(python("import sys; print('out'); print('err', file=sys.stderr)"))

    assert (completed.stdout, completed.stderr) == ("out\n", "err\n")
    assert completed.returncode == 0
    assert not completed.timed_out


def test_a_tool_that_fails_is_not_an_exception() -> None:
    assert run(python("raise SystemExit(7)")).returncode == 7


def test_the_signal_that_ended_a_tool_is_its_negative_return_code() -> None:
    completed = run(python("import os; os.kill(os.getpid(), 9)"))

    assert completed.returncode == -signal.SIGKILL


def test_the_completed_command_is_the_one_that_was_asked_for() -> None:
    command = python("")

    assert run(command).command == command
    assert supervise(command, timeout_s=None, on_output=None).command == command


def test_a_command_reads_as_a_shell_would_need_it() -> None:
    assert str(Command(("cc", "-DA=a b", "x.c"))) == "cc '-DA=a b' x.c"


def test_the_environment_given_is_the_whole_environment() -> None:
    script = "import os; print(sorted(k for k in os.environ if k != 'LC_CTYPE'))"
    command = Command((sys.executable, "-c", script), env=(("ONLY", "this"),))

    assert run(command).stdout == "['ONLY']\n"


def test_a_program_without_its_own_environment_inherits_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INHERITED", "yes")
    script = "import os; print(os.environ['INHERITED'])"

    assert run(python(script)).stdout == "yes\n"
    assert supervised(script).stdout == "yes\n"


def test_tools_are_not_checked_for_leaks_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEAPCHECK", "strict")
    script = "import os; print(os.environ.get('HEAPCHECK'))"

    assert run(python(script)).stdout == "None\n"
    assert supervised(script).stdout == "strict\n"


def test_only_the_switches_of_tcmalloc_are_taken_from_a_tool() -> None:
    environment = {"HEAPCHECK": "strict", "HEAPPROFILE": "/x", "PATH": "/bin", "LD_PRELOAD": "a.so"}

    assert tool_environment(environment) == {"PATH": "/bin", "LD_PRELOAD": "a.so"}


def test_a_program_runs_in_the_folder_it_was_given(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", "import os; print(os.getcwd())"), cwd=tmp_path)

    assert run(command).stdout == f"{tmp_path.resolve()}\n"


def test_nothing_can_be_read_from_the_terminal() -> None:
    script = "import sys; print(repr(sys.stdin.read()))"

    assert run(python(script)).stdout == "''\n"
    assert supervised(script).stdout == "''\n"


def test_output_that_is_no_text_is_replaced_not_refused() -> None:
    script = "import sys; sys.stdout.buffer.write(b'a\\xff\\x00b')"

    assert run(python(script)).stdout == "a\ufffd\x00b"
    assert supervised(script).stdout == "a\ufffd\x00b"


def test_output_that_fills_both_pipes_at_once_does_not_stop_a_tool() -> None:
    script = """
import os, threading
threads = [threading.Thread(target=os.write, args=(fd, b'x' * 3_000_000)) for fd in (1, 2)]
[t.start() for t in threads]; [t.join() for t in threads]
"""
    completed = run(python(script), timeout_s=30)

    assert (len(completed.stdout), len(completed.stderr)) == (3_000_000, 3_000_000)


# What cannot be started


def test_a_tool_that_is_not_there_is_missing() -> None:
    with pytest.raises(ToolMissing, match="no-such-tool was not found") as caught:
        run(Command(("no-such-tool",)))

    assert caught.value.hint == "leakcheck doctor"


def test_the_path_of_the_given_environment_is_searched(tmp_path: Path) -> None:
    tool = tmp_path / "my-tool"
    tool.write_text("#!/bin/sh\necho found\n", encoding="utf-8")
    tool.chmod(0o755)

    completed = run(Command(("my-tool",), env=(("PATH", str(tmp_path)),)))

    assert completed.stdout == "found\n"


def test_a_folder_that_is_not_there_is_named_and_not_the_tool(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="gone is not a folder"):
        run(Command((sys.executable, "-c", ""), cwd=tmp_path / "gone"))


def test_a_file_that_may_not_be_executed_cannot_be_started(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("text", encoding="utf-8")

    with pytest.raises(BadInput, match=r"plain cannot be started: .*Permission denied"):
        run(Command((str(plain),)))


def test_a_program_whose_interpreter_is_missing_is_not_called_missing(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n", encoding="utf-8")
    script.chmod(0o755)

    with pytest.raises(BadInput, match="its interpreter is missing"):
        run(Command((str(script),)))


def test_a_file_of_an_unknown_format_cannot_be_started(tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"\x7fELFjunk")
    junk.chmod(0o755)

    with pytest.raises(BadInput, match="junk cannot be started"):
        supervise(Command((str(junk),)), timeout_s=None, on_output=None)


def test_an_argument_with_a_null_byte_cannot_be_passed() -> None:
    with pytest.raises(BadInput, match="null byte"):
        run(Command((sys.executable, "a\0b")))


# Output that streams


def test_output_arrives_while_the_program_runs() -> None:
    arrivals: list[tuple[bytes, float]] = []
    script = "import time; print('early'); time.sleep(0.6); print('late')"

    supervise(
        python(script),
        timeout_s=30,
        on_output=lambda data: arrivals.append((data, time.monotonic())),
    )

    assert b"".join(data for data, _ in arrivals) == b"early\nlate\n"
    assert arrivals[-1][1] - arrivals[0][1] > 0.4


def test_standard_error_is_merged_in_the_order_it_was_written() -> None:
    script = """
import os
for number in range(100):
    os.write(1 + number % 2, b'%d ' % number)
"""
    completed = supervised(script)

    assert completed.stdout.split() == [str(number) for number in range(100)]
    assert completed.stderr == ""


def test_an_error_while_passing_output_on_ends_the_program() -> None:
    script = "import os, time; print(os.getpid()); time.sleep(60)"
    seen: list[int] = []

    def refuse(data: bytes) -> None:
        seen.append(int(data))
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        supervise(python(script), timeout_s=None, on_output=refuse)

    assert not is_alive(seen[0])


def test_the_last_words_before_the_end_are_kept() -> None:
    script = "import os; os.write(1, b'x' * 60000); os.kill(os.getpid(), 9)"

    assert len(supervised(script).stdout) == 60000


def test_the_duration_is_that_of_the_program() -> None:
    completed = supervised("import time; time.sleep(0.3)")

    assert 0.3 <= completed.duration_s < 5


# The end, in time


def test_a_tool_that_takes_too_long_is_ended() -> None:
    started = time.monotonic()

    completed = run(python("import time; time.sleep(60)"), timeout_s=0.3)

    assert completed.timed_out
    assert completed.returncode == -signal.SIGTERM
    assert time.monotonic() - started < 10


def test_a_tool_that_ends_in_time_has_not_timed_out() -> None:
    assert not run(python(""), timeout_s=30).timed_out


def test_at_the_timeout_the_program_is_asked_for_its_stacks_first() -> None:
    script = "trap 'echo all the stacks; exit 2' QUIT; echo ready; while :; do sleep 0.05; done"

    completed = supervise(shell(script), timeout_s=0.5, on_output=None, grace_s=20)

    assert completed.stdout.startswith("ready\n")
    assert completed.stdout.endswith("all the stacks\n")
    assert completed.returncode == 2
    assert completed.timed_out


def test_the_signal_for_the_stacks_can_be_chosen() -> None:
    script = "trap 'exit 3' USR1; while :; do sleep 0.05; done"

    completed = supervise(
        shell(script), timeout_s=0.5, on_output=None, dump_signal=signal.SIGUSR1, grace_s=20
    )

    assert completed.returncode == 3


def test_children_do_not_get_the_signal_for_the_stacks() -> None:
    script = """
import signal, subprocess, sys, time
child = "import signal, time; signal.signal(signal.SIGQUIT, lambda *_: print('child'));" \\
    "print('ready'); time.sleep(60)"
subprocess.Popen([sys.executable, '-u', '-c', child])
signal.signal(signal.SIGQUIT, lambda *_: sys.exit(0))
time.sleep(60)
"""
    completed = supervised(script, timeout_s=2.0, grace_s=10)

    assert completed.stdout == "ready\n"


def test_a_program_that_ignores_every_request_is_killed() -> None:
    started = time.monotonic()

    completed = supervise(
        shell("trap '' QUIT TERM INT; while :; do sleep 60; done"),
        timeout_s=0.5,
        on_output=None,
        grace_s=0.3,
    )

    assert completed.returncode == -signal.SIGKILL
    assert completed.timed_out
    assert time.monotonic() - started < 10


def test_a_stopped_program_is_killed_at_the_timeout() -> None:
    completed = supervise(shell("kill -STOP $$"), timeout_s=0.5, on_output=None, grace_s=0.3)

    assert completed.returncode == -signal.SIGKILL


def test_output_without_end_does_not_put_off_the_timeout() -> None:
    completed = supervised("while True: print('x' * 1000)", timeout_s=0.5)

    assert completed.timed_out
    assert completed.returncode == -signal.SIGQUIT


# What a program leaves behind


def test_a_grandchild_that_keeps_the_output_open_does_not_hang_the_run() -> None:
    script = """
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print(child.pid)
"""
    started = time.monotonic()

    completed = supervised(script)

    assert completed.returncode == 0
    assert time.monotonic() - started < 10
    assert not is_alive(int(completed.stdout))


def test_a_grandchild_may_finish_its_output() -> None:
    script = """
import subprocess, sys
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(0.5); print("finished")'])
"""
    completed = supervised(script, grace_s=20)

    assert completed.stdout == "finished\n"
    assert completed.survivors == ()


def test_processes_that_were_left_running_are_named() -> None:
    script = """
import subprocess
print(subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL, stderr=2).pid)
"""
    completed = supervised(script)

    assert completed.survivors == (f"sleep ({int(completed.stdout)})",)


def test_a_silent_grandchild_is_ended_though_the_output_is_closed() -> None:
    script = """
import subprocess
print(subprocess.Popen(['sleep', '60'], stdout=-3, stderr=-3).pid)
"""
    completed = supervised(script)

    assert not is_alive(int(completed.stdout))


def test_a_grandchild_that_is_about_to_end_is_left_to_it() -> None:
    completed = supervise(
        shell("sleep 0.03 >&- 2>&- &"), timeout_s=None, on_output=None, grace_s=GRACE_S
    )

    assert completed.survivors == ()


def test_a_daemon_that_left_the_session_is_ended() -> None:
    script = """
import os, subprocess, sys
code = 'import os, time\\nif os.fork(): os._exit(0)\\nos.setsid()\\n' \\
    'print(os.getpid(), flush=True); os.close(1); os.close(2); time.sleep(60)'
subprocess.run([sys.executable, '-c', code])
"""
    completed = supervised(script, grace_s=10)

    assert len(completed.survivors) == 1
    assert not is_alive(int(completed.stdout))


def test_a_group_of_its_own_does_not_save_a_grandchild() -> None:
    script = """
import os, subprocess
print(subprocess.Popen(['sleep', '60'], preexec_fn=os.setpgrp, stdout=-3, stderr=-3).pid)
"""
    completed = supervised(script)

    assert not is_alive(int(completed.stdout))


def test_a_grandchild_that_ignores_requests_is_killed() -> None:
    script = """
import subprocess, sys
code = 'import signal, time; signal.signal(15, signal.SIG_IGN); print("ready"); time.sleep(60)'
child = subprocess.Popen([sys.executable, '-u', '-c', code], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid)
"""
    completed = supervised(script)

    assert not is_alive(int(completed.stdout))


def test_orphans_that_end_are_collected_while_the_program_waits_for_that() -> None:
    script = """
import os, subprocess, sys, time
code = 'import os\\nif os.fork(): os._exit(0)\\nprint(os.getpid(), flush=True)'
orphan = int(subprocess.run([sys.executable, '-c', code], stdout=-1).stdout)
deadline = time.monotonic() + 20
while os.path.exists(f'/proc/{orphan}'):
    if time.monotonic() > deadline:
        sys.exit('the orphan is still a zombie')
    time.sleep(0.01)
"""
    assert supervised(script).returncode == 0


def test_children_of_someone_else_in_this_process_are_left_alone() -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        supervised("import time; time.sleep(0.2)")

        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_the_exit_code_of_someone_elses_child_is_not_taken() -> None:
    other = subprocess.Popen([sys.executable, "-c", "raise SystemExit(42)"])

    supervised("import time; time.sleep(0.5)")

    assert other.wait() == 42


def test_programs_run_side_by_side_in_threads() -> None:
    codes: dict[int, int] = {}

    def work(number: int) -> None:
        script = f"import time; time.sleep(0.2); raise SystemExit({number})"
        codes[number] = supervised(script).returncode

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert codes == {number: number for number in range(1, 9)}


# Ctrl-C

DRIVER = """
import sys
from leakcheck.process import Command, supervise
try:
    completed = supervise(
        Command((sys.executable, '-u', '-c', sys.argv[1])),
        timeout_s=None,
        on_output=lambda data: print(data.decode(), end='', flush=True),
        grace_s=float(sys.argv[2]),
    )
except KeyboardInterrupt:
    print('interrupted')
    sys.exit(130)
finally:
    print('cleaned up')
print('ended', completed.returncode)
"""


def interrupted(script: str, *signals: int, grace_s: float = 20.0) -> tuple[int, str]:
    """Run `script` supervised, and send each signal to leakcheck when a line has come."""
    driver = subprocess.Popen(
        [sys.executable, "-u", "-c", DRIVER, script, str(grace_s)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert driver.stdout is not None
    lines = []
    for number in signals:
        lines.append(driver.stdout.readline())
        driver.send_signal(number)
    rest, _ = driver.communicate(timeout=30)
    return driver.returncode, "".join(lines) + rest


def test_ctrl_c_is_forwarded_and_the_program_may_end_by_itself() -> None:
    script = """
import signal, sys, time
def stop(*_):
    print('stopping'); sys.exit(0)
signal.signal(signal.SIGINT, stop)
print('ready')
time.sleep(60)
"""
    code, output = interrupted(script, signal.SIGINT)

    assert output == "ready\nstopping\ninterrupted\ncleaned up\n"
    assert code == 130


def test_a_second_ctrl_c_kills() -> None:
    script = """
import os, signal, time
signal.signal(signal.SIGINT, lambda *_: print('not yet'))
print(os.getpid())
while True:
    time.sleep(60)
"""
    started = time.monotonic()

    code, output = interrupted(script, signal.SIGINT, signal.SIGINT, grace_s=60)

    pid, *others = output.split("\n")
    assert others[:2] == ["not yet", "interrupted"]
    assert code == 130
    assert time.monotonic() - started < 20
    assert not is_alive(int(pid))


def test_a_program_that_ignores_ctrl_c_is_killed_after_the_grace() -> None:
    script = """
import os, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print(os.getpid())
while True:
    time.sleep(60)
"""
    code, output = interrupted(script, signal.SIGINT, grace_s=0.3)

    assert code == 130
    assert not is_alive(int(output.split()[0]))


def test_ctrl_c_ends_grandchildren_that_hold_the_output() -> None:
    script = """
import subprocess, signal
child = subprocess.Popen(['sh', '-c', 'trap "" INT; echo $$; sleep 60; sleep 60'])
try:
    child.wait()
except KeyboardInterrupt:
    pass
"""
    started = time.monotonic()

    code, output = interrupted(script, signal.SIGINT)

    assert code == 130
    assert time.monotonic() - started < 15
    assert not is_alive(int(output.split()[0]))


def test_ctrl_c_ends_the_wait_for_the_output_of_others() -> None:
    script = """
import subprocess
child = subprocess.Popen(['sh', '-c', 'sleep 0.7; echo $$; exec sleep 60'])
"""
    started = time.monotonic()

    code, output = interrupted(script, signal.SIGINT, grace_s=50)

    assert code == 130
    assert time.monotonic() - started < 20
    assert not is_alive(int(output.split()[0]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_when_leakcheck_is_told_to_end_the_program_ends_too(number: signal.Signals) -> None:
    script = "import os, time; print(os.getpid()); time.sleep(60)"

    code, output = interrupted(script, number)

    assert code == 128 + number
    assert output.endswith("cleaned up\n")
    assert not is_alive(int(output.split()[0]))


def test_handlers_are_put_back_afterwards() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]

    supervised("")

    assert [signal.getsignal(number) for number in numbers] == before


def test_an_ignored_hangup_stays_ignored() -> None:
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        script = f"import os, time; os.kill({os.getpid()}, 1); time.sleep(0.2)"

        assert supervised(script).returncode == 0
    finally:
        signal.signal(signal.SIGHUP, previous)


def test_an_exit_code_is_not_lost_when_sigchld_is_ignored() -> None:
    previous = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert supervised("raise SystemExit(9)").returncode == 9
        assert signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGCHLD, previous)


def test_an_exit_code_that_was_lost_is_not_taken_for_success() -> None:
    raised: list[BaseException] = []

    def work() -> None:
        try:
            supervised("raise SystemExit(9)")
        except NotChecked as error:
            raised.append(error)

    previous = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        thread = threading.Thread(target=work)  # where the handler cannot be replaced
        thread.start()
        thread.join()
    finally:
        signal.signal(signal.SIGCHLD, previous)

    (error,) = raised
    assert str(error).startswith(f"the exit code of {sys.executable} is lost: ")


def children() -> set[int]:
    """What this process has started, or adopted, and not yet buried."""
    return {entry.pid for entry in list_processes() if entry.parent == os.getpid()}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it still runs
def test_a_program_that_outlives_even_the_kill_does_not_hang_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = Step(signal.SIGKILL, to_group=True, wait_s=0.1)
    for module in (process, escalation):
        monkeypatch.setattr(module, "KILL", short)
    monkeypatch.setattr(process.os, "killpg", lambda *_: None)
    before = children()

    with pytest.raises(NotChecked, match="sleep cannot be ended, even by SIGKILL"):
        supervise(
            Command(("sleep", "60")),
            timeout_s=0.1,
            on_output=None,
            dump_signal=signal.SIGCONT,
            grace_s=0.1,
        )

    (left,) = children() - before
    os.kill(left, signal.SIGKILL)
    os.waitpid(left, 0)


def test_no_file_descriptor_is_left_open() -> None:
    run(python(""))
    before = open_descriptors()

    run(python(""))
    supervised("import subprocess; subprocess.Popen(['sleep', '60'])", grace_s=0.1)

    assert open_descriptors() == before
