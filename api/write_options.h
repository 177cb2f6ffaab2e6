#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/http.h"
#include "base/status.h"

namespace reconcile {

// How a client wants something changed: its query, and the body of a DELETE (meta.k8s.io
// DeleteOptions) or of an eviction (policy/v1 Eviction, v1beta1 too), as JSON or protobuf.
struct WriteOptions {
  bool is_dry_run = false;
  std::optional<int64_t> grace_seconds;  // of a deletion; 0: at once
  std::string uid;                       // what has to be there, by preconditions
  std::string resource_version;          // likewise
  std::string name;                      // of an eviction: of the pod
  std::string namespace_name;
};

// Whether nothing is to be changed: `dryRun=All`. What is asked for by an unknown word is no dry
// run, and refused.
bool IsDryRun(const ApiRequest& request);

// All three: Invalid when it cannot be read, with what is wrong.
Result<WriteOptions> ReadWriteOptions(const ApiRequest& request);  // the query alone
Result<WriteOptions> ReadDeleteOptions(const ApiRequest& request);
Result<WriteOptions> ReadEviction(const ApiRequest& request);

}  // namespace reconcile
