#include "tests/contract/agent_probes/probed_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "base/check.h"

namespace reconcile {

ProbedServer::ProbedServer(Answer answer)
    : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(listener_.get(), generic, size) == 0);
  CHECK(listen(listener_.get(), SOMAXCONN) == 0);
  CHECK(getsockname(listener_.get(), generic, &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

ProbedServer::~ProbedServer() {
  shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
  thread_.join();
}

std::vector<std::string> ProbedServer::heads() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return heads_;
}

void ProbedServer::Run() {
  while (true) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (fd.get() < 0) return;
    Serve(fd.get());
    hanging_.push_back(std::move(fd));
  }
}

namespace {

constexpr char kHttp2Preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kFrameHeadBytes = 9;

// Whether a frame that carries a body's end is among them.
bool IsWholeRequest(const std::string& head) {
  if (!head.starts_with("PRI")) return head.find("\r\n\r\n") != std::string::npos;
  size_t at = sizeof(kHttp2Preface) - 1;
  while (at + kFrameHeadBytes <= head.size()) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(head[at + i]); };
    const size_t end = at + kFrameHeadBytes + (byte(0) << 16 | byte(1) << 8 | byte(2));
    if (end > head.size()) return false;
    if (byte(3) == 0 && (byte(4) & 1) != 0) return true;
    at = end;
  }
  return false;
}

}  // namespace

void ProbedServer::Serve(int fd) {
  std::string head;
  char bytes[4096];
  while (!IsWholeRequest(head)) {
    const ssize_t count = read(fd, bytes, sizeof(bytes));
    if (count <= 0) return;
    head.append(bytes, static_cast<size_t>(count));
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    heads_.push_back(head);
  }
  std::string reply = answer_(head);
  if (reply.empty()) return;
  while (!reply.empty()) {
    const ssize_t count = send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    reply.erase(0, static_cast<size_t>(count));
  }
  // Connections of HTTP/2 stay open after an answer.
  if (!head.starts_with("PRI")) shutdown(fd, SHUT_WR);
}

}  // namespace reconcile
