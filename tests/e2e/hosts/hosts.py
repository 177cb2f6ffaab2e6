#!/usr/bin/env python3
"""Several hosts on this machine, for people: each with a network, an engine and an agent of its own.

  hosts.py up 3              makes them, a controller's host beside them, and joins them; RECONCILE_HOSTS_HOME or --home
                             names the folder that keeps all of it (default: /tmp/rc-hosts)
  hosts.py down              removes all, also after a failure
  hosts.py list              hosts, addresses and processes
  hosts.py exec HOST COMMAND...      runs a command there (reconcile and docker are in its PATH, and reach its own)
  hosts.py cut HOST [OTHER] [--way in|out|both]     drops what goes between; heal [HOST] mends it; lose HOST PERCENT
  hosts.py pause|resume|kill|start HOST PROCESS     of its processes (controller, agent, dockerd), by id
  hosts.py reboot HOST       all its processes and devices go at once; its disk stays, its services begin again
  hosts.py log HOST PROCESS
  hosts.py controller REPOSITORY     after `up --bare`: starts the controller, following it
  hosts.py join              after that: makes every host join by the line that `reconcile token create` prints
  hosts.py load IMAGE        copies an image of this machine's Docker to every host (they reach no registry)
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from hosts.cluster import BINARY_FOLDER, Cluster, Repository, busybox_tar  # noqa: E402
from hosts.system import CommandFailed, Hopeless, eventually, run  # noqa: E402


def up(arguments):
    home = arguments.home
    if home.exists():
        raise SystemExit(f"{home} is there already: `hosts.py down` first, or name another --home")
    cluster = Cluster(arguments.count, home, outlive=True, binaries=[arguments.binaries.resolve() / "cmd"])
    try:
        cluster.start()
        cluster.save()
        tar = busybox_tar(home)
        cluster.import_image(tar, "test/busybox:1")
        tar.unlink()
        if not arguments.bare:
            repository = arguments.repository
            if repository is None:
                repository = Repository(home / "manifests").make().folder
                Repository(repository).commit(message="Nothing yet")
            cluster.start_controller(repository)
            join(cluster, cluster.hosts)
        cluster.save()
    except BaseException:
        cluster.stop()
        raise
    show(cluster)


def join(cluster, hosts):
    """As a person does it: the controller prints a line, the host runs it."""
    for host in hosts:
        line = cluster.join_line()
        print(f"on {host.name}:  {line}", flush=True)
        cluster.join(host, line)
    cluster.all_ready()


def down(arguments):
    home = arguments.home
    if not home.exists():
        print(f"nothing to remove: {home} is not there")
        return
    if not (home / "state.json").exists():
        raise SystemExit(f"{home} has no state.json: it is none of ours, or its making was killed; remove it by hand")
    Cluster.load(home).stop()
    print(f"removed: hosts, engines, containers, networks and {home}")


def show(cluster):
    print(f"{'HOST':<12} {'ADDRESS':<13} {'PROCESSES'}")
    for machine in cluster.machines:
        names = [f"{name} ({process.pid}{'' if process.alive() else ', ended'})"
                 for name, process in sorted(machine.processes.items())]
        print(f"{machine.name:<12} {machine.address:<13} {', '.join(names)}")


def execute(cluster, arguments):
    machine = cluster.named(arguments.host)
    code = subprocess.run(machine.entering(arguments.command), env=machine.environment(), check=False).returncode
    raise SystemExit(code)


def load(cluster, image):
    tar = cluster.home / "image.tar"
    run(["docker", "save", "-o", tar, image])
    for host in cluster.hosts:
        host.docker(["load", "-i", tar])
    tar.unlink()


def on_process(cluster, arguments):
    machine, name = cluster.named(arguments.host), arguments.process
    if arguments.action == "start":
        process = machine.processes.get(name)
        if name not in machine.services:
            raise SystemExit(f"{machine.name} has no {name}; it has: {', '.join(sorted(machine.services))}")
        if process is not None and process.alive():
            raise SystemExit(f"{machine.name}: {name} runs already")
        machine.start_engine() if name == "dockerd" else machine.start_service(name)
        if name == "dockerd":
            eventually("dockerd answers", machine.engine_answers)
        return
    if name not in machine.processes:
        raise SystemExit(f"{machine.name} runs no {name}; it runs: {', '.join(sorted(machine.processes))}")
    if not machine.processes[name].alive():
        again = f"; `hosts.py start {machine.name} {name}` starts it again" if name in machine.services else ""
        raise SystemExit(f"{machine.name}: {name} ({machine.processes[name].pid}) has ended already{again}")
    {"pause": machine.pause, "resume": machine.resume, "kill": machine.kill}[arguments.action](name)


def start_controller(cluster, repository):
    machine = cluster.controller_on
    process = machine.processes.get("controller")
    if process is not None and process.alive():
        raise SystemExit(f"{machine.name}: controller ({process.pid}) runs already; to start it anew: "
                         f"`hosts.py kill {machine.name} controller` first")
    cluster.start_controller(repository)


def act(cluster, arguments):
    action = arguments.action
    if action == "list":
        show(cluster)
    elif action == "exec":
        execute(cluster, arguments)
    elif action == "controller":
        start_controller(cluster, arguments.repository)
    elif action == "join":
        join(cluster, [host for host in cluster.hosts if "agent" not in host.services])
    elif action == "load":
        load(cluster, arguments.image)
    elif action == "cut":
        cluster.named(arguments.host)
        cluster.switch.cut(arguments.host, arguments.other and cluster.named(arguments.other).name, arguments.way)
    elif action == "lose":
        cluster.switch.lose(cluster.named(arguments.host).name, arguments.percent)
    elif action == "heal":
        cluster.switch.heal(arguments.host)
    elif action == "reboot":
        cluster.named(arguments.host).reboot(cluster.switch, outlive=True)
    elif action == "log":
        print(cluster.named(arguments.host).log_end(arguments.process, 1000))
    else:
        on_process(cluster, arguments)
    cluster.save()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("RECONCILE_HOSTS_HOME", "/tmp/rc-hosts")))
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    make = actions.add_parser("up")
    make.add_argument("count", type=int, choices=range(1, 21), metavar="N")
    make.add_argument("--binaries", type=Path, default=BINARY_FOLDER, help="build folder")
    make.add_argument("--repository", type=Path, help="to follow; default: a new one")
    make.add_argument("--bare", action="store_true", help="hosts and engines, nothing of reconcile")
    actions.add_parser("down")
    actions.add_parser("list")
    actions.add_parser("controller").add_argument("repository", type=Path)
    actions.add_parser("join")
    actions.add_parser("load").add_argument("image")
    inside = actions.add_parser("exec")
    inside.add_argument("host")
    inside.add_argument("command", nargs=argparse.REMAINDER)
    cut = actions.add_parser("cut")
    cut.add_argument("host")
    cut.add_argument("other", nargs="?")
    cut.add_argument("--way", choices=("in", "out", "both"), default="both")
    lose = actions.add_parser("lose")
    lose.add_argument("host")
    lose.add_argument("percent", type=int, choices=range(1, 101), metavar="PERCENT")
    actions.add_parser("heal").add_argument("host", nargs="?")
    actions.add_parser("reboot").add_argument("host")
    for name in ("pause", "resume", "kill", "start", "log"):
        action = actions.add_parser(name)
        action.add_argument("host")
        action.add_argument("process")
    return parser.parse_args()


def main():
    arguments = parse()
    if os.geteuid() != 0:
        raise SystemExit("hosts.py makes namespaces and runs Docker engines: it needs root")
    try:
        if arguments.action == "up":
            up(arguments)
        elif arguments.action == "down":
            down(arguments)
        elif not (arguments.home / "state.json").exists():
            raise SystemExit(f"no hosts in {arguments.home}: `hosts.py up 3` makes some")
        else:
            act(Cluster.load(arguments.home), arguments)
    except (CommandFailed, Hopeless) as error:
        raise SystemExit(f"hosts.py: {error}") from None


if __name__ == "__main__":
    main()
