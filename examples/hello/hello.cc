// A tiny HTTP server to see something run: answers on port 8888 with its host name and how many
// requests it has had. Told to end (SIGTERM), it answers what is on its way first.
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>

namespace {

constexpr int kPort = 8888;
// Connections that wait to be accepted. Of the 5 of the library a busy moment leaves some out, and
// their clients wait for a second before they ask again.
constexpr int kBacklog = 1'024;

// It ends when nobody has asked for so long, and after so many times that at the latest.
constexpr timespec kQuiet = {.tv_sec = 0, .tv_nsec = 250'000'000};
constexpr int kMaxQuiets = 20;

sigset_t EndSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  return signals;
}

// Waits until it is told to end and then until nobody asks any more. Told again, it ends at once.
void WaitForEnd(const std::atomic<long>& requests) {
  const sigset_t signals = EndSignals();
  int signal = 0;
  ::sigwait(&signals, &signal);
  for (int i = 0; i < kMaxQuiets; ++i) {
    const long before = requests;
    const bool is_told_again = ::sigtimedwait(&signals, nullptr, &kQuiet) > 0;
    if (is_told_again || requests == before) return;
  }
}

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
  const sigset_t signals = EndSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // of the threads to come too
  httplib::Server server;
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
  std::thread end([&] {
    WaitForEnd(requests);
    server.stop();
  });
  const bool ended_well = server.listen_after_bind();
  end.join();
  return ended_well ? 0 : 1;
}
