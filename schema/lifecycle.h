#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "schema/probe.h"

namespace reconcile {

// What runs beside a container's program right after its start, and before its stop signal
// (SEMANTICS 8.7, 8.8).
enum class HookKind { kPostStart, kPreStop };

// Its field of a container's `lifecycle`.
std::string_view HookField(HookKind kind);

struct SleepHook {
  int64_t ms = 0;
  friend bool operator==(const SleepHook&, const SleepHook&) = default;
};
// No handler that anybody can run, such as tcpSocket: as in Kubernetes it always fails.
struct InvalidHook {
  std::string handler;  // as it is written
  friend bool operator==(const InvalidHook&, const InvalidHook&) = default;
};

struct Hook {
  // Of HttpProbe any answer is success, whatever its status (kubelet: pkg/kubelet/lifecycle).
  std::variant<ExecProbe, HttpProbe, SleepHook, InvalidHook> action;
  friend bool operator==(const Hook&, const Hook&) = default;
};

// PURE. Read from Container::others, where it was checked already; none when it has no such hook.
// Commands are as they are written.
std::optional<Hook> HookOf(const Container& container, HookKind kind);
bool HasHook(const Container& container, HookKind kind);

// PURE. As the field of a manifest that says it, in JSON: for who has the container and not its
// manifest any more. ReadHook has nothing for what WriteHook did not write.
std::string WriteHook(const Hook& hook);
std::optional<Hook> ReadHook(std::string_view text);

}  // namespace reconcile
