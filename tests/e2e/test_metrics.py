#!/usr/bin/env python3
"""A real Prometheus scrapes the controller and, through it, an agent, by the files of the package; alerts come and go."""
import json
import re
import signal
import time
import unittest
from pathlib import Path

import yaml

from hosts.system import Hopeless, eventually, run
from hosts.testing import ClusterTest, deployment

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
API = "https://127.0.0.1:6443"
PROMETHEUS = "http://127.0.0.1:9090"
BAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: bad}\nspec: {replicas: many}\n"


class MetricsTest(ClusterTest):
    COUNT = 1

    @classmethod
    def make_sources(cls):
        return super().make_sources() + "logFormat: json\n"

    @classmethod
    def first_manifests(cls):
        return {"web.yaml": deployment("web", 2)}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.cluster.controller.disk / "prometheus"
        cls.folder.mkdir()
        config = yaml.safe_load(cls.cluster.cli(["kubeconfig", "--user", "prometheus", "--role", "view", "--token"]).stdout)
        cls.token = config["users"][0]["user"]["token"]
        authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
        (cls.folder / "token").write_text(cls.token, encoding="utf-8")
        (cls.folder / "ca.crt").write_text(run(["base64", "-d"], text_input=authority).stdout, encoding="utf-8")
        cls.start_prometheus()

    @classmethod
    def start_prometheus(cls):
        """With the package's own files; only paths, the port and how long things have to last are the test's."""
        text = (PACKAGING / "prometheus/prometheus.yaml").read_text(encoding="utf-8")
        text = text.replace("/etc/prometheus/reconcile", str(cls.folder)).replace("refresh_interval: 30s", "refresh_interval: 1s")
        (cls.folder / "prometheus.yaml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n" + text, encoding="utf-8")
        rules = (PACKAGING / "prometheus/reconcile.rules.yaml").read_text(encoding="utf-8")
        (cls.folder / "reconcile.rules.yaml").write_text(re.sub(r"for: \w+", "for: 1s", rules), encoding="utf-8")
        process = cls.cluster.controller.spawn("prometheus", [
            "prometheus", f"--config.file={cls.folder}/prometheus.yaml", f"--storage.tsdb.path={cls.folder}/data",
            f"--web.listen-address={PROMETHEUS.removeprefix('http://')}", "--log.level=warn"])

        def ready():
            if not process.alive():
                raise Hopeless("prometheus ended: " + cls.cluster.controller.log_end("prometheus", 5))
            return cls.cluster.controller.execute(["curl", "-sSf", PROMETHEUS + "/-/ready"], check=False).returncode == 0

        eventually("prometheus is ready", ready)

    def print_logs(self):
        super().print_logs()
        if any(test is self for test, _ in self._outcome.result.errors + self._outcome.result.failures):
            print("---- prometheus\n" + self.cluster.controller.log_end("prometheus", 20))

    # ---- asking ----
    def get(self, path, token=None, *words):
        """(code, body) of a request to the API."""
        done = self.cluster.controller.execute(
            ["curl", "-sS", "-m", "20", "--cacert", self.folder / "ca.crt", "-H", f"Authorization: Bearer {token or self.token}",
             "-w", "\n%{http_code}", API + path] + list(words))
        body, code = done.stdout.rsplit("\n", 1)
        return int(code), body

    def ask(self, path, **query):
        words = [word for name, value in query.items() for word in ("--data-urlencode", f"{name}={value}")]
        done = self.cluster.controller.execute(["curl", "-sS", "-m", "10", "-G"] + words + [PROMETHEUS + path], check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["status"], "success", answer)
        return answer["data"]

    def query(self, expression):
        """[(labels, value)]"""
        return [(one["metric"], float(one["value"][1])) for one in self.ask("/api/v1/query", query=expression)["result"]]

    def value(self, expression):
        found = self.query(expression)
        self.assertEqual(len(found), 1, f"{expression}: {found}")
        return found[0][1]

    def firing(self):
        return {(alert["labels"]["alertname"], alert["labels"].get("source")) for alert in self.ask("/api/v1/alerts")["alerts"]
                if alert["state"] == "firing"}

    # ---- tests ----
    def test_promtool_has_nothing_to_say(self):
        for path in ("/metrics", "/api/v1/nodes/host-1/proxy/metrics"):
            code, text = self.get(path)
            self.assertEqual(code, 200, text)
            self.assertIn("reconcile_build_info{", text)
            checked = run(["promtool", "check", "metrics"], text_input=text)
            self.assertEqual(checked.stdout + checked.stderr, "", path)
        run(["promtool", "check", "rules", PACKAGING / "prometheus/reconcile.rules.yaml"])
        run(["promtool", "check", "config", self.folder / "prometheus.yaml"])

    def test_prometheus_scrapes_both_and_sees_a_commit_converge(self):
        self.converge()
        up = {"reconcile-controller": 1.0, "reconcile-agents": 1.0}
        eventually("both are up", lambda: {labels["job"]: value for labels, value in self.query("up")} == up)
        eventually("the agent's are of its node", lambda: self.value('reconcile_agent_pods{node="host-1",phase="Running"}') == 2)
        before = self.value('reconcile_commit_to_converged_seconds_count{source="main"}')
        self.converge(self.repository.commit({"more.yaml": deployment("more", 1)}, "More"))
        eventually("a commit more has converged",
                   lambda: self.value('reconcile_commit_to_converged_seconds_count{source="main"}') > before)
        took = self.value('reconcile_commit_to_converged_seconds_sum{source="main"}')
        self.assertGreater(took, 0)
        eventually("three pods are ready", lambda: self.value("sum(reconcile_pods_ready)") == 3)
        for expression in ('reconcile_node_condition{condition="Ready"}', "reconcile_node_agent_connected", "reconcile_source_ready"):
            eventually(expression, lambda wanted=expression: self.value(wanted) == 1)
        for expression in ("reconcile_turn_duration_seconds_count", "reconcile_store_commit_duration_seconds_count",
                           'reconcile_agent_operations_total{operation="start_container",result="ok"}',
                           "reconcile_agent_dns_queries_total{protocol='udp'} >= 0",
                           "reconcile_ca_expiry_timestamp_seconds - time()", "reconcile_node_certificate_expiry_timestamp_seconds - time()"):
            eventually(expression, lambda wanted=expression: self.value(wanted) >= 0)

    def test_an_alert_fires_for_a_source_that_fails_and_ends_with_it(self):
        self.converge()
        eventually("nothing is wrong", lambda: ("ReconcileSourceNotReady", "main") not in self.firing())
        self.repository.commit({"bad.yaml": BAD}, "Bad")
        eventually("it fires", lambda: ("ReconcileSourceNotReady", "main") in self.firing())
        self.converge(self.repository.commit({"bad.yaml": None}, "Good again"))
        eventually("it ends", lambda: ("ReconcileSourceNotReady", "main") not in self.firing())

    def test_an_agent_that_is_gone_is_503_and_an_alert(self):
        self.converge()
        host = self.cluster.hosts[0]
        host.kill("agent", signal.SIGTERM)
        self.addCleanup(self.cluster.all_ready)
        self.addCleanup(host.start_service, "agent")
        eventually("503", lambda: self.get("/api/v1/nodes/host-1/proxy/metrics")[0] == 503)
        self.assertIn("host-1 is not connected", self.get("/api/v1/nodes/host-1/proxy/metrics")[1])
        eventually("an alert", lambda: "ReconcileAgentAway" in {name for name, _ in self.firing()})
        self.assertEqual(self.get("/api/v1/nodes/host-9/proxy/metrics")[0], 404)

    def test_only_who_may_view_the_cluster_is_answered(self):
        narrow = yaml.safe_load(self.cluster.cli(
            ["kubeconfig", "--user", "narrow", "--role", "view", "--namespace", "default", "--token"]).stdout)
        for path in ("/metrics", "/api/v1/nodes/host-1/proxy/metrics"):
            self.assertEqual(self.get(path, narrow["users"][0]["user"]["token"])[0], 403)
            self.assertEqual(self.get(path, "nonsense")[0], 401)
        # The agent's host listens for nothing of it.
        sockets = self.cluster.hosts[0].execute(["ss", "-ltnH"]).stdout
        self.assertNotIn(":9", " ".join(line.split()[3] for line in sockets.splitlines() if not line.split()[3].startswith("127.")))

    def test_a_scrape_is_quick(self):
        self.converge()
        for path in ("/metrics", "/api/v1/nodes/host-1/proxy/metrics"):
            times = []
            for _ in range(10):
                began = time.monotonic()
                _, text = self.get(path)
                times.append(time.monotonic() - began)
            print(f"scrape of {path}: {len(text)} bytes, {sorted(times)[5] * 1000:.0f} ms with curl's own start")
            self.assertLess(len(text), 256 << 10)
        average = "avg_over_time(scrape_duration_seconds[1m])"
        eventually("both are scraped", lambda: len(self.query(average)) == 2)
        for labels, value in self.query(average):
            print(f"scrapes of {labels['job']} by Prometheus: {value * 1000:.1f} ms on the average")

    def test_logs_are_json_with_one_object_a_line(self):
        self.converge()
        lines = self.cluster.controller.log("controller").read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        for record in records:
            self.assertLessEqual({"time", "level", "message"}, set(record), record)
        applied = [record for record in records if record["message"] == "commit applied"]
        self.assertTrue(applied, lines)
        self.assertEqual(applied[0]["object"], "Source/main")
        self.assertRegex(applied[0]["commit"], "^[0-9a-f]{12}$")
        connected = [record for record in records if record["message"] == "an agent connected"]
        self.assertEqual((connected[0]["node"], connected[0]["object"]), ("host-1", "Node/host-1"))


if __name__ == "__main__":
    unittest.main()
