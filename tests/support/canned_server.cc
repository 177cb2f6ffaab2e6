#include "tests/support/canned_server.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/check.h"

namespace reconcile {
namespace {

constexpr int kLookForStopMs = 20;

}  // namespace

CannedServer::CannedServer(Answer answer) : answer_(std::move(answer)) {
  char name[] = "/tmp/rcanned-XXXXXX";
  CHECK(mkdtemp(name) != nullptr);
  folder_ = name;
  socket_path_ = folder_ + "/socket";
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  CHECK(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(listen(listener_, SOMAXCONN) == 0);
  thread_ = std::thread([this] { Run(); });
}

CannedServer::~CannedServer() {
  stop_ = true;
  thread_.join();
  close(listener_);
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

std::vector<std::string> CannedServer::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

std::string CannedServer::Reply(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string CannedServer::Version(const std::string& api) {
  return Ok(R"({"Version":"9","MinAPIVersion":"1.12","Arch":"amd64","ApiVersion":")" + api + "\"}");
}

void CannedServer::Run() {
  while (!stop_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, kLookForStopMs) != 1) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) Serve(fd);
  }
  for (const int fd : hanging_) close(fd);
}

// A connection that is closed with something unread is reset, and the reply may be lost.
void CannedServer::ReadBody(int fd, std::string* request) {
  const size_t head = request->find("\r\n\r\n");
  const size_t length = request->find("Content-Length: ");
  if (head == std::string::npos || length > head) return;
  const size_t whole = head + 4 + std::strtoul(request->c_str() + length + 16, nullptr, 10);
  char buffer[4096];
  while (request->size() < whole) {
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count <= 0) return;
    request->append(buffer, static_cast<size_t>(count));
  }
}

void CannedServer::Serve(int fd) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count <= 0) break;
    request.append(buffer, static_cast<size_t>(count));
  }
  ReadBody(fd, &request);
  request = request.substr(0, request.find(" HTTP/"));
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(request);
  }
  std::string reply = answer_(request);
  const size_t hang = reply.find(kHang);
  if (hang != std::string::npos) reply.erase(hang);
  for (size_t sent = 0; sent < reply.size() && !stop_;) {
    pollfd ready{fd, POLLOUT, 0};
    if (poll(&ready, 1, kLookForStopMs) != 1) continue;
    const ssize_t count =
        send(fd, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count <= 0) break;
    sent += static_cast<size_t>(count);
  }
  if (hang != std::string::npos) {
    hanging_.push_back(fd);
  } else {
    close(fd);
  }
}

}  // namespace reconcile
