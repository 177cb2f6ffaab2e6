#include "tests/conformance/expectation.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "schema/object.h"
#include "schema/selector_text.h"

namespace reconcile {
namespace {

std::string NameOf(const Value& item) {
  for (const char* key : {"name", "type", "key", "ip"}) {
    const Value* name = item.Find(key);
    if (name != nullptr && name->IsString()) return std::string(key) + "=" + name->AsString();
  }
  return "";
}

bool IsEmpty(const Value* value) {
  if (value == nullptr || value->IsNull()) return true;
  if (value->IsMap()) return value->AsMap().empty();
  if (value->IsList()) return value->AsList().empty();
  return value->IsString() && value->AsString().empty();
}

std::string Differs(const Value& wanted, const Value& actual, const std::string& where) {
  return where + " is " + WriteJson(actual) + ", not " + WriteJson(wanted);
}

bool Compares(const std::string& wanted, int64_t actual) {
  const int64_t bound = std::atoll(wanted.c_str() + 2);
  return wanted.starts_with(">=") ? actual >= bound : actual <= bound;
}

std::string TextMismatch(const Value& wanted, const Value& actual, const std::string& where) {
  const std::string& text = wanted.AsString();
  if (text.starts_with("~")) {
    const bool has =
        actual.IsString() && actual.AsString().find(text.substr(1)) != std::string::npos;
    return has ? "" : Differs(wanted, actual, where);
  }
  if (text.starts_with(">=") || text.starts_with("<=")) {
    return actual.IsInt() && Compares(text, actual.AsInt()) ? "" : Differs(wanted, actual, where);
  }
  return wanted == actual ? "" : Differs(wanted, actual, where);
}

std::string ListMismatch(const Value& wanted, const Value& actual, const std::string& where) {
  if (!actual.IsList()) return Differs(wanted, actual, where);
  const Value::List& items = actual.AsList();
  size_t index = 0;
  for (const Value& item : wanted.AsList()) {
    const std::string name = NameOf(item);
    const std::string there = where + "[" + (name.empty() ? std::to_string(index) : name) + "]";
    const Value* found = nullptr;
    if (name.empty()) {
      if (index < items.size()) found = &items[index];
    } else {
      for (const Value& each : items) {
        if (NameOf(each) == name) found = &each;
      }
    }
    if (found == nullptr) return there + " is not there";
    std::string mismatch = Mismatch(item, *found, there);
    if (!mismatch.empty()) return mismatch;
    ++index;
  }
  const bool whole = wanted.AsList().empty() || NameOf(wanted.AsList().front()).empty();
  if (whole && items.size() != wanted.AsList().size()) return Differs(wanted, actual, where);
  return "";
}

std::string CountMismatch(const Value& wanted, size_t found) {
  const auto count = static_cast<int64_t>(found);
  const bool holds = wanted.IsInt() ? wanted.AsInt() == count : Compares(wanted.AsString(), count);
  if (holds) return "";
  return "there are " + std::to_string(found) + ", not " + WriteJson(wanted);
}

bool HasOnly(const Value& map, const std::set<std::string>& words) {
  if (!map.IsMap() || map.AsMap().empty()) return false;
  return std::all_of(map.AsMap().begin(), map.AsMap().end(),
                     [&](const Value::Member& member) { return words.contains(member.key); });
}

Status CheckExpectation(const Value& expectation) {
  const Subject subject = ReadSubject(expectation.GetString("of"));
  const bool is_known = subject.kind == "Container" || FindKindByWord(subject.kind).has_value();
  if (!HasOnly(expectation, {"of", "where", "count", "has"}) || !is_known ||
      !ParseLabelSelector(subject.selector).ok()) {
    return InvalidError("nothing can be expected like " + WriteJson(expectation));
  }
  if (expectation.Find("count") == nullptr && expectation.Find("has") == nullptr) {
    return InvalidError("nothing is expected by " + WriteJson(expectation));
  }
  return OkStatus();
}

}  // namespace

std::string Mismatch(const Value& wanted, const Value& actual, const std::string& where) {
  if (wanted.IsString()) return TextMismatch(wanted, actual, where);
  if (wanted.IsList()) return ListMismatch(wanted, actual, where);
  if (!wanted.IsMap()) return wanted == actual ? "" : Differs(wanted, actual, where);
  for (const Value::Member& member : wanted.AsMap()) {
    const std::string there = where.empty() ? member.key : where + "." + member.key;
    const Value* found = actual.Find(member.key);
    if (member.value.IsNull()) {
      if (!IsEmpty(found)) return there + " is " + WriteJson(*found) + ", not absent";
      continue;
    }
    if (found == nullptr) {
      // Numbers that are zero are left out.
      if (Mismatch(member.value, Value::Int(0), "").empty()) continue;
      return there + " is absent, not " + WriteJson(member.value);
    }
    std::string mismatch = Mismatch(member.value, *found, there);
    if (!mismatch.empty()) return mismatch;
  }
  return "";
}

Subject ReadSubject(const std::string& text) {
  Subject subject;
  const size_t end = text.find_first_of("/ ");
  subject.kind = text.substr(0, end);
  if (end == std::string::npos) return subject;
  (text[end] == '/' ? subject.name : subject.selector) = text.substr(end + 1);
  return subject;
}

bool NameFits(const Subject& subject, const std::string& name) {
  if (subject.name.empty()) return true;
  if (!subject.name.ends_with('*')) return name == subject.name;
  return name.starts_with(subject.name.substr(0, subject.name.size() - 1));
}

std::string WhyNot(const Value& expectation, const FindSubject& find) {
  const std::string of = expectation.GetString("of");
  const Value* where = expectation.Find("where");
  std::vector<Value> found;
  for (Value& each : find(ReadSubject(of))) {
    if (where == nullptr || Mismatch(*where, each, "").empty()) found.push_back(std::move(each));
  }
  const Value* count = expectation.Find("count");
  if (count == nullptr && found.empty()) return of + ": there is none";
  if (count != nullptr) {
    const std::string mismatch = CountMismatch(*count, found.size());
    if (!mismatch.empty()) return of + ": " + mismatch;
  }
  const Value* has = expectation.Find("has");
  if (has == nullptr) return "";
  for (const Value& each : found) {
    const Value* metadata = each.Find("metadata");
    const std::string name =
        metadata == nullptr ? each.GetString("name") : metadata->GetString("name");
    const std::string mismatch = Mismatch(*has, each, "");
    if (!mismatch.empty()) return of + " (" + name + "): " + mismatch;
  }
  return "";
}

Status CheckStep(const Value& step) {
  static const std::vector<std::set<std::string>> kSteps = {
      {"apply", "patch", "remove"},
      {"expect", "within", "notBefore", "since"},
      {"mark"},
      {"settle"},
      {"starts"},
      {"kill"},
      {"host"},
      {"always"},
      {"wait"}};
  const bool known = std::any_of(kSteps.begin(), kSteps.end(),
                                 [&](const auto& words) { return HasOnly(step, words); });
  if (!known) return InvalidError("there is no step like " + WriteJson(step));
  for (const char* list : {"expect", "always"}) {
    if (step.Find(list) == nullptr) continue;
    if (step.GetList(list).empty()) return InvalidError(std::string(list) + " has no list");
    for (const Value& expectation : step.GetList(list)) {
      RETURN_IF_ERROR(CheckExpectation(expectation));
    }
  }
  return OkStatus();
}

Result<int64_t> ReadDurationMs(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  int64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1'000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (factor == 0 || end == text.c_str()) {
    return InvalidError("\"" + text + "\" is no duration; write it as 500ms, 30s, 5m or 1h");
  }
  return static_cast<int64_t>(number * static_cast<double>(factor));
}

}  // namespace reconcile
