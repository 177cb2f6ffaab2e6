#include "schema/manifests.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "schema/kustomized_manifests.h"
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

// What one document brings: an object, if it is one, and what is wrong with it.
struct ReadItem {
  ObjectPtr object;  // its namespace and origin set; may be null
  Mark mark;         // of the object's document
  Problems problems;
};

// Reads one file. What it finds depends on nothing but the file.
class FileReader {
 public:
  FileReader(const std::string& path, const std::string& default_namespace,
             const ManifestLimits& limits)
      : path_(path), default_namespace_(default_namespace), limits_(limits) {}

  std::vector<ReadItem> Read(std::string_view text) {
    YamlDocuments documents =
        FormatOf(path_) == Format::kJson ? ReadJson(text, limits_) : ReadYaml(text, limits_);
    for (Problem& problem : documents.errors) {
      problem.file = path_;
      found_.problems.errors.push_back(std::move(problem));
    }
    Flush();
    for (const Value& document : documents.documents) ReadDocument(document);
    return std::move(items_);
  }

 private:
  void ReadDocument(const Value& document) {
    ReadObject(document);
    Flush();
  }

  void Flush() { items_.push_back(std::exchange(found_, {})); }

  void ReadObject(const Value& document) {
    if (document.GetString("apiVersion") == "v1" && document.GetString("kind") == "List") {
      ReadList(document);
      return;
    }
    if (!document.IsMap()) {
      AddError(document.mark, "a manifest is a map with apiVersion and kind, got " +
                                  std::string(ToString(document.type())));
      return;
    }
    const ObjectPtr decoded = DecodeManifest(document, path_, &found_.problems);
    if (decoded == nullptr) return;
    std::unique_ptr<Object> object = decoded->Clone();
    if (InfoOf(object->kind).namespaced && object->metadata.namespace_name.empty()) {
      object->metadata.namespace_name = default_namespace_;
    }
    object->metadata.origin.file = path_;
    object->metadata.origin.line = document.mark.line;
    found_.object = std::move(object);
    found_.mark = document.mark;
  }

  // kubectl takes a `v1 List` apart, lists in lists too; the reader's depth limit bounds them.
  void ReadList(const Value& list) {
    for (const Value::Member& member : list.AsMap()) {
      const bool known = member.key == "apiVersion" || member.key == "kind" ||
                         member.key == "metadata" || member.key == "items";
      if (!known) {
        AddError(member.key_mark, "unknown field '" + ShortText(member.key) +
                                      "' in a List; it has metadata and items");
      }
    }
    const Value* items = list.Find("items");
    if (items == nullptr || items->IsNull()) return;
    if (!items->IsList()) {
      AddError(items->mark,
               "items of a List must be a list, got " + std::string(ToString(items->type())));
      return;
    }
    for (const Value& item : items->AsList()) ReadDocument(item);
  }

  void AddError(Mark mark, std::string message) {
    found_.problems.errors.push_back({path_, mark.line, mark.column, std::move(message)});
  }

  const std::string& path_;
  const std::string& default_namespace_;
  const ManifestLimits& limits_;
  ReadItem found_;  // in the document being read
  std::vector<ReadItem> items_;
};

// Puts together what files bring, in the order of their paths.
class ManifestJoiner {
 public:
  explicit ManifestJoiner(const ManifestLimits& limits)
      : limits_(limits), errors_(limits.max_problems), warnings_(limits.max_problems) {}

  void Add(const std::vector<ReadItem>& items) {
    for (const ReadItem& item : items) {
      std::vector<Problem> errors = item.problems.errors;
      if (item.object != nullptr) AddObject(item, &errors);
      errors_.Add(std::move(errors));
      warnings_.Add(item.problems.warnings);
    }
  }

  ParsedManifests Take() {
    result_.problems.errors = errors_.Take("errors");
    result_.problems.warnings = warnings_.Take("warnings");
    return std::move(result_);
  }

 private:
  void AddObject(const ReadItem& item, std::vector<Problem>* errors) {
    const Origin& origin = item.object->metadata.origin;
    const auto add_error = [&](std::string message) {
      errors->push_back({origin.file, item.mark.line, item.mark.column, std::move(message)});
    };
    if (result_.objects.size() >= limits_.max_objects) {
      if (!std::exchange(full_, true)) {
        add_error("more than " + std::to_string(limits_.max_objects) + " objects in one source");
      }
      return;
    }
    const auto [first, is_new] = places_.emplace(item.object->key(), origin);
    if (!is_new) {
      return add_error(ToString(item.object->key()) + " is declared twice; the first is at " +
                       first->second.file + ":" + std::to_string(first->second.line));
    }
    result_.objects.push_back(item.object);
  }

  const ManifestLimits& limits_;
  ProblemList errors_;
  ProblemList warnings_;
  std::map<ObjectKey, Origin> places_;
  bool full_ = false;
  ParsedManifests result_;
};

size_t ProblemsIn(const std::vector<ReadItem>& items) {
  size_t count = 0;
  for (const ReadItem& item : items) {
    count += item.problems.errors.size() + item.problems.warnings.size();
  }
  return count;
}

}  // namespace

struct ManifestCache::File {
  std::shared_ptr<const std::string> bytes;
  std::vector<ReadItem> items;
};

ManifestCache::ManifestCache() = default;
ManifestCache::~ManifestCache() = default;
ManifestCache::ManifestCache(ManifestCache&&) noexcept = default;
ManifestCache& ManifestCache::operator=(ManifestCache&&) noexcept = default;

ParsedManifests ParseManifests(const std::vector<ManifestFile>& files,
                               const std::string& default_namespace, const ManifestLimits& limits,
                               ManifestCache* cache) {
  KustomizedManifests kustomized = RenderKustomizations(files, default_namespace, limits);
  std::vector<const ManifestFile*> ordered;
  for (const ManifestFile& file : files) {
    const bool manifest = FormatOf(file.path) != Format::kOther && file.bytes != nullptr &&
                          !file.symbolic_link && !kustomized.LeavesOut(file.path);
    if (manifest) ordered.push_back(&file);
  }
  std::sort(ordered.begin(), ordered.end(), [](const ManifestFile* a, const ManifestFile* b) {
    return std::tie(a->path, a->blob_id) < std::tie(b->path, b->blob_id);
  });
  ManifestJoiner joiner(limits);
  for (KustomizedManifests::Item& item : kustomized.items) {
    joiner.Add({{std::move(item.object), item.mark, std::move(item.problems)}});
  }
  ManifestCache next;
  size_t kept_bytes = 0;
  for (const ManifestFile* file : ordered) {
    std::shared_ptr<const ManifestCache::File> read;
    if (cache != nullptr) read = cache->Find(*file);
    if (read == nullptr) {
      read = std::make_shared<const ManifestCache::File>(ManifestCache::File{
          file->bytes, FileReader(file->path, default_namespace, limits).Read(*file->bytes)});
    }
    joiner.Add(read->items);
    kept_bytes += file->bytes->size();
    const bool keep =
        kept_bytes <= ManifestCache::kMaxBytes && ProblemsIn(read->items) <= limits.max_problems;
    if (keep) next.files_[file->path] = std::move(read);
  }
  if (cache != nullptr) *cache = std::move(next);
  return joiner.Take();
}

// The bytes decide; where the source has handed on the same ones, their place does.
std::shared_ptr<const ManifestCache::File> ManifestCache::Find(const ManifestFile& file) const {
  const auto found = files_.find(file.path);
  if (found == files_.end()) return nullptr;
  const bool same = found->second->bytes == file.bytes || *found->second->bytes == *file.bytes;
  return same ? found->second : nullptr;
}

}  // namespace reconcile
