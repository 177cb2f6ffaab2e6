#include "cmd/plan_lines.h"

#include <algorithm>

#include "base/escape.h"
#include "base/lines.h"

namespace reconcile {
namespace {

constexpr size_t kFurtherIn = 4;
constexpr size_t kFewestColumns = 20;  // of text, however narrow the terminal is

bool BeginsCharacter(char byte) {
  constexpr unsigned kContinuationMask = 0xC0;
  constexpr unsigned kContinuation = 0x80;
  return (static_cast<unsigned char>(byte) & kContinuationMask) != kContinuation;
}

// How many bytes of `text` go on a line of `columns`: to a space where there is one in the second
// half, else as many as fit.
size_t BytesThatFit(std::string_view text, size_t columns) {
  size_t width = 0;
  size_t space = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (BeginsCharacter(text[i]) && ++width > columns) return space > i / 2 ? space : i;
    if (text[i] == ' ') space = i + 1;
  }
  return text.size();
}

std::string_view CodeOf(LineColor color) {
  switch (color) {
    case LineColor::kPlain:
      return "";
    case LineColor::kGreen:
      return "32";
    case LineColor::kYellow:
      return "33";
    case LineColor::kRed:
      return "31";
    case LineColor::kDim:
      return "2";
  }
  return "";
}

}  // namespace

size_t WidthOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), BeginsCharacter));
}

bool PlanLines::Fits(size_t indent, std::string_view text) const {
  return indent + WidthOf(EscapeForTerminal(text)) <= columns_;
}

void PlanLines::Add(LineColor color, size_t indent, std::string_view text) {
  const std::string escaped = EscapeForTerminal(text);
  const std::string_view code = color_ ? CodeOf(color) : "";
  std::string_view rest = escaped;
  do {
    const size_t columns = std::max(columns_ > indent ? columns_ - indent : 0, kFewestColumns);
    const size_t bytes = BytesThatFit(rest, columns);
    std::string_view line = rest.substr(0, bytes);
    rest.remove_prefix(bytes);
    while (!rest.empty() && line.ends_with(' ')) line.remove_suffix(1);
    text_.append(indent, ' ');
    if (!code.empty()) text_.append("\x1b[").append(code).append("m");
    text_.append(line);
    if (!code.empty()) text_.append("\x1b[0m");
    text_ += '\n';
    if (line.data() == escaped.data()) indent += kFurtherIn;
  } while (!rest.empty());
}

std::vector<std::string> ChangedLines(std::string_view before, std::string_view after,
                                      size_t most) {
  std::vector<std::string_view> removed = SplitLines(before);
  std::vector<std::string_view> added = SplitLines(after);
  while (!removed.empty() && !added.empty() && removed.back() == added.back()) {
    removed.pop_back();
    added.pop_back();
  }
  size_t same = 0;
  while (same < removed.size() && same < added.size() && removed[same] == added[same]) ++same;
  std::vector<std::string> lines;
  for (size_t i = same; i < removed.size(); ++i) lines.push_back("- " + std::string(removed[i]));
  for (size_t i = same; i < added.size(); ++i) lines.push_back("+ " + std::string(added[i]));
  if (lines.size() > most) {
    const std::string more = "... " + std::to_string(lines.size() - most) + " more lines";
    lines.resize(most);
    lines.push_back(more);
  }
  return lines;
}

std::string Counted(int64_t count, std::string_view one, std::string_view several) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : several);
}

std::string ProblemText(const Value& problem) {
  std::string place = problem.GetString("file");
  const int64_t line = problem.GetInt("line");
  if (line > 0)
    place += ":" + std::to_string(line) + ":" + std::to_string(problem.GetInt("column"));
  return (place.empty() ? "" : place + ": ") + problem.GetString("message");
}

}  // namespace reconcile
