#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "source/fetch_limits.h"
#include "source/known_hosts.h"

namespace reconcile {

// What the parent asks of a `reconcile git-fetch` child, on its standard input, and the child's
// answer on its standard output: one JSON object each. Bytes that may be anything are base64. PURE.

// What is read anew from the source's files for each fetch; empty where there is none.
struct FetchSecrets {
  std::string token;
  std::string username;
  std::string password;
  std::string ca_pem;  // the system's CAs when empty
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string ssh_key;
};

struct FetchRequest {
  std::string repository;  // its URL, as configured
  std::string revision;
  std::string semver;
  std::string folder;       // the cache: a bare repository, or a folder for one
  uid_t user = 0;           // that the folder belongs to; 0: the caller's own
  std::string previous;     // what was fetched for the same revision before; "": as the cache knows
  std::string known_hosts;  // the file's text
  FetchSecrets secrets;
  FetchLimits limits;
};

struct FetchAnswer {
  Status status;
  std::string commit;          // full hex id; the rest is empty or 0 without one
  std::string reference;       // for people: "main", "v1.2.3"
  std::string rewritten_from;  // the previous commit, when `commit` does not descend from it
  int64_t received_bytes = 0;
  int64_t cache_bytes = 0;
  int64_t cache_packs = 0;
  bool cache_broken = false;           // the error is the cache's: make it anew
  std::optional<HostKey> offered_key;  // that was refused
};

inline constexpr size_t kMaxFetchRequestBytes = 16 << 20;
inline constexpr size_t kMaxFetchAnswerBytes = 64 << 10;

std::string EncodeFetchRequest(const FetchRequest& request);
Result<FetchRequest> DecodeFetchRequest(std::string_view text);
std::string EncodeFetchAnswer(const FetchAnswer& answer);
// Strict: Internal for anything that EncodeFetchAnswer does not write.
Result<FetchAnswer> DecodeFetchAnswer(std::string_view text);

}  // namespace reconcile
