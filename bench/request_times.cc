// Requests to a server, each by a connection of its own: to several addresses by turns, so that all
// of them see the same machine. `--serve PORT` is that server. For bench/net.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace reconcile {
namespace {

constexpr size_t kAnswerBytes = 200;
constexpr int kWarmUp = 20;  // requests that do not count
constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

sockaddr* AsSocketAddress(sockaddr_in* address) {
  return static_cast<sockaddr*>(static_cast<void*>(address));
}

int NewSocket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail("socket");
  return fd;
}

void SetNoDelay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Answers one request of each connection, one after the other, until it is killed.
void Serve(uint16_t port) {
  const int listener = NewSocket();
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  if (::bind(listener, AsSocketAddress(&at), sizeof at) != 0) Fail("bind");
  if (::listen(listener, 64) != 0) Fail("listen");
  const std::string answer(kAnswerBytes, 'a');
  char request[256];
  while (true) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) Fail("accept");
    SetNoDelay(fd);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    if (::recv(fd, request, sizeof request, 0) > 0) {
      ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    ::close(fd);
  }
}

sockaddr_in ParseTarget(const std::string& text) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  const size_t colon = text.find(':');
  const int port = colon == std::string::npos ? 0 : std::atoi(text.c_str() + colon + 1);
  target.sin_port = htons(static_cast<uint16_t>(port));
  if (port == 0 || ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &target.sin_addr) != 1) {
    std::fprintf(stderr, "'%s' is no ADDRESS:PORT\n", text.c_str());
    std::exit(1);
  }
  return target;
}

// Connects, asks, reads until the server has closed. Microseconds.
double Request(sockaddr_in target) {
  const auto begin = std::chrono::steady_clock::now();
  const int fd = NewSocket();
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  SetNoDelay(fd);
  if (::connect(fd, AsSocketAddress(&target), sizeof target) != 0) Fail("connect");
  if (::send(fd, "GET /\r\n", 7, MSG_NOSIGNAL) != 7) Fail("send");
  char buffer[512];
  size_t got = 0;
  ssize_t count = 0;
  while ((count = ::recv(fd, buffer, sizeof buffer, 0)) > 0) got += static_cast<size_t>(count);
  if (count < 0 || got != kAnswerBytes) Fail("recv");
  ::close(fd);
  const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - begin;
  return taken.count();
}

void Ask(const std::vector<std::string>& texts, int requests) {
  std::vector<sockaddr_in> targets;
  for (const std::string& text : texts) targets.push_back(ParseTarget(text));
  std::vector<std::vector<double>> times(targets.size());
  for (int i = -kWarmUp; i < requests; ++i) {
    for (size_t turn = 0; turn < targets.size(); ++turn) {
      const size_t at = (turn + static_cast<size_t>(i + kWarmUp)) % targets.size();
      const double taken = Request(targets[at]);
      if (i >= 0) times[at].push_back(taken);
    }
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    std::sort(times[i].begin(), times[i].end());
    std::printf("%s %.1f %.1f\n", texts[i].c_str(), times[i][times[i].size() / 2],
                times[i][times[i].size() * 99 / 100]);
  }
}

int Main(int argc, char** argv) {
  CLI::App app("Prints for each target: the median and the 99th percentile, in microseconds.");
  uint16_t port = 0;
  int requests = 1'000;
  std::vector<std::string> targets;
  auto* serve = app.add_option("--serve", port, "answers there instead");
  app.add_option("--requests", requests, "of each target")->check(CLI::Range(1, 1'000'000));
  app.add_option("TARGET", targets, "ADDRESS:PORT")->excludes(serve);
  CLI11_PARSE(app, argc, argv);
  if (port != 0) Serve(port);
  Ask(targets, requests);
  return 0;
}

}  // namespace
}  // namespace reconcile

int main(int argc, char** argv) { return reconcile::Main(argc, argv); }
