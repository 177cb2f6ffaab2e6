#include "schema/manifests.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "schema/text.h"

namespace reconcile {
namespace {

// Of what is said about a JSON text, which may quote a key of it.
constexpr size_t kMaxJsonProblemBytes = 300;

enum class Format { kYaml, kJson, kOther };

Format FormatOf(std::string_view path) {
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return Format::kYaml;
  return path.ends_with(".json") ? Format::kJson : Format::kOther;
}

bool ByPosition(const Problem& a, const Problem& b) {
  return std::tie(a.file, a.line, a.column, a.message) <
         std::tie(b.file, b.line, b.column, b.message);
}

// "line:column: message", as ParseJson gives it, taken apart.
Problem ProblemOfJson(std::string_view text) {
  Problem problem{"", 1, 1, ""};
  const char* const end = text.data() + text.size();
  const auto line = std::from_chars(text.data(), end, problem.line);
  if (line.ec == std::errc() && line.ptr != end) {
    const auto column = std::from_chars(line.ptr + 1, end, problem.column);
    text.remove_prefix(std::min(static_cast<size_t>(column.ptr - text.data()) + 2, text.size()));
  }
  problem.message = CutText(text, kMaxJsonProblemBytes);
  return problem;
}

YamlDocuments ReadJson(std::string_view text, const ManifestLimits& limits) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  YamlDocuments documents;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return documents;
  Result<Value> value =
      ParseJson(text, {limits.max_file_bytes, limits.max_depth, limits.max_nodes_per_file});
  if (value.ok()) {
    documents.documents.push_back(std::move(*value));
  } else {
    documents.errors.push_back(ProblemOfJson(value.status().message()));
  }
  return documents;
}

// Collects problems document by document; only the first are kept, the others counted.
class ProblemList {
 public:
  explicit ProblemList(size_t limit) : limit_(limit) {}

  void Add(std::vector<Problem> problems) {
    std::sort(problems.begin(), problems.end(), ByPosition);
    for (Problem& problem : problems) {
      ++count_;
      if (kept_.size() < limit_) kept_.push_back(std::move(problem));
    }
  }
  std::vector<Problem> Take(std::string_view what) {
    std::sort(kept_.begin(), kept_.end(), ByPosition);
    if (count_ > limit_) {
      kept_.push_back(
          {"", 0, 0,
           std::to_string(count_ - limit_) + " more " + std::string(what) + " are not shown"});
    }
    return std::move(kept_);
  }

 private:
  size_t limit_;
  size_t count_ = 0;
  std::vector<Problem> kept_;
};

// Reads files in the order of their paths.
class ManifestParser {
 public:
  ManifestParser(const std::string& default_namespace, const ManifestLimits& limits)
      : default_namespace_(default_namespace),
        limits_(limits),
        errors_(limits.max_problems),
        warnings_(limits.max_problems) {}

  void ReadFile(const ManifestFile& file) {
    const Format format = FormatOf(file.path);
    if (format == Format::kOther || file.bytes == nullptr) return;
    YamlDocuments documents =
        format == Format::kJson ? ReadJson(*file.bytes, limits_) : ReadYaml(*file.bytes, limits_);
    for (Problem& problem : documents.errors) {
      problem.file = file.path;
      found_.errors.push_back(std::move(problem));
    }
    Flush();
    for (const Value& document : documents.documents) ReadDocument(document, file.path);
  }

  ParsedManifests Take() {
    result_.problems.errors = errors_.Take("errors");
    result_.problems.warnings = warnings_.Take("warnings");
    return std::move(result_);
  }

 private:
  void ReadDocument(const Value& document, const std::string& file) {
    ReadObject(document, file);
    Flush();
  }

  void Flush() {
    errors_.Add(std::exchange(found_.errors, {}));
    warnings_.Add(std::exchange(found_.warnings, {}));
  }

  void ReadObject(const Value& document, const std::string& file) {
    if (document.GetString("apiVersion") == "v1" && document.GetString("kind") == "List") {
      ReadList(document, file);
      return;
    }
    if (!document.IsMap()) {
      AddError(file, document.mark,
               "a manifest is a map with apiVersion and kind, got " +
                   std::string(ToString(document.type())));
      return;
    }
    if (ObjectPtr object = DecodeManifest(document, file, &found_)) {
      AddObject(*object, document, file);
    }
  }

  // kubectl takes a `v1 List` apart, lists in lists too; the reader's depth limit bounds them.
  void ReadList(const Value& list, const std::string& file) {
    for (const Value::Member& member : list.AsMap()) {
      const bool known = member.key == "apiVersion" || member.key == "kind" ||
                         member.key == "metadata" || member.key == "items";
      if (!known) {
        AddError(
            file, member.key_mark,
            "unknown field '" + ShortText(member.key) + "' in a List; it has metadata and items");
      }
    }
    const Value* items = list.Find("items");
    if (items == nullptr || items->IsNull()) return;
    if (!items->IsList()) {
      AddError(file, items->mark,
               "items of a List must be a list, got " + std::string(ToString(items->type())));
      return;
    }
    for (const Value& item : items->AsList()) ReadDocument(item, file);
  }

  void AddObject(const Object& decoded, const Value& document, const std::string& file) {
    if (result_.objects.size() >= limits_.max_objects) {
      if (!std::exchange(full_, true)) {
        AddError(file, document.mark,
                 "more than " + std::to_string(limits_.max_objects) + " objects in one source");
      }
      return;
    }
    std::unique_ptr<Object> object = decoded.Clone();
    if (InfoOf(object->kind).namespaced && object->metadata.namespace_name.empty()) {
      object->metadata.namespace_name = default_namespace_;
    }
    object->metadata.origin.file = file;
    object->metadata.origin.line = document.mark.line;
    const auto [first, is_new] = places_.emplace(object->key(), object->metadata.origin);
    if (!is_new) {
      AddError(file, document.mark,
               ToString(object->key()) + " is declared twice; the first is at " +
                   first->second.file + ":" + std::to_string(first->second.line));
      return;
    }
    result_.objects.push_back(std::move(object));
  }

  void AddError(const std::string& file, Mark mark, std::string message) {
    found_.errors.push_back({file, mark.line, mark.column, std::move(message)});
  }

  const std::string& default_namespace_;
  const ManifestLimits& limits_;
  ProblemList errors_;
  ProblemList warnings_;
  Problems found_;  // in the document being read
  std::map<ObjectKey, Origin> places_;
  bool full_ = false;
  ParsedManifests result_;
};

}  // namespace

ParsedManifests ParseManifests(const std::vector<ManifestFile>& files,
                               const std::string& default_namespace, const ManifestLimits& limits) {
  std::vector<const ManifestFile*> ordered;
  for (const ManifestFile& file : files) ordered.push_back(&file);
  std::sort(ordered.begin(), ordered.end(), [](const ManifestFile* a, const ManifestFile* b) {
    return std::tie(a->path, a->blob_id) < std::tie(b->path, b->blob_id);
  });
  ManifestParser parser(default_namespace, limits);
  for (const ManifestFile* file : ordered) parser.ReadFile(*file);
  return parser.Take();
}

}  // namespace reconcile
