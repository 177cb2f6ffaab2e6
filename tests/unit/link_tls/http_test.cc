// Requests made to cost much or to be read in two ways. Named for FAULTS 18 and 24.
#include <thread>

#include "tests/unit/link_tls/tls_link.h"

namespace reconcile {
namespace {

class HttpFaults : public testing::Test {
 protected:
  HttpFaults() {
    LinkServerOptions options;
    options.on_hook = [this](const LinkHttpRequest& request,
                             const std::function<void(LinkHttpResponse)>& answer) {
      hooks_.push_back(request);
      answer({202, "text/plain", "heard\n"});
    };
    controller_ = std::make_unique<TlsController>(std::move(options));
  }
  uint16_t port() const { return controller_->server->port(); }
  int Ask(const std::string& head, const std::string& body = "") {
    return AskRaw(port(), head + "\r\n" + body).code();
  }
  std::vector<LinkHttpRequest> Hooks() {
    std::vector<LinkHttpRequest> copy;
    controller_->thread.Do([&] { copy = hooks_; });
    return copy;
  }

  std::vector<LinkHttpRequest> hooks_;  // the controller's loop's
  std::unique_ptr<TlsController> controller_;
};

constexpr char kHookHead[] = "POST /hooks/shop HTTP/1.1\r\nHost: c\r\n";

TEST_F(HttpFaults, Faults18RefusesHeaderBombs) {
  EXPECT_EQ(Ask("GET /healthz HTTP/1.1\r\nA: " + std::string(kMaxHttpHeaderBytes, 'x') + "\r\n"),
            431);
  EXPECT_EQ(Ask("GET /" + std::string(kMaxHttpHeaderBytes, 'x') + " HTTP/1.1\r\n"), 431);
  std::string many = "GET /healthz HTTP/1.1\r\n";
  for (int i = 0; i < 100'000; ++i) many += "A: b\r\n";
  EXPECT_EQ(Ask(many), 431);
}

TEST_F(HttpFaults, Faults18RefusesBodyBombsWithBoundedMemory) {
  // 64 MiB each, in chunks: none may be taken in.
  std::string chunks;
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 1024; ++i) chunks += chunk;
  const std::string large(64 << 20, 'x');
  const size_t before = ResidentBytes();
  EXPECT_EQ(Ask(std::string(kHookHead) + "Transfer-Encoding: chunked\r\n", chunks), 413);
  EXPECT_EQ(Ask(std::string(kHookHead) + "Content-Length: 67108864\r\n", large), 413);
  EXPECT_EQ(Ask(std::string(kHookHead) + "Content-Encoding: gzip\r\nContent-Length: 20\r\n", "x"),
            413);
  EXPECT_EQ(Ask("GET /healthz HTTP/1.1\r\nRange: bytes=0-,0-,0-,0-\r\n"), 431);
  EXPECT_LT(ResidentBytes(), before + 4 * kMaxHookBodyBytes);
  EXPECT_TRUE(Hooks().empty());
}

TEST_F(HttpFaults, Faults18RefusesAChunkExtensionWithoutEnd) {
  EXPECT_EQ(Ask(std::string(kHookHead) + "Transfer-Encoding: chunked\r\n",
                "5;" + std::string(1 << 20, 'e')) /
                100,
            4);
}

TEST_F(HttpFaults, Faults18RefusesLengthsThatTwoReadersReadDifferently) {
  for (const std::string lengths :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -5\r\n", "Content-Length: 5, 5\r\n", "Content-Length: 0x5\r\n",
        "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    // Whatever follows must not be taken for a request: the connection ends.
    const RawAnswer answer = AskRaw(
        port(), std::string(kHookHead) + lengths + "\r\nhello" + "GET /healthz HTTP/1.1\r\n\r\n");
    EXPECT_EQ(answer.code(), 400) << lengths;
    EXPECT_EQ(answer.text.find("200 OK"), std::string::npos) << lengths;
  }
  EXPECT_TRUE(Hooks().empty());
}

TEST_F(HttpFaults, Faults18AnswersGoodRequestsAfterAllThat) {
  EXPECT_EQ(Ask(std::string(kHookHead) + "Content-Length: 5\r\n", "hello"), 202);
  EXPECT_EQ(
      Ask(std::string(kHookHead) + "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
      202);
  ASSERT_EQ(Hooks().size(), 2U);
  EXPECT_EQ(Hooks()[1].body, "hello");
}

TEST_F(HttpFaults, Faults24HandsAHookToItsHandlerAsItCame) {
  const std::string body(kMaxHookBodyBytes, 'b');
  EXPECT_EQ(AskRaw(port(),
                   "POST /hooks/shop?a=b HTTP/1.1\r\nHost: c\r\nX-Hub-Signature-256: sha256="
                   "00\r\nX-Twice: 1\r\nx-twice: 2\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body)
                .code(),
            202);
  const std::vector<LinkHttpRequest> hooks = Hooks();
  ASSERT_EQ(hooks.size(), 1U);
  EXPECT_EQ(hooks[0].method, "POST");
  EXPECT_EQ(hooks[0].path, "/hooks/shop");
  EXPECT_EQ(hooks[0].remote_address, "127.0.0.1");
  EXPECT_EQ(hooks[0].headers.at("x-hub-signature-256"), "sha256=00");
  EXPECT_EQ(hooks[0].headers.at("x-twice"), "1, 2");
  EXPECT_TRUE(hooks[0].body == body);
}

TEST_F(HttpFaults, Faults24RefusesAHookThatIsTooLarge) {
  EXPECT_EQ(Ask(std::string(kHookHead) +
                "Content-Length: " + std::to_string(kMaxHookBodyBytes + 1) + "\r\n"),
            413);
}

TEST(HttpHooks, HasRoomForABoundedNumberAtOnce) {
  std::vector<std::function<void(LinkHttpResponse)>> waiting;
  LinkServerOptions options;
  options.on_hook = [&](const LinkHttpRequest&, std::function<void(LinkHttpResponse)> answer) {
    waiting.push_back(std::move(answer));
  };
  options.handshake_ms = 300'000;
  TlsController controller(std::move(options));
  const std::string request = std::string(kHookHead) + "Content-Length: 1\r\n\r\nx";
  std::vector<std::thread> clients;
  std::vector<int> codes(kMaxHooksUnderWay, 0);
  for (size_t i = 0; i < codes.size(); ++i) {
    clients.emplace_back([&, i] { codes[i] = AskRaw(controller.server->port(), request).code(); });
  }
  WaitFor("every place to be taken", [&] {
    size_t count = 0;
    controller.thread.Do([&] { count = waiting.size(); });
    return count == kMaxHooksUnderWay;
  });
  EXPECT_EQ(AskRaw(controller.server->port(), request).code(), 503);
  controller.thread.Do([&] {
    for (const auto& answer : waiting) answer({200, "text/plain", "ok"});
    waiting.clear();
  });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(codes, std::vector<int>(kMaxHooksUnderWay, 200));
}

}  // namespace
}  // namespace reconcile
