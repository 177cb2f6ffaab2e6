#!/usr/bin/env python3
"""What stock kubectl reads: one case for each command and version, on a real engine."""
import re
import subprocess
import unittest

from hosts.system import eventually
from kubectl.cases import Checks, add_cases
from kubectl.client import Kubectl, one_case_per_version, required
from kubectl.manifests import READ, WEB
from kubectl.reads import READS
from kubectl.testing import KubectlTest


class ReadTest(Checks, KubectlTest):
    """Nothing here changes what runs."""

    @classmethod
    def manifests(cls):
        return READ

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        pods = cls.host.pods()
        first = lambda app: min(pod["metadata"]["name"] for pod in pods if pod["metadata"].get("labels", {}).get("app") == app)
        cls.names = {"pod": first("web"), "restarted": first("restarts")}
        cls.kubectls = {"owner": cls.kubectl, "viewer": cls.kubectl_of("anna", "--role", "view"),
                        "guest": cls.kubectl_of("ben", "--role", "view", "--namespace", "default")}
        # The container that ends runs again, and has printed.
        eventually("the container that ended runs again",
                   lambda: "second run" in cls.host.cli(["logs", cls.names["restarted"]], check=False).stdout)
        cls.host.converge()

    @classmethod
    def kubectl_of(cls, user, *flags):
        path = cls.host.folder / f"{user}.kubeconfig"
        cls.host.cli(["kubeconfig", "--user", user, "--output", path, *flags])
        return Kubectl.on(cls.host, path)


add_cases(ReadTest, READS, required())


@one_case_per_version(required)
class WatchTest(KubectlTest):
    """Commands that go on while what they look at changes."""

    @classmethod
    def manifests(cls):
        return {"web.yaml": WEB}

    def follow(self, version, *words):
        """What the command has printed until now, as a function."""
        output = self.host.folder / f"output-{self.id().rsplit('.', 1)[1]}-{len(words)}"
        with open(output, "wb") as out:
            process = self.kubectl.start(version, *words, stdout=out, stderr=subprocess.STDOUT)
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
        self.host.commit({"web.yaml": WEB.replace("replicas: 2", f"replicas: {replicas}")})

    def case_watches_and_waits_are_told_of_changes(self, version):
        self.scale(2)
        self.host.converge()
        table, _ = self.follow(version, "get", "deploy", "web", "-w")
        names, _ = self.follow(version, "get", "pods", "--watch-only", "-o", "name")
        documents, _ = self.follow(version, "get", "deploy", "-w", "-o", "json", "--output-watch-events")
        self.until_it_shows(table, r"web +2/2")
        self.until_it_shows(documents, r'"type": ?"ADDED"')
        self.scale(3)
        status, process = self.follow(version, "rollout", "status", "deploy/web", "--timeout=60s", "-w")
        self.until_it_shows(table, r"web +2/3[\s\S]*web +3/3")
        self.until_it_shows(names, r"pod/web-")
        self.until_it_shows(documents, r'"type": ?"MODIFIED"[\s\S]*"readyReplicas": ?3')
        self.assertEqual(table().count("NAME"), 1)
        self.assertEqual(process.wait(60), 0)
        self.assertIn("successfully rolled out", status())

    def case_logs_follow_until_the_pod_goes(self, version):
        self.scale(3)
        self.host.converge()
        follows = [self.follow(version, "logs", "-f", "--tail=1", pod["metadata"]["name"]) for pod in self.host.pods()]
        for read, _ in follows:
            self.until_it_shows(read, r"\A(tick|line 5)\n[\s\S]*tick\n")
        self.scale(2)
        self.host.converge()

        def one_ended():
            return [process.poll() for _, process in follows].count(0) == 1

        eventually("the log of the pod that went has ended, the others go on", one_ended, 30)


if __name__ == "__main__":
    unittest.main()
