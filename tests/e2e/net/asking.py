"""Questions to the network, asked by dig, curl and nc; each helper says what came back, in few words.

`where` is whatever has `execute`: a host, a pod, or the controller's machine, which is outside of the pod network."""
import re
from collections import Counter
from dataclasses import dataclass, field

PATIENCE_S = 2  # no answer for so long is none

# What a socket that sent a datagram hears: an answer, a refusal (ICMP), or nothing.
UDP_CLIENT = """import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(float(sys.argv[3]))
client.connect((sys.argv[1], int(sys.argv[2])))
try:
    try:
        client.send(b"?")
    except PermissionError:  # a host's own rules say so at once, and the refusal comes too
        pass
    print("answered", client.recv(2048).decode())
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("silent")
"""


@dataclass(frozen=True)
class Answer:
    """What a server said of itself: its port, its pod, and the client's address as it saw it."""
    port: int
    pod: str
    client: str


def read_answer(text):
    words = text.split()
    assert len(words) == 3, f"no server's answer: {text!r}"
    return Answer(int(words[0]), words[1], words[2].strip("[]").removeprefix("::ffff:"))


def curl(where, address, port, *words):
    url = f"http://{address}:{port}/cgi-bin/who"
    return where.execute(["curl", "-s", "--max-time", PATIENCE_S] + list(words) + [url], check=False)


def ask(where, address, port, *words):
    """One request over TCP that must be answered."""
    done = curl(where, address, port, *words)
    assert done.returncode == 0, f"curl {address}:{port}: exit {done.returncode}"
    return read_answer(done.stdout)


def ask_often(where, address, port, times):
    """So many connections, one after another: how often each pod answered."""
    url = f"http://{address}:{port}/cgi-bin/who?[1-{times}]"
    done = where.execute(["curl", "-s", "--max-time", 5, "-w", "\n", url], check=False)
    answers = [read_answer(line) for line in done.stdout.splitlines() if line.strip()]
    assert len(answers) == times, f"{len(answers)} of {times} requests to {address}:{port} were answered"
    return Counter(answer.pod for answer in answers)


def outcome(where, address, port):
    """How a connection over TCP ends."""
    code = curl(where, address, port).returncode
    return {0: "answered", 7: "refused", 28: "silent"}.get(code, f"curl exit {code}")


def ask_udp(where, address, port, source_port=None):
    """One datagram that must be answered. Nobody waits for a second answer."""
    words = ["nc", "-u", "-n", "-w", PATIENCE_S, "-W", 1] + (["-p", source_port] if source_port else []) + [address, port]
    return read_answer(where.execute(words, check=False, text_input="?\n").stdout)


def outcome_udp(where, address, port):
    words = ["python3", "-c", UDP_CLIENT, address, port, PATIENCE_S]
    return where.execute(words).stdout.split()[0]


# ---- DNS ----
@dataclass(frozen=True)
class Record:
    name: str
    ttl: int
    type: str
    data: str


@dataclass
class Reply:
    rcode: str = ""
    flags: list = field(default_factory=list)
    over_tcp: bool = False
    sections: dict = field(default_factory=dict)

    @property
    def answers(self):
        return self.sections.get("ANSWER", [])

    @property
    def authority(self):
        return self.sections.get("AUTHORITY", [])

    @property
    def additional(self):
        return self.sections.get("ADDITIONAL", [])

    def data(self, kind=None):
        return [record.data for record in self.answers if kind in (None, record.type)]


def read_reply(text):
    reply = Reply()
    section = None
    for line in text.splitlines():
        status = re.search(r"status: (\w+)", line)
        flags = re.match(r";; flags: ([a-z ]*);", line)
        heading = re.match(r";; (\w+) (PSEUDO)?SECTION:", line)
        if status:
            reply.rcode = status.group(1)
        elif flags:
            reply.flags = flags.group(1).split()
        elif heading:
            section = reply.sections.setdefault(heading.group(1), [])
        elif line.startswith(";; SERVER:"):
            reply.over_tcp = line.endswith("(TCP)")
        elif line and not line.startswith(";") and section is not None:
            name, ttl, _, kind, data = line.split(None, 4)
            section.append(Record(name, int(ttl), kind, data))
    return reply


def dig(where, name, kind="A", *words, server="10.96.0.10"):
    done = where.execute(["dig", f"@{server}", "-q", name, "-t", kind, "+time=3", "+tries=2", "+nocmd"] + list(words),
                         check=False)
    assert done.returncode == 0, f"dig {name} {kind}: {done.stdout}{done.stderr}"
    return read_reply(done.stdout)


# ---- chance ----
# Chi-square of so many degrees of freedom that right behaviour exceeds once in a thousand times.
CHI_SQUARE_001 = {1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47, 5: 20.52}


def is_even(counts, names):
    """Whether counts are what chance makes of equal shares; wrong once in a thousand times when they are."""
    expected = sum(counts.values()) / len(names)
    distance = sum((counts[name] - expected) ** 2 / expected for name in names)
    return set(counts) <= set(names) and distance < CHI_SQUARE_001[len(names) - 1]
