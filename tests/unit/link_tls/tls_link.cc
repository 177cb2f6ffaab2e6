#include "tests/unit/link_tls/tls_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/unique_fd.h"
#include "link/certificates.h"
#include "link/tls_context.h"

namespace reconcile {

LinkFolder::LinkFolder() {
  std::string name = std::filesystem::temp_directory_path() / "reconcile-link-XXXXXX";
  CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

size_t ResidentBytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 0;
#else
  std::ifstream file("/proc/self/statm");
  size_t total = 0;
  size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
#endif
}

void WaitFor(const std::string& what, const std::function<bool()>& done) {
  const MonoTime deadline = ReadSystemClock().mono + 60'000;
  while (!done()) {
    if (ReadSystemClock().mono > deadline) {
      ADD_FAILURE() << "waited in vain: " << what;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TlsController::TlsController(LinkServerOptions options, int64_t enrolled_before_ms) {
  Result<std::unique_ptr<Enrollment>> opened =
      Enrollment::Open(folder.path() + "/ca", &random, WallTime{now().ms - enrolled_before_ms});
  CHECK(opened.ok());
  enrollment = std::move(opened).value();
  options.listen_address = "127.0.0.1";
  options.listen_port = 0;
  options.names = {"127.0.0.1"};
  auto started = LinkServer::Start(std::move(options), thread.loop(), enrollment.get());
  CHECK(started.ok());
  server = std::move(started).value();
}

TlsController::~TlsController() {
  thread.Do([this] { server.reset(); });
  thread.End();
}

std::string TlsController::MakeToken(int uses, const std::string& node) {
  TokenOptions options;
  options.uses = uses;
  options.node = node;
  return *enrollment->CreateToken(options, now());
}

KeyPair TlsController::Enroll(const std::string& node) {
  const KeyAndRequest request = *MakeNodeRequest(node);
  const Result<std::string> chain =
      enrollment->Join(MakeToken(1, node), request.request_pem, node, now());
  EXPECT_TRUE(chain.ok()) << chain.status().ToString();
  return {chain.ok() ? *chain : "", request.private_key_pem};
}

TlsAgent::TlsAgent(uint16_t port, const std::string& node, const std::string& token,
                   const std::string& folder, uint64_t seed)
    : random(seed) {
  LinkDialerOptions options;
  options.host = "127.0.0.1";
  options.port = port;
  options.node = node;
  options.token = token;
  options.folder = folder;
  options.max_wait_ms = 1'000;
  options.on_refused = [this](const Status& why) { refused = why.message(); };
  auto opened = LinkDialer::Open(std::move(options), thread.loop(), &random);
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  if (opened.ok()) dialer = std::move(opened).value();
}

TlsAgent::~TlsAgent() {
  thread.Do([this] { dialer.reset(); });
  thread.End();
}

bool TlsAgent::Connected() { return dialer->LastError().empty(); }

std::string TlsAgent::Refused() {
  std::string text;
  thread.Do([&] { text = refused; });
  return text;
}

namespace {

UniqueFd ConnectTo(uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience = {.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) fd.Reset();
  return fd;
}

}  // namespace

RawAnswer AskRaw(uint16_t port, const std::string& request, const KeyPair* identity) {
  ::signal(SIGPIPE, SIG_IGN);
  RawAnswer answer;
  const UniqueFd fd = ConnectTo(port);
  const TlsContext context = *MakeClientTls(identity);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
  SSL_set_fd(ssl.get(), fd.get());
  answer.connected = fd.ok() && SSL_connect(ssl.get()) == 1;
  if (!answer.connected) return answer;
  size_t written = 0;
  while (written < request.size()) {
    pollfd answered = {.fd = fd.get(), .events = POLLIN, .revents = 0};
    if (::poll(&answered, 1, 0) > 0) break;  // it answers before it has read everything
    const int size = SSL_write(ssl.get(), request.data() + written,
                               static_cast<int>(std::min<size_t>(request.size() - written, 16384)));
    if (size <= 0) break;
    written += static_cast<size_t>(size);
  }
  char buffer[4096];
  for (int size = 0; (size = SSL_read(ssl.get(), buffer, sizeof(buffer))) > 0;) {
    answer.text.append(buffer, static_cast<size_t>(size));
  }
  return answer;
}

}  // namespace reconcile
