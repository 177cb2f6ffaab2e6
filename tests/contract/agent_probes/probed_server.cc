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

void ProbedServer::Serve(int fd) {
  std::string head;
  char bytes[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
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
  shutdown(fd, SHUT_WR);
}

}  // namespace reconcile
