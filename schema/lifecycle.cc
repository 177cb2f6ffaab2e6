#include "schema/lifecycle.h"

namespace reconcile {
namespace {

constexpr int64_t kMsPerHookSecond = 1'000;

Hook ReadHandler(const Container& container, const Value& written) {
  if (const Value* exec = written.Find("exec")) return {ExecActionOf(*exec)};
  if (const Value* http = written.Find("httpGet")) {
    HttpProbe action = HttpActionOf(container, *http);
    action.of_hook = true;
    return {std::move(action)};
  }
  if (const Value* sleep = written.Find("sleep")) {
    return {SleepHook{sleep->GetInt("seconds") * kMsPerHookSecond}};
  }
  const bool any = written.IsMap() && !written.AsMap().empty();
  return {InvalidHook{any ? written.AsMap().front().key : "none"}};
}

const Value* FindHook(const Container& container, HookKind kind) {
  const Value* lifecycle = container.others.Find("lifecycle");
  const Value* hook = lifecycle == nullptr ? nullptr : lifecycle->Find(HookField(kind));
  return hook == nullptr || !hook->IsMap() ? nullptr : hook;
}

Value Written(const ExecProbe& exec) {
  Value command = Value::MakeList();
  for (const std::string& word : exec.command) command.Append(Value::String(word));
  Value action = Value::MakeMap();
  action.Set("command", std::move(command));
  return action;
}

Value Written(const HttpProbe& http) {
  Value action = Value::MakeMap();
  if (!http.host.empty()) action.Set("host", Value::String(http.host));
  action.Set("port", Value::Int(http.port));
  action.Set("path", Value::String(http.path));
  action.Set("scheme", Value::String(http.tls ? "HTTPS" : "HTTP"));
  Value headers = Value::MakeList();
  for (const auto& [name, value] : http.headers) {
    Value header = Value::MakeMap();
    header.Set("name", Value::String(name));
    header.Set("value", Value::String(value));
    headers.Append(std::move(header));
  }
  action.Set("httpHeaders", std::move(headers));
  return action;
}

Value Written(const SleepHook& sleep) {
  Value action = Value::MakeMap();
  action.Set("seconds", Value::Int(sleep.ms / kMsPerHookSecond));
  return action;
}

Value Written(const InvalidHook&) { return Value::MakeMap(); }

std::string HandlerOf(const ExecProbe&) { return "exec"; }
std::string HandlerOf(const HttpProbe&) { return "httpGet"; }
std::string HandlerOf(const SleepHook&) { return "sleep"; }
std::string HandlerOf(const InvalidHook& hook) { return hook.handler; }

}  // namespace

std::string_view HookField(HookKind kind) {
  switch (kind) {
    case HookKind::kPostStart:
      return "postStart";
    case HookKind::kPreStop:
      return "preStop";
  }
  return "";
}

std::optional<Hook> HookOf(const Container& container, HookKind kind) {
  const Value* written = FindHook(container, kind);
  if (written == nullptr) return std::nullopt;
  return ReadHandler(container, *written);
}

bool HasHook(const Container& container, HookKind kind) {
  return FindHook(container, kind) != nullptr;
}

std::string WriteHook(const Hook& hook) {
  Value handler = Value::MakeMap();
  std::visit([&](const auto& action) { handler.Set(HandlerOf(action), Written(action)); },
             hook.action);
  return WriteJson(handler);
}

std::optional<Hook> ReadHook(std::string_view text) {
  const Result<Value> written = ParseJson(text);
  if (!written.ok() || !written->IsMap() || written->AsMap().empty()) return std::nullopt;
  return ReadHandler(Container(), *written);
}

}  // namespace reconcile
