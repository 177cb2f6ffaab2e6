#include "cmd/sync_wait.h"

#include <unistd.h>

#include <iostream>

#include "base/epoll_loop.h"
#include "cmd/commands.h"
#include "cmd/status_text.h"

namespace reconcile {
namespace {

constexpr useconds_t kLookAgainMicroseconds = 100'000;
constexpr int64_t kSyncWaitMs = 60'000;

}  // namespace

bool IsBusyWith(const std::string& name, const Value& status) {
  if (status.GetBool("settled")) return false;
  const std::string reading = "reading source ";
  for (const Value& line : status.GetList("underWay")) {
    const std::string& work = line.AsString();
    if (name.empty() || !work.starts_with(reading) || work == reading + name) return true;
  }
  return false;
}

Result<Value> WaitUntilRead(const std::string& name, ApiClient* client) {
  const MonoTime deadline = ReadSystemClock().mono + kSyncWaitMs;
  while (true) {
    Result<Value> status = client->Get("/apis/reconcile.dev/v1/status");
    const bool done = !status.ok() || !IsBusyWith(name, *status);
    if (done || ReadSystemClock().mono >= deadline) return status;
    ::usleep(kLookAgainMicroseconds);
  }
}

Result<Value> SyncAndWait(const std::string& name, ApiClient* client) {
  const Result<Value> answer = client->Post("/apis/reconcile.dev/v1/sync", {{"source", name}});
  if (!answer.ok()) return answer.status();
  return WaitUntilRead(name, client);
}

int PrintSynced(const std::string& name, const Value& status) {
  bool in_force = true;
  for (const Value& source : status.GetList("sources")) {
    const Value* metadata = source.Find("metadata");
    if (!name.empty() && (metadata == nullptr || metadata->GetString("name") != name)) continue;
    std::cout << SyncedText(source);
    in_force = in_force && IsInForce(source);
  }
  if (!IsBusyWith(name, status)) return in_force ? kExitOk : kExitFailed;
  return Fail(InternalError(
      "the controller is still at work after a minute; `reconcile status` says at what"));
}

}  // namespace reconcile
