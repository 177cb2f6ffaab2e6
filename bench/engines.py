"""The Docker API of an engine, its events as they happen, and work side by side: what everything here measures by."""
import http.client
import json
import queue
import socket
import threading
import time
from datetime import datetime, timezone

FRAME_HEADER_BYTES = 8  # before each piece of a container's output
CALL_TIMEOUT_S = 120  # of one call or one read; nothing waits longer for an engine


class Connection(http.client.HTTPConnection):
    """HTTP on a Unix socket."""

    def __init__(self, path, timeout_s):
        super().__init__("docker", timeout=timeout_s)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """One engine. Threads may share it: each has a connection of its own. Paths are without a version: the engine's own."""

    def __init__(self, path):
        self.path = path
        self.local = threading.local()

    def call(self, method, path, body=None, allowed=()):
        """The JSON of the answer. An answer beyond 300 that is not in `allowed` is an error."""
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = Connection(self.path, CALL_TIMEOUT_S)
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300 and answer.status not in allowed:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        return json.loads(text) if text else None

    def create(self, name, body):
        return self.call("POST", f"/containers/create?name={name}", body)["Id"]

    def start(self, container):
        self.call("POST", f"/containers/{container}/start")

    def stop(self, container, grace_s=1):
        self.call("POST", f"/containers/{container}/stop?t={grace_s}", allowed=(304,))

    def kill(self, container):
        self.call("POST", f"/containers/{container}/kill?signal=KILL")

    def remove(self, container):
        self.call("DELETE", f"/containers/{container}?force=true&v=true", allowed=(404,))

    def inspect(self, container):
        return self.call("GET", f"/containers/{container}/json")

    def first_line_at(self, container):
        """When the engine was given the container's first line of output, in ns; None before that."""
        connection = Connection(self.path, CALL_TIMEOUT_S)
        connection.request("GET", f"/containers/{container}/logs?stdout=true&timestamps=true")
        frames = connection.getresponse().read()
        connection.close()
        if len(frames) <= FRAME_HEADER_BYTES:
            return None
        moment = frames[FRAME_HEADER_BYTES:].split(b" ", 1)[0].decode().rstrip("Z")
        whole, _, fraction = moment.partition(".")
        began = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc)
        return int(began.timestamp()) * 10**9 + int(fraction.ljust(9, "0"))

    def list(self):
        """Every container, as `GET /containers/json` has it."""
        return self.call("GET", "/containers/json?all=true")


class Events(threading.Thread):
    """An engine's container events from now on, in order. Times are the engine's own (timeNano), which is this machine's
    wall clock: they are comparable with time.time_ns()."""

    def __init__(self, engine):
        super().__init__(daemon=True)
        self.changed = threading.Condition()
        self.seen = []
        self.ended = False
        # The answer's header comes at once, so nothing that happens after this line is missed.
        connection = Connection(engine.path, None)
        connection.request("GET", "/events?filters=%7B%22type%22:%5B%22container%22%5D%7D")
        self.answer = connection.getresponse()
        self.start()

    def run(self):
        try:
            for line in self.answer:
                if line.strip():
                    event = json.loads(line)
                    if event["Action"].startswith(("exec_", "health_status")):
                        continue  # probes and health checks go on for ever
                    with self.changed:
                        self.seen.append(event)
                        self.changed.notify_all()
        except (OSError, ValueError, http.client.HTTPException):
            pass  # the engine ended
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def mark(self):
        with self.changed:
            return len(self.seen)

    def collect(self, mark, key_of, count, what, deadline_s):
        """Waits for `count` different keys among the events since `mark`: key -> time in ns of its last event.

        `key_of(event)` is None for an event that does not matter."""
        end = time.monotonic() + deadline_s
        found = {}
        with self.changed:
            while True:
                for event in self.seen[mark:]:
                    key = key_of(event)
                    if key is not None:
                        found[key] = event["timeNano"]
                mark = len(self.seen)
                if len(found) >= count:
                    return found
                left = end - time.monotonic()
                if left <= 0 or self.ended:
                    raise RuntimeError(f"{what}: {len(found)} of {count} " +
                                       ("when the engine ended" if self.ended else f"after {deadline_s} s"))
                self.changed.wait(left)

    def quiet(self, for_s, deadline_s):
        """Waits until nothing has happened for so long."""
        end = time.monotonic() + deadline_s
        with self.changed:
            while True:
                count = len(self.seen)
                self.changed.wait(for_s)
                if len(self.seen) == count:
                    return
                if time.monotonic() > end:
                    raise RuntimeError(f"the engine is not quiet after {deadline_s} s; last: {self.seen[-1]}")


def id_of(event):
    return event["Actor"]["ID"]


def side_by_side(items, lanes, work):
    """Calls work(item) for each, `lanes` at a time; the first error is raised when all lanes have ended."""
    waiting = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    errors = []

    def lane():
        try:
            while not errors:
                work(waiting.get_nowait())
        except queue.Empty:
            pass
        except Exception as error:  # pylint: disable=broad-except  (carried to the caller's thread)
            errors.append(error)

    threads = [threading.Thread(target=lane, daemon=True) for _ in range(min(lanes, len(items)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
