#!/usr/bin/env python3
"""Plans that are saved and applied, and sources that are suspended and rolled back, on a real engine."""
import json
import unittest

from harness import RECONCILE, HostTest, replication_controller
from hosts.system import eventually


class OperationsTest(HostTest):
    def start_manual(self):
        """Follows the host's repository, whose commits wait for `reconcile apply`."""
        host = self.host
        config = host.folder / "reconcile.yaml"
        config.write_text(json.dumps({"sources": [{"name": "main", "repository": str(host.repository), "apply": "manual"}]}))
        host.reconcile = host.spawn(
            [RECONCILE, "--socket", host.socket, "--config", config, "up", "--data", host.folder / "data", "--docker",
             host.docker_socket, "--node-name", "host-1"] + host.flags, "reconcile.log")
        eventually("reconcile answers", lambda: host.cli(["status", "--json"], check=False).returncode in (0, 1))

    def save(self):
        saved = self.host.folder / "plan.json"
        result = self.host.cli(["--dry-run", "--save", saved], check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        return saved

    def test_a_saved_plan_does_what_it_says_and_is_refused_when_the_commit_moved(self):
        host = self.host
        host.commit({"web.yaml": replication_controller("web", 1)})
        self.start_manual()
        self.assertEqual(host.pods(), [])
        eventually("the host is known", lambda: host.status()["nodes"] == 1)
        plan = self.save()
        host.cli(["apply", plan])
        host.converge()
        before = host.containers()

        second = host.commit({"web.yaml": replication_controller("web", 3)})
        plan = self.save()
        planned = {pod["name"]: pod["node"] for pod in json.loads(plan.read_text())["plan"]["pods"]}
        third = host.commit({"web.yaml": replication_controller("web", 2)})
        refused = host.cli(["apply", plan], check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn(f"the plan is of {second[:12]}, and the newest of source main is {third[:12]} now", refused.stderr)
        host.git(["reset", "-q", "--hard", second])
        host.cli(["apply", plan])
        host.converge(second)
        after = host.containers()
        self.assertEqual({key: after[key] for key in before}, before)
        for name, node in planned.items():
            self.assertEqual({pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in host.pods()}[name], node)

    def test_rollback_outlives_the_controller_and_ends_with_the_next_commit(self):
        host = self.host
        first = host.commit({"web.yaml": replication_controller("web", 1)})
        host.start_reconcile()
        host.converge()
        host.commit({"web.yaml": replication_controller("web", 3)})
        host.converge()
        eventually("the first commit is known to have converged",
                   lambda: [item.get("outcome", {}).get("result") for item in self.history()] == ["Converged", "Converged"])
        host.cli(["rollback", "main", "--reason", "too many"])
        host.converge(first)
        host.kill_reconcile()
        host.start_reconcile()
        host.converge(first)
        self.assertIn("rolled back by `reconcile rollback`", host.cli(["status"], check=False).stdout)
        host.cli(["suspend", "main"])
        last = host.commit({"web.yaml": replication_controller("web", 2)})
        self.assertIn("is suspended", host.cli(["sync", "main"], check=False).stderr)
        host.cli(["resume", "main"])
        host.converge(last)

    def history(self):
        return json.loads(self.host.cli(["history", "-o", "json"]).stdout)["items"]


if __name__ == "__main__":
    unittest.main(verbosity=2)
