#!/usr/bin/env python3
"""Hosts that are short of disk or memory, with real file systems and real programs."""
import json
import unittest

from harness import Host, HostTest
from hosts.cluster import NO_PRESSURE
from hosts.system import eventually, run

LIMIT_S = 60  # the agent looks every 10 s
DISK = """node:
  evictionHard: {memory.available: 0, nodefs.available: "10%", imagefs.available: "15%", pid.available: 0}
  evictionPressureTransitionSeconds: 0
  imageGCHighThresholdPercent: 100
"""
MEMORY = NO_PRESSURE.replace("memory.available: 0", 'memory.available: "99%"')


def pod(name, command, volume=None):
    container = {"name": "main", "image": "test/busybox:1", "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", command]}
    spec = {"terminationGracePeriodSeconds": 600, "containers": [container]}
    if volume:
        container["volumeMounts"] = [{"name": "v", "mountPath": volume}]
        spec["volumes"] = [{"name": "v", "emptyDir": {}}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


class PressureTest(HostTest):

    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.stop)
        self.addCleanup(self.print_logs)
        # The engine's root and the agent's folder, each on a small file system; the database is elsewhere.
        (self.host.folder / "data").mkdir(mode=0o700)
        for folder, size in (("docker", "100m"), ("data/agent", "32m")):
            (self.host.folder / folder).mkdir(mode=0o700)
            self.mount(self.host.folder / folder, size)
        self.host.start()

    def mount(self, folder, size):
        run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", str(folder)])

    def commit(self, *pods):
        self.host.commit({"all.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": list(pods)})})

    def node(self):
        return json.loads(self.host.cli(["get", "nodes", "-o", "json"]).stdout)["items"][0]

    def condition(self, kind):
        return {c["type"]: c["status"] for c in self.node()["status"]["conditions"]}.get(kind)

    def pod_status(self, name):
        found = [p["status"] for p in self.host.pods() if p["metadata"]["name"] == name]
        return found[0] if found else {}

    def is_evicted(self, name):
        status = self.pod_status(name)
        return status.get("phase") == "Failed" and status.get("reason") == "Evicted"

    def id_of(self, name):
        return self.host.containers()[f"default/{name}/main"]

    def events(self):
        return {event["reason"] for event in json.loads(self.host.cli(["get", "events", "-A", "-o", "json"]).stdout)["items"]}

    def sh(self, name, command):
        return self.host.docker(["exec", self.id_of(name)[0], "sh", "-c", command], check=False)

    def test_faults_line42_a_full_disk_ends_what_filled_it_and_nothing_else(self):
        self.host.config = DISK
        pods = [pod("steady", "sleep 100000"), pod("fills-volume", "sleep 100000", "/v"), pod("fills-layer", "sleep 100000")]
        self.commit(*pods)
        self.host.start_reconcile()
        self.host.converge()
        self.assertEqual(self.condition("DiskPressure"), "False")
        steady = self.id_of("steady")
        volume = next((self.host.folder / "data/agent/pods").glob("*/volumes/v"))
        # To its last byte: until something goes, the agent cannot write any more.
        self.sh("fills-volume", "dd if=/dev/zero of=/v/x bs=65536 2>/dev/null")
        eventually("the node says so", lambda: self.condition("DiskPressure") == "True", LIMIT_S)
        self.assertIn("Ready,DiskPressure", self.host.cli(["get", "nodes"]).stdout)
        eventually("what filled the volume is evicted", lambda: self.is_evicted("fills-volume"), LIMIT_S)
        self.assertIn("The node was low on resource: ephemeral-storage. Threshold quantity: ", self.pod_status("fills-volume")["message"])
        eventually("its disk is given back", lambda: not volume.exists(), LIMIT_S)
        self.sh("fills-layer", "dd if=/dev/zero of=/x bs=1048576 count=88 2>/dev/null")
        self.commit(*pods, pod("late", "sleep 100000"))
        eventually("what filled its layer is evicted", lambda: self.is_evicted("fills-layer"), LIMIT_S)
        eventually("the host is relieved", lambda: self.condition("DiskPressure") == "False", LIMIT_S)
        eventually("it takes pods again", lambda: self.pod_status("late").get("phase") == "Running", LIMIT_S)
        self.assertEqual(self.id_of("steady"), steady)
        self.assertIsNone(self.host.reconcile.poll(), "the agent is alive")
        self.assertEqual(self.condition("Ready"), "True")
        self.assertLessEqual({"NodeHasDiskPressure", "NodeHasNoDiskPressure", "EvictionThresholdMet", "Evicted"}, self.events())

    def test_memory_is_taken_from_the_pod_that_has_most(self):
        self.commit(pod("modest", "sleep 100000"), pod("eater", "x=$(head -c 30000000 /dev/zero | tr '\\0' x); echo full; sleep 100000; : $x"))
        self.host.start_reconcile()
        self.host.converge()
        eventually("the eater has eaten", lambda: "full" in self.host.docker(["logs", self.id_of("eater")[0]]).stdout, LIMIT_S)
        self.host.kill_reconcile()
        self.host.config = MEMORY
        self.host.start_reconcile()
        eventually("the pod that has most is evicted", lambda: self.is_evicted("eater"), LIMIT_S)
        self.assertRegex(self.pod_status("eater")["message"],
                         r"^The node was low on resource: memory\. Threshold quantity: .* Container main was using \d+Mi, request is 0, ")
        self.assertEqual(self.condition("MemoryPressure"), "True")
        self.assertFalse(self.is_evicted("modest"), "one at a time")


if __name__ == "__main__":
    unittest.main()
