#!/usr/bin/env python3
"""The conformance table: a test for each rule of Services, EndpointSlices and DNS, on the real data plane of three hosts.

A test is named for its section and rule of SEMANTICS. All share one set of hosts and manifests; those that take a pod away take one of
their own."""
import unittest

from hosts.system import eventually
from net.asking import ask, outcome
from net.manifests import OUTSIDE_SERVER, PODS, SERVICES, files
from net.names import NameRules, ServingRules
from net.services import BalancingRules, PolicyRules, TypeRules
from net.slices import SliceRules
from net.testing import NetTest

SERVER = """import http.server
class Who(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"7001 outside {self.client_address[0]}\\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("0.0.0.0", 7001), Who).serve_forever()
"""


class NetRulesTest(TypeRules, BalancingRules, PolicyRules, SliceRules, NameRules, ServingRules, NetTest):

    @classmethod
    def prepare_machines(cls):
        super().prepare_machines()
        cls.cluster.controller.spawn("outside-server", ["python3", "-c", SERVER])

    @classmethod
    def first_manifests(cls):
        return files()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        eventually("every pod runs or is done", cls.all_run)
        cls.pods = cls.find_pods()
        cls.clients = [cls.pods[f"default/client-{i}"] for i in (1, 2, 3)]
        for name in ("web-1", "web-2", "web-3", "udp-a", "udp-b"):
            cls.pods[f"default/{name}"].answer_udp(5353)
        eventually("every server answers", cls.all_serve)
        eventually("every Service is known to every host", cls.all_know)

    @classmethod
    def all_run(cls):
        pods = {item["metadata"]["name"]: item for item in cls.cluster.items("pods")}
        assert sorted(pods) == sorted(PODS), sorted(pods)
        for name, item in pods.items():
            status = item["status"]
            states = status.get("containerStatuses", [])
            started = states and ("running" in states[0]["state"] or "terminated" in states[0]["state"])
            assert started, f"{name}: {status}"
            assert not name.startswith("done-") or status["phase"] in ("Succeeded", "Failed"), f"{name}: {status}"
        return True

    @classmethod
    def all_serve(cls):
        for pod in cls.pods.values():
            if "sleep" not in PODS[pod.name]:
                assert outcome(cls.clients[0], pod.address, 8080) == "answered", pod.name
        return True

    @classmethod
    def all_know(cls):
        assert len([item for item in cls.cluster.items("services") if item["metadata"]["name"] in SERVICES]) == len(SERVICES)
        address = next(item for item in cls.cluster.items("services") if item["metadata"]["name"] == "web")["spec"]["clusterIP"]
        for client in cls.clients:
            ask(client, address, 80)
        return True

    def apply(self, changes, message):
        self.repository.commit(changes, message)
        eventually("a commit is in force", self.in_force)

    def in_force(self):
        source = self.cluster.status()["sources"][0]["status"]
        return source.get("appliedCommit") == self.repository.head()


if __name__ == "__main__":
    unittest.main(verbosity=2)
