#pragma once

#include <string>
#include <vector>

#include "base/value.h"
#include "schema/object.h"

namespace reconcile {

// PURE. What `get` makes of the API's answers.

// Several answers, lists and objects, as kubectl's one List; a single one as it is.
Value MergeAnswers(std::vector<Value> answers);
// "pod/web", "deployment.apps/web": what other commands take. Lists give a line for each item.
std::string NameLines(const Value& answer);
// Where several kinds are shown, names say of which each is: "pod/web".
Value WithKindBeforeNames(const Value& table, const KindInfo& info);

// Rows of tables that come one after another, as a watch's: columns keep their width, and the
// header is written once.
class RowWriter {
 public:
  RowWriter(bool with_namespace, bool wide) : with_namespace_(with_namespace), wide_(wide) {}
  std::string Text(const Value& table);

 private:
  std::string Line(const std::vector<std::string>& cells);

  bool with_namespace_;
  bool wide_;
  std::vector<bool> shown_;
  std::vector<size_t> widths_;
};

}  // namespace reconcile
