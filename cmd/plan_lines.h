#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace reconcile {

// Lines of a plan's text: escaped, coloured, folded.
enum class LineColor { kPlain, kGreen, kYellow, kRed, kDim };

class PlanLines {
 public:
  PlanLines(bool color, size_t columns) : color_(color), columns_(columns) {}

  // `text`, which comes after `indent` spaces, is escaped; what does not fit the width goes on
  // below, four columns further in.
  void Add(LineColor color, size_t indent, std::string_view text);
  // One line however long it is, as scripts look for it.
  void AddWhole(std::string_view text) { text_.append(text) += '\n'; }
  // Cells below one another, each column as wide as its widest. What of the rows does not fit the
  // width goes on below, the same columns of each, under the second.
  void AddTable(size_t indent, const std::vector<std::vector<std::string>>& rows);
  // Between parts; nothing at the beginning.
  void Blank() { text_ += text_.empty() ? "" : "\n"; }
  bool Fits(size_t indent, std::string_view text) const;
  std::string Take() { return std::move(text_); }

 private:
  bool color_;
  size_t columns_;
  std::string text_;
};

// As many columns as the text takes: characters of UTF-8.
size_t WidthOf(std::string_view text);

// The lines that two texts do not have in common, "-" or "+" before each; what they begin and end
// with alike is left out. At most `most` lines, then how many more there are.
std::vector<std::string> ChangedLines(std::string_view before, std::string_view after, size_t most);

// "web.yaml:3:7: unknown field", of an error or a warning.
std::string ProblemText(const Value& problem);
// An amount of bytes as people say it: "23.5Gi" for "24684096Ki"; others as they are.
std::string ShortAmount(const std::string& amount);
// "1 pod starts", "2 pods start".
std::string Counted(int64_t count, std::string_view one, std::string_view several);

}  // namespace reconcile
