#pragma once

#include <cstddef>
#include <string>

#include "base/value.h"

namespace reconcile {

// PURE. Forms for people of a plan as api/plan_view.h encodes it. Text from outside is escaped
// (FAULTS 22).

struct PlanTextOptions {
  bool color = false;
  size_t columns = 80;  // longer lines are folded
};
// For a terminal, or a pipe.
std::string PlanText(const Value& plan, const PlanTextOptions& options);

// For a comment on a pull request, in GitHub's and GitLab's Markdown: a heading, a table of what
// happens, the whole text folded away. It begins with a comment that nobody sees and that names
// `source`, so that the next plan can take its place. `commit` empty: of a work tree. At most
// kMaxMarkdownBytes, and says so when something had to be left out.
inline constexpr size_t kMaxMarkdownBytes = 60'000;
std::string PlanMarkdown(const Value& plan, const std::string& source, const std::string& commit);

// False when the plan would change nothing: no object and no pod.
bool ChangesAnything(const Value& plan);
// "Plan: 3 to create, 1 to change, 0 to delete, 5 unchanged; 4 pods start, 2 stop".
std::string PlanSummary(const Value& plan);

}  // namespace reconcile
