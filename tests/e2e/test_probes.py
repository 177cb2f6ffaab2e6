#!/usr/bin/env python3
"""What probes make of containers, on a real engine. Programs are ill while the test says so: a file in them decides."""
import base64
import json
import struct
import unittest

from harness import HostTest
from hosts.system import eventually

# Serves "ok" at /ok while the file is there; listens on 8080 from the beginning.
SERVER = "mkdir -p /tmp/www; echo ok > /tmp/www/ok; exec httpd -f -p 8080 -h /tmp/www"
HTTP = {"httpGet": {"path": "/ok", "port": "web"}, "periodSeconds": 1}
TCP = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}
EXEC = {"exec": {"command": ["cat", "/tmp/www/ok"]}, "periodSeconds": 1}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
           "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}}


def grpc_reply(serving):
    """What a gRPC server says on the first stream of a connection to a health check: HTTP/2 by hand (RFC 9113, RFC 7541)."""
    def frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    def field(name, value):
        return bytes([0, len(name)]) + name + bytes([len(value)]) + value
    message = bytes([8, 1 if serving else 2])  # HealthCheckResponse.status
    return (frame(4, 0, 0, b"") + frame(1, 4, 1, b"\x88" + field(b"content-type", b"application/grpc"))
            + frame(0, 0, 1, struct.pack(">BI", 0, len(message)) + message) + frame(1, 5, 1, field(b"grpc-status", b"0")))


def grpc_server():
    """Answers each connection with /tmp/reply, once the beginning of its request is there."""
    def write(name, content):
        return f"echo {base64.b64encode(content).decode()} | base64 -d > /tmp/{name}"
    return "; ".join([write("serving", grpc_reply(True)), write("ill", grpc_reply(False)), "cat /tmp/serving > /tmp/reply",
                      "echo 'head -c 24 > /tmp/asked; cat /tmp/reply; sleep 1' > /tmp/answer", "exec nc -ll -p 50051 -e sh /tmp/answer"])


def pod(name, command=SERVER, policy="Always", **probes):
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}}, "spec": {
        "terminationGracePeriodSeconds": 1, "restartPolicy": policy,
        "containers": [dict({"name": "main", "image": "test/busybox:1", "command": ["sh", "-c", command],
                             "ports": [{"name": "web", "containerPort": 8080}]}, **probes)]}})


class ProbesTest(HostTest):
    def start(self, **manifests):
        self.host.commit({f"{name.replace('_', '-')}.yaml": text for name, text in manifests.items()})
        self.host.start_reconcile()

    def status(self, name):
        statuses = [item["status"].get("containerStatuses", []) for item in self.host.pods() if item["metadata"]["name"] == name]
        assert statuses and statuses[0], f"nothing is told of {name} yet"
        return statuses[0][0]

    def ready(self, name):
        return name in [item["metadata"]["name"] for item in self.host.ready_pods()]

    def become(self, name, ready, deadline_s=30):
        def is_so():
            assert self.ready(name) == ready, self.status(name)
            return True
        eventually(f"{name} is {'ready' if ready else 'not ready'}", is_so, deadline_s)

    def container(self, name):
        (found,) = self.host.containers()[f"default/{name}/main"]
        return found

    def sh(self, name, script):
        return self.host.docker(["exec", self.container(name), "sh", "-c", script])

    def make_ill(self, name):
        self.sh(name, "busybox mv /tmp/www/ok /tmp/ok")

    def heal(self, name):
        self.sh(name, "busybox mv /tmp/ok /tmp/www/ok")

    def restarted(self, name, of):
        def is_another():
            ids = self.host.containers().get(f"default/{name}/main", [])
            assert len(ids) == 1 and ids[0] != of, ids
            assert self.status(name)["restartCount"] == 1, self.status(name)
            return True
        eventually(f"{name} was restarted", is_another, 40)

    def test_readiness_takes_a_pod_out_of_its_service_and_back(self):
        self.start(web=pod("web", readinessProbe=HTTP), service=json.dumps(SERVICE))
        self.become("web", True)
        address = eventually("the Service has an address", lambda: self.service_address())
        eventually("it answers", lambda: self.host.http(address, 80, "/ok").strip() == "ok")
        first = self.container("web")
        self.make_ill("web")
        self.become("web", False)
        eventually("nobody answers", lambda: self.refused(address))
        self.assertIn("Readiness probe failed: HTTP probe failed with statuscode: 404", self.host.cli(["events"]).stdout)
        self.heal("web")
        self.become("web", True)
        eventually("it answers again", lambda: self.host.http(address, 80, "/ok").strip() == "ok")
        self.assertEqual(self.container("web"), first, "nothing is restarted for it")

    def service_address(self):
        items = json.loads(self.host.cli(["get", "services", "-o", "json"]).stdout)["items"]
        return next((item["spec"].get("clusterIP") for item in items if item["metadata"]["name"] == "web"), None)

    def refused(self, address):
        return self.host.netns(["curl", "-s", "-m", "2", f"http://{address}/ok"], check=False).returncode == 7

    def test_failed_liveness_restarts_whatever_asks(self):
        apart = SERVER.replace("exec httpd -f", "httpd") + "; exec sleep 100000"
        self.start(http=pod("http", livenessProbe=HTTP), tcp=pod("tcp", apart, livenessProbe=TCP),
                   command=pod("command", livenessProbe=EXEC), well=pod("well", livenessProbe=EXEC, readinessProbe=TCP))
        names = ("http", "tcp", "command")
        for name in (*names, "well"):
            self.become(name, True)
        before = {name: self.container(name) for name in (*names, "well")}
        self.make_ill("http")
        self.make_ill("command")
        eventually("it listens", lambda: self.sh("tcp", "busybox killall httpd").returncode == 0)
        for name in names:
            self.restarted(name, before[name])
            self.assertEqual(self.status(name)["lastState"]["terminated"]["containerID"], f"docker://{before[name]}")
        self.assertEqual(self.container("well"), before["well"])
        events = self.host.cli(["events"]).stdout
        self.assertIn("Container http failed liveness probe, will be restarted".replace("http", "main"), events)
        self.assertIn("Liveness probe failed: ", events)

    def test_grpc_health_makes_ready_and_restarts(self):
        health = {"grpc": {"port": 50051, "service": "shop"}, "periodSeconds": 1, "timeoutSeconds": 2}
        self.start(ready=pod("ready", grpc_server(), readinessProbe=health),
                   live=pod("live", grpc_server(), startupProbe=dict(health, failureThreshold=30), livenessProbe=health))
        for name in ("ready", "live"):
            self.become(name, True)
        first, before = self.container("ready"), self.container("live")
        self.assertEqual(self.sh("ready", "cat /tmp/asked").stdout[:14], "PRI * HTTP/2.0")
        for name in ("ready", "live"):
            self.sh(name, "busybox cp /tmp/ill /tmp/reply")
        self.become("ready", False)
        self.restarted("live", before)
        self.assertIn('service unhealthy (responded with "NOT_SERVING")', self.host.cli(["events"]).stdout)
        self.sh("ready", "busybox cp /tmp/serving /tmp/reply")
        self.become("ready", True)
        self.become("live", True)
        self.assertEqual(self.container("ready"), first, "nothing is restarted for it")

    def test_a_startup_probe_holds_the_others_and_gives_time(self):
        slow = "sleep 6; " + SERVER
        startup = {"httpGet": {"path": "/ok", "port": 8080}, "periodSeconds": 1, "failureThreshold": 30}
        strict = dict(TCP, failureThreshold=1)
        self.start(slow=pod("slow", slow, startupProbe=startup, livenessProbe=strict, readinessProbe=HTTP),
                   never=pod("never", "sleep 100000", startupProbe=dict(startup, failureThreshold=3)))
        eventually("it runs", lambda: self.status("slow")["state"].get("running"))
        self.assertFalse(self.status("slow")["started"])
        self.become("slow", True)
        self.assertEqual(self.status("slow")["restartCount"], 0, "liveness was not asked before")
        eventually("the other was restarted", lambda: self.status("never")["restartCount"] >= 1, 40)
        self.assertIn("Container main failed startup probe, will be restarted", self.host.cli(["events"]).stdout)

    def test_a_pod_that_is_not_restarted_fails(self):
        self.start(once=pod("once", "sleep 100000", "Never", livenessProbe=TCP))

        def failed():
            return "Failed" in [item["status"]["phase"] for item in self.host.pods() if item["metadata"]["name"] == "once"]
        eventually("it failed", failed, 40)
        self.assertEqual(self.host.containers(), {})

    def test_a_restart_of_the_agent_makes_nothing_unready(self):
        # Its first probe after a restart comes within a minute: what was known holds until then.
        seldom = {"httpGet": {"path": "/ok", "port": 8080}, "periodSeconds": 60}
        quick = dict(seldom, periodSeconds=1)
        self.start(web=pod("web", startupProbe=quick, readinessProbe=seldom))
        self.become("web", True, 70)
        first = self.container("web")
        found = next(item for item in self.host.pods() if item["metadata"]["name"] == "web")
        since = {c["type"]: c["lastTransitionTime"] for c in found["status"]["conditions"]}
        self.host.kill_reconcile()
        self.host.start_reconcile()
        self.host.converge()
        self.assertTrue(self.ready("web"))
        found = next(item for item in self.host.pods() if item["metadata"]["name"] == "web")
        self.assertEqual({c["type"]: c["lastTransitionTime"] for c in found["status"]["conditions"]}, since)
        self.assertEqual(self.container("web"), first)
        self.assertTrue(self.status("web")["started"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
