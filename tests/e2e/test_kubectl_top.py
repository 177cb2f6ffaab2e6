#!/usr/bin/env python3
"""What hosts and pods use, as kubectl top and `reconcile top` show it: on a real engine, against what programs do."""
import json
import os
import re
import subprocess
import time
import unittest
from pathlib import Path

from harness import HostTest
from hosts.system import eventually, run
from kubectl.client import skip_or_fail
from kubectl.client import versions as stock

MEBIBYTES_HELD = 50


def versions():
    return [version.path for version in stock()]


# Two loops: on a machine that others use too, the container gets its part of it.
POD = """apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{job: {name}}}}}
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{{name: held, emptyDir: {{medium: Memory}}}}]
  containers:
  - name: app
    image: 'test/busybox:1'
    command: [sh, -c, '{command}']
    volumeMounts: [{{name: held, mountPath: /held}}]
"""
MANIFESTS = {
    "busy.yaml": POD.format(name="busy", command="(while :; do :; done) & while :; do :; done"),
    "holder.yaml": POD.format(name="holder", command=f"dd if=/dev/zero of=/held/bytes bs=1M count={MEBIBYTES_HELD} && sleep 100000"),
    "pair.yaml": POD.format(name="pair", command="sleep 100000") + "  - {name: second, image: 'test/busybox:1', command: [sleep, '100000']}\n",
}
METRICS = "/apis/metrics.k8s.io/v1beta1"


class KubectlTopTest(HostTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        skip_or_fail(cls)

    def setUp(self):
        super().setUp()
        self.host.commit(MANIFESTS)
        self.host.start_reconcile()
        self.host.converge()
        eventually("all pods have told what they use", lambda: len(self.metrics("pods")) == 3 and self.metrics("nodes"), 120)

    def kubectl(self, binary, *words, code=0):
        command = ["nsenter", f"--net=/run/netns/{self.host.name}", binary, "--kubeconfig", str(self.host.folder / "data/kubeconfig"),
                   "--cache-dir", str(self.host.folder / "cache" / os.path.basename(binary)), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                              env=dict(os.environ, HOME=str(self.host.folder), NO_PROXY="*"))
        self.assertEqual(done.returncode, code, f"{binary} {words}: {done.stdout}{done.stderr}")
        return done.stdout + (done.stderr if code else "")

    def metrics(self, what):
        return json.loads(run(["curl", "-s", "--unix-socket", self.host.socket, f"http://localhost{METRICS}/{what}"]).stdout)["items"]

    def lines(self, text):
        """First word of each line -> the others."""
        return {line.split()[0]: line.split()[1:] for line in text.splitlines()[1:]}

    def test_it_shows_what_programs_use(self):
        with self.subTest("what is held and what is busy"):
            self.check_amounts()
        for binary in versions():
            with self.subTest(binary=os.path.basename(binary)):
                self.check_top(binary)
                self.check_node(binary)
        with self.subTest("reconcile top"):
            self.check_own_command()
        with self.subTest("the course"):
            self.check_course()

    def cpu_seconds(self, pod):
        """What the kernel counted for its container: cgroup v1 or v2."""
        pid = json.loads(self.host.docker(["inspect"] + self.host.containers()[f"default/{pod}/app"]).stdout)[0]["State"]["Pid"]
        groups = [line.split(":", 2) for line in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines()]
        for _, controllers, path in groups:
            if "cpuacct" in controllers.split(","):
                return int(Path(f"/sys/fs/cgroup/cpuacct{path}/cpuacct.usage").read_text(encoding="utf-8")) / 1e9
        stat = Path(f"/sys/fs/cgroup{groups[-1][2]}/cpu.stat").read_text(encoding="utf-8")
        return int(re.search(r"usage_usec (\d+)", stat).group(1)) / 1e6

    def check_amounts(self):
        """More than half a core; where others leave the container less, more than half of what the kernel gave it."""
        began, used = time.monotonic(), self.cpu_seconds("busy")

        def is_busy():
            pods = self.lines(self.kubectl(versions()[0], "top", "pods"))
            given = 1000 * (self.cpu_seconds("busy") - used) / max(time.monotonic() - began, 1)
            assert int(pods["busy"][0].removesuffix("m")) > min(500, given / 2), (pods, given)
            return True

        eventually("the busy container is seen to be busy", is_busy, 120)
        pods = self.lines(self.kubectl(versions()[0], "top", "pods"))
        self.assertAlmostEqual(int(pods["holder"][1].removesuffix("Mi")), MEBIBYTES_HELD, delta=MEBIBYTES_HELD // 10)
        self.assertLess(int(pods["pair"][0].removesuffix("m")), 50)
        self.assertLess(int(pods["pair"][1].removesuffix("Mi")), 10)

    def check_top(self, binary):
        pods = self.kubectl(binary, "top", "pods")
        self.assertRegex(pods, r"NAME +CPU\(cores\) +MEMORY\(bytes\)")
        self.assertEqual(sorted(self.lines(pods)), ["busy", "holder", "pair"])
        self.assertRegex(self.kubectl(binary, "top", "nodes"), r"NAME +CPU\(cores\) .*MEMORY\(bytes\)[^\n]*\nhost-1 +\d+m +\d+% +\d+Mi +\d+%")
        self.assertEqual(list(self.lines(self.kubectl(binary, "top", "pods", "-l", "job=holder"))), ["holder"])
        self.assertEqual(list(self.lines(self.kubectl(binary, "top", "pod", "busy"))), ["busy"])
        self.assertRegex(self.kubectl(binary, "top", "pods", "-A"), r"NAMESPACE +NAME[\s\S]*default +holder")
        self.assertEqual(list(self.lines(self.kubectl(binary, "top", "pods", "--sort-by=cpu")))[0], "busy")
        self.assertEqual(list(self.lines(self.kubectl(binary, "top", "pods", "--sort-by=memory")))[0], "holder")
        containers = self.kubectl(binary, "top", "pods", "--containers")
        self.assertRegex(containers, r"POD +NAME +CPU")
        self.assertRegex(containers, r"pair +app [\s\S]*pair +second |pair +second [\s\S]*pair +app ")
        self.assertRegex(self.kubectl(binary, "get", "--raw", f"{METRICS}/nodes/host-1"), r'"kind":"NodeMetrics"')
        self.assertRegex(self.kubectl(binary, "get", "pods.metrics.k8s.io"), r"NAME +CPU +MEMORY +WINDOW\s+busy")
        self.assertRegex(self.kubectl(binary, "api-resources", "--api-group=metrics.k8s.io"), r"nodes[\s\S]*pods")
        self.assertIn("NotFound", self.kubectl(binary, "top", "pod", "none", code=1))

    def check_node(self, binary):
        text = self.kubectl(binary, "describe", "node", "host-1")
        self.assertRegex(text, r"Roles: +control-plane\n")
        for label in ("kubernetes.io/hostname=host-1", "kubernetes.io/os=linux", "kubernetes.io/arch="):
            self.assertIn(label, text)
        self.assertRegex(text, r"Lease:\s+HolderIdentity: +host-1\s+AcquireTime: +\S+\s+RenewTime: +\w{3}, \d\d \w{3} 20\d\d")
        self.assertNotIn("0001", text)
        ready = next(line for line in text.splitlines() if re.match(r" +Ready +True", line))
        self.assertEqual(len(re.findall(r"\w{3}, \d\d \w{3} 20\d\d", ready)), 2, ready)
        self.assertRegex(text, r"Allocated resources:[\s\S]*cpu +0 \(0%\)")
        self.assertRegex(self.kubectl(binary, "get", "nodes"), r"host-1 +Ready +control-plane ")
        self.assertRegex(self.kubectl(binary, "get", "leases", "-n", "kube-node-lease"), r"host-1 +host-1")

    def check_own_command(self):
        self.assertRegex(self.host.cli(["top", "nodes"]).stdout, r"NAME +CPU\(cores\) +CPU% +MEMORY\(bytes\) +MEMORY%\nhost-1 +\d+m +\d+% +\d+Mi +\d+%\n")
        pods = self.host.cli(["top", "pods", "--sort-by", "memory"]).stdout
        self.assertRegex(pods, r"NAME +CPU\(cores\) +MEMORY\(bytes\)\nholder ")
        self.assertEqual(list(self.lines(self.host.cli(["top", "pods", "-A", "-l", "job=busy"]).stdout)), ["default"])
        self.assertRegex(self.host.cli(["top", "pod", "pair", "--containers"]).stdout, r"pair +app .*\npair +second ")
        refused = self.host.cli(["top", "pod", "none"], check=False)
        self.assertEqual(refused.returncode, 4, refused.stderr)

    def check_course(self):
        path = "/apis/reconcile.dev/v1/usage?series=true&namespace=default&pod=busy"
        usage = json.loads(run(["curl", "-s", "--unix-socket", self.host.socket, f"http://localhost{path}"]).stdout)
        fine, coarse = usage["pods"][0]["series"]
        self.assertEqual([fine["stepSeconds"], coarse["stepSeconds"]], [15, 60])
        self.assertGreater(max(point[0] for point in fine["points"] if point), 20_000)


if __name__ == "__main__":
    unittest.main()
