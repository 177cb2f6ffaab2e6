#!/usr/bin/env python3
"""Hosts that are cordoned, drained and tainted, on real engines."""
import json
import time
import unittest

from hosts.system import eventually
from hosts.testing import ClusterTest, deployment

BUDGET = """apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec:
  minAvailable: %d
  selector: {matchLabels: {app: web}}
"""
NODE = """apiVersion: v1
kind: Node
metadata: {name: %s}
spec:
  taints:
  - {key: gone, effect: NoExecute}
"""


class DrainTest(ClusterTest):
    @classmethod
    def first_manifests(cls):
        return {"web.yaml": deployment("web", 6)}

    def setUp(self):
        super().setUp()
        self.addCleanup(self.take_back)
        self.converge()

    def take_back(self):
        for host in self.cluster.hosts:
            self.cluster.cli(["uncordon", host.name], check=False)
        files = [path.name for path in self.repository.folder.glob("*.yaml") if path.name != "web.yaml"]
        self.converge(self.repository.commit(dict.fromkeys(files)))

    def node(self, name):
        return next(item for item in self.cluster.items("nodes") if item["metadata"]["name"] == name)

    def pods_on(self, name):
        return sorted(pod["metadata"]["name"] for pod in self.cluster.items("pods")
                      if pod["spec"].get("nodeName") == name and "deletionTimestamp" not in pod["metadata"])

    def busiest(self):
        """Earlier tests have left pods here or there."""
        return max((host.name for host in self.cluster.hosts), key=lambda name: len(self.pods_on(name)))

    def place_of(self, name):
        return next((pod["spec"].get("nodeName") for pod in self.cluster.items("pods") if pod["metadata"]["name"] == name), None)

    def test_a_cordoned_host_keeps_its_pods_and_takes_no_more(self):
        name = self.busiest()
        before = self.pods_on(name)
        self.cluster.cli(["cordon", name, "--reason", "its disk is noisy"])
        self.assertIn("SchedulingDisabled", self.cluster.cli(["get", "nodes"]).stdout)
        cordon = self.node(name)["status"]["cordon"]
        self.assertEqual(cordon["reason"], "its disk is noisy")
        self.assertTrue(cordon["by"] and cordon["at"])
        again = self.cluster.cli(["cordon", name])  # no failure, as with kubectl
        self.assertRegex(again.stdout, "is cordoned already, by .*its disk is noisy")
        # Told is told: a report of the agent or another controller does not take it back.
        self.cluster.controller_on.kill("controller")
        self.cluster.start_controller(*self.CONTROLLER_FLAGS)
        self.converge(self.repository.commit({"web.yaml": deployment("web", 9)}))
        self.assertEqual(self.pods_on(name), before)
        self.cluster.cli(["uncordon", name])
        self.converge(self.repository.commit({"web.yaml": deployment("web", 15)}))
        self.assertGreater(len(self.pods_on(name)), len(before))
        self.assertIn("is not cordoned", self.cluster.cli(["uncordon", name]).stdout)
        self.converge(self.repository.commit({"web.yaml": deployment("web", 6)}))

    def test_a_drained_host_is_empty_and_its_pods_are_elsewhere(self):
        self.converge(self.repository.commit({"budget.yaml": BUDGET % 5}))
        name = self.busiest()
        before = self.cluster.containers()
        done = self.cluster.cli(["drain", name, "--timeout", "2m", "--reason", "kernel update"])
        self.assertIn(f"Drained: node {name} has no pods left", done.stdout)
        self.assertEqual(self.pods_on(name), [])
        self.assertEqual([key for key in self.cluster.containers() if key.startswith(f"{name}/")], [])
        self.assertNotIn("drain", self.node(name)["status"])
        self.converge()
        after = self.cluster.containers()
        kept = {key: ids for key, ids in before.items() if not key.startswith(f"{name}/")}
        self.assertEqual({key: after.get(key) for key in kept}, kept, "what runs elsewhere goes on")
        events = self.cluster.cli(["events"]).stdout
        self.assertIn(f"Node {name} is drained", events)

    def test_a_budget_blocks_a_drain_which_says_so_and_gives_up(self):
        self.converge(self.repository.commit({"budget.yaml": BUDGET % 6}))
        before = self.cluster.containers()
        node = self.busiest()
        done = self.cluster.cli(["drain", node, "--timeout", "3s"], check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"node {node} was not drained in time: the drain gave up; these are still there:", done.stderr)
        self.assertIn(f"It stays cordoned, and takes no pods until `reconcile uncordon {node}`", done.stderr)
        self.assertIn("it would violate PodDisruptionBudget web, which needs 6 ready pods and has 6", done.stderr)
        self.same_containers(before, "nothing is taken away")
        self.assertIn("DrainTimedOut", self.cluster.cli(["events"]).stdout)
        budget = self.cluster.items("poddisruptionbudgets")[0]["status"]
        self.assertEqual((budget["disruptionsAllowed"], budget["expectedPods"]), (0, 6))

    def test_a_bare_pod_is_asked_for_and_comes_back_elsewhere(self):
        bare = ("apiVersion: v1\nkind: Pod\nmetadata: {name: bare}\nspec:\n  terminationGracePeriodSeconds: 1\n  containers:\n"
                "  - {name: main, image: 'test/busybox:1', imagePullPolicy: IfNotPresent, command: [sleep, '100000']}\n")
        self.converge(self.repository.commit({"bare.yaml": bare}))
        on = self.place_of("bare")
        before = self.cluster.containers()
        refused = self.cluster.cli(["drain", on], check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("cannot delete Pods that declare no controller (use --force to override): default/bare", refused.stderr)
        self.same_containers(before, "nothing is changed")
        self.assertNotIn("cordon", self.node(on)["status"])
        self.cluster.cli(["drain", on, "--force", "--timeout", "2m"])
        eventually("it is made anew elsewhere", lambda: self.place_of("bare") not in (None, on))
        self.converge()

    def test_a_noexecute_taint_from_git_clears_a_host(self):
        began = time.time()
        self.converge(self.repository.commit({"node.yaml": NODE % "host-1"}))
        eventually("host-1 is empty", lambda: self.pods_on("host-1") == [])
        taint = self.node("host-1")["spec"]["taints"][0]
        self.assertEqual((taint["key"], taint["effect"]), ("gone", "NoExecute"))
        self.assertGreaterEqual(taint["timeAdded"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began - 2)))
        pending = deployment("only", 1).replace("    spec:\n", "    spec:\n      nodeSelector: {kubernetes.io/hostname: host-1}\n")
        self.repository.commit({"only.yaml": pending})

        def refused():
            said = json.dumps(self.cluster.items("pods"))
            return "host-1: node(s) had untolerated taint {gone: }" in said

        eventually("the scheduler says why", refused)


if __name__ == "__main__":
    unittest.main(verbosity=2)
