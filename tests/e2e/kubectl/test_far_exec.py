#!/usr/bin/env python3
"""kubectl exec in a pod of a host that has joined over TLS: what is copied, and the host's heartbeats meanwhile."""
import json
import os
import threading
import time
import unittest
from datetime import datetime

from hosts.testing import ClusterTest
from kubectl.client import newest, skip_or_fail

POD = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: app, image: 'test/busybox:1', imagePullPolicy: IfNotPresent, command: [sleep, '100000']}
"""
SIZE = 100 << 20
HEARTBEAT_S = 5  # link/messages.h
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/host-1"


class FarExecTest(ClusterTest):
    COUNT = 1

    @classmethod
    def setUpClass(cls):
        skip_or_fail(cls)
        super().setUpClass()
        cls.kubeconfig = cls.cluster.controller.disk / "kubeconfig"
        cls.cluster.cli(["kubeconfig", "--user", "anna", "--role", "operate", "--output", cls.kubeconfig])

    @classmethod
    def first_manifests(cls):
        return {"web.yaml": POD}

    def renewed(self):
        """When the controller heard the host last, in seconds."""
        lease = self.cluster.controller.execute(["curl", "-s", "--unix-socket", self.cluster.controller.socket, f"http://localhost{LEASE}"])
        return datetime.fromisoformat(json.loads(lease.stdout)["spec"]["renewTime"]).timestamp()

    def kubectl(self, line, *words):
        """A shell's line on the controller's host; $K in it is kubectl with its flags."""
        kubectl = f"{newest().path} --kubeconfig {self.kubeconfig} --cache-dir {self.cluster.controller.disk}/cache"
        return self.cluster.controller.execute(
            ["env", "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true", f"K={kubectl}", "sh", "-ec", line, "sh", *words], timeout=300)

    def test_a_hundred_megabytes_pass_both_ways_over_tls_and_no_heartbeat_is_late(self):
        self.assertIsNotNone(newest(), "no kubectl of 1.30 or newer on this machine")
        self.converge()
        sent, back = self.cluster.controller.disk / "sent", self.cluster.controller.disk / "back"
        with open(sent, "wb") as out:
            for _ in range(SIZE >> 20):
                out.write(os.urandom(1 << 20))
        heard, ended = [], threading.Event()

        def watch():
            while not ended.wait(0.2):
                heard.append(self.renewed())

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            rounds, until = 0, time.monotonic() + 180
            while rounds < 3 or (len(set(heard)) < 3 and time.monotonic() < until):  # several heartbeats, however fast it is
                rounds += 1
                self.kubectl('$K exec -i web -- cat <"$1" >"$2"; cmp "$1" "$2"; rm "$2"', str(sent), str(back))
            done = self.kubectl('$K exec web -- sh -c "exit 3" || echo "it ends with $?"').stdout
        finally:
            ended.set()
            watching.join()
        self.assertIn("it ends with 3", done)
        times = sorted(set(heard))
        self.assertGreaterEqual(len(times), 3, f"too few heartbeats in {rounds} rounds")
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        self.assertLess(max(gaps), 2 * HEARTBEAT_S, f"a heartbeat was left out: {gaps}")
        self.assertNotIn("NodeNotReady", self.cluster.cli(["get", "events", "-A"]).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
