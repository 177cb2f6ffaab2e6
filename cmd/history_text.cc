#include "cmd/history_text.h"

#include <algorithm>
#include <cstdio>

#include "api/table.h"
#include "base/escape.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kShownIdLength = 12;
constexpr size_t kShownMessageBytes = 60;  // in a table

std::string ResultText(const Value& item) {
  const std::string result = item.GetString("result");
  if (result == "Applied") return item.GetBool("inForce") ? "applied, in force" : "applied";
  if (result == "Waiting") return "waits for `reconcile apply`";
  return result == "Held" ? "held" : "failed";
}

// "+1 ~2 -0"; "" where it is not known.
std::string ChangesOf(const Value& item) {
  const Value* changes = item.Find("changes");
  if (changes == nullptr) return "";
  return "+" + std::to_string(changes->GetInt("created")) + " ~" +
         std::to_string(changes->GetInt("changed")) + " -" +
         std::to_string(changes->GetInt("deleted"));
}

std::string PodsOf(const Value& outcome) {
  if (outcome.Find("podsStarted") == nullptr) return "";
  return "+" + std::to_string(outcome.GetInt("podsStarted")) + " -" +
         std::to_string(outcome.GetInt("podsStopped"));
}

Value OutcomeOf(const Value& item) {
  const Value* outcome = item.Find("outcome");
  return outcome == nullptr ? Value::MakeMap() : *outcome;
}

std::string ConvergedOf(const Value& item) {
  const Value outcome = OutcomeOf(item);
  if (outcome.GetString("result") == "Replaced") return "no, replaced";
  if (outcome.GetString("result") == "Converged") {
    return outcome.Find("tookMs") == nullptr
               ? "yes"
               : "in " + std::to_string(outcome.GetInt("tookMs")) + " ms";
  }
  return item.GetBool("inForce") ? "not yet" : "";
}

std::string WithoutMail(const std::string& author) {
  const size_t mail = author.find(" <");
  return mail == 0 ? author : author.substr(0, mail);
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string AgeOf(const Value& item, WallTime now) {
  const Result<WallTime> at = ParseRfc3339(item.GetString("at"));
  if (item.GetString("result") != "Applied" || !at.ok()) return "-";
  return FormatAge(now.ms - at->ms);
}

std::string Line(const std::string& title, const std::string& text) {
  if (text.empty()) return "";
  return (title + ":").append(12 - title.size() - 1, ' ') + EscapeForTerminal(text) + "\n";
}

std::string Tenths(double percent) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %%", percent);
  return text;
}

double ShareOf(const Value& stage) {
  const Value* share = stage.Find("sharePercent");
  const bool number = share != nullptr && (share->type() == Value::Type::kDouble || share->IsInt());
  return number ? share->AsDouble() : 0;
}

std::string StagesTable(const Value& timing) {
  const int64_t others = timing.GetInt("podsReady") - 1;
  Table table;
  for (const char* name : {"Stage", "At", "Took", "Share"}) table.columns.push_back({name, 0});
  if (others > 0) table.columns.push_back({"Median of " + std::to_string(others) + " others", 0});
  for (const Value& stage : timing.GetList("stages")) {
    Table::Row row;
    row.cells = {stage.GetString("name"), std::to_string(stage.GetInt("atMs")) + " ms",
                 std::to_string(stage.GetInt("tookMs")) + " ms", Tenths(ShareOf(stage))};
    if (others > 0 && stage.Find("medianMs") != nullptr) {
      row.cells.push_back(std::to_string(stage.GetInt("medianMs")) + " ms");
    }
    table.rows.push_back(std::move(row));
  }
  return TableText(EncodeTable(table), {.with_namespace = false, .wide = false});
}

std::string ObjectsText(const Value& item) {
  const Value* changes = item.Find("changes");
  if (changes == nullptr) return "";
  return std::to_string(changes->GetInt("created")) + " created, " +
         std::to_string(changes->GetInt("changed")) + " changed, " +
         std::to_string(changes->GetInt("deleted")) + " deleted";
}

std::string PodsText(const Value& outcome) {
  if (outcome.Find("podsStarted") == nullptr) return "";
  return std::to_string(outcome.GetInt("podsStarted")) + " started, " +
         std::to_string(outcome.GetInt("podsStopped")) + " stopped";
}

std::string WholeText(const Value& timing) {
  const int64_t pods = timing.GetInt("pods");
  const std::string total = std::to_string(timing.GetInt("totalMs")) + " ms from commit seen to ";
  const std::string counted =
      std::to_string(timing.GetInt("podsReady")) + " of " + std::to_string(pods) + " pods ready";
  const std::string so_far = timing.GetBool("ended") ? "" : "; this is how far it went";
  if (timing.GetString("pod").empty()) {
    const std::string none = pods == 0 ? "no pod was to start" : counted;
    return total + timing.GetList("stages").back().GetString("name") + "; " + none + so_far;
  }
  return total + "the last pod ready: " + timing.GetString("pod") + " on " +
         timing.GetString("node") + "; " + counted + so_far;
}

}  // namespace

std::string HistoryText(const Value& history, WallTime now) {
  Table table;
  for (const char* name : {"Revision", "Source", "Applied", "Result", "Converged", "Objects",
                           "Pods", "Author", "Subject"}) {
    table.columns.push_back({name, 0});
  }
  for (const Value& item : history.GetList("items")) {
    const std::string why = item.GetString("message");
    Table::Row row;
    row.cells = {item.GetString("revision").substr(0, kShownIdLength),
                 item.GetString("source"),
                 AgeOf(item, now),
                 ResultText(item) + (why.empty() ? "" : ": " + CutText(why, kShownMessageBytes)),
                 OrDash(ConvergedOf(item)),
                 OrDash(ChangesOf(item)),
                 OrDash(PodsOf(OutcomeOf(item))),
                 OrDash(WithoutMail(item.GetString("author"))),
                 item.GetString("subject")};
    table.rows.push_back(std::move(row));
  }
  return TableText(EncodeTable(table), {.with_namespace = false, .wide = false});
}

std::string DriftText(const Value& events, WallTime now) {
  Value::List items = events.GetList("items");
  std::stable_sort(items.begin(), items.end(), [](const Value& a, const Value& b) {
    return a.GetString("lastTimestamp") > b.GetString("lastTimestamp");
  });
  std::string text;
  for (const Value& event : items) {
    const Value* object = event.Find("involvedObject");
    if (object == nullptr) continue;
    const std::string folder = object->GetString("namespace");
    const Result<WallTime> at = ParseRfc3339(event.GetString("lastTimestamp"));
    const int64_t times = event.GetInt("count");
    text +=
        "  " + (at.ok() ? FormatAge(now.ms - at->ms) + " ago: " : "") +
        EscapeForTerminal(object->GetString("kind") + " " + (folder.empty() ? "" : folder + "/") +
                          object->GetString("name") + ": " + event.GetString("message")) +
        (times > 1 ? " (" + std::to_string(times) + " times)" : "") + "\n";
  }
  return text.empty() ? "" : "\nDrift put back:\n" + text;
}

Result<Value> FindRevision(const Value& history, const std::string& revision) {
  const Value* found = nullptr;
  const Value::List items = history.GetList("items");
  for (const Value& item : items) {
    const std::string commit = item.GetString("revision");
    if (!commit.starts_with(revision)) continue;
    if (found == nullptr) found = &item;
    if (found->GetString("revision") == commit) continue;
    return InvalidError("revision '" + revision + "' may be " +
                        found->GetString("revision").substr(0, kShownIdLength) + " or " +
                        commit.substr(0, kShownIdLength) + ": write more of it");
  }
  if (found != nullptr) return *found;
  return NotFoundError("revision '" + revision +
                       "' is none of the last commits; `reconcile history` lists them");
}

std::string RevisionText(const Value& item) {
  const std::string at = item.GetString("at");
  return Line("Revision", item.GetString("revision")) + Line("Source", item.GetString("source")) +
         Line("Subject", item.GetString("subject")) + Line("Author", item.GetString("author")) +
         Line("Committed", item.GetString("committedAt")) +
         Line("Result", ResultText(item) + (at.empty() ? "" : " since " + at)) +
         Line("Why", item.GetString("message")) + Line("Converged", ConvergedOf(item)) +
         Line("Objects", ObjectsText(item)) + Line("Pods", PodsText(OutcomeOf(item)));
}

std::string TimingText(const Value& item) {
  const Value* timing = item.Find("timing");
  if (timing == nullptr || timing->GetList("stages").empty()) {
    return Line("Timing",
                "not known: this controller was started since, or other commits came before it");
  }
  return Line("Timing", WholeText(*timing)) + Line("Note", timing->GetString("note")) + "\n" +
         StagesTable(*timing);
}

}  // namespace reconcile
