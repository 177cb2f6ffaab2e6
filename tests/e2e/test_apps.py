#!/usr/bin/env python3
"""Three applications as people have them, on three hosts side by side: they come up, outlive the loss of each host in turn, and
are removed without a trace. Their manifests are examples/manifests; the stand-in of examples/stand_in answers for all of their
programs, and the pages say whether everything that they need answers."""
import collections
import os
import re
import time
import unittest

from hosts.cluster import ROOT
from hosts.system import eventually, run
from hosts.testing import ClusterTest

EXAMPLES = ROOT / "examples/manifests"
SETS = ("guestbook", "online-boutique", "voting-app")
PODS = {"guestbook": 6, "boutique": 12, "voting": 5}  # by namespace
VOTE_PORT, RESULT_PORT = 31000, 31001
DEADLINE_S = 120
SOON_S = 60


def manifests():
    return {f"{name}/{path.name}": path.read_text(encoding="utf-8") for name in SETS for path in sorted((EXAMPLES / name).iterdir())}


class AppsTest(ClusterTest):
    @classmethod
    def make_sources(cls):
        # As soon as it goes (docs/operations.md).
        return super().make_sources() + "hosts: {silentAfterSeconds: 3, replaceAfterSeconds: 0}\n"

    @classmethod
    def prepare_machines(cls):
        binary = os.environ.get("RECONCILE_BINARY_FOLDER", ROOT / "build/dev")
        for host in cls.cluster.hosts:
            run([ROOT / "scripts/hello-image", f"{binary}/examples/stand_in/stand-in", host.docker_socket, "reconcile/stand-in:1"])

    def setUp(self):
        super().setUp()
        self.began = time.monotonic()

    def say(self, what):
        print(f"{time.monotonic() - self.began:5.1f} s: {what}", flush=True)

    # ---- what is there ----
    def ready_pods(self):
        """(namespace, name) -> node, of those that are Ready and not on their way out."""
        found = {}
        for pod in self.cluster.items("pods"):
            conditions = {each["type"]: each["status"] for each in pod.get("status", {}).get("conditions", [])}
            if conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]:
                found[pod["metadata"]["namespace"], pod["metadata"]["name"]] = pod["spec"]["nodeName"]
        return found

    def all_ready_on(self, hosts):
        names = {host.name for host in hosts}

        def ready():
            pods = {pod: node for pod, node in self.ready_pods().items() if node in names}
            counts = collections.Counter(namespace for namespace, _ in pods)
            assert counts == PODS, f"Ready on {sorted(names)}: {dict(counts)}"
            return pods

        return eventually(f"all pods are Ready on {sorted(names)}", ready, DEADLINE_S)

    def pages_answer(self, hosts):
        """Each page, asked from outside at each of these hosts, says that all it needs answers."""
        ports = {service["metadata"]["namespace"]: service["spec"]["ports"][0]["nodePort"]
                 for service in self.cluster.items("services") if service["metadata"]["name"] == "frontend" and
                 service["spec"]["type"] == "NodePort"}
        pages = {"guestbook": (ports["guestbook"], 2), "vote": (VOTE_PORT, 1), "result": (RESULT_PORT, 1), "shop": (80, 7)}

        def answered():
            for host in hosts:
                for page, (port, needs) in pages.items():
                    said = self.cluster.controller.http(host.address, port, "/")
                    assert said.count(" answers\n") == needs and "not answer" not in said, f"{page} at {host.name}:{port}: {said!r}"
            return True

        eventually("every page answers at every host", answered, SOON_S)

    def one_of_each(self):
        """What runs is what is declared, each once and where the model has it: no surplus."""
        def same():
            running = {}
            for host in self.cluster.hosts:
                for key, ids in host.containers().items():
                    namespace, pod, container = key.split("/")
                    if container != "POD":  # sandboxes
                        running.setdefault((namespace, pod), []).extend([host.name] * len(ids))
            wanted = {pod: [node] for pod, node in self.ready_pods().items()}
            assert running == wanted, f"runs: {running}, wanted: {wanted}"
            return True

        eventually("each pod runs once", same, SOON_S)

    @staticmethod
    def traces(host):
        """What pods of ours leave on a host while they are there: everything that grows with them."""
        words = {"devices": "ip -br link | cut -d' ' -f1 | cut -d@ -f1 | sort", "routes": "ip -4 route | sort",
                 "neighbours": "ip -4 neigh show nud permanent | sort", "mounts": "cut -d' ' -f2 /proc/self/mounts | grep agent/pods"}
        found = {what: host.execute(["bash", "-c", line], check=False).stdout for what, line in words.items()}
        # Every address and node port in the rules. Chains that lead to one of N endpoints, whosesoever, stay.
        found["rules"] = sorted(set(re.findall(r"\b10(?:\.\d+){3}(?:/\d+)?|\b3[0-2]\d{3}\b", host.execute(["nft", "list", "ruleset"]).stdout)))
        pods = host.disk / "reconcile/agent/pods"
        found["volumes"] = sorted(each.name for each in pods.iterdir()) if pods.exists() else []
        found["containers"] = host.containers(all_states=True)
        return found

    # ---- the losses ----
    def lose_power(self, host):
        host.power_off()
        return lambda: host.reboot(self.cluster.switch)

    def lose_network(self, host):
        """What runs there goes on, and is too much as soon as the host is heard again."""
        self.cluster.switch.cut(host.name)
        return lambda: self.cluster.switch.heal(host.name)

    def lose(self, host, how):
        others = [each for each in self.cluster.hosts if each is not host]
        lost = sorted(pod for pod, node in self.ready_pods().items() if node == host.name)
        self.assertTrue(lost, f"{host.name} runs nothing")
        began = time.monotonic()
        come_back = how(host)
        now = self.all_ready_on(others)
        self.say(f"{host.name} lost with {len(lost)} pods; all are Ready elsewhere after {time.monotonic() - began:.1f} s")
        self.assertFalse(set(lost) & set(now), "replacements have names of their own")
        self.pages_answer(others)
        come_back()
        self.node_is(host.name, True, DEADLINE_S)
        self.converge(deadline_s=DEADLINE_S)
        self.one_of_each()
        self.assertEqual(self.ready_pods(), now, "nothing moves because a host returns")
        self.pages_answer(self.cluster.hosts)
        self.say(f"{host.name} is back, and its surplus gone")

    def test_they_come_up_outlive_each_host_and_are_removed_without_a_trace(self):
        hosts = self.cluster.hosts
        self.addCleanup(self.cluster.switch.heal)
        self.converge()
        before = {host.name: self.traces(host) for host in hosts}
        files = manifests()
        self.converge(self.repository.commit(files, "Three applications"), DEADLINE_S)
        self.all_ready_on(hosts)
        self.one_of_each()
        self.pages_answer(hosts)
        self.say("all three are up")
        for host, how in zip(hosts, (self.lose_power, self.lose_network, self.lose_power)):
            self.lose(host, how)

        emptied = self.repository.commit(dict.fromkeys(files), "Without them")
        held = eventually("a person is asked", lambda: self.cluster.status()["sources"][0]["status"].get("held"))
        self.cluster.cli(["confirm", held["planHash"]])
        self.converge(emptied, DEADLINE_S)
        for kind in ("pods", "replicasets", "deployments", "services", "endpointslices"):
            eventually(f"no {kind} are left", lambda of=kind: not self.cluster.items(of), SOON_S)
        for host in hosts:
            def without_a_trace(at=host):
                now = self.traces(at)
                for what, there in now.items():
                    assert there == before[at.name][what], f"{what} of {at.name}: {there}, before: {before[at.name][what]}"
                return True

            eventually(f"nothing is left on {host.name}", without_a_trace, SOON_S)
        self.say("all three are gone")


if __name__ == "__main__":
    unittest.main(verbosity=2)
