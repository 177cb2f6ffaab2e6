#include "api/plan_view.h"

#include "base/escape.h"

namespace reconcile {
namespace {

constexpr size_t kLongestShownValue = 120;

struct Counts {
  int create = 0;
  int change = 0;
  int remove = 0;
  int unchanged = 0;
  int pods_start = 0;
  int pods_stop = 0;
  int pods_unplaced = 0;
};

Counts Count(const Preview& preview) {
  Counts counts;
  for (const ObjectChange& change : preview.changes) {
    switch (change.type) {
      case ChangeType::kCreate:
        ++counts.create;
        break;
      case ChangeType::kChange:
        ++counts.change;
        break;
      case ChangeType::kDelete:
        ++counts.remove;
        break;
      case ChangeType::kUnchanged:
        ++counts.unchanged;
        break;
    }
  }
  for (const PodPreview& pod : preview.pods) {
    counts.pods_start += pod.fate == PodFate::kCreate ? 1 : 0;
    counts.pods_stop += pod.fate == PodFate::kRemove ? 1 : 0;
    counts.pods_unplaced += pod.fate == PodFate::kUnschedulable ? 1 : 0;
  }
  return counts;
}

std::string_view FateWord(PodFate fate) {
  switch (fate) {
    case PodFate::kCreate:
      return "create";
    case PodFate::kRemove:
      return "remove";
    case PodFate::kKeep:
      return "keep";
    case PodFate::kUnschedulable:
      return "unschedulable";
  }
  return "";
}

Value EncodeKey(const ObjectKey& key) {
  Value value = Value::MakeMap();
  value.Set("kind", Value::String(std::string(ToString(key.kind))));
  value.Set("namespace", Value::String(key.namespace_name));
  value.Set("name", Value::String(key.name));
  return value;
}

Value EncodeProblems(const std::vector<Problem>& problems) {
  Value list = Value::MakeList();
  for (const Problem& problem : problems) {
    Value value = Value::MakeMap();
    value.Set("file", Value::String(problem.file));
    value.Set("line", Value::Int(problem.line));
    value.Set("column", Value::Int(problem.column));
    value.Set("message", Value::String(problem.message));
    list.Append(std::move(value));
  }
  return list;
}

Value EncodeChange(const ObjectChange& change) {
  Value value = EncodeKey(change.key);
  value.Set("change", Value::String(std::string(ToString(change.type))));
  const ObjectPtr& declared = change.after ? change.after : change.before;
  if (declared && !declared->metadata.origin.file.empty()) {
    value.Set("file", Value::String(declared->metadata.origin.file));
    value.Set("line", Value::Int(declared->metadata.origin.line));
  }
  Value fields = Value::MakeList();
  for (const FieldChange& field : change.fields) {
    Value encoded = Value::MakeMap();
    encoded.Set("path", Value::String(field.path));
    encoded.Set("before", Value::String(field.before));
    encoded.Set("after", Value::String(field.after));
    fields.Append(std::move(encoded));
  }
  value.Set("fields", std::move(fields));
  return value;
}

Value EncodePod(const PodPreview& pod) {
  Value value = EncodeKey(pod.key);
  value.Set("fate", Value::String(std::string(FateWord(pod.fate))));
  value.Set("workload", EncodeKey(pod.workload));
  value.Set("node", Value::String(pod.node));
  value.Set("explanation", Value::String(pod.explanation));
  return value;
}

Value EncodeCounts(const Counts& counts) {
  Value value = Value::MakeMap();
  value.Set("create", Value::Int(counts.create));
  value.Set("change", Value::Int(counts.change));
  value.Set("delete", Value::Int(counts.remove));
  value.Set("unchanged", Value::Int(counts.unchanged));
  value.Set("podsStart", Value::Int(counts.pods_start));
  value.Set("podsStop", Value::Int(counts.pods_stop));
  value.Set("podsUnschedulable", Value::Int(counts.pods_unplaced));
  return value;
}

// Writes the text form, line by line.
class TextWriter {
 public:
  explicit TextWriter(bool color) : color_(color) {}

  void Line(std::string_view text) { text_ += std::string(text) + "\n"; }
  void Colored(std::string_view code, std::string_view text) {
    if (color_) {
      text_ += "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m\n";
    } else {
      Line(text);
    }
  }
  std::string Take() { return std::move(text_); }

 private:
  bool color_;
  std::string text_;
};

constexpr std::string_view kGreen = "32";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kRed = "31";

std::string Shown(const std::string& value) {
  const std::string text = EscapeForTerminal(value);
  if (text.size() <= kLongestShownValue) return text;
  return text.substr(0, kLongestShownValue) + "... (" + std::to_string(text.size()) +
         " characters)";
}

void WriteFields(const ObjectChange& change, TextWriter* writer) {
  for (const FieldChange& field : change.fields) {
    if (field.before.empty()) {
      writer->Colored(kGreen, "    + " + field.path + ": " + Shown(field.after));
    } else if (field.after.empty()) {
      writer->Colored(kRed, "    - " + field.path + ": " + Shown(field.before));
    } else {
      writer->Colored(kYellow, "    ~ " + field.path + ": " + Shown(field.before) + " -> " +
                                   Shown(field.after));
    }
  }
}

void WriteChange(const ObjectChange& change, TextWriter* writer) {
  const std::string name = ToString(change.key);
  switch (change.type) {
    case ChangeType::kCreate:
      writer->Colored(kGreen, "+ " + name + "  created");
      break;
    case ChangeType::kChange:
      writer->Colored(kYellow, "~ " + name + "  changed");
      WriteFields(change, writer);
      break;
    case ChangeType::kDelete:
      writer->Colored(kRed, "- " + name + "  deleted");
      break;
    case ChangeType::kUnchanged:
      break;
  }
}

void WritePods(const Preview& preview, TextWriter* writer) {
  ObjectKey workload;
  bool first = true;
  for (const PodPreview& pod : preview.pods) {
    if (pod.fate == PodFate::kKeep) continue;
    if (first) writer->Line("\nPods:");
    if (first || pod.workload != workload) writer->Line("  " + ToString(pod.workload));
    first = false;
    workload = pod.workload;
    if (pod.fate == PodFate::kCreate) {
      writer->Colored(kGreen, "    + " + pod.key.name + "  on " + pod.node);
    } else if (pod.fate == PodFate::kRemove) {
      writer->Colored(kRed, "    - " + pod.key.name + (pod.node.empty() ? "" : "  on " + pod.node) +
                                (pod.explanation.empty() ? "" : "  (" + pod.explanation + ")"));
    } else {
      writer->Colored(kRed, "    ! " + pod.key.name + "  does not fit: " + pod.explanation);
    }
  }
}

std::string Counted(size_t count, const char* one, const char* several) {
  return std::to_string(count) + " " + (count == 1 ? one : several);
}

std::string Summary(const Counts& counts) {
  std::string text = "Plan: " + std::to_string(counts.create) + " to create, " +
                     std::to_string(counts.change) + " to change, " +
                     std::to_string(counts.remove) + " to delete, " +
                     std::to_string(counts.unchanged) + " unchanged; " +
                     Counted(static_cast<size_t>(counts.pods_start), "pod starts", "pods start") +
                     ", " + Counted(static_cast<size_t>(counts.pods_stop), "stops", "stop");
  if (counts.pods_unplaced > 0) {
    text += ", " + Counted(static_cast<size_t>(counts.pods_unplaced), "does not fit", "do not fit");
  }
  return text;
}

}  // namespace

Value EncodePlan(const Controller::PlanAnswer& answer) {
  Value value = Value::MakeMap();
  value.Set("errors", EncodeProblems(answer.problems.errors));
  value.Set("warnings", EncodeProblems(answer.problems.warnings));
  Value changes = Value::MakeList();
  for (const ObjectChange& change : answer.preview.changes) changes.Append(EncodeChange(change));
  value.Set("changes", std::move(changes));
  Value pods = Value::MakeList();
  for (const PodPreview& pod : answer.preview.pods) pods.Append(EncodePod(pod));
  value.Set("pods", std::move(pods));
  if (!answer.preview.note.empty()) value.Set("note", Value::String(answer.preview.note));
  if (answer.held) {
    Value held = Value::MakeMap();
    held.Set("planHash", Value::String(answer.held->plan_hash));
    held.Set("reason", Value::String(answer.held->reason));
    value.Set("held", std::move(held));
  }
  value.Set("summary", EncodeCounts(Count(answer.preview)));
  return value;
}

std::string PlanText(const Controller::PlanAnswer& answer, const PlanTextOptions& options) {
  TextWriter writer(options.color);
  for (const Problem& problem : answer.problems.errors) {
    writer.Colored(kRed, "error: " + EscapeForTerminal(problem.ToString()));
  }
  if (!answer.problems.errors.empty()) {
    writer.Line(Counted(answer.problems.errors.size(), "error", "errors") +
                ": this would not be applied; what runs would go on running");
    return writer.Take();
  }
  for (const ObjectChange& change : answer.preview.changes) WriteChange(change, &writer);
  WritePods(answer.preview, &writer);
  for (const Problem& problem : answer.problems.warnings) {
    writer.Colored(kYellow, "warning: " + EscapeForTerminal(problem.ToString()));
  }
  if (!answer.preview.note.empty()) writer.Colored(kYellow, "note: " + answer.preview.note);
  if (answer.held) {
    writer.Colored(kRed, "held: " + answer.held->reason);
  }
  if (IsNoChange(answer)) {
    writer.Line("No changes: the cluster is what this declares.");
  } else {
    writer.Line("\n" + Summary(Count(answer.preview)));
  }
  return writer.Take();
}

bool IsNoChange(const Controller::PlanAnswer& answer) {
  const Counts counts = Count(answer.preview);
  return counts.create + counts.change + counts.remove + counts.pods_start + counts.pods_stop +
             counts.pods_unplaced ==
         0;
}

}  // namespace reconcile
