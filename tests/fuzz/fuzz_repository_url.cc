// URLs and version ranges of the configuration, and what the child that fetches answers. The first
// byte says which.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "source/fetch_protocol.h"
#include "source/repository_url.h"
#include "source/semver.h"

namespace reconcile {
namespace {

void TryUrl(std::string_view text) {
  const auto url = ParseRepositoryUrl(text);
  CheckRepository(text);
  if (!url.ok()) return;
  CHECK(!url->host.empty() && url->host[0] != '-' && url->port != 0);
  CHECK(!url->path.empty() && url->path[0] != '-');
  if (url->ToString().size() > RepositoryUrl::kMaxBytes) return;
  // What it is written as means the same.
  const auto again = ParseRepositoryUrl(url->ToString());
  CHECK(again.ok() && again->host == url->host && again->port == url->port &&
        again->user == url->user);
}

void TryVersions(std::string_view text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const auto range = VersionRange::Parse(text.substr(0, end));
  const auto version = ParseVersion(text.substr(std::min(end + 1, text.size())));
  if (version) CHECK(CompareVersions(*version, *version) == 0);
  if (range.ok() && version) range->Contains(*version);
}

void TryFetchAnswer(std::string_view text) {
  const auto answer = DecodeFetchAnswer(text);
  if (answer.ok()) CHECK(DecodeFetchAnswer(EncodeFetchAnswer(*answer)).ok());
  const auto request = DecodeFetchRequest(text);
  if (request.ok()) CHECK(DecodeFetchRequest(EncodeFetchRequest(*request)).ok());
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'u':
      reconcile::TryUrl(text);
      break;
    case 'v':
      reconcile::TryVersions(text);
      break;
    default:
      reconcile::TryFetchAnswer(text);
  }
  return 0;
}
