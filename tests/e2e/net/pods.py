"""Where questions are asked from: a pod's network, seen by this machine's own tools."""
import re

from hosts.system import eventually

# Tools of the machine in the network of pod $1, with its resolv.conf, of which $0 is a copy.
INSIDE = 'mount --bind "$0" /etc/resolv.conf && pid=$1 && shift && exec nsenter -t "$pid" -n -- "$@"'

UDP_SERVER = """import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", int(sys.argv[1])))
while True:
    _, client = server.recvfrom(2048)
    server.sendto(f"{sys.argv[1]} {sys.argv[2]} {client[0]}\\n".encode(), client)
"""


class Pod:
    """One that runs. `name` is that of its object, `pid` that of its process as its host sees it."""

    def __init__(self, host, item):
        self.host = host
        self.name = item["metadata"]["name"]
        self.namespace = item["metadata"]["namespace"]
        self.address = item["status"]["podIP"]
        key = f"{self.namespace}/{self.name}/{item['spec']['containers'][0]['name']}"
        self.pid = host.pid_of(host.containers()[key][0])
        self.resolv_conf = host.run / f"{self.namespace}-{self.name}-resolv.conf"
        self.resolv_conf.write_text(self.read("/etc/resolv.conf"), encoding="utf-8")

    def execute(self, command, check=True, text_input=None, timeout=60):
        words = ["unshare", "-m", "sh", "-c", INSIDE, self.resolv_conf, self.pid] + list(command)
        return self.host.execute(words, check, text_input, timeout=timeout)

    def read(self, path):
        return self.host.execute(["cat", f"/proc/{self.pid}/root{path}"]).stdout

    def answer_udp(self, port):
        """Starts a server in the pod's network that says to whom it answers."""
        words = ["nsenter", "-t", self.pid, "-n", "--", "python3", "-c", UDP_SERVER, port, self.name]
        self.host.spawn(f"udp-{self.name}-{port}", words)
        eventually(f"{self.name} listens on {port}/UDP",
                   lambda: re.search(rf":{port}\s", self.execute(["ss", "-Hlnu"]).stdout))


def find_pods(cluster):
    """NAMESPACE/NAME -> Pod, of those that have a process."""
    found = {}
    for item in cluster.items("pods"):
        if not item["status"].get("podIP") or item["status"]["phase"] in ("Succeeded", "Failed"):
            continue
        pod = Pod(cluster.named(item["spec"]["nodeName"]), item)
        found[f"{pod.namespace}/{pod.name}"] = pod
    return found
