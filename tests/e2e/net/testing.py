"""A set of hosts whose pods have a network, and what its test files share."""
import json
import os

from hosts.cluster import ROOT
from hosts.system import eventually, run
from hosts.testing import ClusterTest

from .pods import find_pods

# A name server outside of the cluster, of names that are no cluster's: dnsmasq on the controller's machine.
UPSTREAM = ["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--log-queries", "--log-facility=-", "--user=root",
            "--conf-file=/dev/null", "--pid-file=", "--host-record=www.corp.example,203.0.113.80",
            "--host-record=kept.corp.example,203.0.113.81", "--local=/corp.example/",
            "--local=/example/", "--local-ttl=300"]
# Another, that only the hosts' setting dns.stubDomains leads to.
STUB_PORT = 5300
STUB = ["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--log-facility=-", "--user=root", "--conf-file=/dev/null",
        "--pid-file=", f"--port={STUB_PORT}", "--host-record=inside.stub.example,203.0.113.90", "--local=/stub.example/"]


class NetTest(ClusterTest):
    """Three hosts that ask a name server of ours for what is not the cluster's."""

    @classmethod
    def prepare_machines(cls):
        outside = cls.cluster.controller
        outside.spawn("dnsmasq", UPSTREAM)
        outside.spawn("dnsmasq-stub", STUB)
        conf = cls.cluster.home / "resolv.conf"
        conf.write_text(f"search corp.example\nnameserver {outside.address}\noptions attempts:2\n", encoding="utf-8")
        for host in cls.cluster.hosts:
            host.execute(["mount", "--bind", conf, "/etc/resolv.conf"])
            cls.cluster.configure(host, f"dns: {{stubDomains: {{stub.example: ['{outside.address}:{STUB_PORT}']}}}}\n")

    @classmethod
    def import_hello(cls):
        binary = os.environ.get("RECONCILE_BINARY_FOLDER", ROOT / "build/dev")
        for host in cls.cluster.hosts:
            run([ROOT / "scripts/hello-image", f"{binary}/examples/hello/hello", host.docker_socket, "reconcile/hello:1"])

    @property
    def outside(self):
        """A machine that is no member of the pod network."""
        return self.cluster.controller

    @property
    def hosts(self):
        return self.cluster.hosts

    def service(self, name, namespace="default"):
        """As the API shows it."""
        return next(item for item in self.cluster.items("services")
                    if item["metadata"]["name"] == name and item["metadata"]["namespace"] == namespace)

    def address(self, name):
        return self.service(name)["spec"]["clusterIP"]

    def node_port(self, name, port="http"):
        return next(each["nodePort"] for each in self.service(name)["spec"]["ports"] if each["name"] == port)

    def slices(self, service):
        return [item for item in self.cluster.items("endpointslices")
                if item["metadata"]["labels"].get("kubernetes.io/service-name") == service and
                item["metadata"]["namespace"] == "default"]

    def endpoints(self, service):
        """Name of the pod, or address -> endpoint."""
        return {(each.get("targetRef") or {}).get("name", each["addresses"][0]): each
                for item in self.slices(service) for each in item.get("endpoints") or []}

    def pods_of(self, label):
        key, value = label.split("=")
        return {item["metadata"]["name"]: item for item in self.cluster.items("pods")
                if item["metadata"]["labels"].get(key) == value}

    @classmethod
    def find_pods(cls):
        return find_pods(cls.cluster)

    def events(self):
        return json.loads(self.cluster.cli(["get", "events", "-A", "-o", "json"]).stdout)["items"]

    @staticmethod
    def eventually_equal(what, get, expected, deadline_s=30):
        def same():
            now = get()
            assert now == expected, now
            return True

        eventually(what, same, deadline_s)
