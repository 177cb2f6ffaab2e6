"""Programs of a benchmark that serve until their input ends."""
import subprocess
import sys
from pathlib import Path


def parse(line):
    words = line.split()
    pairs = dict(zip(words[2::2], words[3::2]))
    return {"what": words[0], "of": words[1], **{name: float(value) for name, value in pairs.items()}}


class Server:
    """A program that says where it listens, and lives until its input ends."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if not words:
            sys.exit(f"{command[0]} did not start")
        self.port, self.token = int(words[1]), words[2] if len(words) > 2 else "none"

    def resident(self):
        """Bytes of the program's memory that are in RAM: its own, not those of the agents, which are another process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))

    def end(self):
        self.process.stdin.close()
        self.process.wait()
