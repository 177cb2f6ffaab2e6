#include "tests/support/dockerd_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/value.h"
#include "runtime/image_archive.h"

namespace reconcile {
namespace {

constexpr int kAnswerAttempts = 600;
constexpr int kAnswerPauseMs = 100;
constexpr int kShutdownMs = 60'000;
constexpr int kContainerdEndMs = 5'000;
constexpr size_t kLogTailBytes = 4'000;
constexpr size_t kMaxReplyBytes = 64 << 20;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Waits for the end of a child, at most `timeout_ms`.
bool WaitForEnd(pid_t process, int timeout_ms) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (fd < 0) return true;
  pollfd waiting{fd, POLLIN, 0};
  const bool ended = poll(&waiting, 1, timeout_ms) == 1;
  close(fd);
  return ended;
}

// Processes with `text`, our folder's unique name, in their command line.
std::vector<pid_t> ProcessesNaming(const std::string& text) {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t process = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (failure != std::errc() || end != name.data() + name.size() || process == getpid()) continue;
    if (ReadFile(entry.path() / "cmdline").find(text) != std::string::npos) {
      found.push_back(process);
    }
  }
  return found;
}

// Of all its threads: each thread has children of its own.
std::vector<pid_t> ChildrenOf(pid_t process) {
  std::vector<pid_t> found;
  std::error_code error;
  const std::string tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
    std::istringstream children(ReadFile(task.path() / "children"));
    found.insert(found.end(), std::istream_iterator<pid_t>(children),
                 std::istream_iterator<pid_t>());
  }
  return found;
}

void KillAndWait(const std::vector<pid_t>& processes) {
  for (const pid_t process : processes) kill(process, SIGKILL);
  for (const pid_t process : processes) WaitForEnd(process, kShutdownMs);
}

void UnmountBelow(const std::string& folder) {
  std::vector<std::string> points;
  std::istringstream mounts(ReadFile("/proc/self/mounts"));
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string device;
    std::string point;
    words >> device >> point;
    if (point.starts_with(folder + "/")) points.push_back(point);
  }
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    umount2(point->c_str(), MNT_DETACH);
  }
}

std::string BusyboxRoot() {
  TarWriter tar;
  tar.AddFile("bin/busybox", ReadFile("/bin/busybox"), 0755);
  for (const char* applet : {"sh", "sleep", "echo", "cat", "yes", "head", "httpd", "nc", "kill",
                             "true", "false", "seq", "hostname", "ip", "ls", "dd", "tr"}) {
    tar.AddLink("bin/" + std::string(applet), "busybox");
  }
  return tar.Finish();
}

}  // namespace

TestDockerd::TestDockerd(TestDockerdOptions options) : options_(std::move(options)) {}

Result<std::unique_ptr<TestDockerd>> TestDockerd::Start(TestDockerdOptions options) {
  char name[] = "/tmp/rdockerd-XXXXXX";
  if (mkdtemp(name) == nullptr) return InternalError("mkdtemp: " + std::string(strerror(errno)));
  std::unique_ptr<TestDockerd> dockerd(new TestDockerd(std::move(options)));
  dockerd->folder_ = name;
  dockerd->socket_path_ = dockerd->folder_ + "/docker.sock";
  RETURN_IF_ERROR(dockerd->StartAgain());
  RETURN_IF_ERROR(dockerd->ImportBusybox(kTestImage));
  return dockerd;
}

TestDockerd::~TestDockerd() {
  if (process_ < 0) (void)StartAgain();  // only a daemon can remove containers cleanly
  if (process_ >= 0) RemoveContainers();
  Shutdown();
  EndLeftovers();
}

Status TestDockerd::StartAgain() {
  RETURN_IF_ERROR(Launch());
  return WaitUntilItAnswers();
}

Status TestDockerd::Launch() {
  std::ofstream(folder_ + "/daemon.json") << "{}";
  // Of a daemon that was killed: their processes may still be waiting to be reaped, and then the
  // new one takes them for alive.
  unlink((folder_ + "/docker.pid").c_str());
  unlink((folder_ + "/exec/containerd/containerd.pid").c_str());
  std::vector<std::string> arguments;
  if (!options_.network_namespace.empty()) {
    arguments = {"nsenter", "--net=/run/netns/" + options_.network_namespace};
  }
  for (const std::string& argument :
       {std::string("dockerd"), "--config-file=" + folder_ + "/daemon.json",
        "--data-root=" + folder_ + "/data", "--exec-root=" + folder_ + "/exec",
        "--pidfile=" + folder_ + "/docker.pid", "--host=unix://" + socket_path_,
        std::string("--bridge=none"), std::string("--iptables=false"),
        std::string("--ip-masq=false")}) {
    arguments.push_back(argument);
  }
  if (options_.live_restore) arguments.push_back("--live-restore");
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  const std::string log = folder_ + "/dockerd.log";
  process_ = fork();
  if (process_ < 0) return InternalError("fork: " + std::string(strerror(errno)));
  if (process_ > 0) return OkStatus();
  // The daemon must not outlive a test that was killed.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  execvp(words[0], words.data());
  _exit(127);
}

Status TestDockerd::WaitUntilItAnswers() {
  for (int attempt = 0; attempt < kAnswerAttempts; ++attempt) {
    const Result<Reply> reply = Request("GET", "/_ping");
    if (reply.ok() && reply->code == 200) return OkStatus();
    if (WaitForEnd(process_, kAnswerPauseMs)) break;
  }
  const std::string tail = LogTail();
  Kill();
  return InternalError("dockerd did not come up: " + tail);
}

std::string TestDockerd::LogTail() const {
  const std::string log = ReadFile(folder_ + "/dockerd.log");
  return log.size() <= kLogTailBytes ? log : log.substr(log.size() - kLogTailBytes);
}

void TestDockerd::Kill() {
  if (process_ < 0) return;
  // The kernel ends containerd with it (dockerd asks for that), but a moment later.
  const std::vector<pid_t> children = ChildrenOf(process_);
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
  for (const pid_t child : children) {
    if (!WaitForEnd(child, kContainerdEndMs)) KillAndWait({child});
  }
}

void TestDockerd::Shutdown() {
  if (process_ < 0) return;
  kill(process_, SIGTERM);
  if (!WaitForEnd(process_, kShutdownMs)) kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

Status TestDockerd::ImportBusybox(const std::string& reference) {
  const size_t colon = reference.rfind(':');
  const std::string path = "/images/create?fromSrc=-&repo=" + reference.substr(0, colon) +
                           "&tag=" + reference.substr(colon + 1) +
                           "&changes=ENV%20PATH%3D%2Fbin&changes=CMD%20%5B%22sh%22%5D";
  const Result<Reply> reply = Request("POST", path, "application/x-tar", BusyboxRoot());
  RETURN_IF_ERROR(reply.status());
  if (reply->code == 200 && reply->body.find("\"error\"") == std::string::npos) return OkStatus();
  return InternalError("cannot import " + reference + ": " + reply->body);
}

Result<TestDockerd::Reply> TestDockerd::Request(const std::string& method, const std::string& path,
                                                const std::string& content_type,
                                                const std::string& body) const {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return InternalError("socket: " + std::string(strerror(errno)));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd);
    return UnavailableError("connect: " + std::string(strerror(errno)));
  }
  // HTTP/1.0: the reply ends with the connection and is not chunked.
  std::string request = method + " " + path + " HTTP/1.0\r\nHost: docker\r\n";
  if (!content_type.empty()) request += "Content-Type: " + content_type + "\r\n";
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  for (size_t sent = 0; sent < request.size();) {
    const ssize_t count = send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) break;  // the reply says why
    sent += static_cast<size_t>(count);
  }
  std::string bytes;
  char buffer[16384];
  for (ssize_t count; (count = read(fd, buffer, sizeof(buffer))) > 0;) {
    bytes.append(buffer, static_cast<size_t>(count));
    if (bytes.size() > kMaxReplyBytes) break;
  }
  close(fd);
  const size_t end = bytes.find("\r\n\r\n");
  const size_t blank = bytes.find(' ');
  if (end == std::string::npos || blank > end) return UnavailableError("no reply");
  Reply reply;
  std::from_chars(bytes.data() + blank + 1, bytes.data() + end, reply.code);
  reply.body = bytes.substr(end + 4);
  return reply;
}

void TestDockerd::RemoveContainers() {
  const Result<Reply> list = Request("GET", "/containers/json?all=1");
  if (!list.ok()) return;
  const Result<Value> containers = ParseJson(list->body);
  if (!containers.ok() || !containers->IsList()) return;
  for (const Value& container : containers->AsList()) {
    (void)Request("DELETE", "/containers/" + container.GetString("Id") + "?force=1&v=1");
  }
}

void TestDockerd::EndLeftovers() {
  // A live-restore daemon leaves its containerd behind, and a failed test its shims. All carry the
  // folder's name; containers' processes are the shims' children.
  std::vector<pid_t> ours = ProcessesNaming(folder_ + "/");
  for (size_t i = 0, count = ours.size(); i < count; ++i) {
    const std::vector<pid_t> children = ChildrenOf(ours[i]);
    ours.insert(ours.end(), children.begin(), children.end());
  }
  KillAndWait(ours);
  UnmountBelow(folder_);
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

}  // namespace reconcile
