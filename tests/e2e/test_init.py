#!/usr/bin/env python3
"""Init containers and sidecars on a real engine: their order, their failures, and what an agent or engine that starts again makes of them."""
import json
import re
import unittest

from harness import HostTest
from hosts.system import eventually

FOREVER = "trap 'exit 0' TERM; while true; do sleep 1 & wait; done"


def container(name, script, **more):
    return dict({"name": name, "image": "test/busybox:1", "command": ["sh", "-c", script]}, **more)


def sidecar(name, script, **more):
    return container(name, script, restartPolicy="Always", **more)


class InitTest(HostTest):
    def shared(self, *containers):
        """The containers with /shared: one folder of the host, that outlives the pod."""
        return [dict(each, volumeMounts=[{"name": "shared", "mountPath": "/shared"}]) for each in containers]

    def pod(self, name, inits, containers, policy="Always", grace=20):
        folder = self.host.folder / "shared"
        folder.mkdir(exist_ok=True)
        return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
            "restartPolicy": policy, "terminationGracePeriodSeconds": grace,
            "initContainers": self.shared(*inits), "containers": self.shared(*containers),
            "volumes": [{"name": "shared", "hostPath": {"path": str(folder)}}]}})

    def written(self, name="order"):
        path = self.host.folder / "shared" / name
        return path.read_text(encoding="utf-8").split() if path.exists() else []

    def status(self, name):
        return next(pod["status"] for pod in self.host.pods() if pod["metadata"]["name"] == name)

    def init_status(self, name, index=0):
        return self.status(name)["initContainerStatuses"][index]

    def word(self, name):
        """STATUS, as `get pods` has it."""
        lines = self.host.cli(["get", "pods"]).stdout.splitlines()
        line = next(line for line in lines if line.split()[0] == name)
        return re.split(r"\s{2,}", line)[2]

    def runs(self, *names):
        def exactly():
            found = self.host.containers()
            assert sorted(found) == sorted(names), found
            return found
        return eventually(f"only {names} run", exactly, 60)

    def phase(self, name, phase):
        eventually(f"{name} is {phase}", lambda: self.status(name)["phase"] == phase, 60)

    def ordered_pod(self):
        return self.pod("ordered", [
            container("first", "sleep 2; echo first >> /shared/order"),
            sidecar("beside", f"echo beside >> /shared/order; {FOREVER}"),
            container("second", 'echo "second-$COLOUR" >> /shared/order', env=[{"name": "COLOUR", "value": "green"}])],
            [container("main", f"echo main >> /shared/order; {FOREVER}")])

    def test_they_run_in_order_and_once_whatever_is_started_again(self):
        self.host.commit({"pod.yaml": self.ordered_pod()})
        self.host.start_reconcile()
        eventually("the first runs alone", lambda: self.word("ordered") == "Init:0/3")
        before = self.runs("default/ordered/beside", "default/ordered/main")
        eventually("it is ready", lambda: self.word("ordered") == "Running")
        order = ["first", "beside", "second-green", "main"]
        self.assertEqual(self.written(), order)
        self.assertIn("2/2", self.host.cli(["get", "pods"]).stdout)

        for what, start_again in (("agent", self.start_agent_again), ("engine", self.start_engine_again)):
            start_again()
            eventually(f"it is ready, after the {what}", lambda: self.word("ordered") == "Running", 60)
            self.assertEqual(self.host.containers(), before, f"a container was touched by the restart of the {what}")
        self.host.docker(["kill", before["default/ordered/main"][0]])
        eventually("the program starts again", lambda: self.written() == order + ["main"], 60)

        # The engine forgets how they ended; what came after them tells.
        ended = self.host.containers(all_states=True)
        self.host.docker(["rm"] + ended["default/ordered/first"] + ended["default/ordered/second"])
        self.start_agent_again()
        eventually("it is ready, without them", lambda: self.word("ordered") == "Running", 60)
        self.assertEqual(self.written(), order + ["main"])

    def start_agent_again(self):
        self.host.kill_reconcile()
        self.host.start_reconcile()

    def start_engine_again(self):
        self.host.kill_dockerd()
        self.host.start_dockerd()

    def test_a_new_sandbox_runs_them_again(self):
        self.host.commit({"pod.yaml": self.ordered_pod()})
        self.host.start_reconcile()
        self.runs("default/ordered/beside", "default/ordered/main")
        sandbox = self.host.all_containers()["default/ordered/POD"][0]
        self.host.docker(["kill", sandbox])
        once = ["first", "beside", "second-green", "main"]
        eventually("all have run again", lambda: self.written() == once + once, 90)

    def test_one_that_fails_is_tried_again_or_ends_its_pod(self):
        main = container("main", f"echo main >> /shared/order; {FOREVER}")
        self.host.commit({
            "retries.yaml": self.pod("retries", [container("wait", "cat /shared/ready")], [main]),
            "gives-up.yaml": self.pod("gives-up", [sidecar("beside", FOREVER), container("fail", "exit 3")], [main], "Never")})
        self.host.start_reconcile()
        self.phase("gives-up", "Failed")
        self.assertEqual(self.word("gives-up"), "Init:Error")
        self.assertEqual(self.init_status("gives-up", 1)["state"]["terminated"]["exitCode"], 3)
        eventually("it backs off", lambda: self.word("retries") == "Init:CrashLoopBackOff", 60)
        self.assertEqual(self.status("retries")["phase"], "Pending")
        self.assertEqual(self.host.containers(), {})
        self.assertIn("init container wait", self.host.cli(["status"], check=False).stdout)
        (self.host.folder / "shared" / "ready").write_text("yes\n", encoding="utf-8")
        self.runs("default/retries/main")
        self.assertEqual(self.written(), ["main"])
        self.assertGreaterEqual(self.init_status("retries")["restartCount"], 1)

    def test_a_sidecar_is_restarted_and_keeps_no_pod_from_its_end(self):
        self.host.commit({"pod.yaml": self.pod("ends", [sidecar("beside", FOREVER)], [container("main", "while ! cat /shared/end; do sleep 1; done")], "Never")})
        self.host.start_reconcile()
        running = self.runs("default/ends/beside", "default/ends/main")
        self.host.docker(["kill", running["default/ends/beside"][0]])
        eventually("it was restarted", lambda: self.init_status("ends")["restartCount"] == 1 and self.init_status("ends")["ready"], 60)
        (self.host.folder / "shared" / "end").write_text("now\n", encoding="utf-8")
        self.phase("ends", "Succeeded")
        self.assertEqual(self.host.containers(), {})
        self.assertEqual(self.init_status("ends")["restartCount"], 1)

    def test_a_sidecar_that_ends_before_it_has_started_lets_nothing_start(self):
        first, second = "echo first >> /shared/order; echo yes > /shared/ran; sleep 2; exit 1", "echo second >> /shared/order; sleep 1; echo ok > /tmp/ok"
        beside = sidecar("beside", f"[ -e /shared/ran ] || {{ {first}; }}; {second}; {FOREVER}",
                         startupProbe={"exec": {"command": ["cat", "/tmp/ok"]}, "periodSeconds": 1, "failureThreshold": 60})
        self.host.commit({"pod.yaml": self.pod("held", [beside], [container("main", f"echo main >> /shared/order; {FOREVER}")])})
        self.host.start_reconcile()
        eventually("it ran once", lambda: self.written() == ["first"])
        self.assertEqual(self.word("held"), "Init:0/1")
        self.runs("default/held/beside", "default/held/main")
        self.assertEqual(self.written(), ["first", "second", "main"])
        eventually("it is ready", lambda: self.word("held") == "Running", 60)
        self.assertEqual((self.init_status("held")["restartCount"], self.init_status("held")["lastState"]["terminated"]["exitCode"]), (1, 1))

    def test_sidecars_stop_last_in_reverse_order(self):
        def tells(name):
            return f"trap 'echo {name} >> /shared/order; exit 0' TERM; while true; do sleep 1 & wait; done"
        inits = [sidecar("one", tells("one")), sidecar("two", tells("two"))]
        self.host.commit({"pod.yaml": self.pod("goes", inits, [container("main", tells("main"))]),
                          "other.yaml": self.pod("other", [], [container("main", FOREVER)])})
        # Half of it goes: what is asked here is not the deletion breaker.
        settings = self.host.folder / "settings.yaml"
        settings.write_text("deletionBreaker: {maxPercent: 100}\n", encoding="utf-8")
        self.host.flags = ["--config", settings]
        self.host.start_reconcile()
        self.runs("default/goes/one", "default/goes/two", "default/goes/main", "default/other/main")
        eventually("it is ready", lambda: self.word("goes") == "Running")
        self.host.git(["rm", "-q", "pod.yaml"])
        self.host.commit()
        eventually("it is gone", lambda: all(pod["metadata"]["name"] != "goes" for pod in self.host.pods()), 60)
        self.assertEqual(self.written(), ["main", "two", "one"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
