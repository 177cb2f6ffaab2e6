#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/value.h"
#include "schema/kustomize/files.h"
#include "schema/manifests.h"

namespace reconcile::kustomize {

// Named limits of the renderings of one source together; depth, errors and objects of each.
struct RenderLimits {
  int max_depth = 20;                // kustomizations in kustomizations
  size_t max_kustomizations = 5000;  // rendered; one that is used twice counts twice
  size_t max_bytes = 64 << 20;       // of texts that are read as YAML
  size_t max_errors = 200;
  // Values that are walked or copied; kBytesPerStep bytes of text that are copied count as one.
  size_t max_steps = 30'000'000;
  size_t max_object_values = 300'000;  // of one object: scalars, lists and maps, and text likewise
  int max_object_depth = 100;
};

// What the renderings of one source may spend, and what they have spent: as many folders as it has,
// they are bounded together.
struct RenderBudget {
  RenderLimits limits;
  size_t kustomizations = 0;
  size_t bytes = 0;
  size_t steps = 0;
};

// Texts cost memory like values do: what a kustomization copies into all its objects may be long.
inline constexpr size_t kBytesPerStep = 16;
constexpr size_t StepsOf(std::string_view text) { return text.size() / kBytesPerStep; }
size_t StepsOf(const Value::Map& pairs);  // of labels and the like: their values are scalars

// All texts of a rendering behind one another. The marks of rendered values count lines in here, so
// that each value knows the file that it came from without carrying its name.
class LineMap {
 public:
  struct Place {
    std::string file;
    int line = 0;
  };
  // What to add to a line of `file` to have its line here.
  int Add(const std::string& file, std::string_view text);
  Place Find(int line) const;  // file is empty for a line of no text

 private:
  std::map<std::string, int> shifts_;
  std::map<int, std::string> files_;  // by the line before their first
  int lines_ = 0;
};

// What one rendering has read, found wrong and may still spend. Once `stopped` says so, there is no
// use in going on.
class Session {
 public:
  // Borrows all of them.
  Session(const FileTree& files, const ManifestLimits& manifest_limits, RenderBudget* budget)
      : files_(files), manifest_limits_(manifest_limits), budget_(budget) {}

  const FileTree& files() const { return files_; }
  const RenderLimits& limits() const { return budget_->limits; }
  LineMap& lines() { return lines_; }
  const std::set<std::string>& used() const { return used_; }

  void Error(Mark mark, std::string message, Rule rule = Rule::kKustomization);
  // Something that is not here. Not said once something could not be brought here: it may stand in
  // that, and advice to do without it would be wrong.
  void ErrorOfMissing(Mark mark, std::string message);
  void MarkIncomplete() { incomplete_ = true; }
  void Warn(Mark mark, std::string message);
  // The same as ErrorOfMissing, for what kustomize lets pass.
  void WarnOfMissing(Mark mark, std::string message);
  size_t errors() const { return errors_.size(); }
  bool stopped() const { return stopped_; }
  std::vector<Problem> TakeErrors();
  std::vector<Problem> TakeWarnings() { return std::move(warnings_); }

  struct FoundFile {
    std::string path;          // canonical
    const std::string* bytes;  // as long as the files
  };
  // The file `path`, written in a file of `folder`. Invalid, with a message that quotes `path`,
  // when there is none that can be read.
  Result<FoundFile> Look(const std::string& folder, std::string_view path);
  // The same, its bytes; nullptr with an error at `mark`. `canonical` is set to its path.
  const std::string* Read(const std::string& folder, std::string_view path, Mark mark,
                          std::string* canonical);
  // The documents of a file that is read, or of a text that stands at `mark` in such a file; of the
  // latter columns count from the text's own margin.
  Value::List ReadDocuments(const std::string& canonical, const std::string& text);
  Value::List ReadInline(Mark mark, const std::string& text);

  // False, with an error at `mark`, when the rendering has cost too much.
  bool Charge(size_t steps, Mark mark);
  // The same for one more kustomization.
  bool ChargeKustomization(Mark mark);
  // The same for the size of an object that has been changed.
  bool ChargeObject(const Value& value, Mark mark);

 private:
  Value::List ReadShifted(const std::string& text, int shift, Mark at);
  bool StartsBlock(Mark mark);
  std::string_view LineAt(const LineMap::Place& place);

  const FileTree& files_;
  const ManifestLimits& manifest_limits_;
  RenderBudget* const budget_;
  LineMap lines_;
  std::set<std::string> used_;  // canonical paths of files that were read
  std::vector<Problem> errors_;
  std::vector<Problem> warnings_;
  // Where lines begin in the file that was last asked for: patches are read one behind another.
  std::string begins_file_;
  std::vector<size_t> begins_;
  bool stopped_ = false;
  bool incomplete_ = false;  // a resource, base or component is missing
};

// Adds `shift` to the line of every mark.
void ShiftMarks(Value* value, int shift);
// Gives `mark` to the value and all below it.
void SetMarks(Value* value, Mark mark);

}  // namespace reconcile::kustomize
