#!/usr/bin/env python3
"""What packaging/ names of metrics and their labels exists: alert rules, their tests, the dashboard.

docs/metrics.md lists all there are; tests/unit/cmd/metrics_test.cc holds it against the program."""
import json
import re
import subprocess
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "packaging/prometheus/reconcile.rules.yaml"
SCRAPE = ROOT / "packaging/prometheus/prometheus.yaml"
DASHBOARD = ROOT / "packaging/grafana/reconcile.json"
# Prometheus' own, and what the scrape configuration gives a target.
ADDED_LABELS = {"job", "instance", "node", "le"}


def documented():
    """name -> (type, labels)"""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", (ROOT / "docs/metrics.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


METRICS = documented()


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def panels():
    return [panel for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"] if panel["type"] != "row"]


def series_of(expression):
    """[(metric, labels that it is asked for)] of a PromQL expression."""
    return [(name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers or "")))
            for name, matchers in re.findall(r"\b((?:reconcile|process)_\w+)(?:\{([^}]*)\})?", expression)]


class MonitoringTest(unittest.TestCase):

    def check(self, where, expression):
        found = series_of(expression)
        for name, labels in found:
            base = re.sub(r"_(?:bucket|sum|count)$", "", name)
            known = name if name in METRICS else base
            self.assertIn(known, METRICS, f"{where}: {expression}")
            kind, has = METRICS[known]
            self.assertEqual(known != name, kind == "histogram", f"{where}: {name} is a {kind}")
            self.assertLessEqual(labels, has | ADDED_LABELS, f"{where}: {expression}")
        grouped = set(re.findall(r"\w+", " ".join(re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression))))
        labels = set().union(ADDED_LABELS, *(METRICS[re.sub(r"_(?:bucket|sum|count)$", "", name) if name not in METRICS else name][1]
                                             for name, _ in found))
        self.assertLessEqual(grouped, labels, f"{where}: {expression}")
        return len(found)

    def test_rules_name_what_there_is(self):
        self.assertGreater(len(METRICS), 50)
        for rule in rules():
            if not rule["expr"].startswith("up{"):
                self.assertGreater(self.check(rule["alert"], rule["expr"]), 0, rule["alert"])

    def test_every_alert_says_what_is_wrong_and_what_to_do(self):
        names = [rule["alert"] for rule in rules()]
        self.assertEqual(len(names), len(set(names)))
        for rule in rules():
            self.assertEqual(set(rule["annotations"]), {"summary", "description"}, rule["alert"])
            self.assertIn(rule["labels"]["severity"], ("page", "warn", "info"), rule["alert"])

    def test_the_dashboard_names_what_there_is(self):
        counted = 0
        for panel in panels():
            for target in panel["targets"]:
                counted += self.check(panel["title"], target["expr"])
                kinds = [METRICS[name if name in METRICS else re.sub(r"_(?:bucket|sum|count)$", "", name)][1]
                         for name, _ in series_of(target["expr"])]
                shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
                self.assertLessEqual(shown, set().union(ADDED_LABELS, *kinds), f"{panel['title']}: {target['legendFormat']}")
        self.assertGreater(counted, 40)

    def test_jobs_are_those_of_the_scrape_configuration(self):
        jobs = {job["job_name"] for job in yaml.safe_load(SCRAPE.read_text(encoding="utf-8"))["scrape_configs"]}
        named = set(re.findall(r'job="([\w-]+)"', RULES.read_text(encoding="utf-8")))
        self.assertEqual(named, jobs)

    def test_promtool_takes_the_rules_and_their_tests(self):
        for words in (["check", "rules", RULES], ["test", "rules", ROOT / "tests/packaging/alerts_test.yaml"]):
            done = subprocess.run(["promtool"] + words, capture_output=True, text=True, check=False, timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
