#include "api/request_target.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/utf8.h"

namespace reconcile {
namespace {

constexpr size_t kMaxQueryFields = 1024;  // a command of `exec` has one for each of its words

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<std::string> Unescape(std::string_view text, bool plus_is_space) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      plain += ' ';
    } else if (text[i] != '%') {
      plain += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const auto high = HexDigit(text[i + 1]);
      const auto low = HexDigit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      plain += static_cast<char>(*high * 16 + *low);
      i += 2;
    }
  }
  if (FindInvalidUtf8(plain) != std::string_view::npos) return std::nullopt;
  return plain;
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// "" when `path` has one meaning only.
std::string WhyAmbiguous(std::string_view raw, std::string_view path) {
  if (!path.starts_with('/')) return "a path begins with /";
  if (HasControl(path)) return "control characters in the path";
  if (std::count(raw.begin(), raw.end(), '/') != std::count(path.begin(), path.end(), '/')) {
    return "an escaped / in the path";
  }
  if (path.find("//") != std::string_view::npos) return "an empty part of the path";
  for (size_t at = 1; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part == "." || part == "..") return "a path that leads back";
    at = end + 1;
  }
  return "";
}

}  // namespace

Status ReadRequestTarget(std::string_view target, ApiRequest* request) {
  const size_t mark = std::min(target.find('?'), target.size());
  const std::string_view raw = target.substr(0, mark);
  const std::optional<std::string> path = Unescape(raw, false);
  if (!path) return InvalidError("the path has a broken escape");
  const std::string ambiguous = WhyAmbiguous(raw, *path);
  if (!ambiguous.empty()) return InvalidError(ambiguous);
  request->path = *path;
  size_t fields = 0;
  for (size_t at = mark + 1; at < target.size();) {
    const size_t end = std::min(target.find('&', at), target.size());
    const std::string_view field = target.substr(at, end - at);
    const size_t equals = std::min(field.find('='), field.size());
    const auto name = Unescape(field.substr(0, equals), true);
    const auto value = Unescape(field.substr(std::min(equals + 1, field.size())), true);
    if (!name || !value) return InvalidError("the query has a broken escape");
    if (++fields > kMaxQueryFields) return InvalidError("too many query fields");
    if (!field.empty()) request->AddQuery(*name, *value);
    at = end + 1;
  }
  return OkStatus();
}

void ReadUpgrade(const std::map<std::string, std::string>& headers, bool is_websocket,
                 ApiRequest* request) {
  const auto header = [&](const char* name) {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  };
  const std::string upgrade = MediaTypeOf(header("upgrade"));
  // Half a WebSocket is none.
  if (is_websocket || upgrade != "websocket") request->upgrade = upgrade;
  std::string offered = header("sec-websocket-protocol") + ",";
  std::erase(offered, ' ');
  for (size_t at = 0; at < offered.size();) {
    const size_t end = offered.find(',', at);
    if (end > at) request->subprotocols.push_back(offered.substr(at, end - at));
    at = end + 1;
  }
}

std::string MediaTypeOf(std::string_view header) {
  std::string type;
  for (const char c : header.substr(0, header.find(';'))) {
    if (c >= 'A' && c <= 'Z') type += static_cast<char>(c - 'A' + 'a');
    if (c != ' ' && c != '\t' && !(c >= 'A' && c <= 'Z')) type += c;
  }
  return type;
}

bool IsKnownBodyType(std::string_view content_type) {
  constexpr std::array<std::string_view, 6> kKnown = {"application/json",
                                                      "application/vnd.kubernetes.protobuf",
                                                      "application/json-patch+json",
                                                      "application/merge-patch+json",
                                                      "application/strategic-merge-patch+json",
                                                      "application/apply-patch+yaml"};
  return std::find(kKnown.begin(), kKnown.end(), content_type) != kKnown.end();
}

}  // namespace reconcile
