#include "cmd/log_lines.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/escape.h"
#include "base/time.h"
#include "base/utf8.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr int64_t kMaxPatternBytes = 8 << 20;
constexpr std::string_view kEndOfColor = "\x1b[0m";

std::unique_ptr<const re2::RE2> Compile(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternBytes);
  // Logs are not always UTF-8.
  options.set_encoding(FindInvalidUtf8(pattern) == std::string_view::npos
                           ? re2::RE2::Options::EncodingUTF8
                           : re2::RE2::Options::EncodingLatin1);
  return std::make_unique<const re2::RE2>(pattern, options);
}

// Also bytes that are no UTF-8: a terminal of another encoding may obey them.
std::string EscapeLine(std::string_view line) {
  std::string escaped;
  for (size_t start = 0; start <= line.size();) {
    const size_t end = std::min(line.find('\t', start), line.size());
    if (start > 0) escaped += '\t';
    std::string_view part = line.substr(start, end - start);
    while (!part.empty()) {
      const size_t valid = std::min(FindInvalidUtf8(part), part.size());
      escaped += EscapeForTerminal(part.substr(0, valid));
      part.remove_prefix(valid);
      if (part.empty()) break;
      constexpr std::string_view kDigits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(part.front());
      escaped += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
      part.remove_prefix(1);
    }
    start = end + 1;
  }
  return escaped;
}

// The mark of a gap has no stamp.
std::string_view WithoutStamp(std::string_view line) {
  const size_t end = line.find(' ');
  const bool has_stamp = end != std::string_view::npos && ParseRfc3339(line.substr(0, end)).ok();
  return has_stamp ? line.substr(end + 1) : line;
}

}  // namespace

struct LineFilter::Patterns {
  std::vector<std::unique_ptr<const re2::RE2>> matching;
  std::vector<std::unique_ptr<const re2::RE2>> excluding;
};

Result<LineFilter> LineFilter::Make(const std::vector<std::string>& matching,
                                    const std::vector<std::string>& excluding) {
  LineFilter filter;
  if (matching.empty() && excluding.empty()) return filter;
  auto patterns = std::make_shared<Patterns>();
  for (const auto& [texts, compiled] :
       {std::pair(&matching, &patterns->matching), std::pair(&excluding, &patterns->excluding)}) {
    for (const std::string& text : *texts) {
      compiled->push_back(Compile(text));
      if (!compiled->back()->ok()) {
        return InvalidError(Quoted(text) +
                            " is no regular expression: " + compiled->back()->error());
      }
    }
  }
  filter.patterns_ = std::move(patterns);
  return filter;
}

bool LineFilter::Takes(std::string_view line) const {
  if (patterns_ == nullptr) return true;
  const re2::StringPiece text(line.data(), line.size());
  const auto is_in = [&](const auto& pattern) { return re2::RE2::PartialMatch(text, *pattern); };
  return std::all_of(patterns_->matching.begin(), patterns_->matching.end(), is_in) &&
         std::none_of(patterns_->excluding.begin(), patterns_->excluding.end(), is_in);
}

void LogLines::AddLine(std::string_view line, std::string* text) const {
  std::string_view words = line;
  if (options_.for_terminal && words.ends_with('\r')) words.remove_suffix(1);
  if (!options_.filter.Takes(options_.timestamps ? WithoutStamp(words) : words)) return;
  if (!options_.prefix.empty()) {
    *text += options_.prefix_color + options_.prefix;
    if (!options_.prefix_color.empty()) *text += kEndOfColor;
  }
  *text += options_.for_terminal ? EscapeLine(words) : std::string(words);
  *text += '\n';
}

std::string LogLines::Feed(std::string_view bytes) {
  if (is_plain()) return std::string(bytes);
  std::string text;
  rest_ += bytes;
  size_t start = 0;
  const auto add = [&](size_t end) {
    AddLine(std::string_view(rest_).substr(start, end - start), &text);
    start = end;
  };
  while (true) {
    const size_t end = rest_.find('\n', start);
    if (end != std::string::npos) {
      add(end);
      ++start;
    } else if (rest_.size() - start >= kMaxLineBytes) {
      add(start + kMaxLineBytes);
    } else {
      break;
    }
  }
  rest_.erase(0, start);
  return text;
}

std::string LogLines::Finish() {
  std::string text;
  if (!rest_.empty()) AddLine(rest_, &text);
  rest_.clear();
  return text;
}

std::string ColorOfPod(std::string_view pod) {
  // What can be told apart on dark and on light ground; red is left for errors.
  constexpr std::array<std::string_view, 10> kColors = {
      "\x1b[36m", "\x1b[33m", "\x1b[32m",   "\x1b[35m",   "\x1b[34m",
      "\x1b[96m", "\x1b[93m", "\x1b[1;32m", "\x1b[1;35m", "\x1b[1;34m"};
  uint32_t sum = 2166136261U;  // FNV-1a
  for (const char c : pod) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619U;
  return std::string(kColors[sum % kColors.size()]);
}

}  // namespace reconcile
