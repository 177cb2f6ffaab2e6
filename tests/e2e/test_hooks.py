#!/usr/bin/env python3
"""Lifecycle hooks on a real engine: beside their program, and when the agent or the engine ends amid one."""
import json
import unittest

from harness import HostTest
from hosts.system import eventually

WWW = "/tmp/www/cgi-bin"
# Writes down what happens to it; answers /cgi-bin/leave, which is written down too.
PROGRAM = (f"mkdir -p {WWW}; printf '#!/bin/sh\\necho asked >> /shared/NAME\\nprintf \"Content-type: text/plain\\\\r\\\\n\\\\r\\\\nok\"\\n' > {WWW}/leave; "
           f"busybox chmod +x {WWW}/leave; httpd -p 8080 -h /tmp/www; echo program >> /shared/NAME; "
           "trap 'echo signal >> /shared/NAME; exit 0' TERM; while true; do sleep 1 & wait; done")


def shell(script):
    return {"exec": {"command": ["sh", "-c", script]}}


class HooksTest(HostTest):
    def pod(self, name, grace=20, policy="Always", **lifecycle):
        folder = self.host.folder / "shared"
        folder.mkdir(exist_ok=True)
        return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
            "restartPolicy": policy, "terminationGracePeriodSeconds": grace,
            "containers": [{"name": "main", "image": "test/busybox:1", "command": ["sh", "-c", PROGRAM.replace("NAME", name)],
                            "volumeMounts": [{"name": "shared", "mountPath": "/shared"}], "lifecycle": lifecycle}],
            "volumes": [{"name": "shared", "hostPath": {"path": str(folder)}}]}})

    def start(self, **manifests):
        # Much of it goes at once: what is asked here is not the deletion breaker.
        settings = self.host.folder / "settings.yaml"
        settings.write_text("deletionBreaker: {maxPercent: 100, maxObjects: 1000}\n", encoding="utf-8")
        self.host.flags = ["--config", settings]
        self.host.commit({f"{name}.yaml": text for name, text in manifests.items()})
        self.host.start_reconcile()

    def written(self, name):
        path = self.host.folder / "shared" / name
        return path.read_text(encoding="utf-8").split() if path.exists() else []

    def status(self, name):
        statuses = [pod["status"].get("containerStatuses", []) for pod in self.host.pods() if pod["metadata"]["name"] == name]
        assert statuses and statuses[0], f"nothing is told of {name} yet"
        return statuses[0][0]

    def ready(self, name):
        eventually(f"{name} is ready", lambda: self.status(name)["ready"], 60)

    def remove(self, *names):
        self.host.commit({f"{name}.yaml": None for name in names})

    def gone(self, *names):
        eventually(f"{names} are gone", lambda: not {pod["metadata"]["name"] for pod in self.host.pods()} & set(names), 60)

    def test_they_run_beside_their_program(self):
        self.start(commands=self.pod("commands", postStart=shell("sleep 2; echo begun >> /shared/commands"),
                                     preStop=shell("echo leaving >> /shared/commands; sleep 2; echo left >> /shared/commands")),
                   asks=self.pod("asks", preStop={"httpGet": {"path": "/cgi-bin/leave", "port": 8080}}),
                   hangs=self.pod("hangs", grace=3, preStop=shell("echo hangs >> /shared/hangs; sleep 100000")),
                   fails=self.pod("fails", policy="Never", postStart=shell("echo swordfish; exit 7"), preStop=shell("echo left >> /shared/fails")),
                   stays=self.pod("stays"))
        eventually("its program runs", lambda: self.written("commands") == ["program"])
        self.assertFalse(self.status("commands")["ready"])
        for name in ("commands", "asks", "hangs", "stays"):
            self.ready(name)
        self.assertEqual(self.written("commands"), ["program", "begun"])
        eventually("it was stopped for its hook", lambda: self.status("fails")["state"].get("terminated"))
        self.assertEqual([word for word in self.written("fails") if word != "program"], ["left", "signal"])
        self.remove("commands", "asks", "hangs")
        self.gone("commands", "asks", "hangs")
        self.assertEqual(self.written("commands"), ["program", "begun", "leaving", "left", "signal"])
        self.assertEqual(self.written("asks"), ["program", "asked", "signal"])
        self.assertEqual(self.written("hangs"), ["program", "hangs", "signal"], "its signal comes when its grace is over")
        events = self.host.cli(["events"]).stdout
        self.assertIn("PostStartHook failed: container main: its command ended with exit code 7", events)
        self.assertIn("PreStopHook failed: container main: it did not end within the grace period", events)
        self.assertNotIn("swordfish", events)
        self.assertEqual(self.written("stays"), ["program"])

    def test_an_agent_or_engine_that_ends_amid_one_leaves_nothing_undone(self):
        self.start(begins=self.pod("begins", postStart=shell("echo begins >> /shared/begins; while ! cat /shared/go; do sleep 1; done")),
                   leaves=self.pod("leaves", preStop=shell("echo leaving >> /shared/leaves; sleep 5")), stays=self.pod("stays"))
        eventually("its hook has begun", lambda: "begins" in self.written("begins"))
        self.ready("leaves")
        before = self.host.containers()
        self.again_agent()
        eventually("it is run again", lambda: self.written("begins").count("begins") == 2)
        self.host.kill_dockerd()
        self.host.start_dockerd()
        eventually("it is run once more", lambda: self.written("begins").count("begins") == 3, 60)
        self.assertFalse(self.status("begins")["ready"])
        (self.host.folder / "shared" / "go").write_text("now\n", encoding="utf-8")
        self.ready("begins")
        self.again_agent()
        self.host.converge()
        self.assertEqual(self.written("begins").count("begins"), 3, "it has ended")
        self.assertEqual(self.host.containers(), before, "no container was touched")
        self.remove("leaves")
        eventually("its hook has begun", lambda: "leaving" in self.written("leaves"))
        self.again_agent()
        self.host.kill_dockerd()
        self.host.start_dockerd()
        self.gone("leaves")
        self.assertEqual(self.written("leaves")[-1], "signal", "it was asked to end, and not killed")
        self.assertNotIn("FailedPreStopHook", self.host.cli(["events"]).stdout)

    def again_agent(self):
        self.host.kill_reconcile()
        self.host.start_reconcile()


if __name__ == "__main__":
    unittest.main(verbosity=2)
