#!/usr/bin/env python3
"""What stock kubectl reads: one case for each command and version, on a real engine."""
import re
import subprocess
import unittest

from hosts.system import eventually
from kubectl.cases import Checks, add_cases
from kubectl.client import Kubectl, one_case_per_version, required
from kubectl.manifests import READ, moving
from kubectl.reads import READS
from kubectl.testing import KubectlTest


class Follows:
    """Commands that go on while what they look at changes: the namespace `moving`."""

    def follow(self, version, *words):
        """What the command has printed until now, as a function; and its process."""
        name = re.sub(r"\W+", "-", "-".join((str(version), *words)))
        output = self.host.folder / f"output-{name}"
        with open(output, "wb") as out:
            process = self.kubectl.start(version, "-n", "moving", *words, stdout=out, stderr=subprocess.STDOUT)
        self.addCleanup(self.kubectl.end, process)
        return output.read_text, process

    @staticmethod
    def until_it_shows(read, pattern):
        def shows():
            text = read()
            assert re.search(pattern, text), text
            return True

        eventually(f"it prints {pattern}", shows, 30)

    def scale(self, replicas):
        self.host.commit({"moving.yaml": moving(replicas)})

    def moving_pods(self):
        return [pod["metadata"]["name"] for pod in self.host.pods() if pod["metadata"]["namespace"] == "moving"]

    def case_watches_and_waits_are_told_of_changes(self, version):
        self.scale(1)
        self.host.converge()
        table, _ = self.follow(version, "get", "deploy", "web", "-w")
        names, _ = self.follow(version, "get", "pods", "--watch-only", "-o", "name")
        documents, _ = self.follow(version, "get", "deploy", "-w", "-o", "json", "--output-watch-events")
        self.until_it_shows(table, r"web +1/1")
        self.until_it_shows(documents, r'"type": ?"ADDED"')
        self.scale(2)
        status, process = self.follow(version, "rollout", "status", "deploy/web", "--timeout=60s", "-w")
        self.until_it_shows(table, r"web +1/2[\s\S]*web +2/2")
        self.until_it_shows(names, r"pod/web-")
        self.until_it_shows(documents, r'"type": ?"MODIFIED"[\s\S]*"readyReplicas": ?2')
        self.assertEqual(table().count("NAME"), 1)
        self.assertEqual(process.wait(60), 0)
        self.assertIn("successfully rolled out", status())

    def case_logs_follow_until_the_pod_goes(self, version):
        self.scale(2)
        self.host.converge()
        follows = [self.follow(version, "logs", "-f", "--tail=1", pod) for pod in self.moving_pods()]
        for read, _ in follows:
            self.until_it_shows(read, r"\A(tick|line 5)\n[\s\S]*tick\n")
        self.scale(1)
        self.host.converge()

        def one_ended():
            return [process.poll() for _, process in follows].count(0) == 1

        eventually("the log of the pod that went has ended, the other goes on", one_ended, 30)


@one_case_per_version(required)
class ReadTest(Checks, Follows, KubectlTest):
    """All on one host; nothing but the namespace `moving` changes."""

    @classmethod
    def manifests(cls):
        return READ

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        pods = cls.host.pods()
        first = lambda app: min(pod["metadata"]["name"] for pod in pods if pod["metadata"]["namespace"] == "default" and
                                pod["metadata"]["labels"]["app"] == app)
        cls.names = {"pod": first("web"), "restarted": first("restarts")}
        cls.kubectls = {"owner": cls.kubectl, "viewer": cls.kubectl_of("anna", "--role", "view"),
                        "guest": cls.kubectl_of("ben", "--role", "view", "--namespace", "default")}
        # The container that ends runs again, and has printed.
        eventually("the container that ended runs again",
                   lambda: "second run" in cls.host.cli(["logs", cls.names["restarted"]], check=False).stdout)
        cls.host.converge()
        # So that its first lines are older than what --since asks for.
        eventually("a pod has printed for five seconds",
                   lambda: cls.host.cli(["logs", cls.names["pod"]], check=False).stdout.count("tick") > 4)

    @classmethod
    def kubectl_of(cls, user, *flags):
        path = cls.host.folder / f"{user}.kubeconfig"
        cls.host.cli(["kubeconfig", "--user", user, "--output", path, *flags])
        return Kubectl.on(cls.host, path)


add_cases(ReadTest, READS, required())


if __name__ == "__main__":
    unittest.main()
