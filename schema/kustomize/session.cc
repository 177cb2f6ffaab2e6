#include "schema/kustomize/session.h"

#include <algorithm>
#include <utility>

#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

bool Spend(size_t steps, size_t* left) {
  if (*left < steps) return false;
  *left -= steps;
  return true;
}

// Of a value without what stands in it.
size_t StepsOfOne(const Value& value) {
  return 1 + StepsOf(value.source_text) + (value.IsString() ? StepsOf(value.AsString()) : 0);
}

// Counts steps down to a depth; false when there are too many or they lie too deep.
bool CountSteps(const Value& value, int depth, size_t* left) {
  if (depth == 0 || !Spend(StepsOfOne(value), left)) return false;
  const auto count = [&](const Value& child) { return CountSteps(child, depth - 1, left); };
  if (value.IsList()) return std::all_of(value.AsList().begin(), value.AsList().end(), count);
  if (!value.IsMap()) return true;
  return std::all_of(value.AsMap().begin(), value.AsMap().end(), [&](const Value::Member& member) {
    return Spend(StepsOf(member.key), left) && count(member.value);
  });
}

template <typename Change>
void ForEachMark(Value* value, Change change) {
  change(&value->mark);
  if (value->IsList()) {
    for (Value& item : value->AsList()) ForEachMark(&item, change);
  } else if (value->IsMap()) {
    for (Value::Member& member : value->AsMap()) {
      change(&member.key_mark);
      ForEachMark(&member.value, change);
    }
  }
}

}  // namespace

int LineMap::Add(const std::string& file, std::string_view text) {
  const auto [place, is_new] = shifts_.emplace(file, lines_);
  if (is_new) {
    files_.emplace(lines_, file);
    lines_ += static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 2;
  }
  return place->second;
}

LineMap::Place LineMap::Find(int line) const {
  const auto after = files_.lower_bound(line);
  if (line <= 0 || after == files_.begin()) return {};
  const auto& [shift, file] = *std::prev(after);
  return {file, line - shift};
}

void Session::Error(Mark mark, std::string message, Rule rule) {
  const LineMap::Place place = lines_.Find(mark.line);
  errors_.push_back({place.file, place.line, mark.column, std::move(message), rule});
  if (errors_.size() >= limits().max_errors) stopped_ = true;
}

void Session::ErrorOfMissing(Mark mark, std::string message) {
  if (!incomplete_) Error(mark, std::move(message));
}

void Session::Warn(Mark mark, std::string message) {
  if (warnings_.size() >= limits().max_errors) return;
  const LineMap::Place place = lines_.Find(mark.line);
  warnings_.push_back({place.file, place.line, mark.column, std::move(message), Rule::kAdvice});
}

void Session::WarnOfMissing(Mark mark, std::string message) {
  if (!incomplete_ && !stopped_) Warn(mark, std::move(message));
}

std::vector<Problem> Session::TakeErrors() {
  // A kustomization that is used twice says what is wrong with it once.
  std::vector<Problem> kept;
  std::set<std::string> seen;
  for (Problem& error : errors_) {
    if (seen.insert(error.ToString()).second) kept.push_back(std::move(error));
  }
  return kept;
}

Result<Session::FoundFile> Session::Look(const std::string& folder, std::string_view path) {
  if (IsRemote(path)) {
    return InvalidError(Quoted(path) +
                        " is a remote address, which is not fetched: commit a copy of it to this "
                        "repository and name its path");
  }
  const Result<std::string> resolved = files_.Resolve(folder, path);
  if (!resolved.ok()) return resolved.status();
  const ManifestFile* file = files_.Find(*resolved);
  if (file == nullptr) {
    return InvalidError(files_.IsFolder(*resolved)
                            ? Quoted(path) + " is a folder, where a file is wanted"
                            : "there is no file " + Quoted(path) +
                                  " in the repository (looked for " + ShortText(*resolved) + ")");
  }
  used_.insert(*resolved);
  return FoundFile{*resolved, file->bytes.get()};
}

const std::string* Session::Read(const std::string& folder, std::string_view path, Mark mark,
                                 std::string* canonical) {
  const Result<FoundFile> found = Look(folder, path);
  if (!found.ok()) {
    Error(mark, found.status().message());
    return nullptr;
  }
  *canonical = found->path;
  return found->bytes;
}

Value::List Session::ReadDocuments(const std::string& canonical, const std::string& text) {
  return ReadShifted(text, lines_.Add(canonical, text), {});
}

Value::List Session::ReadInline(Mark mark, const std::string& text) {
  return ReadShifted(text, mark.line - (StartsBlock(mark) ? 0 : 1), mark);
}

// Without its line break; empty when there is no such line.
std::string_view Session::LineAt(const LineMap::Place& place) {
  const ManifestFile* file = files_.Find(place.file);
  if (file == nullptr || place.line < 1) return {};
  const std::string_view text = *file->bytes;
  if (begins_file_ != place.file) {
    begins_file_ = place.file;
    begins_ = {0};
    for (size_t end = text.find('\n'); end != std::string_view::npos;
         end = text.find('\n', end + 1)) {
      begins_.push_back(end + 1);
    }
  }
  const size_t index = static_cast<size_t>(place.line) - 1;
  if (index >= begins_.size()) return {};
  const std::string_view rest = text.substr(begins_[index]);
  return rest.substr(0, rest.find('\n'));
}

// Whether the scalar at `mark` is written as a block: "|" or ">" and its text in the next lines.
bool Session::StartsBlock(Mark mark) {
  std::string_view text = LineAt(lines_.Find(mark.line));
  const size_t begin = static_cast<size_t>(std::max(mark.column - 1, 0));
  if (begin >= text.size()) return false;
  text.remove_prefix(begin);
  while (text.starts_with('!') || text.starts_with('&')) {  // a tag or an anchor before it
    const size_t space = text.find(' ');
    if (space == std::string_view::npos) return false;
    text.remove_prefix(std::min(text.find_first_not_of(' ', space), text.size()));
  }
  return text.starts_with('|') || text.starts_with('>');
}

Value::List Session::ReadShifted(const std::string& text, int shift, Mark at) {
  budget_->bytes += text.size();
  if (budget_->bytes > limits().max_bytes) {
    stopped_ = true;
    Error({std::max(shift + 1, at.line), 1},
          "the kustomizations of this source have more than " +
              std::to_string(limits().max_bytes >> 20) +
              " MiB of files; files that are used twice count twice");
    return {};
  }
  YamlDocuments read = ReadYaml(text, manifest_limits_);
  for (const Problem& error : read.errors) {
    Error({shift + std::max(error.line, 1), error.column}, error.message, error.rule);
  }
  for (Value& document : read.documents) ShiftMarks(&document, shift);
  return std::move(read.documents);
}

bool Session::Charge(size_t steps, Mark mark) {
  if (stopped_) return false;
  budget_->steps += steps;
  if (budget_->steps <= limits().max_steps) return true;
  stopped_ = true;
  Error(mark, "rendering the kustomizations of this source costs more than " +
                  std::to_string(limits().max_steps) + " steps, one for each value and for each " +
                  std::to_string(kBytesPerStep) +
                  " bytes of text that are copied: make it smaller");
  return false;
}

bool Session::ChargeKustomization(Mark mark) {
  if (stopped_) return false;
  if (++budget_->kustomizations <= limits().max_kustomizations) return true;
  stopped_ = true;
  Error(mark, "more than " + std::to_string(limits().max_kustomizations) +
                  " kustomizations in one source; one that is used twice counts twice");
  return false;
}

bool Session::ChargeObject(const Value& value, Mark mark) {
  if (stopped_) return false;
  size_t left = limits().max_object_values;
  if (!CountSteps(value, limits().max_object_depth, &left)) {
    stopped_ = true;
    Error(mark, "this makes an object of more than " + std::to_string(limits().max_object_values) +
                    " values, where " + std::to_string(kBytesPerStep) +
                    " bytes of text count as one, or more than " +
                    std::to_string(limits().max_object_depth) + " levels deep");
    return false;
  }
  return Charge(limits().max_object_values - left, mark);
}

size_t StepsOf(const Value::Map& pairs) {
  size_t steps = 0;
  for (const Value::Member& pair : pairs) steps += StepsOf(pair.key) + StepsOfOne(pair.value);
  return steps;
}

void ShiftMarks(Value* value, int shift) {
  ForEachMark(value, [shift](Mark* mark) {
    if (mark->line > 0) mark->line += shift;
  });
}

void SetMarks(Value* value, Mark mark) {
  ForEachMark(value, [mark](Mark* each) { *each = mark; });
}

}  // namespace reconcile::kustomize
