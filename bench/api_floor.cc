// What the machine gives at best: a server of fixed bytes over the same TLS, without a model, a
// store or a parser behind it. bench/api measures it in the same run as the controller.
//
//   api_floor LIST_BYTES GET_BYTES EVENT_BYTES     prints "port N"; ends with standard input
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/check.h"
#include "bench/tls_poller.h"

namespace reconcile {
namespace {

constexpr int64_t kEventEveryMicros = 50'000;

std::string WholeAnswer(size_t bytes) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'x');
}

std::string Chunk(const std::string& bytes) {
  char size[32];
  std::snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

std::string Event(int64_t number, size_t bytes) {
  std::string event = "{\"bench/number\":\"" + std::to_string(number) + "\",\"bench/at\":\"" +
                      std::to_string(BenchMicros()) + "\",\"filled\":\"";
  if (event.size() + 4 < bytes) event.append(bytes - event.size() - 4, 'x');
  return Chunk(event + "\"}\n");
}

class FloorServer {
 public:
  FloorServer(size_t list_bytes, size_t get_bytes, size_t event_bytes)
      : list_(WholeAnswer(list_bytes)), get_(WholeAnswer(get_bytes)), event_bytes_(event_bytes) {}

  void Run() {
    TlsPeer model;
    model.on_data = [this](TlsPeer* peer, std::string_view bytes) { OnData(peer, bytes); };
    std::printf("port %d\n", poller_.Listen(model));
    std::fflush(stdout);
    ::fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    int64_t due = BenchMicros();
    int64_t number = 0;
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) != 0) {
      poller_.Poll(static_cast<int>(std::max<int64_t>(due - BenchMicros(), 0) / 1000));
      if (BenchMicros() < due) continue;
      due += kEventEveryMicros;
      const std::string event = Event(++number, event_bytes_);
      for (TlsPeer* watcher : watchers_) {
        if (!watcher->closed) poller_.Send(watcher, event);
      }
    }
  }

 private:
  void OnData(TlsPeer* peer, std::string_view bytes) {
    peer->text += bytes;
    for (size_t end = 0; (end = peer->text.find("\r\n\r\n")) != std::string::npos;) {
      const std::string head = peer->text.substr(0, end);
      peer->text.erase(0, end + 4);
      if (head.find("watch=true") != std::string::npos) {
        poller_.Send(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        watchers_.push_back(peer);
      } else {
        poller_.Send(peer, head.find("/pods/") != std::string::npos ? get_ : list_);
      }
    }
  }

  TlsPoller poller_{/*server=*/true};
  const std::string list_;
  const std::string get_;
  const size_t event_bytes_;
  std::vector<TlsPeer*> watchers_;
};

}  // namespace
}  // namespace reconcile

int main(int argc, char** argv) {
  CHECK(argc == 4);
  const auto bytes = [&](int i) { return static_cast<size_t>(std::atoll(argv[i])); };
  reconcile::FloorServer(bytes(1), bytes(2), bytes(3)).Run();
  return 0;
}
