#!/usr/bin/env python3
"""A commit becomes running containers; --dry-run shows it beforehand."""
import json
import os
import unittest

from harness import HELLO, ROOT, HostTest, eventually, replication_controller, run
from hosts.testing import deployment


class CommitTest(HostTest):

    def plan(self, arguments=()):
        result = self.host.cli(["--dry-run", "-o", "json"] + list(arguments), check=False)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        return json.loads(result.stdout), result.returncode

    def test_scaling_is_predicted_then_happens_where_predicted(self):
        host = self.host
        host.commit({"web.yaml": replication_controller("web", 2)})
        host.start_reconcile()
        host.converge()
        before = host.containers()
        self.assertEqual(len(before), 2)
        self.assertEqual(self.plan()[1], 0, "a settled cluster has no changes")

        host.write("web.yaml", replication_controller("web", 5))
        plan, code = self.plan([host.repository])
        self.assertEqual(code, 1)
        created = {pod["name"]: pod["node"] for pod in plan["pods"] if pod["fate"] == "create"}
        self.assertEqual(len(created), 3)
        self.assertEqual([pod for pod in plan["pods"] if pod["fate"] != "create"], [])

        host.commit(message="Five replicas")
        host.converge()
        after = host.containers()
        self.assertEqual(len(after), 5)
        for key, ids in before.items():
            self.assertEqual(after[key], ids, "a container that ran was restarted")
        landed = {pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in host.pods()}
        for name, node in created.items():
            self.assertEqual(landed.get(name), node, f"pod {name} was predicted")

    def test_missing_image_keeps_old_pods_and_revert_heals(self):
        host = self.host
        host.commit({"web.yaml": deployment("web", 3)})
        host.start_reconcile()
        host.converge()
        before = host.containers()

        bad = host.commit({"web.yaml": deployment("web", 3, image="127.0.0.1:1/no/such:image")}, "A bad image")

        def backs_off():
            text = "\n".join(host.status()["unconverged"])
            return "ImagePullBackOff" in text and "connection refused" in text

        eventually("status says ImagePullBackOff with the engine's words", backs_off)
        self.assertEqual(host.status()["sources"][0].get("status", {})["appliedCommit"], bad)
        running = [key for key in host.containers() if key in before]
        self.assertGreaterEqual(len(running), 3, "25 % of 3 rounds down to no unavailable pod")

        host.git(["revert", "--no-edit", "HEAD"])
        host.converge()
        self.assertEqual(host.containers(), before, "the pods that served all along still do")

    def test_a_command_that_is_not_there_keeps_old_pods(self):
        host = self.host
        host.commit({"web.yaml": deployment("web", 2)})
        host.start_reconcile()
        host.converge()
        before = host.containers()
        typo = deployment("web", 2).replace("[sh, -c,", "[shh, -c,")
        host.commit({"web.yaml": typo}, "A typo")

        def backs_off():
            text = "\n".join(host.status()["unconverged"])
            return "CrashLoopBackOff" in text
        eventually("status says that it crashes", backs_off)
        running = [key for key in host.containers() if key in before]
        self.assertEqual(len(running), 2, "a program that never ran was never ready")
        host.git(["revert", "--no-edit", "HEAD"])
        host.converge()
        self.assertEqual(host.containers(), before)

    def test_hello_answers_over_http_with_its_configuration(self):
        host = self.host
        run([ROOT / "scripts/hello-image", HELLO, host.docker_socket, "reconcile/hello:1"])
        for path in (ROOT / "examples/manifests").glob("*.yaml"):
            host.write(path.name, path.read_text(encoding="utf-8"))
        host.commit(message="The examples")
        host.start_reconcile()
        host.converge()
        pods = host.ready_pods()
        self.assertEqual(len(pods), 4)
        for pod in pods:
            name = pod["metadata"]["name"]
            words = "Good day" if name.startswith("greeter") else "Hello"
            answer = eventually("an HTTP answer", lambda: host.http(pod["status"]["podIP"]))
            self.assertTrue(answer.startswith(f"{words} from {name}"), answer)
        # Pod to pod, on the same host.
        first, second = pods[0], pods[1]
        container = host.containers()[f"default/{first['metadata']['name']}/{first['spec']['containers'][0]['name']}"][0]
        pid = host.docker(["inspect", "-f", "{{.State.Pid}}", container]).stdout.strip()
        answer = run(["nsenter", "-t", pid, "-n", "curl", "-s", "-m", "5", f"http://{second['status']['podIP']}:8888/"]).stdout
        self.assertIn(second["metadata"]["name"], answer)
        self.assertIn("listens on 8888", host.cli(["logs", first["metadata"]["name"]]).stdout)

    def test_pod_has_a_network_of_its_own_and_no_other(self):
        host = self.host
        host.commit({"web.yaml": replication_controller("web", 2)})
        host.start_reconcile()
        host.converge()
        everything = host.all_containers()
        own = os.stat(f"/run/netns/{host.name}").st_ino
        for pod in host.ready_pods():
            name, address = pod["metadata"]["name"], pod["status"]["podIP"]
            container = everything[f"default/{name}/main"][0]
            seen = host.docker(["exec", container, "sh", "-c",
                                "hostname; ls /sys/class/net; cut -d: -f1 -s /proc/net/dev; ip -o -4 addr; "
                                "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"]).stdout.split("\n")
            self.assertEqual(seen[0], name)
            self.assertEqual(sorted(seen[1:3]), ["eth0", "lo"])
            self.assertEqual(sorted(word.strip() for word in seen[3:5]), ["eth0", "lo"])
            self.assertIn(f"inet {address}/32", seen[6])
            self.assertEqual(seen[7:], ["0", ""], "a program that is not root listens on any port, as Docker allows")
            self.assertNotIn(f"default/{name}/POD", everything, "a pod of one container needs no sandbox")
            found = json.loads(host.docker(["inspect", container]).stdout)[0]
            self.assertTrue(found["Config"]["NetworkDisabled"], "the engine's network code has no part in it")
            self.assertNotEqual(os.stat(f"/proc/{found['State']['Pid']}/ns/net").st_ino, own)

    def test_branch_can_be_planned_without_checking_it_out(self):
        host = self.host
        host.commit({"web.yaml": replication_controller("web", 1)})
        host.start_reconcile()
        host.converge()
        # Elsewhere: what is checked out here is what the controller follows.
        host.git(["worktree", "add", "-q", "-b", "more", str(host.folder / "more")])
        (host.folder / "more/web.yaml").write_text(replication_controller("web", 4), encoding="utf-8")
        host.git(["-C", str(host.folder / "more"), "commit", "-q", "-a", "-m", "Four"])
        plan, code = self.plan(["--rev", "more"])
        self.assertEqual(code, 1)
        self.assertEqual(plan["summary"]["podsStart"], 3)

    def test_offline_plan_says_what_does_not_fit(self):
        host = self.host
        text = replication_controller("big", 3).replace(
            "        command:", "        resources: {requests: {cpu: '3'}}\n        command:")
        host.write("big.yaml", text)
        plan, code = self.plan([host.repository, "--hosts", "2x4cpu,8Gi"])
        self.assertEqual(code, 1)
        self.assertEqual(plan["summary"]["podsStart"], 2)
        unplaced = [pod for pod in plan["pods"] if pod["fate"] == "unschedulable"]
        self.assertEqual(len(unplaced), 1)
        self.assertIn("host-1: needs 3 cpu, 1 free", unplaced[0]["explanation"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
