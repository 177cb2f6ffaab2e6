#include <algorithm>
#include <string>
#include <vector>

#include "api/plan_view.h"
#include "base/escape.h"
#include "cmd/plan_lines.h"
#include "cmd/plan_text.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMostRows = 50;
constexpr size_t kColumns = 120;
constexpr size_t kMaxNoteBytes = 1'000;  // above the table; the whole plan has all of it

std::string WhatHappens(const Value& change) {
  const int64_t number = change.GetInt("wave");
  const std::string wave = number == 0 ? "" : " (wave " + std::to_string(number) + ")";
  const std::string type = change.GetString("change");
  if (type != "changed") return type + wave;
  const std::string effect = change.GetString("effect");
  return (effect == "none" ? "changed; nothing restarts" : "changed: " + effect) + wave;
}

// Kinds and names are safe in a cell: their rules leave no room for anything else.
std::string ChangesTable(const Value& plan) {
  const Value::List& changes = plan.GetList("changes");
  if (changes.empty()) return "";
  std::string text = "| | object | what happens |\n|---|---|---|\n";
  size_t rows = 0;
  for (const Value& change : changes) {
    if (++rows > kMostRows) continue;
    const std::string type = change.GetString("change");
    const char* sign = type == "created" ? "+" : type == "deleted" ? "-" : "~";
    text += "| `" + std::string(sign) + "` | `" + KeyText(change) + "` | " + WhatHappens(change) +
            " |\n";
  }
  if (rows > kMostRows) {
    text += "| | and " +
            Counted(static_cast<int64_t>(rows - kMostRows), "more object", "more objects") +
            " | |\n";
  }
  return text + "\n";
}

// A line as a block of the language "diff" colours it: its sign comes first.
std::string DiffLine(std::string_view line) {
  if (line.empty()) return "";
  const size_t at = line.find_first_not_of(' ');
  const bool has_sign = at != std::string_view::npos && at + 1 < line.size() &&
                        std::string_view("+-~!").find(line[at]) != std::string_view::npos &&
                        line[at + 1] == ' ';
  if (has_sign) {
    const char sign = line[at] == '~' ? '!' : line[at];
    return sign + std::string(at, ' ') + std::string(line.substr(at + 1));
  }
  const bool is_bad = line.starts_with("error:") || line.starts_with("held:");
  return (is_bad ? "- " : "  ") + std::string(line);
}

// Longer than any row of backticks in it.
std::string FenceFor(std::string_view text) {
  size_t longest = 2;
  size_t row = 0;
  for (const char byte : text) {
    row = byte == '`' ? row + 1 : 0;
    longest = std::max(longest, row);
  }
  return std::string(longest + 1, '`');
}

// On a line, as it is.
std::string Code(const std::string& text) {
  const std::string escaped = EscapeForTerminal(text);
  const std::string fence = FenceFor(escaped);
  return fence + " " + escaped + " " + fence;
}

// In a block; what is beyond `most` bytes is left out, line by line.
std::string Block(const std::string& text, size_t most) {
  std::string lines;
  size_t left_out = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line = DiffLine(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (left_out > 0 || lines.size() + line.size() > most) {
      ++left_out;
    } else {
      lines += line;
    }
  }
  if (left_out > 0) {
    lines += "  ... " + Counted(static_cast<int64_t>(left_out), "more line is", "more lines are") +
             " left out; `reconcile --dry-run` shows them\n";
  }
  const std::string fence = FenceFor(lines);
  return fence + "diff\n" + lines + fence + "\n";
}

std::string Heading(const Value& plan) {
  const size_t errors = plan.GetList("errors").size();
  if (errors > 0) {
    return Counted(static_cast<int64_t>(errors), "error", "errors") + ": this would not be applied";
  }
  if (!ChangesAnything(plan)) return "no changes";
  return PlanSummary(plan).substr(std::string_view("Plan: ").size());
}

}  // namespace

std::string PlanMarkdown(const Value& plan, const std::string& source, const std::string& commit) {
  std::string text = "<!-- reconcile plan of " + source + " -->\n### reconcile: " + Heading(plan) +
                     "\n\nSource `" + source + "`" +
                     (commit.empty() ? ", the work tree" : ", commit `" + commit + "`") + ".";
  const size_t warnings = plan.GetList("warnings").size();
  if (warnings > 0) {
    text += " " + Counted(static_cast<int64_t>(warnings), "warning", "warnings") + ".";
  }
  if (plan.Find("held") != nullptr) {
    text += " **The deletion breaker would hold this commit until a person confirms it.**";
  }
  if (const std::string note = plan.GetString("note"); !note.empty()) {
    text += "\n\n**The plan is not complete:** " + Code(CutText(note, kMaxNoteBytes));
  }
  text += "\n\n" + (plan.GetList("errors").empty() ? ChangesTable(plan) : "");
  const bool is_empty = plan.GetList("errors").empty() && !ChangesAnything(plan) && warnings == 0;
  if (is_empty) return text;
  const bool is_open = !plan.GetList("errors").empty();
  const std::string begin = std::string(is_open ? "<details open>" : "<details>") +
                            "<summary>The whole plan</summary>\n\n";
  const std::string end = "\n</details>\n";
  constexpr size_t kRoomForFences = 400;
  const size_t taken = text.size() + begin.size() + end.size() + kRoomForFences;
  const size_t left = taken < kMaxMarkdownBytes ? kMaxMarkdownBytes - taken : 0;
  return text + begin + Block(PlanText(plan, {.columns = kColumns}), left) + end;
}

}  // namespace reconcile
