"""Three hosts with as many Services as are asked for, and the ways between two of them: ours, and the same made by hand."""
import json
import signal
import time

from testbed import BINARY_FOLDER, COMMAND, IMAGE, STEP_DEADLINE_S, Cluster, Repository, busybox_tar, eventually

HOSTS = 3
# Of the Services only so many have a selector, which nothing matches; the others have an EndpointSlice of their own.
WITH_SELECTOR = 100
TEAMS = 50
SERVER_PORT = 9090
CHANGING = "changing"
DNS_ADDRESS = "10.96.0.10"
OURS = 3  # Services that are always there
HAND_MTU = {"vxlan": 1450, "routes": 1500}  # as ours are
SETTINGS = "deletionBreaker: {maxObjects: 100000, maxPercent: 100}\n"


def deployment(name, version, host=""):
    selector = f"nodeSelector: {{kubernetes.io/hostname: {host}}}" if host else "nodeSelector: {}"
    return f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: {name}}}}}
  strategy: {{type: RollingUpdate, rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      {selector}
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: {IMAGE}
        imagePullPolicy: IfNotPresent
        command: [sh, -c, '{COMMAND[2]}']
        env: [{{name: VERSION, value: "{version}"}}]
"""


def service(name, app, port, more=""):
    return f"""apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  selector: {{app: {app}}}
  ports: [{{name: http, port: 80, targetPort: {port}}}]
{more}"""


def loaded_service(number, endpoint):
    """One of the many; its endpoint is an address that nobody has."""
    name, team = f"service-{number}", f"team-{number % TEAMS}"
    selector = f"  selector: {{app: nothing-{number}}}\n" if number < WITH_SELECTOR else ""
    text = f"""apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {team}}}
spec:
{selector}  ports: [{{name: http, port: 80, targetPort: 8080}}]
"""
    if selector:
        return text
    return text + f"""---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-own, namespace: {team}, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv4
ports: [{{name: http, port: 8080, protocol: TCP}}]
endpoints: [{{addresses: [{endpoint}]}}]
"""


def team_file(team, count, changed=None):
    """`changed`: number -> endpoint, of those that have another than at first."""
    numbers = range(team, count, TEAMS)
    texts = [loaded_service(number, (changed or {}).get(number, f"198.51.100.{1 + number % 250}")) for number in numbers]
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: team-{team}}}\n---\n" + "---\n".join(texts)


class NetBed:
    """The hosts, their controller, and two repositories that it follows: ours and the many Services'."""

    def __init__(self):
        self.cluster = Cluster(HOSTS)
        self.one, self.two = self.cluster.hosts[:2]
        self.main = self.load = None
        self.version = 0
        self.services = 0

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.cluster.stop()
            raise
        return self

    def __exit__(self, *_):
        self.cluster.stop()

    def start(self):
        cluster = self.cluster
        cluster.start()
        tar = busybox_tar(cluster.home)
        cluster.import_image(tar, IMAGE)
        tar.unlink()
        self.main = Repository(cluster.controller.disk / "main").make()
        self.load = Repository(cluster.controller.disk / "load").make()
        for repository in (self.main, self.load):
            repository.commit({"README": "Manifests come when every host is there.\n"})
        self.configure("vxlan")
        cluster.start_controller()
        for host in cluster.hosts:
            cluster.join(host)
        cluster.all_ready()
        self.commit_main()

    def configure(self, backend):
        sources = "".join(f"- {{name: {name}, repository: {self.cluster.controller.disk / name}}}\n" for name in ("main", "load"))
        self.cluster.configure(self.cluster.controller, f"sources:\n{sources}{SETTINGS}networkBackend: {backend}\n")

    def commit_main(self):
        """The pods of a new version: one each on two hosts, one anywhere whose address changes by that."""
        self.version += 1
        texts = [deployment("end-1", self.version, self.one.name), deployment("end-2", self.version, self.two.name),
                 service("end", "end-2", SERVER_PORT)]
        self.main.commit({"ends.yaml": "---\n".join(texts)})
        self.commit_changing()
        self.converge()

    def commit_changing(self):
        self.version += 1
        texts = [deployment(CHANGING, self.version), service(CHANGING, CHANGING, 8080, "  clusterIP: None\n"),
                 service(f"{CHANGING}-address", CHANGING, 8080)]
        self.main.commit({"changing.yaml": "---\n".join(texts)})

    def converge(self):
        self.cluster.converge({"main": self.main.head(), "load": self.load.head()}, STEP_DEADLINE_S)

    def load_services(self, count):
        """So many in all. Seconds from the commit until every host says that its rules and DNS have them."""
        self.services = count - OURS
        teams = range(min(TEAMS, self.services))
        files = {f"team-{team}.yaml": team_file(team, self.services) for team in teams}
        began = time.monotonic()
        commit = self.load.commit(files)
        eventually("the Services are known", lambda: self.applied("load") == commit, STEP_DEADLINE_S)
        eventually("every host has the Services", self.in_sync, STEP_DEADLINE_S)
        taken = time.monotonic() - began
        self.converge()
        return taken

    def change_service(self, turn):
        """Another endpoint for one of the many, another one each turn; the address that it has from then on."""
        number = WITH_SELECTOR + turn * 7 % (self.services - WITH_SELECTOR)
        endpoint = f"203.0.113.{1 + turn % 250}"
        team = number % TEAMS
        self.load.commit({f"team-{team}.yaml": team_file(team, self.services, {number: endpoint})})
        return endpoint

    def applied(self, source):
        return next((found.get("status", {}).get("appliedCommit") for found in self.cluster.status()["sources"]
                     if found["metadata"]["name"] == source), None)

    def in_sync(self):
        items = json.loads(self.cluster.cli(["net", "status", "-o", "json"]).stdout)["items"]
        return len(items) == HOSTS and all(item["inSync"] for item in items)

    def switch_backend(self, backend):
        """The controller begins again with it, and pods are made anew."""
        self.cluster.controller.kill("controller", signal.SIGTERM)
        self.configure(backend)
        self.cluster.start_controller()
        self.cluster.all_ready()

        def switched():
            items = json.loads(self.cluster.cli(["net", "status", "-o", "json"]).stdout)["items"]
            return len(items) == HOSTS and all(item["backend"] == backend and item["inSync"] for item in items)

        eventually(f"every host has {backend}", switched, STEP_DEADLINE_S)
        self.commit_main()

    # ---- pods ----
    def pod(self, app):
        """(host, address, engine's id) of the pod of that app that stays."""
        for pod in self.cluster.items("pods"):
            metadata = pod["metadata"]
            if metadata.get("labels", {}).get("app") == app and "deletionTimestamp" not in metadata:
                host = self.cluster.named(pod["spec"]["nodeName"])
                return host, pod["status"]["podIP"], host.containers()[f"default/{metadata['name']}/main"][0]
        raise RuntimeError(f"there is no pod of {app}")

    def inside(self, app):
        """Words before a command that is to run in the pod's network, on the pod's host."""
        host, _, container = self.pod(app)
        return ["nsenter", "-t", host.pid_of(container), "-n", "--"]

    def service_address(self, name):
        return next(item["spec"]["clusterIP"] for item in self.cluster.items("services") if item["metadata"]["name"] == name)

    # ---- by hand ----
    def make_by_hand(self, kind):
        """On both hosts a namespace that is connected as a pod is, with routes to the other's by our own VXLAN device (`vxlan`: static
        entries, nothing learned) or by the hosts' addresses (`routes`)."""
        mtu = HAND_MTU[kind]
        for host, other, own, far in ((self.one, self.two, 1, 2), (self.two, self.one, 2, 1)):
            way = f"via {other.address} dev eth0"
            script = ""
            if kind == "vxlan":
                mac = "02:00:00:00:98:0"
                way = f"via 10.98.0.{far} dev byhand onlink"
                script = (f"ip link add byhand address {mac}{own} mtu {mtu} type vxlan id 99 dstport 8473 local {host.address} dev eth0 nolearning\n"
                          f"ip address add 10.98.0.{own}/24 dev byhand; ip link set byhand up\n"
                          f"bridge fdb append {mac}{far} dev byhand dst {other.address} self permanent\n"
                          f"ip neighbour replace 10.98.0.{far} lladdr {mac}{far} dev byhand nud permanent\n")
            n = {"vxlan": own, "routes": 10 + own}[kind]
            script += (f"ip netns add {kind}; ip link add hand-{kind} mtu {mtu} type veth peer name eth0 mtu {mtu} netns {kind}\n"
                       f"ip link set hand-{kind} up; ip address add 10.98.{n}.1/24 dev hand-{kind}; ip -n {kind} link set eth0 up\n"
                       f"ip -n {kind} address add 10.98.{n}.2/24 dev eth0; ip -n {kind} route add default via 10.98.{n}.1\n"
                       f"ip route add 10.98.{n - own + far}.0/24 {way}\n")
            host.execute(["sh", "-ec", script])

    # ---- weight ----
    def megabytes(self):
        """Resident, of the controller and of the largest agent."""
        agents = [host.processes["agent"].memory_kib() for host in self.cluster.hosts]
        return self.cluster.controller.processes["controller"].memory_kib() * 1024 / 1e6, max(agents) * 1024 / 1e6


def program(name):
    return BINARY_FOLDER / "bench" / name
