"""Who is measured: ours, the floor (the same containers by Docker's API alone) and Docker Swarm mode.

Each can start `count` replicas, replace all of them start-first a quarter at a time, get one back that was killed, and
remove all. The times, in seconds, are from the command or call that a person or program gives to the engine's last event
of the containers that the application is in; sandboxes count where they are removed. A container of ours has started when
its application has said so: before, a program in it may wait for the network, which the others have none of."""
import json
import shutil
import time
import uuid

from engines import id_of, side_by_side
from testbed import COMMAND, GRACE_S, IMAGE, NAME, PROBE_EVERY_S, PROBES, STEP_DEADLINE_S, application, deployment, eventually

SURGE = 4  # 1/SURGE of the replicas at a time
LANES = (1, 2, 4, 8)  # what the floor is tried with


def seconds(began_ns, at):
    return (max(at.values()) - began_ns) / 1e9


class Peer:
    """What all have in common: how a step is timed. Subclasses say how it is begun, and whose a container is."""

    def __init__(self, name, bed, engine, events):
        self.name = name
        self.bed = bed
        self.engine = engine
        self.events = events
        self.version = 0
        self.least = self.most = 0  # replicas that ran at the same time during the last update

    def is_app(self, event):
        """Whether an event is of a container of the application."""
        return self.is_app_container(event["Actor"]["Attributes"])

    def apps(self):
        """The application's containers that run."""
        return [found["Id"] for found in self.engine.list() if found["State"] == "running" and
                self.is_app_container(dict(found["Labels"], name=found["Names"][0].lstrip("/")))]

    def belongings(self):
        """Ids of all that `remove` has to remove."""
        ids = set()
        for found in self.engine.list():
            if self.is_app_container(dict(found["Labels"], name=found["Names"][0].lstrip("/"))):
                ids.add(found["Id"])
                sandbox = found["HostConfig"]["NetworkMode"].partition("container:")[2]
                if sandbox:
                    ids.add(self.engine.inspect(sandbox)["Id"])
        return ids

    def what(self, step):
        return f"{self.name}: {step}"

    # ---- the steps ----
    def start(self, count):
        mark = self.events.mark()
        began_ns = self.begin_start(count)
        key = lambda event: id_of(event) if event["Action"] == "start" and self.is_app(event) else None
        at = self.events.collect(mark, key, count, self.what(f"start of {count}"), STEP_DEADLINE_S)
        at.update(self.begun(at))
        self.finish()
        return seconds(began_ns, at)

    def update(self, count):
        """Until all new ones run and all old ones have ended."""
        old = set(self.apps())
        mark = self.events.mark()
        began_ns = self.begin_update(count)

        def key(event):
            if event["Action"] == "die" and id_of(event) in old:
                return id_of(event)
            return id_of(event) if event["Action"] == "start" and id_of(event) not in old and self.is_app(event) else None

        at = self.events.collect(mark, key, count + len(old), self.what(f"update of {count}"), STEP_DEADLINE_S)
        at.update(self.begun([container for container in at if container not in old]))
        running = self.least = self.most = len(old)
        for _, container in sorted((when, container) for container, when in at.items()):
            running += -1 if container in old else 1
            self.least, self.most = min(self.least, running), max(self.most, running)
        self.finish()
        return seconds(began_ns, at)

    def replace_killed(self):
        victim = self.apps()[0]
        mark = self.events.mark()
        began_ns = time.time_ns()
        self.begin_kill(victim)
        key = lambda event: id_of(event) if event["Action"] == "start" and self.is_app(event) else None
        at = self.events.collect(mark, key, 1, self.what("replacement of a killed one"), STEP_DEADLINE_S)
        at.update(self.begun(at))
        self.finish()
        return seconds(began_ns, at)

    def remove(self):
        mark = self.events.mark()
        ids = self.belongings()
        began_ns = self.begin_remove()
        key = lambda event: id_of(event) if event["Action"] == "destroy" and id_of(event) in ids else None
        at = self.events.collect(mark, key, len(ids), self.what(f"removal of {len(ids)} containers"), STEP_DEADLINE_S)
        self.finish()
        return seconds(began_ns, at)

    def begin_kill(self, victim):
        self.engine.kill(victim)

    def begun(self, containers):
        """When their applications began, where that is later than the engine's event."""
        return {}

    def finish(self):
        """Waits until the step is over for the peer too; not timed."""


class Ours(Peer):
    def __init__(self, bed):
        super().__init__("ours", bed, bed.engine, bed.events)
        self.file = f"{NAME}.yaml"

    def is_app_container(self, attributes):
        return attributes.get("dev.reconcile.container", "POD") != "POD" and \
            attributes["dev.reconcile.pod"].startswith(f"{NAME}-")

    def begin_start(self, count):
        return self.bed.commit({self.file: deployment(count, self.version, probe=self.bed.probe)})

    def begin_update(self, count):
        self.version += 1
        return self.begin_start(count)

    def begin_remove(self):
        return self.bed.commit({self.file: None})

    def begun(self, containers):
        at = {}

        def all_said():
            at.update({each: self.engine.first_line_at(each) for each in containers if at.get(each) is None})
            return None not in at.values()

        eventually(self.what("the applications' first lines"), all_said, STEP_DEADLINE_S)
        return at

    def finish(self):
        self.bed.converge()


class Swarm(Peer):
    """`network`: none (loopback alone: the cheapest that is still a namespace of its own), host, or bridge (an address)."""

    def __init__(self, bed, network="none"):
        super().__init__("Swarm", bed, bed.swarm_engine, bed.swarm_events)
        self.image = self.engine.call("GET", f"/images/{IMAGE}/json")["Id"]  # a name would be looked up in a registry
        if network == "bridge":
            bed.swarm.docker(["network", "create", "--scope", "swarm", "-d", "bridge", "bench"])
        self.network = {"none": [], "host": ["--network", "host"], "bridge": ["--network", "bench"]}[network]

    def is_app_container(self, attributes):
        return "com.docker.swarm.service.name" in attributes

    def command(self, *words):
        began_ns = time.time_ns()
        self.bed.swarm.docker(["service"] + list(words))
        return began_ns

    def begin_start(self, count):
        return self.command("create", "--detach", "--quiet", "--no-resolve-image", "--name", NAME, "--replicas", count,
                            "--restart-delay", "0s", "--stop-grace-period", f"{GRACE_S}s", "--env",
                            f"VERSION={self.version}", *self.network, *self.health(), self.image, *application(self.bed.probe))

    def health(self):
        """A task counts as running once its container is healthy; the engine first asks after one interval."""
        asked = PROBES[self.bed.probe][2]
        return ["--health-cmd", asked, "--health-interval", f"{PROBE_EVERY_S}s"] if asked else []

    def begin_update(self, count):
        self.version += 1
        return self.command("update", "--detach", "--quiet", "--no-resolve-image", "--update-order", "start-first",
                            "--update-parallelism", max(1, count // SURGE), "--update-delay", "0s", "--env-add",
                            f"VERSION={self.version}", NAME)

    def begin_remove(self):
        return self.command("rm", NAME)


class Floor(Peer):
    """A pod's containers by the API alone; `recipe` has the bodies that make them."""

    def __init__(self, name, bed, recipe):
        super().__init__(f"floor ({name})", bed, bed.engine, bed.events)
        self.prefix = f"floor-{name}-"
        self.recipe = recipe
        self.lanes = 1
        self.pods = []  # (sandbox, application) ids; a sandbox is None where the recipe has none

    def is_app_container(self, attributes):
        return attributes.get("name", "").startswith(self.prefix + "app-")

    def create_app(self, sandbox):
        app = self.engine.create(f"{self.prefix}app-{uuid.uuid4().hex[:12]}", self.recipe.app(sandbox))
        self.engine.start(app)
        return app

    def create_pod(self, _=None):
        sandbox = None
        if self.recipe.sandbox() is not None:
            sandbox = self.engine.create(f"{self.prefix}sandbox-{uuid.uuid4().hex[:12]}", self.recipe.sandbox())
            self.engine.start(sandbox)
        self.pods.append((sandbox, self.create_app(sandbox)))

    def remove_pod(self, pod):
        sandbox, app = pod
        self.engine.stop(app, GRACE_S)
        self.engine.remove(app)
        if sandbox is not None:
            self.engine.remove(sandbox)

    def begin_start(self, count):
        began_ns = time.time_ns()
        side_by_side(range(count), self.lanes, self.create_pod)
        return began_ns

    def begin_update(self, count):
        old, self.pods = self.pods, []

        def replace(pod):
            self.create_pod()
            self.remove_pod(pod)

        began_ns = time.time_ns()
        side_by_side(old, max(1, count // SURGE), replace)
        return began_ns

    def begin_kill(self, victim):
        """Here nobody replaces it, so that is part of it: an application container, in the sandbox if there is one."""
        mark = self.events.mark()
        self.engine.kill(victim)
        key = lambda event: id_of(event) if event["Action"] == "die" and id_of(event) == victim else None
        self.events.collect(mark, key, 1, self.what("end of a killed one"), STEP_DEADLINE_S)
        sandbox = next(sandbox for sandbox, app in self.pods if app == victim)
        self.pods.remove((sandbox, victim))
        self.pods.append((sandbox, self.create_app(sandbox)))
        self.engine.remove(victim)

    def begin_remove(self):
        pods, self.pods = self.pods, []
        began_ns = time.time_ns()
        side_by_side(pods, self.lanes, self.remove_pod)
        return began_ns

    def choose_lanes(self, count, candidates=LANES):
        """Tries how many in flight start `count` soonest, once; keeps the best. Lanes -> seconds."""
        tried = {}
        for lanes in candidates:
            self.lanes = lanes
            tried[lanes] = self.start(count)
            self.remove()
            self.events.quiet(0.5, STEP_DEADLINE_S)
        self.lanes = min(tried, key=tried.get)
        return tried


class PlainRecipe:
    """The least that is a pod: the application in an empty network, which runc makes."""

    def sandbox(self):
        return None

    def app(self, _):
        return {"Image": IMAGE, "Cmd": COMMAND, "NetworkDisabled": True, "HostConfig": {"NetworkMode": "none"}}


class CapturedRecipe:
    """What the agent created for a pod of ours, as the engine tells it, without our labels.

    Files that were mounted are copied to `folder`: the pod's own go with it."""

    def __init__(self, engine, app_id, folder):
        app = engine.inspect(app_id)
        joined = app["HostConfig"]["NetworkMode"].partition("container:")[2]
        self.sandbox_body = self.body(engine.inspect(joined), folder) if joined else None
        self.app_text = json.dumps(self.body(app, folder))
        self.joined = f"container:{joined}"

    @staticmethod
    def body(found, folder):
        body = {name: value for name, value in found["Config"].items() if name != "Labels"}
        body["HostConfig"] = found["HostConfig"]
        if found["HostConfig"]["NetworkMode"].startswith("container:"):
            body.pop("Hostname", None)  # the sandbox's: the engine tells it here too and takes it only there
            body.pop("Domainname", None)
        for mount in found["HostConfig"].get("Mounts") or []:
            copy = folder / uuid.uuid4().hex
            shutil.copy(mount["Source"], copy)  # with its mode: one is a program
            mount["Source"] = str(copy)
        return body

    def sandbox(self):
        return self.sandbox_body

    def app(self, sandbox):
        return json.loads(self.app_text.replace(self.joined, f"container:{sandbox}") if sandbox else self.app_text)
