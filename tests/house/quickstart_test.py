#!/usr/bin/env python3
"""scripts/quickstart and quickstart-hosts without hosts or a build: what they say, and what they ask of hosts.py.

They run in a tree of their own whose hosts.py, reconcile and common.sh are stand-ins; each call is a line of `calls`."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUIET = """root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/messages.sh"
install_build_packages() { :; }
install_packages() { :; }
run_packages() { :; }
build() { :; }
"""
# The list goes on for longer than a pipe holds: who reads only its beginning leaves a broken pipe behind.
HOSTS = """import pathlib, sys
words = sys.argv[3:]
home = pathlib.Path(sys.argv[2])
if words[0] == "list":
    print((home / "list").read_text(), flush=True)
    print("more of the list\\n" * 8000)
else:
    with open(home / "calls", "a") as calls:
        print(*words, file=calls)
    if (home / "broken").exists() and "restore" in words:
        sys.exit(1)
"""


class QuickstartTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="rc-quickstart-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        self.home = self.folder / "hosts-home"
        for path, text in (("scripts/common.sh", QUIET), ("tests/e2e/hosts/hosts.py", HOSTS), ("scripts/hello-image", "#!/bin/sh\n"),
                           ("build/release/cmd/reconcile", "#!/bin/sh\n")):
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
            (self.folder / path).chmod(0o755)
        for name in ("quickstart", "quickstart-hosts"):
            shutil.copy(ROOT / "scripts" / name, self.folder / "scripts" / name)
        common = (ROOT / "scripts/common.sh").read_text()
        (self.folder / "scripts/messages.sh").write_text(common[:common.index("# Debian 12 and Ubuntu")])
        shutil.copytree(ROOT / "examples", self.folder / "examples")

    def run_script(self, *words, nobody=False):
        command = [str(self.folder / "scripts/quickstart"), *words]
        if nobody:
            command = ["setpriv", "--reuid", "65534", "--clear-groups", *command]
        environment = dict(os.environ, RECONCILE_QUICKSTART_HOSTS_HOME=str(self.home), RECONCILE_QUICKSTART_HOME=str(self.folder / "none"))
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60, check=False)
        return done.returncode, done.stdout.replace(str(self.folder), "/clone")

    def hosts(self, *lines):
        self.home.mkdir(exist_ok=True)
        (self.home / "list").write_text("\n".join(lines))

    def calls(self):
        path = self.home / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def test_a_second_run_finds_the_controller_that_runs(self):
        self.hosts("controller 192.0.2.10 controller (4711)", "host-1 192.0.2.11 dockerd (4712)")
        code, text = self.run_script("--hosts", "1")
        self.assertEqual(code, 0, text)
        self.assertEqual(self.calls(), ["join"], text)
        self.assertNotIn("Traceback", text)

    def test_one_that_has_ended_is_started(self):
        self.hosts("controller 192.0.2.10 controller (4711, ended)", "host-1 192.0.2.11 dockerd (4712)")
        code, text = self.run_script("--hosts", "1")
        self.assertEqual(code, 0, text)
        self.assertEqual(self.calls(), [f"controller {self.home}/manifests", "join"], text)

    def test_another_number_of_hosts_than_there_are_is_refused(self):
        self.hosts("controller 192.0.2.10 ", "host-1 192.0.2.11 dockerd (4712)")
        code, text = self.run_script("--hosts", "5")
        self.assertEqual(code, 1)
        self.assertTrue(text.endswith("error: there are 1 hosts already, not 5: scripts/quickstart --hosts 1 goes on with them, "
                                      "scripts/quickstart --down removes them\n"), text)

    def test_help_is_no_error(self):
        code, text = self.run_script("--help")
        self.assertEqual(code, 0)
        self.assertTrue(text.startswith("Builds reconcile and runs it"), text)
        self.assertTrue(text.endswith("removes all that it made, hosts too\n"), text)
        self.assertEqual(self.run_script("--halp"), (1, "error: scripts/quickstart knows no '--halp'; "
                                                        "usage: scripts/quickstart [--hosts N | --down | --help]\n"))

    def test_who_is_not_root_is_told_what_to_run(self):
        for words, what in (((), "scripts/quickstart"), (("--hosts", "3"), "scripts/quickstart --hosts"), (("--down",), "scripts/quickstart --down")):
            code, text = self.run_script(*words, nobody=True)
            self.assertEqual((code, text), (1, f"error: {what} needs root: it installs packages and runs a Docker engine. "
                                               f"Try: sudo {' '.join(('/clone/scripts/quickstart',) + words)}\n"))

    def test_the_readmes_first_commit_is_made_where_the_quickstart_put_things(self):
        script = (ROOT / "scripts/quickstart").read_text()
        home = re.search(r"^home=.*:-(.*)}$", script, re.M)[1]
        settings = dict(re.findall(r"^(socket|repository|reconcile)=(\S+)", script, re.M))
        settings = {name: value.replace("$home", home).replace("$root", "$PWD") for name, value in settings.items()}
        section = (ROOT / "README.md").read_text().split("## A first commit of your own\n")[1].split("\n## ")[0]
        lines = section.split("```\n")[1].splitlines()
        self.assertEqual(lines[0], f"export RECONCILE_SOCKET={settings['socket']} PATH={os.path.dirname(settings['reconcile'])}:$PATH")
        self.assertEqual(lines[1].split("#")[0].split(), ["cd", settings["repository"]])
        self.assertIn("replicas: 2\n", (ROOT / "examples/manifests/my-node.yaml").read_text())

    def test_the_lines_for_a_restore_start_no_controller_on_what_was_not_restored(self):
        self.hosts("controller 192.0.2.10 controller (4711)", "host-1 192.0.2.11 dockerd (4712)")
        code, text = self.run_script("--hosts", "1")
        self.assertEqual(code, 0, text)
        lines = text[text.index("  alias hosts="):text.index("Images come from")].replace("/clone", str(self.folder)).splitlines()
        lines = ["shopt -s expand_aliases", lines[0]] + lines[[line.startswith("Back up") for line in lines].index(True) + 1:]
        data = self.home / "controller/disk/reconcile"
        data.mkdir(parents=True)
        for broken in (False, True):
            for name in ("cluster.db", "cluster.db-wal", "secrets.key"):
                (data / name).write_text("old")
            if broken:
                (self.home / "broken").write_text("")
                shutil.rmtree(data / "before")
            (self.home / "calls").unlink()
            done = subprocess.run(["bash", "-c", "\n".join(lines)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
            backup = f"{self.home}/cluster.rcb"
            wanted = [f"exec controller reconcile backup {backup}", "kill controller controller", f"exec controller reconcile restore {backup}"]
            self.assertEqual(self.calls(), wanted + ([] if broken else ["start controller controller"]), done.stdout)
            self.assertEqual(sorted(path.name for path in data.iterdir()), ["before", "secrets.key"])
            self.assertEqual(sorted(path.name for path in (data / "before").iterdir()), ["cluster.db", "cluster.db-wal"])

    def test_nothing_to_remove_names_all_that_was_looked_for(self):
        self.assertEqual(self.run_script("--down"), (0, "nothing to remove: neither /clone/none nor /clone/hosts-home is there\n"))


if __name__ == "__main__":
    unittest.main()
