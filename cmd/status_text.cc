#include "cmd/status_text.h"

#include <algorithm>

#include "base/escape.h"

namespace reconcile {
namespace {

constexpr size_t kShownCommitLength = 12;

Value Part(const Value& source, const char* name) {
  const Value* found = source.Find(name);
  return found == nullptr ? Value::MakeMap() : *found;
}

bool IsSuspended(const Value& source) {
  return Part(source, "spec").GetBool("suspend") ||
         Part(source, "status").Find("suspended") != nullptr;
}

std::string ShortCommit(const std::string& commit) {
  return EscapeForTerminal(commit.substr(0, kShownCommitLength));
}

Value ReadyCondition(const Value& source) {
  const Value status = Part(source, "status");
  for (const Value& condition : status.GetList("conditions")) {
    if (condition.GetString("type") == "Ready") return condition;
  }
  return Value::MakeMap();
}

// Looks for news of sources of which a commit is in force, and is at nothing else.
bool OnlyLooksForNews(const Value& status) {
  const Value::List sources = status.GetList("sources");
  const Value::List work = status.GetList("underWay");
  return !work.empty() && std::all_of(work.begin(), work.end(), [&](const Value& line) {
    return std::any_of(sources.begin(), sources.end(), [&](const Value& source) {
      return line.AsString() == "reading source " + Part(source, "metadata").GetString("name") &&
             !Part(source, "status").GetString("appliedCommit").empty();
    });
  });
}

// A controller that has begun with an empty database has heard of nothing yet.
bool KnowsNothingYet(const Value& status) {
  return !status.GetBool("settled") && status.GetList("sources").empty() &&
         status.GetInt("nodes") == 0;
}

std::string SourceText(const Value& source) {
  const Value spec = Part(source, "spec");
  const Value status = Part(source, "status");
  std::string text =
      "Source " + Part(source, "metadata").GetString("name") +
      "\n  Repository: " + EscapeForTerminal(spec.GetString("repository")) + " at " +
      EscapeForTerminal(spec.GetString("revision", spec.GetString("semver", "HEAD"))) + ", path /" +
      EscapeForTerminal(spec.GetString("path")) + (IsSuspended(source) ? ", suspended" : "") + "\n";
  const std::string applied = status.GetString("appliedCommit");
  if (!applied.empty()) {
    text += "  In force:   " + applied.substr(0, kShownCommitLength) + " " +
            EscapeForTerminal(status.GetString("appliedSubject")) + " (" +
            EscapeForTerminal(status.GetString("appliedAuthor")) + ")\n";
  }
  const std::string seen = status.GetString("seenCommit");
  const Value* pin = status.Find("pin");
  if (pin != nullptr) {
    text += "  Rolled back to " + ShortCommit(pin->GetString("commit")) + " from " +
            ShortCommit(pin->GetString("from")) + "\n";
  }
  const Value* waiting = status.Find("waiting");
  if (waiting != nullptr) {
    text += "  Waiting:    " + ShortCommit(waiting->GetString("commit")) + " " +
            EscapeForTerminal(waiting->GetString("subject")) + " (" +
            EscapeForTerminal(waiting->GetString("author")) + ")\n";
  } else if (!seen.empty() && seen != applied) {
    text += "  Newest:     " + ShortCommit(seen) + "\n";
  }
  return text;
}

// Why the newest commit is not in force though nothing is wrong.
std::string NotInForceText(const Value& status) {
  if (const Value* pin = status.Find("pin")) {
    return ", rolled back from " + ShortCommit(pin->GetString("from"));
  }
  const Value* waiting = status.Find("waiting");
  if (waiting == nullptr) return "";
  const std::string problem = waiting->GetString("problem");
  return "; " + ShortCommit(waiting->GetString("commit")) +
         (problem.empty() ? " waits for `reconcile apply`"
                          : " cannot be applied: " + EscapeForTerminal(problem));
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

std::string WhyWaitingIsVain(const Value& status) {
  if (!status.GetBool("settled")) return "";
  std::string text;
  for (const Value& source : status.GetList("sources")) {
    if (IsSuspended(source)) continue;
    const std::string reason = ReadyCondition(source).GetString("reason");
    const std::string name = EscapeForTerminal(Part(source, "metadata").GetString("name"));
    const Value held = Part(Part(source, "status"), "held");
    if (reason == "InvalidCommit") {
      text += "Waiting ends: the newest commit of source " + name +
              " has errors, and is in force only once a commit mends them (`reconcile validate` "
              "finds them before one does).\n";
    } else if (reason == "PruneHeld" && !held.GetBool("confirmed")) {
      text += "Waiting ends: the newest commit of source " + name +
              " is held until a person confirms what it removes: `reconcile confirm " +
              EscapeForTerminal(held.GetString("planHash")) + "`.\n";
    }
  }
  return text;
}

bool IsConvergedSoFar(const Value& status) {
  return IsConverged(status) || (status.GetList("unconverged").empty() && OnlyLooksForNews(status));
}

bool IsInForce(const Value& source) {
  if (IsSuspended(source)) return true;
  const Value status = Part(source, "status");
  const std::string applied = status.GetString("appliedCommit");
  return ReadyCondition(source).GetString("status") == "True" &&
         status.GetString("seenCommit", applied) == applied;
}

std::string SyncedText(const Value& source) {
  const Value ready = ReadyCondition(source);
  const std::string applied =
      Part(source, "status").GetString("appliedCommit").substr(0, kShownCommitLength);
  const std::string name = EscapeForTerminal(Part(source, "metadata").GetString("name")) + ": ";
  if (IsSuspended(source)) {
    return name + "suspended" + (applied.empty() ? "" : ", " + applied + " in force") + "\n";
  }
  if (ready.GetString("status") == "True") {
    return name + applied + " in force" + NotInForceText(Part(source, "status")) + "\n";
  }
  const std::string reason = ready.GetString("reason", "NotRead");
  const std::string message = ready.GetString("message", "it has not been read yet");
  return name + EscapeForTerminal(reason + ": " + message) + "; " +
         (applied.empty() ? "nothing is in force" : applied + " stays in force") + "\n";
}

std::string StatusText(const Value& status) {
  std::string text;
  for (const Value& source : status.GetList("sources")) text += SourceText(source);
  text += KnowsNothingYet(status) ? "Sources, hosts and pods: not known yet\n"
                                  : "Hosts: " + std::to_string(status.GetInt("nodes")) +
                                        "   Pods: " + std::to_string(status.GetInt("podsReady")) +
                                        " of " + std::to_string(status.GetInt("pods")) + " ready\n";
  const bool noted = !status.GetList("notes").empty();
  text += Listed("Not converged:", status.GetList("unconverged"));
  if (IsConvergedSoFar(status)) {
    text += noted ? "Converged, apart from what is noted.\n"
                  : "Converged: what runs is what Git declares.\n";
  }
  if (!status.GetBool("settled")) {
    text += status.GetList("underWay").empty()
                ? "The controller is at work; `reconcile status --wait` waits for it.\n"
                : Listed("Under way:", status.GetList("underWay"));
  }
  return text + Listed("Notes:", status.GetList("notes"));
}

}  // namespace reconcile
