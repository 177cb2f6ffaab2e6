#include "cmd/shown_lines.h"

#include <algorithm>
#include <cctype>
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

bool BeginsWith(std::string_view text, std::string_view lower_case_word) {
  return text.size() >= lower_case_word.size() &&
         std::equal(lower_case_word.begin(), lower_case_word.end(), text.begin(),
                    [](char wanted, char c) {
                      return wanted == std::tolower(static_cast<unsigned char>(c));
                    });
}

// Whether there is any sign of a Secret: words can be spelled with escapes, or over two lines.
bool MayHoldSecret(std::string_view text) {
  constexpr std::string_view kBeginnings = "sS\\";
  for (size_t at = text.find_first_of(kBeginnings); at != std::string_view::npos;
       at = text.find_first_of(kBeginnings, at + 1)) {
    const std::string_view rest = text.substr(at);
    if (BeginsWith(rest, "secret") || BeginsWith(rest, "stringdata")) return true;
    if (rest[0] == '\\' && rest.find_first_of("xuU\n\r") == 1) return true;
  }
  return false;
}

// Whether there is any sign of patches: operations, or a kustomization that has some.
bool MayHoldPatch(std::string_view text) {
  return text.find("patch") != std::string_view::npos ||
         (text.find("op") != std::string_view::npos && text.find("path") != std::string_view::npos);
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
