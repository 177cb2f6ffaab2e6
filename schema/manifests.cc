#include "schema/manifests.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "schema/known_kinds.h"
#include "schema/manifest_pack.h"
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

bool Contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool ByPosition(const Problem& a, const Problem& b) {
  return std::tie(a.file, a.line, a.column, a.message) <
         std::tie(b.file, b.line, b.column, b.message);
}

// "line:column: message", as ParseJson gives it, taken apart.
Problem ProblemOfJson(std::string_view text) {
  Problem problem{"", 1, 1, "", Rule::kSyntax};
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

// Whether a document is a Secret, or something of that name, or cannot be told from one.
bool MayBeSecret(const Value& document) {
  const Value* kind = document.Find("kind");
  if (kind == nullptr || !kind->IsString()) return true;
  std::string name = kind->AsString();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.find("secret") != std::string::npos;
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

// Reads one file. What it finds depends on nothing but the file.
class FileReader {
 public:
  FileReader(const std::string& path, const std::string& default_namespace,
             const ManifestLimits& limits, const ManifestReading& reading)
      : path_(path), default_namespace_(default_namespace), limits_(limits), reading_(reading) {}

  std::vector<ReadItem> Read(std::string_view text) {
    YamlDocuments documents =
        FormatOf(path_) == Format::kJson ? ReadJson(text, limits_) : ReadYaml(text, limits_);
    for (Problem& problem : documents.errors) {
      problem.file = path_;
      found_.problems.errors.push_back(std::move(problem));
      found_.may_hold_secret = true;
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
      AddError(document.mark,
               "a manifest is a map with apiVersion and kind, got " +
                   std::string(ToString(document.type())),
               Rule::kNotAManifest);
      found_.may_hold_secret = true;
      return;
    }
    found_.mark = document.mark;
    found_.group = CustomGroupOf(document);
    std::unique_ptr<Object> object = DecodeManifest(document, path_, &found_.problems);
    found_.may_hold_secret = MayBeSecret(document);
    if (object == nullptr) {
      constexpr size_t kLongestName = 253;
      const Value* metadata = document.Find("metadata");
      found_.kind = CutText(document.GetString("kind"), kLongestName);
      found_.name = metadata == nullptr ? "" : CutText(metadata->GetString("name"), kLongestName);
      return;
    }
    if (InfoOf(object->kind).namespaced && object->metadata.namespace_name.empty()) {
      object->metadata.namespace_name = default_namespace_;
    }
    object->metadata.origin.file = path_;
    object->metadata.origin.line = document.mark.line;
    if (reading_.check) reading_.check(*object, &found_.problems);
    found_.object = std::move(object);
  }

  // kubectl takes a `v1 List` apart, lists in lists too; the reader's depth limit bounds them.
  void ReadList(const Value& list) {
    for (const Value::Member& member : list.AsMap()) {
      const bool known = member.key == "apiVersion" || member.key == "kind" ||
                         member.key == "metadata" || member.key == "items";
      if (!known) {
        AddError(
            member.key_mark,
            "unknown field '" + ShortText(member.key) + "' in a List; it has metadata and items",
            Rule::kUnknownField);
        found_.may_hold_secret = true;
      }
    }
    const Value* items = list.Find("items");
    if (items == nullptr || items->IsNull()) return;
    if (!items->IsList()) {
      AddError(items->mark,
               "items of a List must be a list, got " + std::string(ToString(items->type())),
               Rule::kWrongType);
      found_.may_hold_secret = true;
      return;
    }
    for (const Value& item : items->AsList()) ReadDocument(item);
  }

  void AddError(Mark mark, std::string message, Rule rule) {
    found_.problems.errors.push_back({path_, mark.line, mark.column, std::move(message), rule});
  }

  const std::string& path_;
  const std::string& default_namespace_;
  const ManifestLimits& limits_;
  const ManifestReading& reading_;
  ReadItem found_;  // in the document being read
  std::vector<ReadItem> items_;
};

// Puts together what the files of a source bring, in the order of their paths.
class ManifestJoiner {
 public:
  ManifestJoiner(const ManifestLimits& limits, const ManifestReading& reading)
      : limits_(limits),
        reading_(reading),
        errors_(limits.max_problems),
        warnings_(limits.max_problems) {}

  void Add(const std::string& path, const std::vector<ReadItem>& items) {
    for (const ReadItem& item : items) {
      if (reading_.documents != nullptr) ListDocument(path, item);
      if (!item.group.empty() && Contains(reading_.ignore_groups, item.group)) {
        warnings_.Add(
            {{path, item.mark.line, item.mark.column,
              item.kind + " is passed over: the source's ignoreGroups has " + Quoted(item.group),
              Rule::kPassedOver}});
        continue;
      }
      std::vector<Problem> errors = item.problems.errors;
      if (item.object != nullptr) AddObject(item, &errors);
      errors_.Add(std::move(errors));
      warnings_.Add(item.problems.warnings);
    }
  }

  ParsedManifests Take() {
    for (const auto& [file_and_kind, kept] : kept_) SayKept(file_and_kind.second, kept);
    result_.problems.errors = errors_.Take("errors");
    result_.problems.warnings = warnings_.Take("warnings");
    return std::move(result_);
  }

 private:
  void ListDocument(const std::string& path, const ReadItem& item) {
    if (item.object != nullptr) {
      const ObjectKey key = item.object->key();
      reading_.documents->push_back(
          {path, item.mark, std::string(ToString(key.kind)), key.namespace_name, key.name, true});
    } else if (!item.kind.empty()) {
      reading_.documents->push_back({path, item.mark, item.kind, "", item.name, false});
    }
  }

  void AddObject(const ReadItem& item, std::vector<Problem>* errors) {
    const Origin& origin = item.object->metadata.origin;
    const auto add_error = [&](std::string message, Rule rule) {
      errors->push_back({origin.file, item.mark.line, item.mark.column, std::move(message), rule});
    };
    if (result_.objects.size() >= limits_.max_objects) {
      if (!std::exchange(full_, true)) {
        add_error("more than " + std::to_string(limits_.max_objects) + " objects in one source",
                  Rule::kLimit);
      }
      return;
    }
    const auto [first, is_new] = places_.emplace(item.object->key(), origin);
    if (!is_new) {
      return add_error(ToString(item.object->key()) + " is declared twice; the first is at " +
                           first->second.file + ":" + std::to_string(first->second.line),
                       Rule::kDuplicateObject);
    }
    result_.objects.push_back(item.object);
    if (!InfoOf(item.object->kind).not_acted_on.empty()) {
      Kept& kept = kept_[{origin.file, item.object->kind}];
      if (kept.count++ == 0) {
        kept.first = item.object;
        kept.mark = item.mark;
      }
    }
  }

  // Objects of one kind in one file from which nothing follows: said once.
  struct Kept {
    ObjectPtr first;
    Mark mark;
    size_t count = 0;
  };

  void SayKept(Kind kind, const Kept& kept) {
    const KindInfo& info = InfoOf(kind);
    std::string who = std::string(info.name) + ' ' + kept.first->metadata.name;
    if (kept.count > 1) {
      who += " and " + std::to_string(kept.count - 1) + " more " +
             std::string(kept.count == 2 ? info.singular : info.plural) + " of this file are";
    } else {
      who += " is";
    }
    warnings_.Add({{kept.first->metadata.origin.file, kept.mark.line, kept.mark.column,
                    who + " stored and shown, but not acted on: " + std::string(info.not_acted_on),
                    Rule::kNotActedOn}});
  }

  std::map<std::pair<std::string, Kind>, Kept> kept_;
  const ManifestLimits& limits_;
  const ManifestReading& reading_;
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
  File(std::shared_ptr<const std::string> file_bytes, std::vector<ReadItem> read_items)
      : bytes(std::move(file_bytes)), items(std::move(read_items)) {}

  std::shared_ptr<const std::string> bytes;
  std::vector<ReadItem> items;
};

ManifestCache::ManifestCache() = default;
ManifestCache::~ManifestCache() = default;
ManifestCache::ManifestCache(ManifestCache&&) noexcept = default;
ManifestCache& ManifestCache::operator=(ManifestCache&&) noexcept = default;

// Reads all files of a commit.
class ManifestReader {
 public:
  using File = std::shared_ptr<const ManifestCache::File>;

  ManifestReader(const std::string& default_namespace, const ManifestLimits& limits,
                 ManifestCache* cache, const ManifestReading& reading)
      : default_namespace_(default_namespace),
        limits_(limits),
        cache_(cache),
        reading_(reading),
        joiner_(limits, reading) {}

  ParsedManifests Read(const std::vector<ManifestFile>& files) {
    const std::vector<const ManifestFile*> ordered = Ordered(files);
    for (size_t at = 0; at < ordered.size();) {
      const size_t end = EndOfBatch(ordered, at);
      ReadBatch({ordered.begin() + static_cast<std::ptrdiff_t>(at),
                 ordered.begin() + static_cast<std::ptrdiff_t>(end)});
      at = end;
    }
    if (cache_ != nullptr) *cache_ = std::move(next_);
    return joiner_.Take();
  }

 private:
  static std::vector<const ManifestFile*> Ordered(const std::vector<ManifestFile>& files) {
    std::vector<const ManifestFile*> ordered;
    for (const ManifestFile& file : files) {
      if (FormatOf(file.path) != Format::kOther && file.bytes != nullptr) ordered.push_back(&file);
    }
    std::sort(ordered.begin(), ordered.end(), [](const ManifestFile* a, const ManifestFile* b) {
      return std::tie(a->path, a->blob_id) < std::tie(b->path, b->blob_id);
    });
    return ordered;
  }

  // So many files are read before what they bring is put together: all that is wrong with them is
  // held until then.
  size_t EndOfBatch(const std::vector<const ManifestFile*>& files, size_t at) const {
    constexpr size_t kBatchBytes = 4 << 20;
    size_t bytes = 0;
    while (at < files.size() && bytes < (reading_.parallel == nullptr ? 1 : kBatchBytes)) {
      bytes += files[at++]->bytes->size() + 1;
    }
    return at;
  }

  void ReadBatch(const std::vector<const ManifestFile*>& files) {
    std::vector<File> read(files.size());
    const auto read_one = [&](size_t i) { read[i] = ReadFile(*files[i]); };
    if (reading_.parallel == nullptr) {
      InTurn().ForEach(files.size(), read_one);
    } else {
      reading_.parallel->ForEach(files.size(), read_one);
    }
    for (size_t i = 0; i < files.size(); ++i) {
      joiner_.Add(files[i]->path, read[i]->items);
      if (cache_ != nullptr) Remember(*files[i], std::move(read[i]));
    }
  }

  // On any thread.
  File ReadFile(const ManifestFile& file) const {
    if (File read = cache_ == nullptr ? nullptr : cache_->Find(file)) return read;
    const bool kept = reading_.kept != nullptr && !file.blob_id.empty();
    const std::string key = kept ? KeyOf(file) : "";
    if (kept) {
      if (auto items = UnpackItems(reading_.kept->Find(key), file.path)) {
        return std::make_shared<ManifestCache::File>(file.bytes, std::move(*items));
      }
    }
    std::vector<ReadItem> items =
        FileReader(file.path, default_namespace_, limits_, reading_).Read(*file.bytes);
    if (kept && ProblemsIn(items) <= limits_.max_problems) {
      if (std::optional<std::string> packed = PackItems(items)) {
        reading_.kept->Keep(key, std::move(*packed));
      }
    }
    return std::make_shared<ManifestCache::File>(file.bytes, std::move(items));
  }

  std::string KeyOf(const ManifestFile& file) const {
    return file.blob_id + (FormatOf(file.path) == Format::kJson ? " json " : " yaml ") +
           default_namespace_;
  }

  void Remember(const ManifestFile& file, File read) {
    kept_bytes_ += file.bytes->size();
    const bool keep =
        kept_bytes_ <= ManifestCache::kMaxBytes && ProblemsIn(read->items) <= limits_.max_problems;
    if (keep) next_.files_[file.path] = std::move(read);
  }

  const std::string& default_namespace_;
  const ManifestLimits& limits_;
  ManifestCache* cache_;
  const ManifestReading& reading_;
  ManifestJoiner joiner_;
  ManifestCache next_;
  size_t kept_bytes_ = 0;
};

ParsedManifests ParseManifests(const std::vector<ManifestFile>& files,
                               const std::string& default_namespace, const ManifestLimits& limits,
                               ManifestCache* cache, const ManifestReading& reading) {
  return ManifestReader(default_namespace, limits, cache, reading).Read(files);
}

// The bytes decide; where the source has handed on the same ones, their place does.
std::shared_ptr<const ManifestCache::File> ManifestCache::Find(const ManifestFile& file) const {
  const auto found = files_.find(file.path);
  if (found == files_.end()) return nullptr;
  const bool same = found->second->bytes == file.bytes || *found->second->bytes == *file.bytes;
  return same ? found->second : nullptr;
}

}  // namespace reconcile
