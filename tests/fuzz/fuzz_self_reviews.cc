// Any bytes as the protobuf of a review, and as a request's target: what is read is bounded by what
// came, and nothing that is accepted has two meanings.
#include <cstdint>
#include <string>
#include <string_view>

#include "api/request_target.h"
#include "api/self_reviews.h"
#include "base/check.h"
#include "base/utf8.h"

namespace reconcile {
namespace {

void CheckBody(std::string_view body) {
  const Result<Access> access = ReadAccessReview(kProtobufType, body);
  if (access.ok()) {
    CHECK(body.size() <= kMaxReviewBytes);
    for (const std::string* text : {&access->verb, &access->group, &access->resource,
                                    &access->subresource, &access->namespace_name, &access->path}) {
      CHECK(text->size() <= body.size());
      CHECK(FindInvalidUtf8(*text) == std::string_view::npos);
    }
    // Whoever has no role may nothing that changes anything.
    const ApiUser nobody{"nobody", {}};
    CHECK(!Authorize(nobody, *access) || !IsWrite(*access));
  }
  (void)ReadRulesReview(kProtobufType, body);
}

void CheckTarget(std::string_view target) {
  ApiRequest request;
  if (!ReadRequestTarget(target, &request).ok()) return;
  CHECK(request.path.starts_with('/') && request.path.size() <= target.size());
  CHECK(request.path.find("//") == std::string::npos);
  request.method = "GET";
  const Access access = AccessOf(request);
  CHECK(access.resource.find('/') == std::string::npos);
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  reconcile::CheckBody(bytes);
  reconcile::CheckTarget(bytes);
  return 0;
}
