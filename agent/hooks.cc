#include "agent/hooks.h"

namespace reconcile {

std::string FailedHookMessage(HookKind kind, const std::string& container, const std::string& why) {
  return std::string(kind == HookKind::kPostStart ? "PostStartHook" : "PreStopHook") +
         " failed: container " + container + ": " + why;
}

std::string_view FailedHookReason(HookKind kind) {
  return kind == HookKind::kPostStart ? "FailedPostStartHook" : "FailedPreStopHook";
}

std::string WithoutRequest(const std::string& message) {
  constexpr std::string_view kEnd = "\": ";  // of: Get "URL":
  const size_t end = message.rfind(kEnd);
  return end == std::string::npos ? message : message.substr(end + kEnd.size());
}

}  // namespace reconcile
