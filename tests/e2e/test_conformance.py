#!/usr/bin/env python3
"""The conformance cases that touch containers, on a real engine: the steps of tests/conformance/README.md, in real time."""
import json
import os
import signal
import time
import unittest

import yaml

from harness import ROOT, HostTest
from hosts.system import Hopeless, eventually

CASES = ROOT / "tests/conformance/cases"
KEEPER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "keeper"}}  # no commit is empty
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def seconds(text):
    for unit in ("ms", "s", "m", "h"):
        if text.endswith(unit):
            return float(text[:-len(unit)]) * UNITS[unit]
    raise ValueError(text)


def merge(patch, target):
    """JSON merge patch."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(value, result.get(key))
    return result


def name_of(item):
    if isinstance(item, dict):
        for key in ("name", "type", "key", "ip"):
            if isinstance(item.get(key), str):
                return (key, item[key])
    return None


def mismatch(wanted, actual, where=""):
    """None when `actual` has what `wanted` says, as Mismatch in tests/conformance/expectation.h."""
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            there = f"{where}.{key}" if where else key
            found = actual.get(key) if isinstance(actual, dict) else None
            if value is None:
                if found not in (None, "", [], {}):
                    return f"{there} is {found!r}, not absent"
                continue
            if found is None and mismatch(value, 0) is None:
                continue
            problem = mismatch(value, found, there)
            if problem:
                return problem
        return None
    if isinstance(wanted, list):
        for index, item in enumerate(wanted):
            name = name_of(item)
            if name is None:
                found = actual[index] if isinstance(actual, list) and index < len(actual) else None
            else:
                found = next((each for each in actual or [] if name_of(each) == name), None)
            problem = mismatch(item, found, f"{where}[{index if name is None else name[1]}]")
            if problem:
                return problem
        return None
    if isinstance(wanted, str) and wanted.startswith("~"):
        holds = isinstance(actual, str) and wanted[1:] in actual
    elif isinstance(wanted, str) and wanted[:2] in (">=", "<="):
        holds = isinstance(actual, int) and (actual >= int(wanted[2:]) if wanted[0] == ">" else actual <= int(wanted[2:]))
    else:
        holds = wanted == actual
    return None if holds else f"{where} is {actual!r}, not {wanted!r}"


def name_fits(pattern, name):
    return not pattern or (name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern)


class Case:
    def __init__(self, test, content):
        self.test, self.host, self.content = test, test.host, content
        self.manifests, self.always, self.marked = {}, [], time.monotonic()

    def run(self):
        try:
            for step in self.content["steps"]:
                with self.test.subTest(step=str(step)[:200]):
                    self.take(step)
        finally:
            self.always = []
            self.manifests = {}
            self.commit()
            eventually("nothing is left", self.nothing_is_left)

    def nothing_is_left(self):
        for source in self.host.status()["sources"]:
            held = source.get("status", {}).get("held")
            if held:
                self.host.cli(["confirm", held["planHash"]])
        return not self.host.pods() and not self.host.containers(all_states=True)

    def take(self, step):
        for manifest in step.get("apply", []):
            self.manifests[f"{manifest['kind']}/{manifest['metadata']['name']}"] = manifest
        for name, patch in step.get("patch", {}).items():
            self.manifests[name] = merge(patch, self.manifests[name])
        for name in step.get("remove", []):
            del self.manifests[name]
        if {"apply", "patch", "remove"} & set(step):
            return self.commit()
        if "mark" in step:
            self.marked = time.monotonic()
        elif "settle" in step:
            self.until("it settles", self.settled, 180)
        elif "wait" in step:
            end = time.monotonic() + seconds(step["wait"])
            self.until("the time is over", lambda: time.monotonic() > end, seconds(step["wait"]) + 10)
        elif "always" in step:
            self.always += step["always"]
        elif "expect" in step:
            self.expect(step)
        elif "kill" in step:
            pattern = step["kill"]["of"].split("/", 1)[1]
            for container in self.containers():
                if name_fits(pattern, container["pod"] + "/" + container["name"]) and container["state"] == "running":
                    self.host.docker(["kill", container["id"]])
        else:
            raise Hopeless(f"no engine can do {step}")
        return None

    def commit(self):
        items = [KEEPER] + list(self.manifests.values())
        self.head = self.host.commit({"all.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)}, "Next")

    def settled(self):
        status = self.host.status()
        applied = [source.get("status", {}).get("appliedCommit") for source in status["sources"]]
        return applied == [self.head] and status["settled"] and not status["unconverged"]

    def until(self, what, condition, deadline_s):
        def looked():
            for expectation in self.always:
                why = self.why_not(expectation)
                if why:
                    raise Hopeless(f"always: {why}")
            return condition()
        return eventually(what, looked, deadline_s)

    def expect(self, step):
        began = self.marked if "since" in step else time.monotonic()
        within = seconds(step.get("within", "60s"))

        def holds():
            for expectation in step["expect"]:
                why = self.why_not(expectation)
                self.test.assertIsNone(why, why)
            return True
        self.until("as expected", holds, began + within - time.monotonic())
        took = time.monotonic() - began
        # The engine's clock began before the look that saw it.
        self.test.assertGreaterEqual(took, seconds(step.get("notBefore", "0s")) - 0.5, "it was so too early")

    def why_not(self, expectation):
        candidates = self.find(expectation["of"])
        # Those of `where` are read first.
        paths = [path for part in ("where", "has") for path in expectation.get(part, {}).get("files", {})]
        for each in candidates if paths else []:
            each["files"] = self.files(each["id"], paths) if each["state"] == "running" else {}
        found = [each for each in candidates if mismatch(expectation.get("where", {}), each) is None]
        if "count" in expectation:
            problem = mismatch(expectation["count"], len(found), "count")
            if problem:
                return f"{expectation['of']}: {problem}"
        elif not found:
            return f"{expectation['of']}: there is none"
        for each in found:
            problem = mismatch(expectation.get("has", {}), each)
            if problem:
                return f"{expectation['of']} ({each.get('name') or each['metadata']['name']}): {problem}"
        return None

    def find(self, subject):
        kind, _, selector = subject.partition(" ")
        kind, _, name = kind.partition("/")
        if kind == "Container":
            return [each for each in self.containers() if name_fits(name, each["pod"] + "/" + each["name"])]
        items = json.loads(self.host.cli(["get", kind, "-A", "-o", "json"]).stdout)["items"]
        key, _, value = selector.partition("=")
        return [item for item in items if name_fits(name, item["metadata"]["name"])
                and (not selector or item["metadata"].get("labels", {}).get(key) == value)]

    def files(self, container, paths):
        """What is in these files of a running container; those that it does not have are left out."""
        read = {path: self.host.docker(["exec", container, "cat", path], check=False) for path in paths}
        return {path: result.stdout for path, result in read.items() if result.returncode == 0}

    def containers(self):
        ids = self.host.docker(["ps", "-aq", "--no-trunc"]).stdout.split()
        found = []
        for info in json.loads(self.host.docker(["inspect"] + ids, check=False).stdout or "[]") if ids else []:
            labels = info["Config"]["Labels"] or {}
            if labels.get("dev.reconcile.container", "POD") == "POD":
                continue
            command = (info["Config"]["Entrypoint"] or []) + (info["Config"]["Cmd"] or [])
            limits = info["HostConfig"]
            found.append({
                "id": info["Id"], "name": labels["dev.reconcile.container"], "pod": labels["dev.reconcile.pod"], "host": "host-1",
                "state": info["State"]["Status"], "exitCode": info["State"]["ExitCode"],
                "env": dict(entry.split("=", 1) for entry in info["Config"]["Env"] or []),
                "command": command[1:] if command[:1] == ["/.reconcile/start"] else command,
                "log": dict(limits["LogConfig"]["Config"], type=limits["LogConfig"]["Type"]),
                "resources": {"cpuShares": limits["CpuShares"], "cpuQuota": limits["CpuQuota"], "memory": limits["Memory"],
                              "oomScoreAdj": limits["OomScoreAdj"]}})
        return found


class ConformanceTest(HostTest):

    def test_cases(self):
        self.host.docker(["tag", "test/busybox:1", "test/busybox:2"])
        settings = self.host.folder / "settings.yaml"
        settings.write_text("deletionBreaker: {maxPercent: 100, maxObjects: 1000}\n", encoding="utf-8")
        self.host.flags = ["--config", settings]
        self.host.commit({"all.json": json.dumps(KEEPER)}, "Begin")
        self.host.start_reconcile()
        ran = 0
        for path in sorted(CASES.rglob("*.yaml")):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            if not content.get("engines") or os.environ.get("RECONCILE_CASE", "") not in str(path):
                continue
            began = time.monotonic()
            with self.subTest(case=str(path.relative_to(CASES))):
                Case(self, content).run()
            print(f"{path.relative_to(CASES)}: {time.monotonic() - began:.1f} s", flush=True)
            ran += 1
        self.assertGreater(ran, 0)
        self.host.kill_reconcile(signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
