#!/usr/bin/env python3
"""The benchmarks run: one round of two replicas, without Swarm. What they measure is not looked at."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BINARY_FOLDER, ROOT
from page.browser import why_not

DEADLINE_S = 600


ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
               "RECONCILE_BINARY_FOLDER": str(BINARY_FOLDER.resolve())}
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n"


def bench(*words):
    return subprocess.run([ROOT / "bench" / words[0], *words[1:]], capture_output=True, text=True, env=ENVIRONMENT,
                          timeout=DEADLINE_S, check=False)


class ManifestsTest(unittest.TestCase):

    def test_validate_gives_a_row_for_each_step(self):
        done = bench("validate", "--files", "40", "--runs", "1", "--no-kubectl")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for row in ("201 objects in 41 files", "validate, cold", "validate, again", "validate, one file changed"):
            self.assertIn(row, done.stdout)

    def test_corpus_counts_by_kind_and_compares_with_what_is_expected(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a.yaml").write_text(CONFIG_MAP + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {contianers: []}\n")
            (Path(folder) / "b.yaml").write_text("kind: ConfigMap\nkind: ConfigMap\n")
            docs = [{"line": line, "kind": kind, "name": name, "unknown_fields": unknown, "kustomize_patch": False, "kind_class": "S"}
                    for line, kind, name, unknown in ((1, "ConfigMap", "c", []), (6, "Pod", "p", ["spec.contianers"]))]
            entries = [{"file": "a.yaml", "status": "ok", "duplicate_keys": [], "docs": docs},
                       {"file": "b.yaml", "status": "ok", "duplicate_keys": [[2, "kind"]], "docs": []}]
            expect = Path(folder) / "expect.jsonl"
            expect.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
            done = bench("corpus", folder)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"ConfigMap +1 +0 +0 +0\n")
            self.assertRegex(done.stdout, r"Pod +0 +0 +0 +1\n")
            self.assertIn("2 files, 2 documents, 0 disagreements", done.stdout)
            docs[1]["name"], entries[1]["duplicate_keys"] = "q", []
            expect.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
            done = bench("corpus", folder)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("a.yaml:6: Pod q: its name is read as p", done.stdout)
            self.assertIn("b.yaml: duplicate keys on lines [2], expected []", done.stdout)


class DnsTest(unittest.TestCase):

    def test_dns_gives_a_row_for_each_server(self):
        done = bench("dns", "--services", "100", "--runs", "1", "--seconds", "1")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for name in ("ours", "dnsmasq", "unbound", "ours / the better one"):
            self.assertIn(f"queries/s, {name} ", done.stdout)
            self.assertIn(f"p99 at half load, {name} ", done.stdout)


class PageTest(unittest.TestCase):

    def test_the_page_is_measured_in_a_browser(self):
        if why_not() and not os.environ.get("CI"):
            self.skipTest(why_not())
        done = bench("page", "--smoke", "--no-build")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for row in ("first useful paint", "longest task while it loads", "longest task while changes stream in", "input answered: filter by typing",
                    "page weight as transferred", "controller per open page"):
            self.assertIn(row, done.stdout)


class ScrapeTest(unittest.TestCase):

    def test_a_scrape_has_its_bytes_and_its_time(self):
        done = bench("scrape", "--agents", "2", "--pods", "3", "--scrapes", "3", "--no-build")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"2 hosts, 6 pods, 3 scrapes")
        self.assertRegex(done.stdout, r"bytes of a scrape +\d{4,}")
        self.assertRegex(done.stdout, r"milliseconds, median \(range\) [\d.]+ \([\d.]+ to [\d.]+\)")


class NetTest(unittest.TestCase):

    def test_one_pair_gives_a_row_for_each_figure(self):
        done = bench("net", "--smoke")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for row in ("1 stream, 200 Services: vxlan / vxlan by hand, hosts", "8 streams, 200 Services: host-gw / bare link",
                    "request, 10 Services: service address / pod", "request, 200 Services: service address / pod",
                    "one Service of 200 changed", "200 Services from nothing", "every host's DNS and rules, 200 Services", "commit of one Service"):
            self.assertIn(row, done.stdout)


class BenchTest(unittest.TestCase):

    def test_one_round_gives_a_row_for_each_step(self):
        with subprocess.Popen([ROOT / "bench/run", "--smoke"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=ENVIRONMENT) as run:
            try:
                printed = run.communicate(timeout=DEADLINE_S)[0]
            except subprocess.TimeoutExpired:
                run.terminate()  # it takes down what it made
                self.fail(f"not done in {DEADLINE_S} s: {run.communicate()[0]}")
        self.assertEqual(run.returncode, 0, printed)
        for row in ("commit to running, 2 replicas", "rolling update of 2", "killed container replaced", "removal of 2"):
            self.assertIn(row, printed)


if __name__ == "__main__":
    unittest.main()
