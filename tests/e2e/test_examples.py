#!/usr/bin/env python3
"""Every folder of examples/manifests, one after the other, on three real hosts.

EXPECTATIONS has what becomes of each; a folder without a row fails, but for those that another test runs."""
import collections
import unittest

from hosts.cluster import ROOT
from hosts.system import eventually
from hosts.testing import deployment
from net.testing import NetTest

EXAMPLES = ROOT / "examples/manifests"
# test_volumes.py and test_apps.py run these.
ELSEWHERE = {"config-reload", "guestbook", "online-boutique", "voting-app"}


def pods_by_node(cluster, app):
    pods = [pod for pod in cluster.items("pods") if pod["metadata"]["labels"].get("app") == app]
    return collections.Counter(pod["spec"]["nodeName"] for pod in pods)


def disruption_budget(test):
    def reckoned():
        budget = test.cluster.items("poddisruptionbudgets")[0]["status"]
        return (budget["disruptionsAllowed"], budget["currentHealthy"], budget["desiredHealthy"], budget["expectedPods"]) == (1, 3, 2, 3)

    eventually("one of three may go", reckoned)


def spread_over_zones(test):
    test.assertEqual(pods_by_node(test.cluster, "zoned-shop"), {"host-1": 2, "host-3": 2})


def canary(test):
    cluster = test.cluster
    pods = {pod["metadata"]["name"]: pod["metadata"]["labels"]["track"] for pod in cluster.items("pods")
            if pod["metadata"]["labels"].get("app") == "canary-shop"}
    test.assertEqual(collections.Counter(pods.values()), {"stable": 3, "canary": 1})
    slices = [each for each in cluster.items("endpointslices") if each["metadata"]["labels"]["kubernetes.io/service-name"] == "canary-shop"]
    behind = {endpoint["targetRef"]["name"] for each in slices for endpoint in each["endpoints"] if endpoint["conditions"]["ready"]}
    test.assertEqual(behind, set(pods), "one in four connections goes to the canary")


def probes(test):
    pods = [pod for pod in test.cluster.items("pods") if pod["metadata"]["labels"].get("app") == "probed-shop"]
    statuses = [pod["status"]["containerStatuses"][0] for pod in pods]
    test.assertEqual([(status["ready"], status["started"], status["restartCount"]) for status in statuses], [(True, True, 0)] * 2)
    for pod in pods:
        host = next(each for each in test.hosts if each.name == pod["spec"]["nodeName"])
        eventually("the program was asked", lambda at=pod, on=host: "GET /ready" in on.docker(
            ["logs", at["status"]["containerStatuses"][0]["containerID"].split("//")[1]]).stdout)


def init_and_sidecar(test):
    pods = test.cluster.items("pods")
    pods = [pod["status"] for pod in pods if pod["metadata"]["labels"].get("app") == "init-and-sidecar"]
    test.assertEqual(len(pods), 2)
    for status in pods:
        prepare, ticker = status["initContainerStatuses"]
        test.assertEqual((prepare["state"]["terminated"]["reason"], ticker["ready"]), ("Completed", True))
        test.assertEqual([each["restartCount"] for each in (prepare, ticker, *status["containerStatuses"])], [0, 0, 0])


def hooks(test):
    pods = [pod for pod in test.cluster.items("pods") if pod["metadata"]["labels"].get("app") == "hooked-shop"]
    statuses = [pod["status"]["containerStatuses"][0] for pod in pods]
    test.assertEqual([(status["ready"], status["restartCount"]) for status in statuses], [(True, 0)] * 2)
    for pod, status in zip(pods, statuses):
        host = next(each for each in test.hosts if each.name == pod["spec"]["nodeName"])
        test.assertIn("The shop is warm", host.docker(["logs", status["containerID"].split("//")[1]]).stdout)


def last_words(test):
    (pod,) = [pod for pod in test.cluster.items("pods") if pod["metadata"]["labels"].get("app") == "last-words"]
    migrate = pod["status"]["initContainerStatuses"][0]["state"]["terminated"]
    test.assertEqual((migrate["reason"], migrate["message"]), ("Completed", "the schema is at 42\n"))


# Folder -> what holds once it has converged; called with the test.
EXPECTATIONS = {
    "canary": canary,
    "disruption-budget": disruption_budget,
    "hooks": hooks,
    "init-and-sidecar": init_and_sidecar,
    "last-words": last_words,
    "probes": probes,
    "spread-over-zones": spread_over_zones,
}


class ExamplesTest(NetTest):
    @classmethod
    def first_manifests(cls):
        # It stays: who takes away everything has to say that it is meant.
        return {"bystander.yaml": deployment("bystander", 1)}

    @classmethod
    def prepare_machines(cls):
        super().prepare_machines()
        cls.import_hello()
        cls.cluster.import_image(cls.cluster.home / "busybox.tar", "busybox:1")

    def test_every_folder_does_what_it_says(self):
        folders = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name not in ELSEWHERE)
        self.assertEqual(folders, sorted(EXPECTATIONS))
        for folder in folders:
            with self.subTest(folder):
                files = {path.name: path.read_text(encoding="utf-8") for path in sorted((EXAMPLES / folder).glob("*.yaml"))}
                self.converge(self.repository.commit(files, folder))
                EXPECTATIONS[folder](self)
                removed = dict.fromkeys(files)
                self.converge(self.repository.commit(removed, f"Without {folder}"))
                eventually("its pods are gone", lambda: len(self.cluster.items("pods")) == 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
