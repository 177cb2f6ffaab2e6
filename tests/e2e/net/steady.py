"""A client that asks an address at a steady rate, each request by a connection of its own; run in the network of a pod.

steady.py ADDRESS PORT PER_SECOND STOP_FILE: goes on until the file is there. Its last line is JSON: how many requests were sent, which
failed and how, and how often each pod answered."""
import collections
import json
import os
import socket
import sys
import threading
import time

PATIENCE_S = 5
THREADS = 8


class Client:

    def __init__(self, address, port, per_second, stop_file):
        self.target = (address, port)
        self.interval_s = 1 / per_second
        self.stop_file = stop_file
        self.lock = threading.Lock()
        self.begin = time.monotonic()
        self.sent = 0
        self.failures = []
        self.pods = collections.Counter()

    def next(self):
        """The moment of the next request."""
        with self.lock:
            number = self.sent
            self.sent += 1
        return self.begin + number * self.interval_s

    def ask(self):
        with socket.create_connection(self.target, PATIENCE_S) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n")
            answer = b""
            while True:
                part = connection.recv(4096)
                if not part:
                    break
                answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0] or b"from " not in body:
            raise OSError(f"answered {answer[:100]!r}")
        return body.split(b"from ")[1].split(b",")[0].decode()

    def work(self):
        while not os.path.exists(self.stop_file):
            moment = self.next()
            time.sleep(max(0, moment - time.monotonic()))
            try:
                pod = self.ask()
            except OSError as error:
                with self.lock:
                    self.failures.append(f"{time.time():.3f}, after {time.monotonic() - moment:.3f} s: {error}")
            else:
                with self.lock:
                    self.pods[pod] += 1


def main():
    client = Client(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
    threads = [threading.Thread(target=client.work) for _ in range(THREADS)]
    print("begins", flush=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.monotonic() - client.begin
    print(json.dumps({"sent": client.sent, "seconds": round(took_s, 2), "failures": client.failures, "pods": client.pods}))


if __name__ == "__main__":
    main()
