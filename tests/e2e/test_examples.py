#!/usr/bin/env python3
"""Every folder of examples/manifests, one after the other, on three real hosts.

EXPECTATIONS has what becomes of each; a folder without a row fails, but for config-reload, which test_volumes.py runs."""
import collections
import unittest

from hosts.cluster import ROOT
from hosts.system import eventually
from hosts.testing import deployment
from net.testing import NetTest

EXAMPLES = ROOT / "examples/manifests"


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


def init_and_sidecar(test):
    pods = test.cluster.items("pods")
    pods = [pod["status"] for pod in pods if pod["metadata"]["labels"].get("app") == "init-and-sidecar"]
    test.assertEqual(len(pods), 2)
    for status in pods:
        prepare, ticker = status["initContainerStatuses"]
        test.assertEqual((prepare["state"]["terminated"]["reason"], ticker["ready"]), ("Completed", True))
        test.assertEqual([each["restartCount"] for each in (prepare, ticker, *status["containerStatuses"])], [0, 0, 0])


# Folder -> what holds once it has converged; called with the test.
EXPECTATIONS = {
    "disruption-budget": disruption_budget,
    "init-and-sidecar": init_and_sidecar,
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
        folders = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "config-reload")
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
