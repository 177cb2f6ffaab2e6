#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>

#include "schema/manifests.h"
#include "schema/yaml_builder.h"
#include "schema/yaml_messages.h"
#include "schema/yaml_text.h"

namespace reconcile {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
// yaml-cpp keeps the tokens of a whole flow collection before it gives an event. So many open
// brackets, or brackets and commas, may come without one; no block scalar of the 1 MiB that a
// ConfigMap holds has as many.
constexpr size_t kMaxPendingDepth = 1000;
constexpr size_t kMaxPendingTokens = 400'000;

// Hands a text to the parser piece by piece and ends it early when too much is pending. Borrows
// the text, which is never written to.
class GuardedBuffer final : public std::streambuf {
 public:
  GuardedBuffer(std::string_view text, int max_depth) : text_(text), max_depth_(max_depth) {}

  void OnEvent() {
    depth_ = 0;
    tokens_ = 0;
  }
  // What was pending too much, and the offset where; nullopt while nothing was.
  const std::optional<YamlStop>& stop() const { return stop_; }

 protected:
  int_type underflow() override {
    constexpr size_t kPieceBytes = 1024;
    const size_t size = std::min(kPieceBytes, text_.size() - given_);
    for (size_t i = given_; i < given_ + size && !stop_; ++i) Count(text_[i], i);
    if (size == 0 || stop_) return traits_type::eof();
    char* const begin = const_cast<char*>(text_.data()) + given_;
    given_ += size;
    setg(begin, begin, begin + size);
    return traits_type::to_int_type(*begin);
  }

 private:
  void Count(char c, size_t offset) {
    const bool open = c == '[' || c == '{';
    const bool close = c == ']' || c == '}';
    if (open || close || c == ',') ++tokens_;
    if (open) ++depth_;
    if (close && depth_ > 0) --depth_;
    if (depth_ > kMaxPendingDepth) {
      stop_ = {offset, "nested deeper than " + std::to_string(max_depth_), Rule::kLimit};
    } else if (tokens_ > kMaxPendingTokens) {
      stop_ = {
          offset,
          "more than " + std::to_string(kMaxPendingTokens) + " brackets and commas in one value",
          Rule::kLimit};
    }
  }

  std::string_view text_;
  int max_depth_;
  size_t given_ = 0;
  size_t depth_ = 0;
  size_t tokens_ = 0;
  std::optional<YamlStop> stop_;
};

// Turns yaml-cpp's events of the text from `base` on into the builder's.
class EventAdapter final : public YAML::EventHandler {
 public:
  EventAdapter(YamlBuilder* builder, GuardedBuffer* buffer, std::string_view text, size_t base,
               size_t max_events)
      : builder_(builder), buffer_(buffer), text_(text), base_(base), events_left_(max_events) {}

  size_t document_start() const { return document_start_.value_or(base_); }
  size_t Offset(const YAML::Mark& mark) const {
    return mark.is_null() ? document_start() : base_ + static_cast<size_t>(mark.pos);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    const size_t offset = Offset(mark);
    Event(offset);
    const bool separate = IsDocumentMarker(text_, offset) || FollowsDocumentEnd(text_, offset);
    // yaml-cpp takes what follows a finished value for a new document, and never gets past some.
    if (document_start_ && (!separate || offset <= *document_start_)) {
      throw YamlStop{offset, "unexpected text; the value before it is complete"};
    }
    document_start_ = offset;
    last_scalar_.reset();
    builder_->StartDocument();
  }
  void OnDocumentEnd() override {
    if (last_scalar_ && IsUnclosedQuote(text_, *last_scalar_)) {
      throw YamlStop{*last_scalar_, "the quote that begins here is never closed"};
    }
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Event(Offset(mark));
    builder_->Null(Offset(mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Event(Offset(mark));
    builder_->Alias(Offset(mark), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const size_t offset = Offset(mark);
    Event(offset);
    last_scalar_ = offset;
    builder_->Scalar(offset, tag, anchor, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    Event(Offset(mark));
    builder_->StartList(Offset(mark), tag, anchor, style == YAML::EmitterStyle::Flow);
  }
  void OnSequenceEnd() override { builder_->EndList(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Event(Offset(mark));
    builder_->StartMap(Offset(mark), tag, anchor, style == YAML::EmitterStyle::Flow);
  }
  void OnMapEnd() override { builder_->EndMap(); }

 private:
  // A parser that gives more events than the text has room for is going in circles.
  void Event(size_t offset) {
    if (events_left_ == 0) throw YamlStop{offset, "the text cannot be read as YAML"};
    --events_left_;
    buffer_->OnEvent();
  }

  YamlBuilder* builder_;
  GuardedBuffer* buffer_;
  std::string_view text_;
  size_t base_;
  size_t events_left_;
  std::optional<size_t> document_start_;
  std::optional<size_t> last_scalar_;  // of the document
};

class YamlFileReader {
 public:
  YamlFileReader(std::string_view text, const ManifestLimits& limits)
      : text_(text),
        limits_(limits),
        positions_(text),
        budget_{limits.max_nodes_per_file, limits.max_alias_nodes},
        builder_(text, positions_, limits_, &budget_, &result_.errors) {}

  YamlDocuments Read() {
    size_t at = 0;
    while (at < text_.size() && !finished_) at = ReadFrom(at);
    return std::move(result_);
  }

 private:
  // Reads documents until the end or an error; where to go on then.
  size_t ReadFrom(size_t base) {
    GuardedBuffer buffer(text_.substr(base), limits_.max_depth);
    std::istream stream(&buffer);
    EventAdapter adapter(&builder_, &buffer, text_, base, 2 * (text_.size() - base) + 16);
    YamlStop stop{base, ""};
    try {
      YAML::Parser parser(stream);
      while (parser.HandleNextDocument(adapter)) {
        if (buffer.stop()) break;
        if (std::optional<Value> document = builder_.TakeDocument()) {
          result_.documents.push_back(std::move(*document));
        }
        CountDocument(adapter.document_start());
      }
    } catch (const YamlStop& thrown) {
      stop = thrown;
    } catch (const YAML::Exception& error) {
      stop = SyntaxError(adapter.Offset(error.mark), error.msg);
    } catch (const std::exception& error) {
      stop = {adapter.document_start(), std::string("not valid YAML: ") + error.what(),
              Rule::kSyntax};
    }
    if (buffer.stop()) {
      stop = *buffer.stop();
      stop.offset += base;
    }
    if (stop.message.empty()) return text_.size();
    AddError(std::move(stop));
    return FindDocumentMarker(text_, adapter.document_start() + 1);
  }

  void CountDocument(size_t offset) {
    if (++documents_ <= limits_.max_documents_per_file) return;
    finished_ = true;
    throw YamlStop{
        offset,
        "more than " + std::to_string(limits_.max_documents_per_file) + " documents in one file",
        Rule::kLimit};
  }

  void AddError(YamlStop stop) {
    if (result_.errors.size() >= limits_.max_problems) {
      finished_ = true;
      return;
    }
    const Mark mark = positions_.At(stop.offset);
    // What the builder said of the same place followed from this.
    if (!result_.errors.empty() && result_.errors.back().line == mark.line &&
        result_.errors.back().column == mark.column) {
      result_.errors.pop_back();
    }
    result_.errors.push_back({"", mark.line, mark.column, std::move(stop.message), stop.rule});
  }

  YamlStop SyntaxError(size_t offset, const std::string& message) const {
    // Where a tab stands in the indentation of that line, it is the cause.
    const size_t size = text_.size();
    const size_t first = text_.find_first_not_of(" \t", LineStart(std::min(offset, size)));
    if (const auto tab = FindTabInIndent(text_, std::min(first, size))) {
      return {*tab, "a tab in the indentation; YAML takes spaces only", Rule::kSyntax};
    }
    std::string meaning = ExplainYamlError(message, text_, &offset);
    return {offset, std::move(meaning), Rule::kSyntax};
  }

  size_t LineStart(size_t offset) const {
    const size_t line_break = offset == 0 ? std::string_view::npos : text_.rfind('\n', offset - 1);
    return line_break == std::string_view::npos ? 0 : line_break + 1;
  }

  std::string_view text_;
  const ManifestLimits& limits_;
  TextPositions positions_;
  YamlBudget budget_;
  YamlDocuments result_;
  YamlBuilder builder_;
  size_t documents_ = 0;
  bool finished_ = false;
};

Problem ProblemAt(std::string_view text, size_t offset, std::string message) {
  const Mark mark = TextPositions(text).At(offset);
  return {"", mark.line, mark.column, std::move(message), Rule::kSyntax};
}

// Without the blanks of a last line that has nothing else: yaml-cpp adds one to a folded scalar.
std::string_view WithoutLastBlanks(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t");
  const size_t end = last == std::string_view::npos ? 0 : last + 1;
  return end == 0 || text[end - 1] == '\n' ? text.substr(0, end) : text;
}

}  // namespace

YamlDocuments ReadYaml(std::string_view text, const ManifestLimits& limits) {
  YamlDocuments failed;
  if (text.size() > limits.max_file_bytes) {
    failed.errors.push_back({"", 1, 1,
                             "the file has " + std::to_string(text.size()) +
                                 " bytes; the limit is " + std::to_string(limits.max_file_bytes),
                             Rule::kLimit});
    return failed;
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (std::optional<YamlTextError> error = FindForbiddenCharacter(text)) {
    failed.errors.push_back(ProblemAt(text, error->offset, std::move(error->message)));
    return failed;
  }
  return YamlFileReader(WithoutLastBlanks(text), limits).Read();
}

}  // namespace reconcile
