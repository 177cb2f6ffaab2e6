#!/usr/bin/env python3
"""Runs the transcripts of tests/golden/cli/ and compares what the program prints with what they say.

A transcript is text as on a terminal: `$ COMMAND` lines, each followed by what it printed (standard output and error
together) and, when it is not 0, `[exit N]`. Other lines before the first command are its description. Commands run in a
copy of examples/manifests that is a Git repository, with `reconcile` on the PATH and no controller; the stand-in for one
answers on ../controller.sock (stand_in_controller.py).
RECONCILE_UPDATE_GOLDEN=1 writes what was printed into the transcript."""
import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from stand_in_controller import Controller

ROOT = Path(__file__).resolve().parents[2]
TRANSCRIPTS = ROOT / "tests/golden/cli"
BINARY_FOLDER = Path(os.environ.get("RECONCILE_BINARY_FOLDER", ROOT / "build/dev")).resolve()


class Workplace:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="rc-cli-"))
        # Folders there are examples of their own (tests/e2e/test_examples.py).
        (self.folder / "manifests").mkdir()
        for path in (ROOT / "examples/manifests").glob("*.yaml"):
            shutil.copy(path, self.folder / "manifests")
        self.environment = {
            "PATH": f"{BINARY_FOLDER / 'cmd'}:/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8", "COLUMNS": "80",
            "RECONCILE_SOCKET": str(self.folder / "no.sock"), "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
            "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}
        main = {"name": "main", "repository": str(self.folder / "manifests")}
        (self.folder / "sources.json").write_text(json.dumps([main]))
        self.controller = Controller(self.folder)
        self.run("git init -q -b main && git add -A && git commit -q -m 'First manifests'")

    def run(self, command):
        done = subprocess.run(["bash", "-c", command], cwd=self.folder / "manifests", env=self.environment, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        text = done.stdout.decode("utf-8", "replace").replace(str(self.folder), "/tmp/here")
        if text and not text.endswith("\n"):
            text += "\n[no newline at the end]\n"
        return text + (f"[exit {done.returncode}]\n" if done.returncode else "")

    def remove(self):
        self.controller.end()
        shutil.rmtree(self.folder)


def play(transcript):
    """The transcript with what its commands print now."""
    workplace = Workplace()
    try:
        played, seen_command = "", False
        for line in transcript.splitlines(keepends=True):
            if line.startswith("$ "):
                seen_command = True
                played += line + workplace.run(line[2:].rstrip("\n"))
            elif not seen_command:
                played += line
        return played
    finally:
        workplace.remove()


class Transcripts(unittest.TestCase):
    maxDiff = None

    def check(self, path):
        wanted = path.read_text()
        self.assertIn("$ reconcile", wanted, f"{path.name} runs nothing")
        played = play(wanted)
        if os.environ.get("RECONCILE_UPDATE_GOLDEN") == "1":
            path.write_text(played)
        elif played != wanted:
            self.fail(f"{path.name}: not as written (RECONCILE_UPDATE_GOLDEN=1 takes it over)\n" + "".join(
                difflib.unified_diff(wanted.splitlines(True), played.splitlines(True), "written", "printed")))


for transcript_path in sorted(TRANSCRIPTS.glob("*.txt")):
    setattr(Transcripts, f"test_{transcript_path.stem}", lambda self, path=transcript_path: self.check(path))

if __name__ == "__main__":
    if not list(TRANSCRIPTS.glob("*.txt")):
        sys.exit(f"no transcripts in {TRANSCRIPTS}")
    unittest.main()
