#include "cmd/status_text.h"

#include "base/escape.h"

namespace reconcile {
namespace {

constexpr size_t kShownCommitLength = 12;

std::string SourceText(const Value& source) {
  const Value empty = Value::MakeMap();
  const auto part = [&](const char* name) {
    const Value* found = source.Find(name);
    return found == nullptr ? empty : *found;
  };
  const Value spec = part("spec");
  const Value status = part("status");
  std::string text =
      "Source " + part("metadata").GetString("name") +
      "\n  Repository: " + EscapeForTerminal(spec.GetString("repository")) + " at " +
      EscapeForTerminal(spec.GetString("revision", spec.GetString("semver", "HEAD"))) + ", path /" +
      EscapeForTerminal(spec.GetString("path")) + (spec.GetBool("suspend") ? ", suspended" : "") +
      "\n";
  const std::string applied = status.GetString("appliedCommit");
  if (!applied.empty()) {
    text += "  In force:   " + applied.substr(0, kShownCommitLength) + " " +
            EscapeForTerminal(status.GetString("appliedSubject")) + " (" +
            EscapeForTerminal(status.GetString("appliedAuthor")) + ")\n";
  }
  const std::string seen = status.GetString("seenCommit");
  if (!seen.empty() && seen != applied) {
    text += "  Newest:     " + seen.substr(0, kShownCommitLength) + "\n";
  }
  return text;
}

std::string Listed(const std::string& title, const Value::List& lines) {
  if (lines.empty()) return "";
  std::string text = title + "\n";
  for (const Value& line : lines) text += "  " + EscapeForTerminal(line.AsString()) + "\n";
  return text;
}

}  // namespace

bool IsConverged(const Value& status) {
  return status.GetBool("settled") && status.GetList("unconverged").empty();
}

std::string StatusText(const Value& status) {
  std::string text;
  for (const Value& source : status.GetList("sources")) text += SourceText(source);
  text += "Hosts: " + std::to_string(status.GetInt("nodes")) +
          "   Pods: " + std::to_string(status.GetInt("podsReady")) + " of " +
          std::to_string(status.GetInt("pods")) + " ready\n";
  const bool noted = !status.GetList("notes").empty();
  text += Listed("Not converged:", status.GetList("unconverged"));
  if (IsConverged(status)) {
    text += noted ? "Converged, apart from what is noted.\n"
                  : "Converged: what runs is what Git declares.\n";
  } else if (!status.GetBool("settled")) {
    text += status.GetList("underWay").empty()
                ? "The controller is at work; `reconcile status --wait` waits for it.\n"
                : Listed("Under way:", status.GetList("underWay"));
  }
  return text + Listed("Notes:", status.GetList("notes"));
}

}  // namespace reconcile
