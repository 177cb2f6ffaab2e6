#include "cmd/plan_text.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "api/plan_view.h"
#include "cmd/plan_lines.h"
#include "cmd/plan_network.h"

namespace reconcile {
namespace {

constexpr size_t kMostChangedLines = 40;  // of one text in a field
constexpr size_t kMostValueBytes = 2'000;
constexpr size_t kMostPods = 12;   // of a workload and a fate, by name
constexpr size_t kMostHosts = 20;  // in the table

std::string Shortened(std::string text) {
  if (text.size() <= kMostValueBytes) return text;
  const size_t size = text.size();
  text.resize(kMostValueBytes);
  return text + "... (" + std::to_string(size) + " bytes)";
}

// The text of a value that is a string of several lines; nothing for others.
std::optional<std::string> LinesIn(const std::string& json) {
  const Result<Value> value = ParseJson(json);
  if (!value.ok() || !value->IsString()) return std::nullopt;
  if (value->AsString().find('\n') == std::string::npos) return std::nullopt;
  return value->AsString();
}

LineColor ColorOfLine(const std::string& line) {
  if (line.starts_with('+')) return LineColor::kGreen;
  return line.starts_with('-') ? LineColor::kRed : LineColor::kDim;
}

// " (rollout)", " (none: paused ...)"; a rollout's course stands with its pods.
std::string EffectText(const Value& field) {
  const std::string effect = field.GetString("effect");
  if (effect.empty()) return "";
  const std::string why = effect == "rollout" ? "" : field.GetString("why");
  return "  (" + effect + (why.empty() ? "" : ": " + why) + ")";
}

class Writer {
 public:
  Writer(const Value& plan, const PlanTextOptions& options)
      : plan_(plan), columns_(options.columns), lines_(options.color, options.columns) {}

  std::string Write() {
    if (!plan_.GetList("errors").empty()) return WriteErrors();
    for (const Value& change : plan_.GetList("changes")) WriteChange(change);
    WriteWorkloads();
    WriteHosts();
    WriteNetwork(plan_, &lines_);
    WriteWarnings();
    WriteEnd();
    return lines_.Take();
  }

 private:
  std::string WriteErrors();
  void WriteChange(const Value& change);
  void WriteField(const Value& field);
  void WriteUsers(const Value& change);
  void WriteWorkloads();
  void WritePods(const std::string& workload, const std::vector<const Value*>& pods);
  void WriteMany(std::string_view fate, const std::vector<const Value*>& pods);
  void WritePod(const Value& pod);
  void WriteHosts();
  void WriteWarnings();
  void WriteEnd();
  const Value* CourseOf(const std::string& workload) const;

  const Value& plan_;
  size_t columns_;
  PlanLines lines_;
};

std::string Writer::WriteErrors() {
  const Value::List& errors = plan_.GetList("errors");
  for (const Value& error : errors) {
    lines_.Add(LineColor::kRed, 0, "error: " + ProblemText(error));
  }
  if (!plan_.GetList("changes").empty()) {
    lines_.Blank();
    lines_.Add(LineColor::kPlain, 0, "Without the errors it would delete:");
    for (const Value& change : plan_.GetList("changes")) {
      lines_.Add(LineColor::kRed, 2, "- " + KeyText(change));
    }
    lines_.Blank();
  }
  lines_.Add(LineColor::kPlain, 0,
             Counted(static_cast<int64_t>(errors.size()), "error", "errors") +
                 ": this would not be applied; what runs would go on running");
  return lines_.Take();
}

void Writer::WriteField(const Value& field) {
  constexpr size_t kIndent = 4;
  const std::string before = field.GetString("before");
  const std::string after = field.GetString("after");
  const std::string sign = before.empty() ? "+ " : after.empty() ? "- " : "~ ";
  const LineColor color = before.empty()  ? LineColor::kGreen
                          : after.empty() ? LineColor::kRed
                                          : LineColor::kYellow;
  const std::string path = sign + field.GetString("path");
  const std::string effect = EffectText(field);
  const std::optional<std::string> old_lines = LinesIn(before);
  const std::optional<std::string> new_lines = LinesIn(after);
  if (old_lines || new_lines) {
    lines_.Add(color, kIndent, path + effect);
    const std::string old_text = old_lines.value_or(before);
    for (const std::string& line :
         ChangedLines(old_text, new_lines.value_or(after), kMostChangedLines)) {
      lines_.Add(ColorOfLine(line), kIndent * 2, line);
    }
    return;
  }
  const std::string arrow = before.empty() || after.empty() ? "" : " -> ";
  const std::string whole = path + ": " + before + arrow + after + effect;
  if (lines_.Fits(kIndent, whole)) return lines_.Add(color, kIndent, whole);
  lines_.Add(color, kIndent, path + effect);
  if (!before.empty()) lines_.Add(LineColor::kRed, kIndent * 2, "- " + Shortened(before));
  if (!after.empty()) lines_.Add(LineColor::kGreen, kIndent * 2, "+ " + Shortened(after));
}

void Writer::WriteUsers(const Value& change) {
  for (const Value& user : change.GetList("users")) {
    const bool variables = user.GetBool("asVariables");
    const bool mounted = user.GetBool("mounted");
    const std::string how =
        user.GetBool("restarts") ? "and restarts on change: its pods are replaced"
        : variables && mounted
            ? "at the next start of its containers, and as files, which change in place"
        : variables ? "at the next start of its containers"
                    : "as files, which change in place";
    lines_.Add(LineColor::kDim, 4, "used by " + KeyText(user) + " " + how);
  }
}

void Writer::WriteChange(const Value& change) {
  const std::string name = KeyText(change);
  const std::string type = change.GetString("change");
  const int64_t number = change.GetInt("wave");
  const std::string wave = number == 0 ? "" : " (wave " + std::to_string(number) + ")";
  if (type == "created") return lines_.Add(LineColor::kGreen, 0, "+ " + name + "  created" + wave);
  if (type == "deleted") return lines_.Add(LineColor::kRed, 0, "- " + name + "  deleted" + wave);
  lines_.Add(LineColor::kYellow, 0, "~ " + name + "  changed" + wave);
  for (const Value& field : change.GetList("fields")) WriteField(field);
  WriteUsers(change);
}

const Value* Writer::CourseOf(const std::string& workload) const {
  for (const Value& course : plan_.GetList("workloads")) {
    if (KeyText(course) == workload) return &course;
  }
  return nullptr;
}

// "2 -> 3 pods, at most 4 at once, never fewer than 2 ready".
std::string CourseText(const Value& course) {
  const int64_t before = course.GetInt("podsBefore");
  const int64_t after = course.GetInt("podsAfter");
  const int64_t most = course.GetInt("mostPods");
  const int64_t ready = course.GetInt("readyBefore");
  const int64_t least = course.GetInt("leastReady");
  std::string text = before == after
                         ? Counted(after, "pod", "pods")
                         : std::to_string(before) + " -> " + Counted(after, "pod", "pods");
  if (most > std::max(before, after)) text += ", at most " + std::to_string(most) + " at once";
  if (before > 0 && after > 0 && ready > 0) {
    text += least == 0 ? ", for a moment none is ready"
                       : ", never fewer than " + std::to_string(least) + " ready";
  }
  return text;
}

void Writer::WritePod(const Value& pod) {
  const std::string fate = pod.GetString("fate");
  const std::string name = pod.GetString("name");
  const std::string node = pod.GetString("node");
  const std::string why = pod.GetString("explanation");
  const bool paced = pod.GetBool("paced");
  if (fate == "create") {
    return lines_.Add(LineColor::kGreen, 4,
                      "+ " + name + "  on " + node + (paced ? " or another host" : ""));
  }
  if (fate == "wait") {
    return lines_.Add(LineColor::kRed, 4, "! " + name + "  on " + node + ", " + why);
  }
  if (fate == "remove") {
    std::string all = why;
    const auto add = [&](const char* text) {
      all += (all.empty() ? "" : "; ") + std::string(text);
    };
    if (pod.GetBool("neverRan")) add("it never ran");
    if (paced) add("or another of its pods");
    return lines_.Add(LineColor::kRed, 4,
                      "- " + name + (node.empty() ? "" : "  on " + node) +
                          (all.empty() ? "" : "  (" + all + ")"));
  }
  lines_.Add(LineColor::kRed, 4, "! " + name + "  does not fit: " + why);
}

// Too many to name: how many on which host, and why.
void Writer::WriteMany(std::string_view fate, const std::vector<const Value*>& pods) {
  std::map<std::string, int64_t> by_node;
  std::map<std::string, int64_t> by_reason;
  bool paced = false;
  for (const Value* pod : pods) {
    paced = paced || pod->GetBool("paced");
    ++by_node[pod->GetString("node")];
    if (fate != "create") ++by_reason[pod->GetString("explanation")];
  }
  const std::string count = Counted(static_cast<int64_t>(pods.size()), "pod", "pods");
  if (fate == "unschedulable" || fate == "wait") {
    const bool waits = fate == "wait";
    for (const auto& [why, times] : by_reason) {
      lines_.Add(LineColor::kRed, 4,
                 "! " +
                     (waits ? Counted(times, "pod", "pods")
                            : Counted(times, "pod does not fit", "pods do not fit")) +
                     ": " + why);
    }
    return;
  }
  std::string hosts;
  for (const auto& [node, times] : by_node) {
    hosts += (hosts.empty() ? "" : ", ") + (node.empty() ? "no host" : node) + ": " +
             std::to_string(times);
  }
  std::string reasons;
  for (const auto& [why, times] : by_reason) {
    if (why.empty()) continue;
    reasons += (reasons.empty() ? "  (" : "; ") + why;
  }
  if (paced) hosts += ", or a little otherwise";
  const bool starts = fate == "create";
  lines_.Add(
      starts ? LineColor::kGreen : LineColor::kRed, 4,
      (starts ? "+ " : "- ") + count + "  on " + hosts + (reasons.empty() ? "" : reasons + ")"));
}

void Writer::WritePods(const std::string& workload, const std::vector<const Value*>& pods) {
  const Value* course = CourseOf(workload);
  lines_.Add(LineColor::kPlain, 2,
             workload + (course == nullptr ? "" : "  " + CourseText(*course)));
  std::map<std::string, std::vector<const Value*>> by_fate;
  for (const Value* pod : pods) by_fate[pod->GetString("fate")].push_back(pod);
  for (const Value* pod : pods) {
    if (by_fate[pod->GetString("fate")].size() <= kMostPods) WritePod(*pod);
  }
  for (const auto& [fate, several] : by_fate) {
    if (several.size() > kMostPods) WriteMany(fate, several);
  }
}

void Writer::WriteWorkloads() {
  const Value::List& pods = plan_.GetList("pods");
  if (pods.empty()) return;
  lines_.Blank();
  lines_.Add(LineColor::kPlain, 0, "Pods:");
  for (size_t i = 0; i < pods.size();) {
    const Value* owner = pods[i].Find("workload");
    const std::string workload = owner == nullptr ? "" : KeyText(*owner);
    std::vector<const Value*> own;
    for (; i < pods.size(); ++i) {
      const Value* other = pods[i].Find("workload");
      if ((other == nullptr ? "" : KeyText(*other)) != workload) break;
      own.push_back(&pods[i]);
    }
    WritePods(workload, own);
  }
}

std::string Moved(const std::string& before, const std::string& after, const std::string& of) {
  return (before == after ? after : before + " -> " + after) + " of " + of;
}

// "memory 1Gi -> 1.5Gi of 23.5Gi".
std::string LoadText(const Value& load) {
  const std::string name = load.GetString("name");
  const bool is_bytes = name == "memory" || name.ends_with("storage");
  const auto shown = [&](const char* member) {
    return is_bytes ? ShortAmount(load.GetString(member)) : load.GetString(member);
  };
  const bool looks_same = shown("before") == shown("after");
  if (looks_same && load.GetString("before") != load.GetString("after")) {
    return name + " " +
           Moved(load.GetString("before"), load.GetString("after"), shown("allocatable"));
  }
  return name + " " + Moved(shown("before"), shown("after"), shown("allocatable"));
}

// Hosts whose load changes: what pods request, of what there is.
void Writer::WriteHosts() {
  std::vector<std::vector<std::string>> rows;
  size_t left_out = 0;
  for (const Value& host : plan_.GetList("hosts")) {
    const std::string before = std::to_string(host.GetInt("podsBefore"));
    const std::string after = std::to_string(host.GetInt("podsAfter"));
    bool changes = before != after;
    std::vector<std::string> row = {
        host.GetString("name"),
        "pods " + Moved(before, after, std::to_string(host.GetInt("maxPods")))};
    for (const Value& load : host.GetList("resources")) {
      const std::string name = load.GetString("name");
      const bool moves = load.GetString("before") != load.GetString("after");
      changes = changes || moves;
      if (name == "cpu" || name == "memory" || moves) row.push_back(LoadText(load));
    }
    if (!changes) continue;
    if (rows.size() < kMostHosts) {
      rows.push_back(std::move(row));
    } else {
      ++left_out;
    }
  }
  if (rows.empty()) return;
  lines_.Blank();
  lines_.Add(LineColor::kPlain, 0, "Hosts, and what pods request of them:");
  lines_.AddTable(2, rows);
  if (left_out > 0) {
    lines_.Add(LineColor::kPlain, 2,
               "and " + Counted(static_cast<int64_t>(left_out), "more host", "more hosts"));
  }
}

void Writer::WriteWarnings() {
  const Value::List& warnings = plan_.GetList("warnings");
  if (!warnings.empty()) lines_.Blank();
  for (const Value& warning : warnings) {
    lines_.Add(LineColor::kYellow, 0, "warning: " + ProblemText(warning));
  }
  const std::string note = plan_.GetString("note");
  if (!note.empty()) lines_.Add(LineColor::kYellow, 0, "note: " + note);
  if (const Value* held = plan_.Find("held")) {
    lines_.Add(LineColor::kRed, 0, "held: " + held->GetString("reason"));
  }
}

void Writer::WriteEnd() {
  if (!ChangesAnything(plan_)) {
    lines_.Add(LineColor::kPlain, 0, "No changes: the cluster is what this declares.");
    return;
  }
  lines_.Blank();
  lines_.AddWhole(PlanSummary(plan_));
}

}  // namespace

std::string PlanText(const Value& plan, const PlanTextOptions& options) {
  return Writer(plan, options).Write();
}

bool ChangesAnything(const Value& plan) {
  const Value* summary = plan.Find("summary");
  if (summary == nullptr) return false;
  // Pods that fit nowhere are no change: new ones come with an object that is.
  for (const char* count : {"create", "change", "delete", "podsStart", "podsStop", "podsWait"}) {
    if (summary->GetInt(count) > 0) return true;
  }
  return false;
}

std::string PlanSummary(const Value& plan) {
  const Value none = Value::MakeMap();
  const Value* found = plan.Find("summary");
  const Value& summary = found == nullptr ? none : *found;
  const auto count = [&](const char* name) { return std::to_string(summary.GetInt(name)); };
  std::string text = "Plan: " + count("create") + " to create, " + count("change") +
                     " to change, " + count("delete") + " to delete, " + count("unchanged") +
                     " unchanged; " +
                     Counted(summary.GetInt("podsStart"), "pod starts", "pods start") + ", " +
                     Counted(summary.GetInt("podsStop"), "stops", "stop");
  const int64_t waiting = summary.GetInt("podsWait");
  if (waiting > 0) text += ", " + Counted(waiting, "waits", "wait");
  const int64_t unplaced = summary.GetInt("podsUnschedulable");
  if (unplaced > 0) text += ", " + Counted(unplaced, "does not fit", "do not fit");
  return text;
}

}  // namespace reconcile
