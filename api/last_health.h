#pragma once

#include <map>
#include <optional>
#include <string>

#include "api/http.h"
#include "base/time.h"

namespace reconcile {

// What questions for health were answered last. The loop that answers them also plans, and a commit
// of thousands of pods holds it for some hundred milliseconds: who asks for health meanwhile is
// told what was true a moment ago. A loop that has answered nothing for kFreshMs is not well, and
// nobody is told otherwise. One thread.
class LastHealth {
 public:
  static constexpr int64_t kPatienceMs = 50;  // for the loop's own answer
  static constexpr int64_t kFreshMs = 10'000;

  // Whether the request is one of these.
  static bool IsAskedBy(const ApiRequest& request);
  void Note(const ApiRequest& request, const ApiResponse& answer, MonoTime now);
  std::optional<ApiResponse> Find(const ApiRequest& request, MonoTime now) const;

 private:
  static constexpr size_t kMostKept = 32;
  struct Noted {
    ApiResponse answer;
    MonoTime at;
  };
  std::map<std::string, Noted> noted_;  // by path and query
};

}  // namespace reconcile
