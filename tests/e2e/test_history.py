"""The trace from a commit to its running pods, with a real engine, and what `reconcile history` says of commits."""
import json
import unittest

from harness import HostTest, replication_controller
from hosts.system import eventually

STAGES = ["seen", "fetched", "parsed", "planned", "stored", "due", "assigned", "accepted", "sandbox", "attached", "image", "created",
          "started", "network", "ready", "reported"]


class HistoryTest(HostTest):
    def timing(self, revision):
        timing = json.loads(self.host.cli(["history", revision, "-o", "json"]).stdout).get("timing", {})
        assert timing.get("ended"), timing
        return timing

    def test_commit_is_traced_to_its_last_ready_pod(self):
        host = self.host
        host.commit({"web.yaml": replication_controller("web", 1)})
        host.start_reconcile()
        host.converge()
        before = {pod["metadata"]["name"] for pod in host.pods()}
        revision = host.commit({"web.yaml": replication_controller("web", 4)}, "Four of them")
        host.converge()

        timing = eventually("the commit's trace ends", lambda: self.timing(revision))
        self.assertEqual([stage["name"] for stage in timing["stages"]], STAGES)
        at = [stage["atMs"] for stage in timing["stages"]]
        self.assertEqual(at, sorted(at), "stages follow each other")
        self.assertEqual(sum(stage["tookMs"] for stage in timing["stages"]), timing["totalMs"])
        self.assertAlmostEqual(sum(stage["sharePercent"] for stage in timing["stages"]), 100, delta=1)
        took = {stage["name"]: stage["tookMs"] for stage in timing["stages"]}
        for stage in ("fetched", "started"):
            self.assertGreater(took[stage], 0, f"{stage} takes time: {took}")
        self.assertEqual((timing["pods"], timing["podsReady"], timing["node"], timing["note"]), (3, 3, "host-1", ""))
        new = {"default/" + pod["metadata"]["name"] for pod in host.pods()} - {"default/" + name for name in before}
        self.assertIn(timing["pod"], new)

        text = host.cli(["history", revision[:10], "--timing"]).stdout
        self.assertIn(f"{timing['totalMs']} ms from commit seen to the last pod ready: {timing['pod']} on host-1; 3 of 3 pods ready", text)
        for stage in STAGES:
            self.assertRegex(text, rf"(?m)^{stage} +\d+ ms +\d+ ms +\d+\.\d %")
        log = (host.folder / "reconcile.log").read_text(encoding="utf-8")
        self.assertRegex(log, rf"commit applied.*{revision[:12]}.*{timing['totalMs']} ms \(fetched \d+, parsed \d+")

    def test_history_outlives_the_controller_and_names_what_failed(self):
        host = self.host
        first = host.commit({"web.yaml": replication_controller("web", 1)}, "Begin")
        host.start_reconcile()
        host.converge()
        broken = host.commit({"web.yaml": "kind: ["}, "Break")
        eventually("the broken commit is seen", lambda: host.status()["sources"][0]["status"]["seenCommit"] == broken)
        host.kill_reconcile()
        host.start_reconcile()

        def listed():
            items = json.loads(host.cli(["history", "-o", "json"]).stdout)["items"]
            found = [(item["revision"], item["result"], item["inForce"]) for item in items]
            assert found == [(broken, "Failed", False), (first, "Applied", True)], found
            return items

        items = eventually("both commits are listed", listed)
        self.assertIn("web.yaml:", items[0]["message"])
        self.assertNotIn("timing", items[1], "its start was not followed by this controller")
        self.assertIn("not known", host.cli(["history", first, "--timing"]).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
