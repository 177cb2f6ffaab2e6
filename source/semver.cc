#include "source/semver.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxVersionBytes = 255;

bool IsNumber(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A number without leading zeros.
std::optional<uint64_t> ParseVersionNumber(std::string_view text) {
  uint64_t number = 0;
  if (!IsNumber(text) || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;
  return number;
}

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

bool IsIdentifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

// "rc.1"; numbers have no leading zeros.
bool ParsePreRelease(std::string_view text, std::vector<std::string>* into) {
  for (const std::string_view part : SplitAt(text, '.')) {
    if (!IsIdentifier(part) || (IsNumber(part) && part.size() > 1 && part[0] == '0')) return false;
    into->emplace_back(part);
  }
  return true;
}

// Takes "+build" off; false when it is malformed.
bool TakeBuild(std::string_view* text) {
  const size_t plus = text->find('+');
  if (plus == std::string_view::npos) return true;
  const auto parts = SplitAt(text->substr(plus + 1), '.');
  *text = text->substr(0, plus);
  return std::all_of(parts.begin(), parts.end(), IsIdentifier);
}

int CompareText(std::string_view a, std::string_view b) { return a < b ? -1 : a > b ? 1 : 0; }

int CompareIdentifiers(const std::string& a, const std::string& b) {
  const bool a_number = IsNumber(a);
  const bool b_number = IsNumber(b);
  if (a_number != b_number) return a_number ? -1 : 1;
  if (a_number && a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return CompareText(a, b);
}

}  // namespace

std::optional<SemanticVersion> ParseVersion(std::string_view text) {
  if (text.size() > kMaxVersionBytes) return std::nullopt;
  if (text.starts_with('v')) text.remove_prefix(1);
  if (!TakeBuild(&text)) return std::nullopt;
  SemanticVersion version;
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    if (!ParsePreRelease(text.substr(dash + 1), &version.pre_release)) return std::nullopt;
    text = text.substr(0, dash);
  }
  const auto parts = SplitAt(text, '.');
  if (parts.size() != 3) return std::nullopt;
  const std::array<uint64_t*, 3> numbers = {&version.major, &version.minor, &version.patch};
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto number = ParseVersionNumber(parts[i]);
    if (!number) return std::nullopt;
    *numbers[i] = *number;
  }
  return version;
}

int CompareVersions(const SemanticVersion& a, const SemanticVersion& b) {
  for (const auto member :
       {&SemanticVersion::major, &SemanticVersion::minor, &SemanticVersion::patch}) {
    if (a.*member != b.*member) return a.*member < b.*member ? -1 : 1;
  }
  if (a.pre_release.empty() != b.pre_release.empty()) return a.pre_release.empty() ? 1 : -1;
  for (size_t i = 0; i < std::min(a.pre_release.size(), b.pre_release.size()); ++i) {
    const int order = CompareIdentifiers(a.pre_release[i], b.pre_release[i]);
    if (order != 0) return order;
  }
  if (a.pre_release.size() == b.pre_release.size()) return 0;
  return a.pre_release.size() < b.pre_release.size() ? -1 : 1;
}

// A version of which parts may be left out or "x".
struct VersionRange::Partial {
  SemanticVersion version;
  size_t given = 0;  // numbers, from the left
};

bool VersionRange::ParsePartial(std::string_view text, Partial* partial) {
  const auto whole = ParseVersion(text);
  if (whole) {
    *partial = {*whole, 3};
    return true;
  }
  if (text.starts_with('v')) text.remove_prefix(1);
  const auto parts = SplitAt(text, '.');
  if (parts.size() > 3) return false;
  const std::array<uint64_t*, 3> numbers = {&partial->version.major, &partial->version.minor,
                                            &partial->version.patch};
  bool any = false;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool is_any = parts[i] == "x" || parts[i] == "X" || parts[i] == "*";
    const auto number = ParseVersionNumber(parts[i]);
    if (!is_any && (!number || any)) return false;
    any = any || is_any;
    if (any) continue;
    *numbers[i] = *number;
    partial->given = i + 1;
  }
  return true;
}

// What `op` and a version with left-out parts mean, as comparators with whole versions.
void VersionRange::AddPartial(std::string_view op, const Partial& partial, Alternative* to) {
  const SemanticVersion& from = partial.version;
  to->pre_releases = to->pre_releases || !from.pre_release.empty();
  // The first version beyond those that share their first `kept` numbers with `from`, below even
  // its pre-releases.
  const auto beyond = [&](size_t kept) {
    SemanticVersion next;
    next.major = kept == 1 ? from.major + 1 : from.major;
    next.minor = kept < 2 ? 0 : kept == 2 ? from.minor + 1 : from.minor;
    next.patch = kept < 3 ? 0 : from.patch + 1;
    next.pre_release = {"0"};
    return next;
  };
  const auto add = [&](Operator comparison, SemanticVersion version) {
    to->comparators.push_back({comparison, std::move(version)});
  };
  const bool whole = partial.given == 3;
  if (op == ">" || op == "<=") {
    const bool greater = op == ">";
    if (whole) return add(greater ? Operator::kGreater : Operator::kLessOrEqual, from);
    // ">*" is nothing, "<=*" is all.
    if (partial.given == 0) return greater ? add(Operator::kLess, {0, 0, 0, {"0"}}) : void();
    return add(greater ? Operator::kGreaterOrEqual : Operator::kLess, beyond(partial.given));
  }
  if (op == "<") {
    SemanticVersion bound = from;
    if (!whole) bound.pre_release = {"0"};
    return add(Operator::kLess, bound);
  }
  if (whole && (op.empty() || op == "=")) return add(Operator::kEqual, from);
  add(Operator::kGreaterOrEqual, from);
  if (op == ">=" || partial.given == 0) return;
  size_t kept = partial.given;
  if (op == "~") kept = std::min<size_t>(kept, 2);
  if (op == "^") {
    // Up to the first number that is not zero.
    const size_t first = from.major != 0 ? 1 : from.minor != 0 ? 2 : 3;
    kept = std::min(kept, first);
  }
  add(Operator::kLess, beyond(kept));
}

Result<VersionRange::Alternative> VersionRange::ParseAlternative(std::string_view text) {
  Alternative alternative;
  bool empty = true;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == ',') {
      ++at;
      continue;
    }
    size_t end = std::min(text.find_first_not_of("<>=~^", at), text.size());
    const std::string_view op = text.substr(at, end - at);
    while (end < text.size() && text[end] == ' ') ++end;
    at = end;
    end = std::min(text.find_first_of(" ,<>=~^", at), text.size());
    const std::string_view version = text.substr(at, end - at);
    at = end;
    constexpr std::array<std::string_view, 8> kOperators = {
        "", "=", ">", ">=", "<", "<=", "~", "^"};
    Partial partial;
    if (std::find(kOperators.begin(), kOperators.end(), op) == kOperators.end() ||
        version.empty() || !ParsePartial(version, &partial)) {
      return InvalidError(Quoted(std::string(op) + std::string(version)) +
                          " is no comparison of versions; write such as \">=1.2 <2\", \"1.x\", "
                          "\"^1.4\" or \"~1.2.3\"");
    }
    empty = false;
    AddPartial(op, partial, &alternative);
    if (alternative.comparators.size() > kMaxComparators) {
      return InvalidError("more than kMaxComparators = " + std::to_string(kMaxComparators) +
                          " comparisons");
    }
  }
  if (empty) return InvalidError("an alternative is empty; write \"*\" for any version");
  return alternative;
}

Result<VersionRange> VersionRange::Parse(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return InvalidError("the range is longer than kMaxTextBytes = " +
                        std::to_string(kMaxTextBytes));
  }
  VersionRange range;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find("||", start), text.size());
    Result<Alternative> alternative = ParseAlternative(text.substr(start, end - start));
    if (!alternative.ok()) return alternative.status();
    range.alternatives_.push_back(std::move(alternative).value());
    start = end + 2;
  }
  return range;
}

bool VersionRange::Holds(const Comparator& comparator, const SemanticVersion& version) {
  const int order = CompareVersions(version, comparator.version);
  switch (comparator.op) {
    case Operator::kLess:
      return order < 0;
    case Operator::kLessOrEqual:
      return order <= 0;
    case Operator::kGreater:
      return order > 0;
    case Operator::kGreaterOrEqual:
      return order >= 0;
    case Operator::kEqual:
      return order == 0;
  }
  return false;
}

bool VersionRange::Contains(const SemanticVersion& version) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const Alternative& all) {
    if (!version.pre_release.empty() && !all.pre_releases) return false;
    return std::all_of(all.comparators.begin(), all.comparators.end(),
                       [&](const Comparator& one) { return Holds(one, version); });
  });
}

std::optional<std::string> HighestTag(const std::vector<std::string>& tags,
                                      const VersionRange& range) {
  std::optional<std::string> best;
  SemanticVersion best_version;
  for (const std::string& tag : tags) {
    const auto version = ParseVersion(tag);
    if (!version || !range.Contains(*version)) continue;
    const int order = best ? CompareVersions(*version, best_version) : 1;
    if (order < 0 || (order == 0 && tag <= *best)) continue;
    best = tag;
    best_version = *version;
  }
  return best;
}

}  // namespace reconcile
