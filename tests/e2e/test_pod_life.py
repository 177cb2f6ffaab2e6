#!/usr/bin/env python3
"""How a pod's life is bounded, on a real engine."""
import json
import re
import unittest
from datetime import datetime

from harness import HostTest
from hosts.system import eventually


def bounded_pod(name, seconds, command, policy="Always"):
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
        "activeDeadlineSeconds": seconds, "terminationGracePeriodSeconds": 1, "restartPolicy": policy,
        "containers": [{"name": "main", "image": "test/busybox:1", "command": ["sh", "-c", command]}]}})


def seconds_between(earlier, later):
    read = [datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00")) for text in (earlier, later)]
    return (read[1] - read[0]).total_seconds()


class DeadlineTest(HostTest):
    def pod(self, name):
        return next(pod for pod in self.host.pods() if pod["metadata"]["name"] == name)

    def ended(self, name):
        def status():
            found = self.pod(name)["status"]
            assert found["phase"] in ("Succeeded", "Failed"), found
            return found
        return eventually(f"{name} has ended", status, 60)

    def test_a_pod_is_stopped_when_its_time_is_up_and_one_that_ended_before_is_not_blamed(self):
        self.host.commit({"long.yaml": bounded_pod("long", 10, "sleep 100000"), "short.yaml": bounded_pod("short", 10, "exit 0", "Never")})
        self.host.start_reconcile()
        eventually("the long one runs", lambda: "default/long/main" in self.host.containers())
        status = self.ended("long")
        self.assertEqual((status["phase"], status["reason"]), ("Failed", "DeadlineExceeded"))
        end = status["containerStatuses"][0]["state"]["terminated"]
        took = seconds_between(status["startTime"], end["finishedAt"])
        self.assertGreaterEqual(took, 9)
        self.assertLess(took, 20)
        self.assertEqual(self.host.containers(), {})
        self.assertIn("longer than the specified deadline", self.host.cli(["events"]).stdout)
        short = self.ended("short")
        self.assertEqual((short["phase"], short.get("reason", "")), ("Succeeded", ""))

    def test_time_goes_on_while_the_agent_is_away(self):
        self.host.commit({"long.yaml": bounded_pod("long", 12, "sleep 100000")})
        self.host.start_reconcile()
        eventually("it runs", lambda: "default/long/main" in self.host.containers())
        eventually("its start is known", lambda: "startTime" in self.pod("long")["status"])
        start = self.pod("long")["status"]["startTime"]
        self.host.kill_reconcile()
        self.host.start_reconcile()
        status = self.ended("long")
        self.assertEqual((status["phase"], status["reason"]), ("Failed", "DeadlineExceeded"))
        took = seconds_between(start, status["containerStatuses"][0]["state"]["terminated"]["finishedAt"])
        self.assertGreaterEqual(took, 11)
        self.assertLess(took, 25)

    def test_why_a_program_ended_is_told_whatever_it_does_to_the_file(self):
        # 10 MB, then bytes that are no text; and a log that says it instead.
        writes = "yes x | busybox head -c 10000000 > /dev/termination-log; printf 'the \\377 end' >> /dev/termination-log; exit 3"
        logs = "echo canary in the log; exit 4"
        pods = {name: json.loads(bounded_pod(name, 1000, command, "Never")) for name, command in (("writes", writes), ("logs", logs))}
        pods["logs"]["spec"]["containers"][0]["terminationMessagePolicy"] = "FallbackToLogsOnError"
        self.host.commit({f"{name}.yaml": json.dumps(pod) for name, pod in pods.items()})
        self.host.start_reconcile()

        def ends():
            return {name: self.ended(name)["containerStatuses"][0]["state"]["terminated"] for name in pods}
        told = ends()
        self.assertEqual({name: end["exitCode"] for name, end in told.items()}, {"writes": 3, "logs": 4})
        self.assertTrue(told["writes"]["message"].endswith("x\nthe \ufffd end"), told["writes"]["message"][-40:])
        self.assertLessEqual(len(told["writes"]["message"].encode()), 4096)
        self.assertEqual(told["logs"]["message"], "canary in the log\n")
        self.assertIn("canary in the log", self.host.cli(["get", "pods", "-o", "yaml"]).stdout)
        self.host.kill_reconcile()
        self.host.start_reconcile()
        self.assertEqual(ends(), told, "an agent that starts again says the same")
        self.assertNotIn("canary", (self.host.folder / "reconcile.log").read_text(encoding="utf-8", errors="replace"))
        files = self.host.folder / "data" / "agent" / "pods" / self.pod("writes")["metadata"]["uid"] / "ends" / "main"
        self.assertEqual([path.name for path in files.iterdir()], ["0"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
