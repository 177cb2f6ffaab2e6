#include "schema/yaml_text.h"

#include <algorithm>

#include "base/utf8.h"

namespace reconcile {
namespace {

std::string ByteName(unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return {'U', '+', '0', '0', kDigits[byte >> 4], kDigits[byte & 15]};
}

// What is wrong with the character; empty when nothing is.
std::string ProblemWith(std::string_view character) {
  const auto byte = static_cast<unsigned char>(character[0]);
  const bool blank = byte == '\t' || byte == '\n' || byte == '\r';
  if (byte == 0) return "NUL byte: this is not a text file";
  if ((byte < 0x20 && !blank) || byte == 0x7f) {
    return "control character " + ByteName(byte) + " is not allowed";
  }
  if (byte == 0xc2) {
    const auto second = static_cast<unsigned char>(character[1]);
    if (second < 0xa0 && second != 0x85) {
      return "control character " + ByteName(second) + " is not allowed";
    }
  }
  if (character == "\xef\xbb\xbf") return "byte order mark inside the text";
  if (character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf") {
    return "U+FFFE and U+FFFF are not characters";
  }
  return "";
}

size_t LineStart(std::string_view text, size_t offset) {
  if (offset == 0) return 0;
  const size_t line_break = text.rfind('\n', offset - 1);
  return line_break == std::string_view::npos ? 0 : line_break + 1;
}

// Offset behind the anchor and the tag at `offset`, and the blanks, line breaks and comments there.
size_t SkipProperties(std::string_view text, size_t offset) {
  while (offset < text.size()) {
    const char c = text[offset];
    if (c == '&' || c == '!') {
      offset = text.find_first_of(" \t\r\n", offset);
    } else if (c == '#') {
      offset = text.find('\n', offset);
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++offset;
    } else {
      return offset;
    }
  }
  return text.size();
}

}  // namespace

std::optional<YamlTextError> FindForbiddenCharacter(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte < 0x7f) {
      ++at;
      continue;
    }
    const size_t length = Utf8SequenceLength(text, at);
    if (length == 0) return YamlTextError{at, "not valid UTF-8"};
    std::string problem = ProblemWith(text.substr(at, length));
    if (!problem.empty()) return YamlTextError{at, std::move(problem)};
    at += length;
  }
  return std::nullopt;
}

bool IsDocumentMarker(std::string_view text, size_t offset) {
  if (offset > 0 && text[offset - 1] != '\n') return false;
  const std::string_view rest = text.substr(offset);
  return rest.starts_with("---") &&
         (rest.size() == 3 || std::string_view(" \t\r\n").find(rest[3]) != std::string_view::npos);
}

size_t FindDocumentMarker(std::string_view text, size_t from) {
  while (from < text.size()) {
    if (IsDocumentMarker(text, from)) return from;
    const size_t line_break = text.find('\n', from);
    if (line_break == std::string_view::npos) break;
    from = line_break + 1;
  }
  return std::string_view::npos;
}

bool FollowsDocumentEnd(std::string_view text, size_t offset) {
  offset = std::min(offset, text.size());
  size_t end = LineStart(text, offset);
  if (text.substr(end, offset - end).find_first_not_of(" \t") != std::string_view::npos) {
    return false;  // behind something else on its line
  }
  while (end > 0) {
    const size_t start = LineStart(text, end - 1);
    const std::string_view line = text.substr(start, end - start);
    const size_t first = line.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && line[first] != '#') return line.starts_with("...");
    end = start;
  }
  return false;
}

bool IsUnclosedQuote(std::string_view text, size_t offset) {
  size_t at = SkipProperties(text, offset);
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return false;
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      const bool doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == quote;
      if (!doubled) return false;
      ++at;
    }
  }
  return true;
}

std::optional<size_t> FindTabInIndent(std::string_view text, size_t offset) {
  std::optional<size_t> tab;
  for (size_t at = std::min(offset, text.size()); at > 0; --at) {
    const char c = text[at - 1];
    if (c == '\n') return tab;
    if (c != ' ' && c != '\t') return std::nullopt;
    if (c == '\t') tab = at - 1;
  }
  return tab;
}

}  // namespace reconcile
