// Any bytes as what comes in over the API's port once TLS is off: the real parser with its limits,
// the head's checks, the target, Accept, selectors, resource versions and continue tokens, and
// bodies of every known type. Whatever is answered is JSON, and what is believed has one meaning.
#include <boost/beast/core/flat_buffer.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/beast_head.h"
#include "api/resource_reads.h"
#include "api/routes.h"
#include "api/self_reviews.h"
#include "base/check.h"
#include "base/log.h"
#include "base/utf8.h"
#include "schema/core.h"
#include "sim/virtual_loop.h"
#include "store/memory_store.h"

namespace reconcile {
namespace {

constexpr uint32_t kHeadBytes = 32 << 10;
constexpr size_t kBodyBytes = 3 << 20;
constexpr size_t kMostRequests = 4;

// A few objects that can be read, listed in pages, and watched.
class World {
 public:
  World() {
    SetLogLevel(LogLevel::kError);
    Transaction transaction;
    for (int i = 0; i < 4; ++i) {
      auto pod = std::make_shared<Pod>();
      pod->metadata.name = "p" + std::to_string(i);
      pod->metadata.namespace_name = "default";
      pod->metadata.labels["app"] = "web";
      pod->spec.containers.Edit().resize(1);
      transaction.writes.push_back({pod->key(), pod});
    }
    CHECK(store_.Commit(transaction, 0).ok());
  }
  void Answer(const ApiRequest& request) {
    const auto path = ParseResourcePath(request.path);
    if (!path) return;
    const ApiResponse response = reads_.Read(*path, request);
    if (!response.stream) {
      CHECK(ParseJson(response.body).ok());
      CHECK(FindInvalidUtf8(response.body) == std::string_view::npos);
      return;
    }
    std::string text;
    const StreamHandle handle =
        response.stream({[&](std::string_view bytes) { text += bytes; }, [](const Status&) {}});
    time_.RunFor(1);
    handle.Cancel();
    CHECK(text.empty() || ParseJsonSequence(text, {}, 100).ok());
  }

 private:
  VirtualTime time_;
  VirtualLoop loop_{&time_};
  MemoryStore store_;
  ResourceReads reads_{&store_, &loop_};
};

void ReadBody(const ApiRequest& request) {
  const Result<Access> access = ReadAccessReview(request.content_type, request.body);
  if (access.ok()) {
    CHECK(request.body.size() <= kMaxReviewBytes);
    const ApiUser nobody{"nobody", {}};
    CHECK(!Authorize(nobody, *access) || !IsWrite(*access));
  }
  (void)ReadRulesReview(request.content_type, request.body);
}

// Takes one request off the front; false when there is none, or it is refused.
bool TakeRequest(std::string_view* bytes, World* world) {
  namespace http = boost::beast::http;
  BeastRequestParser parser;
  parser.header_limit(kHeadBytes);
  parser.body_limit(kBodyBytes);
  boost::system::error_code error;
  ApiHead head;
  bool read_head = false;
  while (!parser.is_done()) {
    const size_t used = parser.put(boost::asio::buffer(bytes->data(), bytes->size()), error);
    bytes->remove_prefix(used);
    if (error) return false;
    if (!read_head && parser.is_header_done()) {
      read_head = true;
      if (ReadBeastHead(parser, &head).code != 0) return false;
      CHECK(!parser.chunked() || head.headers.count("content-length") == 0);
      CHECK(head.request.path.starts_with('/'));
    }
    if (used == 0) return false;  // more would have to come
  }
  if (!read_head && ReadBeastHead(parser, &head).code != 0) return false;
  head.request.body = parser.get().body();
  CHECK(head.request.body.size() <= kBodyBytes);
  head.request.accept = head.headers["accept"];
  head.request.content_type = MediaTypeOf(head.headers["content-type"]);
  (void)AcceptsJson(head.request.accept);
  (void)AccessOf(head.request);
  if (IsKnownBodyType(head.request.content_type)) ReadBody(head.request);
  world->Answer(head.request);
  return true;
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  reconcile::World world;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (size_t i = 0; i < reconcile::kMostRequests && !bytes.empty(); ++i) {
    if (!reconcile::TakeRequest(&bytes, &world)) break;
  }
  return 0;
}
