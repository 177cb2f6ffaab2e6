#!/usr/bin/env python3
"""From `git commit` to the new container running, beside the raw calls for the same two containers.

    bench/commit_to_running.py [--runs 20]

One replica at a time, its image present, on an engine and a network of its own. A run of ours: a manifest with one
replica more is committed; the time is from the start of `git commit` to the engine's `start` event of the container. A
run of the floor: the pause container and the same container by the Docker API alone on one connection (create, start,
create, start), to the same event. The two alternate, so that both see the same machine. Medians with ranges, and their
ratio. Needs root and a release build (RECONCILE_BINARY_FOLDER names another one)."""
import argparse
import http.client
import json
import os
import socket
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("RECONCILE_BINARY_FOLDER", str(ROOT / "build/release"))
sys.path.insert(0, str(ROOT / "tests/e2e"))
from harness import Host, eventually, replication_controller  # noqa: E402  (the folder is known only now)


class Engine(http.client.HTTPConnection):
    """The Docker API on a Unix socket."""

    def __init__(self, path):
        super().__init__("docker")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def call(self, method, path, body=None):
        self.request(method, "/v1.41" + path, json.dumps(body) if body is not None else None,
                     {"Content-Type": "application/json"})
        answer = self.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else None


def started_at(engine, containers, since):
    """Wall-clock second at which the engine says that the last of `containers` started."""
    until = int(time.time()) + 2
    filters = json.dumps({"event": ["start"], "type": ["container"]}).replace('"', "%22").replace(" ", "")
    engine.request("GET", f"/v1.41/events?since={int(since) - 1}&until={until}&filters={filters}")
    events = [json.loads(line) for line in engine.getresponse().read().decode().splitlines() if line.strip()]
    times = [event["timeNano"] / 1e9 for event in events if event["id"] in containers]
    if not times:
        raise RuntimeError("the engine tells of no start of " + ", ".join(containers))
    return max(times)


def by_raw_calls(engine, number):
    begin = time.time()
    pause = engine.call("POST", f"/containers/create?name=raw-pause-{number}",
                        {"Image": "raw/pause", "HostConfig": {"NetworkMode": "none"}})["Id"]
    engine.call("POST", f"/containers/{pause}/start")
    main = engine.call("POST", f"/containers/create?name=raw-main-{number}",
                       {"Image": "test/busybox:1", "Cmd": ["sh", "-c", "sleep 100000"],
                        "HostConfig": {"NetworkMode": f"container:{pause}"}})["Id"]
    engine.call("POST", f"/containers/{main}/start")
    duration = started_at(engine, [main], begin) - begin
    for container in (main, pause):
        engine.call("DELETE", f"/containers/{container}?force=true")
    return duration


def by_commit(host, engine, replicas):
    host.write("web.yaml", replication_controller("web", replicas))
    before = {ids[0] for ids in host.containers().values()}
    begin = time.time()
    host.commit(message=f"{replicas} replicas")
    new = eventually("the new container runs",
                     lambda: {ids[0] for ids in host.containers().values()} - before)
    duration = started_at(engine, new, begin) - begin
    host.converge()
    return duration


def shown(times):
    return f"median {statistics.median(times):.3f} s ({min(times):.3f} to {max(times):.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    host = Host()
    try:
        host.start()
        host.commit({"web.yaml": replication_controller("web", 1)})
        host.start_reconcile()
        host.converge()
        pause = host.docker(["image", "ls", "-q", "reconcile.dev/pause"]).stdout.split()[0]
        host.docker(["tag", pause, "raw/pause"])
        engine = Engine(host.docker_socket)
        ours, floor = [], []
        for number in range(runs):
            floor.append(by_raw_calls(engine, number))
            ours.append(by_commit(host, engine, number + 2))
        print(f"commit to running, one replica, {runs} alternating runs, load {os.getloadavg()[0]:.1f}")
        print(f"  ours   {shown(ours)}")
        print(f"  floor  {shown(floor)}")
        ratios = [a / b for a, b in zip(ours, floor)]
        print(f"  ratio  median {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    finally:
        host.stop()


if __name__ == "__main__":
    main()
