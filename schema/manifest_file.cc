#include "schema/manifest_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "schema/field_path.h"
#include "schema/known_kinds.h"
#include "schema/text.h"

namespace reconcile {
namespace {

// Of what is said about a JSON text, which may quote a key of it.
constexpr size_t kMaxJsonProblemBytes = 300;

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
  Result<std::vector<Value>> values =
      ParseJsonSequence(text, {limits.max_file_bytes, limits.max_depth, limits.max_nodes_per_file},
                        limits.max_documents_per_file);
  if (values.ok()) {
    documents.documents = std::move(*values);
  } else {
    documents.errors.push_back(ProblemOfJson(values.status().message()));
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

// Whether it is a file of Docker Compose, which people keep beside their manifests: a map of
// `services` and of nothing that the Compose specification does not have at the top.
bool IsComposeFile(const Value& document) {
  constexpr std::array<std::string_view, 8> kMembers = {
      "configs", "include", "name", "networks", "secrets", "services", "version", "volumes"};
  const Value* services = document.Find("services");
  if (services == nullptr || !services->IsMap() || services->AsMap().empty()) return false;
  const Value::Map& members = document.AsMap();
  return std::all_of(members.begin(), members.end(), [&](const Value::Member& member) {
    return member.key.starts_with("x-") ||
           std::find(kMembers.begin(), kMembers.end(), member.key) != kMembers.end();
  });
}

constexpr std::string_view kList = "List";

// Whether it is a `v1 List`, or what an API server gives for one kind: a ConfigMapList.
bool IsList(const Value& document) {
  const std::string kind = document.GetString("kind");
  if (kind == kList) return document.GetString("apiVersion") == "v1";
  const Value* items = document.Find("items");
  return kind.ends_with(kList) && items != nullptr && (items->IsList() || items->IsNull());
}

// The item of a list of one kind that leaves its head out; nothing for any other.
std::optional<Value> WithHeadOf(const Value& list, const Value& item) {
  const Value* kind = list.Find("kind");
  const bool has_head = item.Find("apiVersion") != nullptr || item.Find("kind") != nullptr;
  if (kind->AsString() == kList || !item.IsMap() || has_head) return std::nullopt;
  Value whole = item;
  Value of_one = Value::String(kind->AsString().substr(0, kind->AsString().size() - kList.size()));
  of_one.mark = kind->mark;
  whole.Set("kind", std::move(of_one));
  if (const Value* version = list.Find("apiVersion")) whole.Set("apiVersion", *version);
  return whole;
}

// Reads one file. What it finds depends on nothing but the file.
class FileReader {
 public:
  FileReader(const std::string& path, const std::string& default_namespace,
             const ManifestLimits& limits, const ManifestReading& reading)
      : path_(path), default_namespace_(default_namespace), limits_(limits), reading_(reading) {}

  std::vector<ReadItem> Read(std::string_view text) {
    YamlDocuments documents = FormatOf(path_) == ManifestFormat::kJson ? ReadJson(text, limits_)
                                                                       : ReadYaml(text, limits_);
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
    if (IsList(document)) return ReadList(document);
    if (!document.IsMap()) {
      AddError(document.mark,
               "a manifest is a map with apiVersion and kind, got " +
                   std::string(ToString(document.type())),
               Rule::kNotAManifest);
      found_.may_hold_secret = true;
      return;
    }
    if (IsComposeFile(document)) {
      found_.problems.warnings.push_back(
          {path_, document.mark.line, document.mark.column,
           "passed over: it is a Docker Compose file, not a manifest", Rule::kPassedOver});
      found_.may_hold_secret = true;
      return;
    }
    found_ = ReadManifestObject(document, path_, default_namespace_);
    FinishObject(
        reading_,
        [&](const FieldPath& path) {
          const Mark mark = path.MarkIn(document);
          return FieldPlace{path_, mark.line, mark.column};
        },
        &found_);
  }

  // kubectl takes lists apart, a `v1 List` and those of one kind, lists in lists too; the reader's
  // depth limit bounds them.
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
    for (const Value& item : items->AsList()) {
      if (const std::optional<Value> whole = WithHeadOf(list, item)) {
        ReadDocument(*whole);
      } else {
        ReadDocument(item);
      }
    }
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

}  // namespace

ManifestFormat FormatOf(std::string_view path) {
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return ManifestFormat::kYaml;
  return path.ends_with(".json") ? ManifestFormat::kJson : ManifestFormat::kOther;
}

ReadItem ReadManifestObject(const Value& document, const std::string& path,
                            const std::string& default_namespace) {
  ReadItem item;
  item.mark = document.mark;
  item.group = CustomGroupOf(document);
  std::unique_ptr<Object> object = DecodeManifest(document, path, &item.problems);
  item.may_hold_secret = MayBeSecret(document);
  if (object == nullptr) {
    constexpr size_t kLongestName = 253;
    const Value* metadata = document.Find("metadata");
    item.kind = CutText(document.GetString("kind"), kLongestName);
    item.name = metadata == nullptr ? "" : CutText(metadata->GetString("name"), kLongestName);
    return item;
  }
  if (InfoOf(object->kind).namespaced && object->metadata.namespace_name.empty()) {
    object->metadata.namespace_name = default_namespace;
  }
  object->metadata.origin.file = path;
  object->metadata.origin.line = document.mark.line;
  item.object = std::move(object);
  return item;
}

void FinishObject(const ManifestReading& reading, const FieldPlaces& places, ReadItem* item) {
  if (item->object == nullptr) return;
  if (reading.check) reading.check(*item->object, &item->problems);
  if (!reading.digest) return;
  ObjectDigest& digest = item->digest.emplace();
  digest.key = item->object->key();
  digest.origin = item->object->metadata.origin;
  digest.held = std::make_shared<const std::string>(reading.digest(*item->object, places));
  digest.bytes = *digest.held;
  item->object = nullptr;
}

std::vector<ReadItem> ReadManifestFile(const ManifestFile& file,
                                       const std::string& default_namespace,
                                       const ManifestLimits& limits,
                                       const ManifestReading& reading) {
  return FileReader(file.path, default_namespace, limits, reading).Read(*file.bytes);
}

}  // namespace reconcile
