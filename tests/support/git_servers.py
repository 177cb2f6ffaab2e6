#!/usr/bin/env python3
"""Real Git servers on loopback for tests: OpenSSH, nginx with git-http-backend over TLS, and servers that misbehave.

Usage: git_servers.py REPOSITORIES     serves the repositories in that folder; a temporary folder holds all else

Prints one line of JSON with ports and files when all of it answers, then obeys one command a line on standard input, each
answered by one line of JSON: "info" (that line again), "requests" (what the misbehaving server was asked), "ssh_log",
"new_host_key". It ends at the end of its input, and leaves nothing. Python tests use GitServers themselves.

https://127.0.0.1:PORT/open/NAME.git   anybody          /basic/ with ada:lovelace          /token/ with x-access-token:TOKEN
https://127.0.0.1:CERT_PORT/open/NAME.git               with a client certificate
https://127.0.0.1:PORT/away/NAME.git   redirects to the misbehaving server at 127.0.0.2
ssh://root@127.0.0.1:SSH_PORT/REPOSITORIES/NAME.git     with the client's key, and nothing but git-upload-pack
https://127.0.0.1:BAD_PORT/MODE/x.git  silent, trickle, flood, html, bomb
127.0.0.1:DEAF_PORT                    takes connections and says nothing"""
import hashlib
import http.server
import json
import os
import random
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

TOKEN = "a-token-that-nobody-guesses"
USER, PASSWORD = "ada", "lovelace"
BACKEND = "/usr/lib/git-core/git-http-backend"
START_SECONDS = 30
TRICKLE_SECONDS = 0.2


def free_port(address="127.0.0.1"):
    # Below the range that outgoing connections take theirs from: between this look and its use nobody gets it by chance.
    for port in random.sample(range(20000, 32000), 200):
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


def wait_for(what, check):
    deadline = time.monotonic() + START_SECONDS
    while not check():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} does not answer within {START_SECONDS} s")
        time.sleep(0.02)


def answers(port, greeting=b""):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return not greeting or connection.recv(len(greeting)) == greeting
    except OSError:
        return False


def make_certificates(folder):
    """A CA, a server's certificate for 127.0.0.1, 127.0.0.2 and localhost, and a client's."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA", "-days", "30")
    for name, extension in (("server", "subjectAltName=IP:127.0.0.1,IP:127.0.0.2,DNS:localhost"),
                            ("client", "extendedKeyUsage=clientAuth")):
        (folder / f"{name}.ext").write_text(extension)
        openssl("req", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
                "-extfile", f"{name}.ext", "-out", f"{name}.pem")


NGINX = """
user root; daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_max_body_size 0;
  client_body_temp_path {folder}/body; fastcgi_temp_path {folder}/fastcgi; proxy_temp_path {folder}/proxy;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; ssl_protocols TLSv1.2 TLSv1.3;
  fastcgi_param SCRIPT_FILENAME {backend}; fastcgi_param GIT_PROJECT_ROOT {repositories};
  fastcgi_param GIT_HTTP_EXPORT_ALL ""; fastcgi_param PATH_INFO $git_path; fastcgi_param REMOTE_USER $remote_user;
  fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method;
  fastcgi_param CONTENT_TYPE $content_type; fastcgi_param CONTENT_LENGTH $content_length;
  fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
  map $uri $git_path {{ ~^/[a-z]+(?<rest>/.*)$ $rest; }}
  server {{
    listen 127.0.0.1:{https_port} ssl;
    location /open/ {{ fastcgi_pass unix:{folder}/fcgi.sock; }}
    location /basic/ {{ auth_basic x; auth_basic_user_file {folder}/basic; fastcgi_pass unix:{folder}/fcgi.sock; }}
    location /token/ {{ auth_basic x; auth_basic_user_file {folder}/token; fastcgi_pass unix:{folder}/fcgi.sock; }}
    location /away/ {{ return 301 https://127.0.0.2:{bad_port}$request_uri; }}
  }}
  server {{
    listen 127.0.0.1:{certificate_port} ssl;
    ssl_client_certificate {folder}/ca.pem; ssl_verify_client on;
    location /open/ {{ fastcgi_pass unix:{folder}/fcgi.sock; }}
  }}
}}
"""

SSHD = """
ListenAddress 127.0.0.1
Port {ssh_port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin forced-commands-only
"""


def packet(text):
    return f"{len(text) + 4:04x}".encode() + text


def pack_object(kind, data, base=b""):
    """One entry of a pack: its kind and size, the base's id of a delta, the deflated bytes."""
    size, header = len(data), bytearray()
    byte = kind << 4 | size & 15
    size >>= 4
    while size:
        header.append(byte | 0x80)
        byte, size = size & 0x7f, size >> 7
    header.append(byte)
    return bytes(header) + base + zlib.compress(data)


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def git_id(kind, data):
    return hashlib.sha1(b"%s %d\0" % (kind, len(data)) + data).digest()


def make_bomb(copies=300):
    """A pack of a few kilobytes with a delta whose result has gigabytes; the id of a commit to ask for."""
    base = bytes(0xffffff)
    delta = varint(len(base)) + varint(len(base) * copies) + b"\xf0\xff\xff\xff" * copies
    tree = b"100644 a.yaml\0" + git_id(b"blob", base)
    commit = (b"tree " + git_id(b"tree", tree).hex().encode() +
              b"\nauthor A <a@b> 1700000000 +0000\ncommitter A <a@b> 1700000000 +0000\n\nx\n")
    objects = [pack_object(1, commit), pack_object(2, tree), pack_object(3, base),
               pack_object(7, delta, git_id(b"blob", base))]
    pack = b"PACK" + struct.pack(">II", 2, len(objects)) + b"".join(objects)
    return pack + hashlib.sha1(pack).digest(), git_id(b"commit", commit).hex()


class BadHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def begin(self, content_type, length=None):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        if length is None:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def send_all(self, content_type, body):
        self.begin(content_type, len(body))
        self.wfile.write(body)

    def handle_any(self):
        self.server.requests.append({"path": self.path, "authorization": self.headers.get("Authorization", "")})
        mode = self.path.split("/")[1]
        advertisement = "application/x-git-upload-pack-advertisement"
        if mode == "silent":
            self.server.ended.wait()
        elif mode == "trickle":
            self.begin(advertisement)
            while not self.server.ended.wait(TRICKLE_SECONDS):
                self.wfile.write(b"0")
                self.wfile.flush()
        elif mode == "flood":
            self.begin(advertisement)
            line = packet(b"0" * 40 + b" refs/heads/" + b"x" * 900 + b"\n") * 64
            while not self.server.ended.is_set():
                self.wfile.write(line)
        elif mode == "html":
            self.send_all("text/html", b"<html>Please log in</html>")
        elif mode == "bomb":
            self.bomb(advertisement)
        else:
            self.send_error(404)
        self.close_connection = True

    def bomb(self, advertisement):
        pack, commit = self.server.bomb
        if self.command == "GET":
            refs = packet(f"{commit} HEAD\0ofs-delta\n".encode()) + packet(f"{commit} refs/heads/main\n".encode())
            self.send_all(advertisement, packet(b"# service=git-upload-pack\n") + b"0000" + refs + b"0000")
        else:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_all("application/x-git-upload-pack-result", packet(b"NAK\n") + pack)

    def do_GET(self):
        try:
            self.handle_any()
        except OSError:
            self.close_connection = True

    do_POST = do_GET


class BadServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, context):
        super().__init__(address, BadHandler)
        self.requests, self.ended, self.bomb, self.context = [], threading.Event(), make_bomb(), context

    def finish_request(self, request, client_address):
        # In the connection's own thread: a client that shakes no hands delays nobody.
        try:
            request = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        super().finish_request(request, client_address)

    def handle_error(self, *_):
        pass


class GitServers:
    def __init__(self, repositories):
        self.repositories = Path(repositories).resolve()
        self.folder = Path(tempfile.mkdtemp(prefix="rc-git-servers-"))
        self.processes, self.sshd, self.bad, self.deaf = [], None, None, None
        try:
            self.start()
        except BaseException:
            self.end()
            raise

    def start(self):
        folder = self.folder
        make_certificates(folder)
        for name in ("host_key", "client_key"):
            self.make_key(name)
        (folder / "basic").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        (folder / "token").write_text(f"x-access-token:{{PLAIN}}{TOKEN}\n")
        for name, text in (("token.txt", TOKEN), ("username.txt", USER), ("password.txt", PASSWORD)):
            (folder / name).write_text(text + "\n")
        self.start_bad()
        self.ssh_port, self.https_port, self.certificate_port = free_port(), free_port(), free_port()
        self.start_nginx()
        self.start_sshd()

    def make_key(self, name):
        for suffix in ("", ".pub"):
            (self.folder / (name + suffix)).unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.folder / name)], check=True)

    def start_bad(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        # Every address of loopback: a redirect to 127.0.0.2 is one to another host.
        self.bad = BadServer(("0.0.0.0", free_port("0.0.0.0")), context)
        threading.Thread(target=self.bad.serve_forever, daemon=True).start()
        self.deaf = socket.create_server(("127.0.0.1", 0))

    def start_nginx(self):
        folder = self.folder
        names = {"folder": folder, "backend": BACKEND, "repositories": self.repositories, "https_port": self.https_port,
                 "certificate_port": self.certificate_port, "bad_port": self.bad.server_address[1]}
        (folder / "nginx.conf").write_text(NGINX.format(**names))
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
        # The test may have given repositories to other users.
        (folder / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
        self.run(["fcgiwrap", "-c", "4", "-s", f"unix:{folder}/fcgi.sock"], environment)
        wait_for("fcgiwrap", (folder / "fcgi.sock").exists)
        self.run(["nginx", "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf"], environment)
        wait_for("nginx", lambda: answers(self.https_port) and answers(self.certificate_port))

    def start_sshd(self):
        folder = self.folder
        (folder / "sshd_config").write_text(SSHD.format(folder=folder, ssh_port=self.ssh_port))
        command = folder / "forced_command"
        command.write_text('#!/bin/sh\ncase "$SSH_ORIGINAL_COMMAND" in\n"git-upload-pack \'"*)'
                           ' exec git-shell -c "$SSH_ORIGINAL_COMMAND" ;;\nesac\nexit 1\n')
        command.chmod(0o755)
        key = (folder / "client_key.pub").read_text()
        (folder / "authorized_keys").write_text(f'command="{command}",restrict {key}')
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self.sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-E", str(folder / "sshd.log"), "-f", str(folder / "sshd_config")],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("sshd", lambda: answers(self.ssh_port, b"SSH-2.0"))

    def run(self, command, environment):
        # A group of its own: nginx and fcgiwrap have children.
        self.processes.append(subprocess.Popen(command, env=environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))

    def new_host_key(self):
        """The ssh server comes back with another key, as after a new installation, or as somebody in between."""
        self.stop(self.sshd)
        self.make_key("host_key")
        self.start_sshd()
        return self.host_key()

    def host_key(self):
        printed = subprocess.run(["ssh-keygen", "-lf", str(self.folder / "host_key.pub")], check=True, capture_output=True, text=True)
        return printed.stdout.split()[1]

    def info(self):
        files = {name: str(self.folder / name) for name in
                 ("ca.pem", "client.pem", "client.key", "client_key", "token.txt", "username.txt", "password.txt")}
        key = " ".join((self.folder / "host_key.pub").read_text().split()[:2])
        return {"folder": str(self.folder), "sshPort": self.ssh_port, "httpsPort": self.https_port,
                "certificatePort": self.certificate_port, "badPort": self.bad.server_address[1],
                "deafPort": self.deaf.getsockname()[1], "hostKey": self.host_key(), "files": files,
                "knownHosts": f"[127.0.0.1]:{self.ssh_port} {key}\n"}

    def obey(self, command):
        if command == "info":
            return self.info()
        if command == "requests":
            return self.bad.requests
        if command == "ssh_log":
            return (self.folder / "sshd.log").read_text()
        if command == "new_host_key":
            return self.new_host_key()
        return {"error": f"no command {command!r}"}

    @staticmethod
    def stop(process):
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def end(self):
        if self.bad is not None:
            self.bad.ended.set()
            self.bad.shutdown()
            self.bad.server_close()
        if self.deaf is not None:
            self.deaf.close()
        if self.sshd is not None:
            self.stop(self.sshd)
        for process in self.processes:
            try:
                os.killpg(process.pid, 15)
            except ProcessLookupError:
                pass
            self.stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    servers = GitServers(sys.argv[1])
    try:
        print(json.dumps(servers.info()), flush=True)
        for line in sys.stdin:
            print(json.dumps(servers.obey(line.strip())), flush=True)
    finally:
        servers.end()


if __name__ == "__main__":
    main()
