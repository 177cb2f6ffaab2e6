#include "cmd/pod_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "api/exec_session.h"
#include "cmd/api_client.h"

namespace reconcile {
namespace {

constexpr size_t kMaxQueuedBytes = 256 << 10;
constexpr size_t kReadAtOnceBytes = 32 << 10;
constexpr size_t kMaxAnswerBytes = 1 << 20;
constexpr int kSwitchingProtocols = 101;

Result<UniqueFd> Connect(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  if (!fd.ok() || path.size() >= sizeof(address.sun_path)) return WhyUnreachable(path);
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return WhyUnreachable(path);
  }
  return fd;
}

std::string RequestText(const std::string& path, const PodConnection::Query& query) {
  std::string text = "GET " + path;
  char mark = '?';
  for (const auto& [name, value] : query) {
    text += std::exchange(mark, '&') + name + "=" + EncodePathSegment(value);
  }
  return text + " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: " +
         std::string(kSocketFramesUpgrade) +
         "\r\nSec-WebSocket-Protocol: " + std::string(kChannelProtocolV5) + "\r\n\r\n";
}

// An answer's head, and nothing of what follows it.
std::string ReadHead(int fd) {
  std::string head;
  char byte = 0;
  while (head.size() < kMaxAnswerBytes && !head.ends_with("\r\n\r\n")) {
    const ssize_t count = ::read(fd, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    head += byte;
  }
  return head;
}

std::string ReadRest(int fd) {
  std::string rest;
  std::array<char, 4096> buffer{};
  while (rest.size() < kMaxAnswerBytes) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    rest.append(buffer.data(), static_cast<size_t>(count));
  }
  return rest;
}

}  // namespace

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

Result<PodConnection> PodConnection::Open(const std::string& socket_path, const std::string& path,
                                          const Query& query) {
  Result<UniqueFd> fd = Connect(socket_path);
  if (!fd.ok()) return fd.status();
  if (!WriteAll(fd->get(), RequestText(path, query))) return WhyUnreachable(socket_path);
  const std::string head = ReadHead(fd->get());
  const int code = head.size() > 12 ? std::atoi(head.c_str() + 9) : 0;
  if (code == 0) return WhyUnreachable(socket_path);
  if (code != kSwitchingProtocols) return StatusOfAnswer(code, ReadRest(fd->get()));
  return PodConnection(std::move(*fd));
}

void PodConnection::Send(uint8_t channel, std::string_view bytes) {
  out_ += SocketFrameHead(bytes.size() + 1);
  out_ += static_cast<char>(channel);
  out_ += bytes;
}

bool PodConnection::ReadInput(int input) {
  std::array<char, kReadAtOnceBytes> buffer{};
  const ssize_t count = ::read(input, buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (count > 0) {
    Send(0, {buffer.data(), static_cast<size_t>(count)});
    return true;
  }
  Send(kCloseChannel, std::string(1, '\0'));
  return false;
}

Status PodConnection::Flush() {
  const ssize_t count = ::send(fd_.get(), out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0) {
    out_.erase(0, static_cast<size_t>(count));
  } else if (errno != EAGAIN && errno != EINTR) {
    return UnavailableError(std::string("the controller has gone: ") + std::strerror(errno));
  }
  return OkStatus();
}

Status PodConnection::ReadMessages(const Ends& ends, bool* over) {
  std::array<char, 2 * kReadAtOnceBytes> buffer{};
  const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return OkStatus();
  *over = count <= 0;
  if (*over) return OkStatus();
  return frames_.Feed({buffer.data(), static_cast<size_t>(count)}, [&](std::string_view message) {
    if (message.empty() || *over) return;
    *over = !ends.on_message(static_cast<uint8_t>(message[0]), message.substr(1));
  });
}

Status PodConnection::Run(const Ends& ends) {
  int input = ends.input;
  for (bool over = false; !over;) {
    const bool room = out_.size() < kMaxQueuedBytes;
    const auto socket_events = static_cast<short>(out_.empty() ? POLLIN : POLLIN | POLLOUT);
    std::array<pollfd, 3> watched = {pollfd{fd_.get(), socket_events, 0},
                                     pollfd{room ? input : -1, POLLIN, 0},
                                     pollfd{ends.wake, POLLIN, 0}};
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) {
      return UnavailableError(std::string("cannot wait for the session: ") + std::strerror(errno));
    }
    if (watched[2].revents != 0) ends.on_wake();
    if (watched[1].revents != 0 && !ReadInput(input)) input = -1;
    // What came is read first: a session that has ended says how.
    if ((watched[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      RETURN_IF_ERROR(ReadMessages(ends, &over));
    }
    if (!over && !out_.empty()) RETURN_IF_ERROR(Flush());
  }
  return OkStatus();
}

}  // namespace reconcile
