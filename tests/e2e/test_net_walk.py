#!/usr/bin/env python3
"""The classic walk over three hosts, and a steady load while every pod behind a Service is replaced."""
import json
import unittest
from collections import Counter
from pathlib import Path

from hosts.cluster import ROOT
from hosts.system import eventually
from net.asking import dig, is_even
from net.manifests import pod
from net.testing import NetTest

EXAMPLES = ROOT / "examples/manifests"
REQUESTS = 600
STEADY = Path(__file__).resolve().parent / "net/steady.py"
PER_SECOND = 200

MOST, FEWEST = 6, 2  # replicas

# It may be asked when it is ready: when it has answered its probe.
ROLLING = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: rolling}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: rolling}}}}
  template:
    metadata: {{labels: {{app: rolling}}}}
    spec:
      containers:
      - name: hello
        image: reconcile/hello:1
        imagePullPolicy: IfNotPresent
        env: [{{name: GREETING, value: "{greeting}"}}]
        ports: [{{containerPort: 8888}}]
        readinessProbe: {{httpGet: {{path: /, port: 8888}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {{name: rolling}}
spec: {{selector: {{app: rolling}}, ports: [{{port: 80, targetPort: 8888}}]}}
"""


class NetWalkTest(NetTest):

    @classmethod
    def prepare_machines(cls):
        super().prepare_machines()
        cls.import_hello()

    @classmethod
    def first_manifests(cls):
        files = {name: (EXAMPLES / name).read_text(encoding="utf-8") for name in ("my-node.yaml", "frontend.yaml")}
        files["my-node.yaml"] = files["my-node.yaml"].replace("replicas: 2", "replicas: 5")
        files["rolling.yaml"] = ROLLING.format(greeting="Hello", replicas=MOST)
        for number in (1, 2, 3):
            files[f"client-{number}.yaml"] = pod(f"client-{number}", "{app: client}", number, command="sleep 100000")
        # Any host's: by the name alone, as people write it first.
        files["outside.yaml"] = ("apiVersion: v1\nkind: Service\nmetadata: {name: from-outside}\n"
                                 "spec: {type: NodePort, selector: {app: my-node}, ports: [{name: http, port: 8888}]}\n")
        return files

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.converge({"main": cls.repository.head()}, 60)
        pods = cls.find_pods()
        cls.clients = [pods[f"default/client-{number}"] for number in (1, 2, 3)]

    # ---- the walk ----
    def test_dig_gives_the_services_address_for_thirty_seconds(self):
        for where in [*self.clients, *self.hosts]:
            reply = dig(where, "frontend.default.svc.cluster.local")
            self.assertEqual([(record.ttl, record.data) for record in reply.answers], [(30, self.address("frontend"))])

    def counts_from(self, where, url, times):
        """How often each pod said its name."""
        done = where.execute(["curl", "-s", "--max-time", 10, "-H", "Connection: close", f"{url}/?[1-{times}]"])
        return Counter(line.split("from ")[1].split(",")[0] for line in done.stdout.splitlines())

    def test_requests_from_each_host_reach_pods_on_all_hosts_evenly(self):
        pods = self.pods_of("app=my-node")
        self.assertEqual(len(pods), 5)
        self.assertEqual(len({item["spec"]["nodeName"] for item in pods.values()}), 3)
        for client in self.clients:
            for last in (False, True):  # once in a thousand times chance looks uneven
                counts = self.counts_from(client, "http://frontend:8888", REQUESTS)
                self.assertEqual(sum(counts.values()), REQUESTS)
                print(f"{client.host.name}: {dict(counts)}")
                if is_even(counts, list(pods)):
                    break
                self.assertFalse(last, counts)

    def test_the_node_port_is_reached_from_outside_on_every_host(self):
        for host in self.hosts:
            counts = self.counts_from(self.outside, f"http://{host.address}:{self.node_port('from-outside')}", 60)
            self.assertEqual(sum(counts.values()), 60)
            self.assertGreater(len(counts), 2, counts)

    def test_subnet_env_is_right_on_every_host(self):
        nodes = {item["metadata"]["name"]: item for item in self.cluster.items("nodes")}
        subnets = set()
        for host in self.hosts:
            text = (host.disk / "reconcile/subnet.env").read_text(encoding="utf-8")
            cidr = nodes[host.name]["spec"]["podCIDR"]
            subnets.add(cidr)
            # Ethernet's 1500 without what VXLAN puts around a packet.
            self.assertEqual(dict(line.split("=") for line in text.splitlines()),
                             {"FLANNEL_NETWORK": "10.42.0.0/16", "FLANNEL_SUBNET": cidr.replace(".0/24", ".1/24"),
                              "FLANNEL_MTU": "1450", "FLANNEL_IPMASQ": "true"})
            self.assertIn(f"inet {cidr.replace('.0/24', '.1')}/", host.execute(["ip", "addr"]).stdout)
        self.assertEqual(len(subnets), 3)

    # ---- a steady load ----
    def under_load(self, change):
        """What a client on each host says that asks from before the change until after it: no request may fail."""
        stop = self.cluster.home / "stop"
        stop.unlink(missing_ok=True)
        for client in self.clients:
            client.host.processes.pop("steady", None)
            client.host.spawn("steady", ["nsenter", "-t", client.pid, "-n", "--", "python3", STEADY, self.address("rolling"), 80,
                                         PER_SECOND, stop])
        for client in self.clients:
            eventually("it asks", lambda at=client: "begins" in at.host.log_end("steady", 1))
        change()
        stop.touch()
        heard = []
        for client in self.clients:
            process = client.host.processes["steady"]
            eventually("the client ends", lambda ended=process: not ended.alive(), 30)
            said = json.loads(client.host.log_end("steady", 1))
            print(f"{client.host.name}: {said['sent']} requests in {said['seconds']} s to {len(said['pods'])} pods, "
                  f"{len(said['failures'])} failed")
            heard.append(said)
        for said in heard:
            self.assertEqual(said["failures"], [])
            self.assertGreater(said["sent"] / said["seconds"], 0.9 * PER_SECOND, "it kept its pace")
        return heard

    def roll(self, **values):
        self.converge(self.repository.commit({"rolling.yaml": ROLLING.format(**values)}, "Roll"))

    def test_no_request_fails_while_pods_end(self):
        self.addCleanup(self.roll, greeting="Hello", replicas=MOST)
        self.roll(greeting="Hello", replicas=MOST)

        def shrink():
            self.roll(greeting="Hello", replicas=FEWEST)
            eventually("they are gone", lambda: len(self.pods_of("app=rolling")) == FEWEST, 60)

        for said in self.under_load(shrink):
            self.assertGreaterEqual(len(said["pods"]), MOST - 1)

    def test_no_request_fails_while_every_pod_is_replaced(self):
        """A pod gets requests once it has answered its probe: some 0.1 s after its container runs, hello listens."""
        before = set(self.pods_of("app=rolling"))

        def replace():
            for greeting in ("Good day", "Good evening"):
                gone = set(self.pods_of("app=rolling"))
                self.roll(greeting=greeting, replicas=MOST)
                eventually("the pods of before are gone", lambda old=gone: not old & set(self.pods_of("app=rolling")), 60)

        self.assertEqual(len(before), MOST)
        for said in self.under_load(replace):
            self.assertGreaterEqual(len(said["pods"]), 2 * MOST)


if __name__ == "__main__":
    unittest.main(verbosity=2)
