#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "api/http.h"
#include "base/status.h"
#include "schema/cluster_state.h"

namespace reconcile {

// Places of which there is a bounded number, so that nobody takes all of them: a user has at most
// `of_user`, and the last `kept_for_admins` are for administrators of the whole cluster and for the
// owner of the local socket, whom `of_user` does not bind.
struct ShareLimits {
  size_t most = 0;
  size_t of_user = 0;
  size_t kept_for_admins = 0;
};

// Any thread.
class UserShares {
 public:
  // Given back when the last copy goes, on any thread; it may outlive the shares.
  using Place = std::shared_ptr<void>;

  // `what` is what messages call them: "live streams".
  UserShares(std::string what, const ShareLimits& limits);
  // A place for who asks. `pool`, as a host's name, counts by itself. Unavailable when there is
  // none: whose limit it is, how much, and what to do; as an answer, 429.
  Result<Place> Take(const ApiRequest& request, const std::string& pool = "");

 private:
  struct Counts;
  const std::string what_;
  const ShareLimits limits_;
  const std::shared_ptr<Counts> counts_;
};

// 429 with a Status, to be tried again in a second.
ApiResponse TooManyResponse(const Status& why);

// Of streams whose number is bounded, and which users read: those of the page, and logs of the pods
// of each host, of which an agent serves kMaxLogStreams (agent/agent_core.h).
inline constexpr ShareLimits kLiveShares{.most = 256, .of_user = 64, .kept_for_admins = 32};
inline constexpr ShareLimits kLogShares{.most = 64, .of_user = 32, .kept_for_admins = 8};

// Sees that an answer's stream has a place for as long as the answer is there. Loop thread only.
class StreamShares {
 public:
  // `answer` as it is when it is no such stream; a refusal when there is no place.
  ApiResponse Hold(const ApiRequest& request, const ClusterState& state, ApiResponse answer);

 private:
  UserShares live_{"streams of the page", kLiveShares};
  UserShares logs_{"logs", kLogShares};
};

}  // namespace reconcile
