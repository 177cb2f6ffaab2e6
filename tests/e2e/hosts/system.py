"""Commands, waiting, and processes known by pid and start time, so that no other is ever signalled in their stead."""
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

DEADLINE_S = 90
POLL_S = 0.1  # the interval of looking again; nothing waits for luck


class CommandFailed(AssertionError):
    """A command that was to succeed did not; its text is the command and all that it said."""


class Hopeless(Exception):
    """What is waited for cannot come any more; `eventually` lets it through at once."""


def run(command, check=True, text_input=None, env=None, timeout=600):
    words = [str(part) for part in command]
    result = subprocess.run(words, capture_output=True, text=True, errors="replace", input=text_input, env=env,
                            timeout=timeout)
    if check and result.returncode != 0:
        raise CommandFailed(f"{' '.join(words)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result


def eventually(what, condition, deadline_s=DEADLINE_S):
    """Polls until `condition()` is true; its value is returned. A raised AssertionError counts as not yet.

    Hopeless ends it."""
    end = time.monotonic() + deadline_s
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except AssertionError as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"not in {deadline_s} s: {what}; last: {last}")
        time.sleep(POLL_S)


@dataclass(frozen=True)
class Process:
    """A process of this machine, by its outer pid and the clock tick that it began at."""
    pid: int
    started: str

    @staticmethod
    def of(pid):
        return Process(pid, start_of(pid))

    def alive(self):
        return self.started != "" and start_of(self.pid) == self.started

    def send(self, how):
        """False when it is gone already."""
        if not self.alive():
            return False
        try:
            os.kill(self.pid, how)
        except ProcessLookupError:
            return False
        return True

    def end(self, how=signal.SIGTERM, deadline_s=30):
        """Sends `how`, then SIGKILL after the deadline, and waits until it is gone."""
        if not self.send(how):
            return
        self.send(signal.SIGCONT)  # one that is stopped would not hear it
        end = time.monotonic() + deadline_s
        while self.alive():
            if time.monotonic() > end:
                self.send(signal.SIGKILL)
            reap(self.pid)
            time.sleep(0.02)

    def memory_kib(self):
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def cpu_seconds(self):
        """User and system time of all its threads and of its children that ended, at the kernel's ticks (10 ms)."""
        text = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8", errors="replace")
        return sum(map(int, text.rsplit(")", 1)[1].split()[11:15])) / os.sysconf("SC_CLK_TCK")


def start_of(pid):
    """Field 22 of its stat; empty for one that is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = text.rsplit(")", 1)[1].split()
    if fields[0] in ("Z", "X") and thread_count(pid) <= 1:
        return ""
    return fields[19]


def thread_count(pid):
    """The first thread of a dying process may be a zombie while others still hold its locks."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def reap(pid):
    """Takes a dead child's status, when it is ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def outer_pid(init_pid, inner):
    """The pid on this machine of process `inner` of the pid namespace that `init_pid` is the first of; 0: gone."""
    wanted = os.readlink(f"/proc/{init_pid}/ns/pid")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            numbers = next(line for line in (entry / "status").read_text(encoding="utf-8").splitlines()
                           if line.startswith("NSpid:")).split()[1:]
            if len(numbers) > 1 and int(numbers[-1]) == inner and os.readlink(entry / "ns/pid") == wanted:
                return int(entry.name)
        except (OSError, StopIteration):
            continue
    return 0
