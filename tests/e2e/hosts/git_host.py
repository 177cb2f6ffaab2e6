"""A Git server on a host of its own: Debian's sshd, and nginx with git-http-backend over TLS. For pushes and for reading.

  ssh://root@ADDRESS/PATH/NAME.git      by the key `client_key`; the server's key is in `known_hosts`
  https://ADDRESS/NAME.git              basic authentication, certificate of the CA `ca.pem`
"""
import os

from .cluster import Repository
from .system import eventually, run

USER, PASSWORD = "ada", "lovelace"

SSHD = """ListenAddress {address}
Port 22
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
"""

NGINX = """user root;
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  fastcgi_temp_path {folder}/fastcgi;
  proxy_temp_path {folder}/proxy;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {address}:443 ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    auth_basic git;
    auth_basic_user_file {folder}/users;
    location / {{
      fastcgi_pass unix:{folder}/fcgi.sock;
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT {folder}/repositories;
      fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param PATH_INFO $uri;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
    }}
  }}
}}
"""


class GitHost:
    """`machine` has booted. Its processes end with it."""

    def __init__(self, machine):
        self.machine = machine
        self.folder = machine.disk / "git"
        self.repositories = self.folder / "repositories"

    def start(self):
        folder, machine = self.folder, self.machine
        self.repositories.mkdir(parents=True)
        self.make_certificates()
        for name in ("host_key", "client_key"):
            self.make_key(name)
        (folder / "authorized_keys").write_text((folder / "client_key.pub").read_text(encoding="utf-8"), encoding="utf-8")
        self.write_known_hosts()
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", encoding="utf-8")
        for name, text in (("username", USER), ("password", PASSWORD)):
            (folder / name).write_text(text + "\n", encoding="utf-8")
        values = {"address": machine.address, "folder": folder}
        (folder / "sshd_config").write_text(SSHD.format(**values), encoding="utf-8")
        (folder / "nginx.conf").write_text(NGINX.format(**values), encoding="utf-8")
        (folder / ".gitconfig").write_text("[safe]\n\tdirectory = *\n", encoding="utf-8")
        machine.spawn("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd_config"])
        machine.spawn("fcgiwrap", ["env", f"HOME={folder}", "GIT_CONFIG_GLOBAL=", "fcgiwrap", "-c", "2", "-s",
                                   f"unix:{folder}/fcgi.sock"])
        eventually("fcgiwrap", (folder / "fcgi.sock").exists, 20)
        machine.spawn("nginx", ["nginx", "-e", folder / "nginx.log", "-c", folder / "nginx.conf"])
        for port in (22, 443):
            eventually(f"port {port} of the Git host", lambda at=port: self.listens(at), 20)
        return self

    def listens(self, port):
        return any(local == f"{self.machine.address}:{port}" for _, local, _ in self.machine.sockets())

    def make_key(self, name):
        for suffix in ("", ".pub"):
            (self.folder / (name + suffix)).unlink(missing_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self.folder / name])

    def write_known_hosts(self):
        key = " ".join((self.folder / "host_key.pub").read_text(encoding="utf-8").split()[:2])
        (self.folder / "known_hosts").write_text(f"{self.machine.address} {key}\n", encoding="utf-8")

    def make_certificates(self):
        def openssl(*words):
            run(["openssl"] + list(words), env=dict(os.environ, HOME=str(self.folder)))

        folder, new_key = self.folder, ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *new_key, "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem", "-subj", "/CN=test CA", "-days", "30")
        (folder / "server.ext").write_text(f"subjectAltName=IP:{self.machine.address}", encoding="utf-8")
        openssl("req", *new_key, "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.csr", "-subj", "/CN=git")
        openssl("x509", "-req", "-in", f"{folder}/server.csr", "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key",
                "-CAcreateserial", "-days", "30", "-extfile", f"{folder}/server.ext", "-out", f"{folder}/server.pem")

    # ---- repositories ----
    def make_repository(self, name):
        """A bare one here, and a person's clone of it that pushes over ssh."""
        bare = self.repositories / f"{name}.git"
        run(["git", "init", "-q", "--bare", "-b", "main", bare])
        run(["git", "-C", bare, "config", "http.receivepack", "false"])
        clone = Repository(self.folder / "clones" / name).make()
        clone.git(["remote", "add", "origin", self.ssh_url(name)])
        return clone

    def ssh_url(self, name):
        return f"ssh://root@{self.machine.address}{self.repositories}/{name}.git"

    def https_url(self, name):
        return f"https://{self.machine.address}/{name}.git"

    def push(self, clone):
        """From another host, as people do."""
        ssh = f"ssh -i {self.folder}/client_key -o UserKnownHostsFile={self.folder}/known_hosts -o IdentitiesOnly=yes -F none"
        self.machine.execute(["env", f"GIT_SSH_COMMAND={ssh}", "git", "-c", "safe.directory=*", "-C", clone.folder,
                              "push", "-q", "origin", "main"])

    def source(self, name, over, more=""):
        """The source's settings as YAML; `more` is further lines of it."""
        folder = self.folder
        if over == "ssh":
            url = self.ssh_url(name)
            credentials = f"{{sshKeyFile: {folder}/client_key, knownHostsFile: {folder}/known_hosts}}"
        else:
            url = self.https_url(name)
            credentials = f"{{usernameFile: {folder}/username, passwordFile: {folder}/password, caFile: {folder}/ca.pem}}"
        return f"- name: {name}\n  repository: {url}\n  credentials: {credentials}\n{more}"
