#include "cmd/shown_lines.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <limits>

#include "schema/kustomize/files.h"
#include "schema/manifests.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr int kLast = std::numeric_limits<int>::max();

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// A Secret in any spelling, what generates one, or a list or template of them. Recursion is bounded
// by the reader's depth limit.
bool HoldsSecret(const Value& value) {
  if (value.IsList()) {
    return std::any_of(value.AsList().begin(), value.AsList().end(), HoldsSecret);
  }
  if (!value.IsMap()) return false;
  return std::any_of(value.AsMap().begin(), value.AsMap().end(), [](const Value::Member& member) {
    const std::string key = Lower(member.key);
    if (key == "stringdata" || key == "secretgenerator") return true;
    const bool is_secret = key == "kind" && member.value.IsString() &&
                           Lower(member.value.AsString()).find("secret") != std::string::npos;
    return is_secret || HoldsSecret(member.value);
  });
}

// Keys of workloads that name a Secret: the commonest words with "secret" in them, and no sign of
// one.
bool IsReference(std::string_view rest) {
  constexpr std::string_view kKeys[] = {"secretkeyref:", "secretname:", "secretref:", "secrets:"};
  return std::any_of(std::begin(kKeys), std::end(kKeys),
                     [&](std::string_view key) { return rest.starts_with(key); });
}

// Whether there is any sign of a Secret: words can be spelled with escapes, or over two lines.
bool MayHoldSecret(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  const std::string_view words = lower;
  for (size_t at = words.find("secret"); at != std::string_view::npos;
       at = words.find("secret", at + 1)) {
    if (!IsReference(words.substr(at))) return true;
  }
  constexpr std::string_view kEscapes = "xuU\n\r";
  for (size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at + 1)) {
    if (at + 1 < text.size() && kEscapes.find(text[at + 1]) != std::string_view::npos) return true;
  }
  return words.find("stringdata") != std::string_view::npos;
}

// Whether there is any sign of patches: operations, or a kustomization that has some.
bool MayHoldPatch(std::string_view text) {
  if (text.find("patch") != std::string_view::npos) return true;
  if (text.find("path") == std::string_view::npos) return false;
  if (text.find('\\') != std::string_view::npos) return true;  // a word can be spelled with escapes
  const auto is_letter = [&](size_t at) {
    return at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0;
  };
  for (size_t at = text.find("op"); at != std::string_view::npos; at = text.find("op", at + 1)) {
    if (!is_letter(at + 2) && (at == 0 || !is_letter(at - 1))) return true;
  }
  return false;
}

// What a patch of a Secret could be, or stand in.
bool HoldsPatch(const Value& document, bool is_kustomization) {
  if (document.IsList()) return true;
  return is_kustomization && document.IsMap() &&
         (document.Find("patches") != nullptr || document.Find("patchesJson6902") != nullptr ||
          document.Find("patchesStrategicMerge") != nullptr);
}

}  // namespace

ShownLines::ShownLines(const std::string& path, std::shared_ptr<const std::string> text)
    : text_(std::move(text)), lines_(SplitLines(*text_)) {
  HideSecrets(path);
}

void ShownLines::HideSecrets(const std::string& path) {
  const bool is_kustomization = kustomize::IsKustomizationName(path.substr(path.rfind('/') + 1));
  if (!is_kustomization && !IsManifestName(path)) {
    hidden_.push_back({0, kLast});
    return;
  }
  if (!MayHoldSecret(*text_) && !MayHoldPatch(*text_)) return;
  YamlDocuments read;
  if (path.ends_with(".json")) {
    Result<Value> value = ParseJson(*text_);
    if (value.ok()) {
      read.documents.push_back(std::move(*value));
    } else {
      read.errors.emplace_back();
    }
  } else {
    read = ReadYaml(*text_);
  }
  // What could not be read may be part of one.
  if (!read.errors.empty() && (is_kustomization || MayHoldSecret(*text_))) {
    hidden_.push_back({0, kLast});
    return;
  }
  // A document begins behind the marker before it and reaches to the next one's.
  for (size_t i = 0; i < read.documents.size(); ++i) {
    const Value& document = read.documents[i];
    if (!HoldsSecret(document) && !HoldsPatch(document, is_kustomization)) continue;
    const int first = i == 0 ? 0 : read.documents[i].mark.line;
    const int last = i + 1 == read.documents.size() ? kLast : read.documents[i + 1].mark.line - 1;
    hidden_.push_back({first, last});
  }
}

std::optional<std::string_view> ShownLines::Line(int number) const {
  if (number < 1 || static_cast<size_t>(number) > lines_.size()) return std::nullopt;
  const bool hidden = std::any_of(hidden_.begin(), hidden_.end(), [&](const Range& range) {
    return range.first <= number && number <= range.last;
  });
  if (hidden) return std::nullopt;
  return lines_[static_cast<size_t>(number) - 1];
}

}  // namespace reconcile
