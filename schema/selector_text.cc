#include "schema/selector_text.h"

#include <algorithm>

#include "base/check.h"
#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {

namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kSymbols = "=!(),<>";

// Cuts a selector into words and symbols.
class SelectorParser {
 public:
  explicit SelectorParser(std::string_view text) : text_(text) { Advance(); }

  Result<LabelSelector> Parse() {
    LabelSelector selector;
    while (!token_.empty() || !selector.match_expressions.empty()) {
      SelectorRequirement requirement;
      RETURN_IF_ERROR(ParseRequirement(&requirement));
      selector.match_expressions.push_back(std::move(requirement));
      if (token_.empty()) break;
      if (token_ != ",") return Unexpected("\",\" or the end");
      Advance();
    }
    return selector;
  }

 private:
  bool IsWord() const {
    return !token_.empty() && kSymbols.find(token_.front()) == std::string_view::npos;
  }

  // `=`, `==` and `!=` are one symbol each; after the end, the token is empty.
  void Advance() {
    at_ = std::min(text_.find_first_not_of(kSpaces, at_ + token_.size()), text_.size());
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("==") || rest.starts_with("!=")) {
      token_ = rest.substr(0, 2);
    } else if (!rest.empty() && kSymbols.find(rest.front()) != std::string_view::npos) {
      token_ = rest.substr(0, 1);
    } else {
      const size_t end = rest.find_first_of(std::string(kSymbols) + std::string(kSpaces));
      token_ = rest.substr(0, end);
    }
  }

  Status Unexpected(std::string_view expected) const {
    return InvalidError("selector " + Quoted(text_) + ", at character " + std::to_string(at_ + 1) +
                        ": expected " + std::string(expected) + ", got " +
                        (token_.empty() ? "the end" : Quoted(token_)));
  }

  Status Wrong(std::string_view what, const std::string& why) const {
    return InvalidError("selector " + Quoted(text_) + ": " + std::string(what) + " " + why);
  }

  Status ParseRequirement(SelectorRequirement* requirement) {
    const bool is_absent = token_ == "!";
    if (is_absent) Advance();
    if (!IsWord()) return Unexpected("a label's key");
    requirement->key = std::string(token_);
    if (const std::string wrong = CheckQualifiedName(token_); !wrong.empty()) {
      return Wrong("key " + Quoted(token_), wrong);
    }
    Advance();
    if (is_absent || token_.empty() || token_ == ",") {
      requirement->op = is_absent ? SelectorOperator::kDoesNotExist : SelectorOperator::kExists;
      return OkStatus();
    }
    const bool is_set = token_ == "in" || token_ == "notin";
    const bool is_negative = token_ == "notin" || token_ == "!=";
    if (!is_set && !is_negative && token_ != "=" && token_ != "==") {
      return Unexpected("=, ==, !=, in or notin");
    }
    requirement->op = is_negative ? SelectorOperator::kNotIn : SelectorOperator::kIn;
    Advance();
    return is_set ? ParseSet(&requirement->values) : ParseValue(&requirement->values);
  }

  // A word, or nothing: the empty value.
  Status ParseValue(std::vector<std::string>* values) {
    const std::string value(IsWord() ? token_ : "");
    if (const std::string wrong = CheckLabelValue(value); !wrong.empty()) {
      return Wrong("value " + Quoted(value), wrong);
    }
    values->push_back(value);
    if (!value.empty()) Advance();
    return OkStatus();
  }

  Status ParseSet(std::vector<std::string>* values) {
    if (token_ != "(") return Unexpected("\"(\"");
    do {
      Advance();
      RETURN_IF_ERROR(ParseValue(values));
    } while (token_ == ",");
    if (token_ != ")") return Unexpected("\",\" or \")\"");
    Advance();
    std::sort(values->begin(), values->end());
    values->erase(std::unique(values->begin(), values->end()), values->end());
    return OkStatus();
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string_view token_;
};

std::string ListText(const std::vector<std::string>& values) {
  std::string text = "(";
  for (size_t i = 0; i < values.size(); ++i) text += (i > 0 ? "," : "") + values[i];
  return text + ")";
}

std::string TextOf(const SelectorRequirement& requirement) {
  switch (requirement.op) {
    case SelectorOperator::kIn:
      return requirement.key + " in " + ListText(requirement.values);
    case SelectorOperator::kNotIn:
      return requirement.key + " notin " + ListText(requirement.values);
    case SelectorOperator::kExists:
      return requirement.key;
    case SelectorOperator::kDoesNotExist:
      return "!" + requirement.key;
  }
  CHECK(false);
}

}  // namespace

Result<LabelSelector> ParseLabelSelector(std::string_view text) {
  if (text.size() > kMaxSelectorBytes) {
    return InvalidError("a selector is at most " + std::to_string(kMaxSelectorBytes) + " bytes");
  }
  return SelectorParser(text).Parse();
}

std::string FormatLabelSelector(const LabelSelector& selector) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ",") + part; };
  for (const auto& [key, value] : selector.match_labels) add(key + "=" + value);
  for (const SelectorRequirement& each : selector.match_expressions) add(TextOf(each));
  return text;
}

}  // namespace reconcile
