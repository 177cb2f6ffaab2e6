// Stands in for the services of an application whose images are not at hand: one small program that
// answers on a port whoever asks there, by what it hears first.
//   HTTP/1   `GET /` says whether everything this service needs answers, 200 or 503; others 200
//   gRPC     grpc.health.v1.Health/Check, and any other call: SERVING
//   Redis    a line that begins with PING: +PONG
//
//   stand-in [--port N] [--ask HOST:PORT]... [--until HOST:PORT]
//
// --port: where it listens; else what PORT says. Without either it listens nowhere and asks every
// second, as a worker does, and says so when what it needs begins or ceases to answer.
// --ask: what it needs, besides each HOST:PORT in a variable whose name ends with _ADDR.
// --until: waits until HTTP there answers 200, and ends: for init containers.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

extern char** environ;

namespace {

constexpr int kMaxConnections = 64;  // more are closed at once
constexpr int kBacklog = 128;
constexpr int kPatienceSeconds = 2;           // with who says or takes nothing
constexpr size_t kMaxRequestBytes = 1 << 16;  // of one connection
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kFrameHeaderBytes = 9;
constexpr char kHeadersFrame = 1;
constexpr char kEndOfStream = 1;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {
    const timeval patience = {.tv_sec = kPatienceSeconds, .tv_usec = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  }
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(Socket&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Reads some more; false at the end, when nothing came in time, and beyond the limit.
  bool ReadMore(std::string* text) const {
    std::array<char, 4096> bytes{};
    const ssize_t count = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (count <= 0 || text->size() > kMaxRequestBytes) return false;
    text->append(bytes.data(), static_cast<size_t>(count));
    return true;
  }
  bool Write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }
  // Says that nothing more comes, and waits until the other side has closed too.
  void Finish() const {
    ::shutdown(descriptor_, SHUT_WR);
    for (std::string rest; ReadMore(&rest);) rest.clear();
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// -1 when nobody answers at "host:port".
int Connect(const std::string& place) {
  const size_t colon = place.rfind(':');
  if (colon == std::string::npos) return -1;
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(place.substr(0, colon).c_str(), place.substr(colon + 1).c_str(), &hints,
                    &found) != 0) {
    return -1;
  }
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience = {.tv_sec = kPatienceSeconds, .tv_usec = 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));  // connect's too
  const bool connected = ::connect(descriptor, found->ai_addr, found->ai_addrlen) == 0;
  ::freeaddrinfo(found);
  if (connected) return descriptor;
  ::close(descriptor);
  return -1;
}

bool Answers(const std::string& place) {
  const int descriptor = Connect(place);
  if (descriptor >= 0) ::close(descriptor);
  return descriptor >= 0;
}

bool AnswersHttp(const std::string& place) {
  const int descriptor = Connect(place);
  if (descriptor < 0) return false;
  const Socket socket(descriptor);
  std::string answer;
  const bool asked =
      socket.Write("GET / HTTP/1.1\r\nHost: " + place + "\r\nConnection: close\r\n\r\n");
  while (asked && answer.find("\r\n") == std::string::npos && socket.ReadMore(&answer)) {
  }
  return answer.starts_with("HTTP/1.1 200 ");
}

// What this service needs, a line each, and whether all of it answers.
struct Needs {
  bool met = true;
  std::string text;
};

Needs LookAt(const std::vector<std::string>& places) {
  Needs needs;
  for (const std::string& place : places) {
    const bool answers = Answers(place);
    needs.met &= answers;
    needs.text += place + (answers ? " answers\n" : " does not answer\n");
  }
  return needs;
}

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string HttpAnswer(const std::string& request, const std::vector<std::string>& places) {
  const bool is_page = request.starts_with("GET / ");
  const Needs needs = is_page ? LookAt(places) : Needs();
  const std::string body = HostName() + "\n" + needs.text;
  return std::string("HTTP/1.1 ") + (needs.met ? "200 OK" : "503 Service Unavailable") +
         "\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// ---- gRPC over HTTP/2 (RFC 9113), as much as an answer takes ----
std::string Frame(char type, char flags, const std::string& stream, const std::string& payload) {
  return std::string(1, '\0') + static_cast<char>(payload.size() >> 8) +
         static_cast<char>(payload.size()) + type + flags + stream + payload;
}

// A header that no table knows (RFC 7541, 6.2.2).
std::string Field(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name +
         static_cast<char>(value.size()) + value;
}

std::string ServingOn(const std::string& stream) {
  const std::string ok = "\x88" + Field("content-type", "application/grpc");
  const std::string serving("\0\0\0\0\x02\x08\x01", 7);  // HealthCheckResponse.status: 1
  return Frame(kHeadersFrame, 4, stream, ok) + Frame(0, 0, stream, serving) +
         Frame(kHeadersFrame, 4 | kEndOfStream, stream, Field("grpc-status", "0"));
}

// Takes whole frames off the beginning, until one ends a request: its stream; "" when none does.
std::string TakeRequest(std::string* frames) {
  while (frames->size() >= kFrameHeaderBytes) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>((*frames)[at]); };
    const size_t length = (size_t{byte(0)} << 16) + (size_t{byte(1)} << 8) + byte(2);
    if (frames->size() < kFrameHeaderBytes + length) return "";
    const bool is_of_a_request = byte(3) == 0 || byte(3) == kHeadersFrame;
    const bool ends_it = is_of_a_request && (byte(4) & kEndOfStream) != 0;
    const std::string stream = frames->substr(5, 4);
    frames->erase(0, kFrameHeaderBytes + length);
    if (ends_it) return stream;
  }
  return "";
}

// Who asks closes the connection: clients take what comes with its end for less than an answer.
void AnswerGrpc(const Socket& socket, std::string frames) {
  frames.erase(0, kHttp2Preface.size());
  if (!socket.Write(Frame(4, 0, std::string(4, '\0'), ""))) return;  // our settings: none
  do {
    for (std::string stream; !(stream = TakeRequest(&frames)).empty();) {
      if (!socket.Write(ServingOn(stream))) return;
    }
  } while (socket.ReadMore(&frames));
}

// Who connects and says nothing wanted to know whether somebody listens.
void Answer(const Socket& socket, const std::vector<std::string>& places) {
  std::string heard;
  while (socket.ReadMore(&heard)) {
    if (std::string_view(heard).starts_with(kHttp2Preface)) return AnswerGrpc(socket, heard);
    if (heard.starts_with("PING") && heard.ends_with("\n")) {
      if (!socket.Write("+PONG\r\n")) return;
      heard.clear();
      continue;
    }
    if (heard.find("\r\n\r\n") == std::string::npos || kHttp2Preface.starts_with(heard)) continue;
    if (socket.Write(HttpAnswer(heard, places))) socket.Finish();
    return;
  }
}

[[noreturn]] void Serve(int listener, const std::vector<std::string>& places) {
  static std::atomic<int> connections = 0;
  while (true) {
    const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) continue;
    Socket socket(descriptor);
    if (connections >= kMaxConnections) continue;
    ++connections;
    std::thread([&places, socket = std::move(socket)] {
      Answer(socket, places);
      --connections;
    }).detach();
  }
}

int Listen(int port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool listens =
      ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      ::listen(listener, kBacklog) == 0;
  return listens ? listener : -1;
}

void Say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

[[noreturn]] void Work(const std::vector<std::string>& places) {
  for (std::string said;; ::sleep(1)) {
    const std::string now = LookAt(places).text;
    if (now != said) Say(now);
    said = now;
  }
}

struct Options {
  int port = 0;
  std::vector<std::string> places;
  std::string until;
};

// False: they are not understood.
bool Read(int count, char** words, Options* options) {
  if (const char* port = std::getenv("PORT")) options->port = std::atoi(port);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || !text.substr(0, equals).ends_with("_ADDR")) continue;
    // Those that a pod gets for Services have no port: WEB_PORT_80_TCP_ADDR=10.96.0.7.
    const std::string_view place = text.substr(equals + 1);
    if (place.find(':') != std::string_view::npos) options->places.emplace_back(place);
  }
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i];
    if (name == "--port") options->port = std::atoi(words[i + 1]);
    if (name == "--ask") options->places.emplace_back(words[i + 1]);
    if (name == "--until") options->until = words[i + 1];
    if (name != "--port" && name != "--ask" && name != "--until") return false;
  }
  return count % 2 == 1;
}

}  // namespace

int main(int count, char** words) {
  for (const int signal : {SIGTERM, SIGINT}) {
    // The first process of a container is ended by no signal that it has not asked for.
    std::signal(signal, [](int) { ::_exit(0); });
  }
  Options options;
  if (!Read(count, words, &options)) {
    std::fprintf(stderr, "stand-in [--port N] [--ask HOST:PORT]... [--until HOST:PORT]\n");
    return 2;
  }
  if (!options.until.empty()) {
    while (!AnswersHttp(options.until)) ::sleep(1);
    return 0;
  }
  if (options.port == 0) Work(options.places);
  const int listener = Listen(options.port);
  if (listener < 0) {
    std::perror(("port " + std::to_string(options.port)).c_str());
    return 1;
  }
  Say(HostName() + " listens on " + std::to_string(options.port));
  Serve(listener, options.places);
}
