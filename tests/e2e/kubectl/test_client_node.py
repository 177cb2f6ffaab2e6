#!/usr/bin/env python3
"""The JavaScript client @kubernetes/client-node, which asks otherwise than kubectl: lists, an informer that is told 410, logs, exec."""
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from harness import Host
from hosts.system import eventually
from kubectl.client import Kubectl
from kubectl.manifests import WEB

SCRIPT = Path(__file__).resolve().parent / "client-node/client.mjs"
# Made by `npm ci` (scripts/common.sh); the script is run from there, where its modules are.
MODULES = Path(os.environ.get("RECONCILE_CLIENT_NODE", Path(__file__).resolve().parents[3] / "build/client-node"))


def missing():
    if shutil.which("node") is None:
        return "no node on this machine"
    if not (MODULES / "node_modules/@kubernetes/client-node").is_dir():
        return f"no @kubernetes/client-node below {MODULES}: scripts/test installs it there"
    return ""


class ClientNodeTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        if missing() and os.environ.get("CI"):
            raise AssertionError(missing())
        if missing():
            print(f"{cls.__name__}: {missing()}", file=sys.stderr)
            raise unittest.SkipTest(missing())
        shutil.copy(SCRIPT, MODULES)
        cls.host = Host()
        cls.addClassCleanup(cls.host.stop)
        cls.host.start()
        cls.host.commit({"web.yaml": WEB})
        cls.host.start_reconcile()
        cls.host.converge()

    def start(self, *words):
        """The client's process, and a function for what it has said until now."""
        output = self.host.folder / f"client-{self.id().rsplit('.', 1)[1]}"
        command = ["nsenter", f"--net=/run/netns/{self.host.name}", "node", str(MODULES / SCRIPT.name),
                   str(self.host.folder / "data/kubeconfig"), *words]
        with open(output, "wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT,
                                       env=Kubectl.on(self.host).environment(), start_new_session=True)
        self.addCleanup(Kubectl.end, process)

        def said():
            text = output.read_text()
            lines = text[:text.rfind("\n") + 1].splitlines()
            try:
                return [json.loads(line) for line in lines]
            except json.JSONDecodeError as error:
                raise AssertionError(text) from error

        return process, said

    def pods(self):
        return sorted(pod["metadata"]["name"] for pod in self.host.pods())

    def scale(self, replicas):
        self.host.commit({"web.yaml": WEB.replace("replicas: 2", f"replicas: {replicas}")})
        self.host.converge()

    def bytes_of(self, lines, stream):
        return b"".join(base64.b64decode(line[stream]) for line in lines if stream in line)

    def test_lists_pages_and_errors(self):
        process, said = self.start("list")
        self.assertEqual(process.wait(60), 0, said)
        lists, paged, error = said()
        self.assertEqual(lists, {"pods": self.pods(), "selected": self.pods(), "deployments": ["web"], "nodes": ["host-1"]})
        self.assertEqual(paged, {"paged": self.pods()})
        self.assertEqual(error, {"code": 404, "reason": "NotFound"})

    def test_an_informer_whose_past_is_forgotten_is_told_410_and_lists_again(self):
        self.scale(2)
        process, said = self.start("informer")

        def known():
            pods = set()
            for line in said():
                if line["event"] in ("add", "update"):
                    pods.add(line["pod"])
                elif line["event"] == "delete":
                    pods.discard(line["pod"])
            return sorted(pods)

        def count(event):
            return [line["event"] for line in said()].count(event)

        def knows_what_there_is():
            assert known() == self.pods(), f"{said()}, not {self.pods()}"
            return True

        eventually("the informer lists", lambda: len(known()) == 2, 30)
        self.scale(3)
        eventually("the informer is told of a new pod", knows_what_there_is, 30)
        self.assertEqual(count("list"), 1)
        # It does not see what happens now; and what a controller remembers of the past goes with it.
        process.send_signal(signal.SIGSTOP)
        try:
            self.restart_controller()
            self.scale(1)
            self.restart_controller()
        finally:
            process.send_signal(signal.SIGCONT)
        eventually("the informer's connection has ended", lambda: count("error") == 1 or count("list") > 1, 30)
        if count("list") == 1:
            process.stdin.write(b"again\n")
            process.stdin.flush()
        eventually("the informer has listed again", lambda: count("list") == 2, 30)
        eventually("the informer knows what there is", knows_what_there_is, 30)
        self.assertEqual(count("delete"), 2)
        self.scale(2)
        eventually("the informer watches on", knows_what_there_is, 30)
        self.assertEqual(count("list"), 2)

    def restart_controller(self):
        self.host.kill_reconcile(signal.SIGKILL)
        self.host.start_reconcile()
        self.host.converge()

    def test_a_watch_from_too_long_ago_ends_with_410(self):
        self.restart_controller()  # which remembers nothing of what was before it
        process, said = self.start("watch", "1")
        eventually("the watch has ended", lambda: any(line.get("end") for line in said()), 30)
        self.assertEqual(process.wait(30), 0)
        self.assertEqual(said()[0], {"type": "ERROR", "code": 410, "reason": "Expired"})

    def test_logs_follow(self):
        process, said = self.start("log", self.pods()[0])
        eventually("lines come", lambda: self.bytes_of(said(), "stdout").count(b"tick\n") > 3, 30)
        self.assertIsNone(process.poll())

    def test_exec_passes_bytes_both_ways_and_the_exit_code(self):
        process, said = self.start("exec", self.pods()[0], "sh", "-c", "cat; echo to the side >&2; exit 3")
        sent = bytes(range(256)) * 1000
        try:
            process.stdin.write(sent)
            process.stdin.close()
        except BrokenPipeError as error:
            raise AssertionError(said()) from error
        eventually("it has ended", lambda: any("status" in line for line in said()), 30)
        lines = said()
        self.assertEqual(self.bytes_of(lines, "stdout"), sent)
        self.assertEqual(self.bytes_of(lines, "stderr"), b"to the side\n")
        ends = [line for line in lines if "status" in line]
        self.assertEqual(ends, [{"status": "Failure", "causes": [{"reason": "ExitCode", "message": "3"}]}])
        self.assertEqual(process.wait(30), 0)


if __name__ == "__main__":
    unittest.main()
