// A tiny HTTP server to see something run: answers on port 8888 with its host name and how many
// requests it has had.
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr int kPort = 8888;
// Connections that wait to be accepted. Of the 5 of the library a busy moment leaves some out, and
// their clients wait for a second before they ask again.
constexpr int kBacklog = 1'024;

httplib::Server* running = nullptr;

void EndServer(int) { running->stop(); }

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string Greeting() {
  const char* greeting = std::getenv("GREETING");
  return greeting == nullptr ? "Hello" : greeting;
}

}  // namespace

int main() {
  httplib::Server server;
  running = &server;
  std::signal(SIGTERM, EndServer);
  std::signal(SIGINT, EndServer);
  std::atomic<long> requests = 0;
  server.Get(".*", [&](const httplib::Request& request, httplib::Response& response) {
    const long number = ++requests;
    response.set_content(
        Greeting() + " from " + HostName() + ", request " + std::to_string(number) + "\n",
        "text/plain");
    std::printf("%s %s %ld\n", request.method.c_str(), request.path.c_str(), number);
    std::fflush(stdout);
  });
  int listener = -1;
  server.set_socket_options([&](int descriptor) {
    listener = descriptor;
    const int yes = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  if (!server.bind_to_port("0.0.0.0", kPort) || ::listen(listener, kBacklog) != 0) return 1;
  std::printf("%s listens on %d\n", HostName().c_str(), kPort);
  std::fflush(stdout);
  return server.listen_after_bind() ? 0 : 1;
}
