#include "api/version_route.h"

#include "base/value.h"
#include "base/version.h"

namespace reconcile {
namespace {

// As Go names processors.
constexpr std::string_view kArchitecture =
#if defined(__x86_64__)
    "amd64";
#elif defined(__aarch64__)
    "arm64";
#else
    "unknown";
#endif

constexpr std::string_view kCompiler =
#if defined(__clang__)
    "clang " __clang_version__;
#else
    "gcc " __VERSION__;
#endif

}  // namespace

ApiResponse VersionRoute() {
  Value value = Value::MakeMap();
  const auto set = [&](const char* name, std::string_view text) {
    value.Set(name, Value::String(std::string(text)));
  };
  set("major", "1");
  set("minor", "33");
  set("gitVersion", "v1.33.0+reconcile." + std::string(kVersion));
  // Nothing of them is built in, and nothing here is Go.
  for (const char* name : {"gitCommit", "gitTreeState", "buildDate", "goVersion"}) set(name, "");
  set("compiler", kCompiler);
  set("platform", "linux/" + std::string(kArchitecture));
  ApiResponse response;
  response.body = WriteJson(value);
  return response;
}

}  // namespace reconcile
