// Any bytes as a join token: what is accepted is written back as it was, and messages repeat none
// of it. A guess never passes.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "link/enrollment_state.h"

namespace reconcile {
namespace {

const EnrollmentState& KnownState() {
  static const EnrollmentState state = [] {
    EnrollmentState made;
    made.authorities = {{1, std::string(kFingerprintDigits, 'a'), {0}, {1'000'000}}};
    TokenRecord token;
    token.id = "00000001";
    token.secret_hash = HashOfTokenSecret("a secret that no text of hex digits has");
    token.max_uses = 1;
    token.expires = {1'000'000};
    made.tokens[token.id] = token;
    return made;
  }();
  return state;
}

void CheckText(std::string_view text) {
  const Result<JoinToken> token = ParseJoinToken(text);
  if (!token.ok()) {
    CHECK(token.status().code() == StatusCode::kInvalid);
    // Of what could hold a secret nothing is repeated.
    const bool like_a_token = text.size() > 12 && text.starts_with(kJoinTokenPrefix);
    CHECK(!like_a_token || token.status().message().find(text) == std::string::npos);
    return;
  }
  CHECK(text.size() == kJoinTokenTextBytes && FormatJoinToken(*token) == text);
  const Status guess = CheckTokenIn(KnownState(), *token, {1});
  CHECK(guess.code() == StatusCode::kInvalid);
  CHECK(guess.message().find(token->secret) == std::string::npos);
  CHECK(DecideJoin(KnownState(), *token, "n1", "key", {1}).status() == guess);
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  reconcile::CheckText({reinterpret_cast<const char*>(data), size});
  return 0;
}
