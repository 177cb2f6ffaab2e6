#include "cmd/plan_lines.h"

#include <algorithm>
#include <array>

#include "base/escape.h"
#include "base/lines.h"
#include "schema/quantity.h"

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

std::string_view WithoutSpacesAfter(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
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

void PlanLines::AddTable(size_t indent, const std::vector<std::vector<std::string>>& rows) {
  constexpr size_t kGap = 2;
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  const size_t second = widths.empty() ? 0 : widths[0] + kGap;
  std::vector<bool> begins_line(widths.size());
  for (size_t i = 0, width = indent; i < widths.size(); ++i) {
    begins_line[i] = i > 1 && width + widths[i] > columns_;
    if (begins_line[i]) width = indent + second;
    width += widths[i] + kGap;
  }
  for (const auto& row : rows) {
    std::string text;
    for (size_t i = 0; i < row.size(); ++i) {
      if (begins_line[i]) {
        Add(LineColor::kPlain, indent, WithoutSpacesAfter(text));
        text.assign(second, ' ');
      }
      text += row[i];
      text.append(widths[i] - WidthOf(row[i]) + kGap, ' ');
    }
    Add(LineColor::kPlain, indent, WithoutSpacesAfter(text));
  }
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

std::string ShortAmount(const std::string& amount) {
  constexpr size_t kShortEnough = 6;  // "1500Mi"
  constexpr std::array<const char*, 7> kSuffixes = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  const Result<Quantity> quantity = Quantity::Parse(amount);
  if (amount.size() <= kShortEnough || !quantity.ok() || quantity->IsNegative()) return amount;
  int64_t whole = quantity->Units();
  int64_t rest = 0;
  size_t power = 0;
  for (; whole >= 1024 && power + 1 < kSuffixes.size(); ++power) {
    rest = whole % 1024;
    whole /= 1024;
  }
  const int64_t tenths = whole * 10 + (rest * 10 + 512) / 1024;
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) +
         kSuffixes[power];
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
