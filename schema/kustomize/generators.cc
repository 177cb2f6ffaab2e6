#include "schema/kustomize/generators.h"

#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

constexpr size_t kMaxDataBytes = 1 << 20;  // of one ConfigMap or Secret, as the API server has it
constexpr size_t kBase64LineLength = 70;

struct Entry {
  std::string key;
  std::string bytes;
  Mark mark;
};

bool IsConfigKey(std::string_view key) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !key.empty() && key.size() <= 253 && key != "." && !key.starts_with("..") &&
         std::all_of(key.begin(), key.end(), allowed);
}

// As kustomize writes it: in lines of 70 characters when it is longer.
std::string LinedBase64(std::string_view bytes) {
  std::string encoded = EncodeBase64(bytes);
  if (encoded.size() <= kBase64LineLength) return encoded;
  std::string lined;
  for (size_t at = 0; at < encoded.size(); at += kBase64LineLength) {
    lined += encoded.substr(at, kBase64LineLength) + "\n";
  }
  return lined;
}

// Collects what a generator names.
class Entries {
 public:
  Entries(Session* session, const std::string& folder, const GeneratorEntry& generator)
      : session_(session), folder_(folder), generator_(generator) {}

  std::vector<Entry> Read() {
    for (const Text& env : generator_.envs) AddEnvFile(env);
    for (const Text& literal : generator_.literals) AddLiteral(literal);
    for (const Text& file : generator_.files) AddFile(file);
    return std::move(entries_);
  }

 private:
  void Add(std::string key, std::string bytes, Mark mark) {
    if (!IsConfigKey(key)) {
      session_->Error(mark, Shown(key) +
                                " cannot be a key of a ConfigMap or Secret: letters, "
                                "digits, '-', '_' and '.' can");
      return;
    }
    const auto same = [&](const Entry& entry) { return entry.key == key; };
    if (std::any_of(entries_.begin(), entries_.end(), same)) {
      session_->Error(mark, "the key " + (generator_.secret ? std::string("here") : Quoted(key)) +
                                " of " + Quoted(generator_.name) + " is given twice");
      return;
    }
    bytes_ += bytes.size();
    if (!session_->Charge(entries_.size() + StepsOf(bytes), mark)) return;
    if (bytes_ > kMaxDataBytes) {
      session_->Error(mark, Quoted(generator_.name) + " has more than 1 MiB of data");
      return;
    }
    entries_.push_back({std::move(key), std::move(bytes), mark});
  }

  // A person may have written a value where a file is meant: of a Secret, nothing of it is quoted.
  std::optional<Session::FoundFile> Find(const std::string& path, Mark mark) {
    const Result<Session::FoundFile> found = session_->Look(folder_, path);
    if (found.ok()) return *found;
    session_->Error(mark, generator_.secret
                              ? "a file of this secretGenerator is not there (its name is not "
                                "shown): files and envs name files of this repository, values "
                                "stand in literals as key=value"
                              : found.status().message());
    return std::nullopt;
  }

  // What stands where a key is meant may be part of a value.
  std::string Shown(const std::string& key) const {
    return generator_.secret ? "what stands here (not shown: it is for a Secret)" : Quoted(key);
  }

  void AddLiteral(const Text& literal) {
    const size_t equals = literal.text.find('=');
    if (equals == std::string::npos || equals == 0) {
      session_->Error(literal.mark, "a literal has the form key=value");
      return;
    }
    std::string value = literal.text.substr(equals + 1);
    const bool quoted = value.size() > 1 && (value.front() == '"' || value.front() == '\'') &&
                        value.front() == value.back();
    if (quoted) value = value.substr(1, value.size() - 2);
    Add(literal.text.substr(0, equals), std::move(value), literal.mark);
  }

  void AddFile(const Text& file) {
    const size_t equals = file.text.find('=');
    const std::string path = equals == std::string::npos ? file.text : file.text.substr(equals + 1);
    if (equals == 0 || path.empty() || path.find('=') != std::string::npos) {
      session_->Error(file.mark, "a file has the form path or key=path");
      return;
    }
    std::string key = equals == std::string::npos ? path.substr(path.rfind('/') + 1)
                                                  : file.text.substr(0, equals);
    const std::optional<Session::FoundFile> found = Find(path, file.mark);
    if (found) Add(std::move(key), *found->bytes, file.mark);
  }

  void AddEnvFile(const Text& file) {
    const std::optional<Session::FoundFile> found = Find(file.text, file.mark);
    if (!found) return;
    const int shift = session_->lines().Add(found->path, *found->bytes);
    std::string_view text = *found->bytes;
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    for (int number = 1; !text.empty(); ++number) {
      const size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      AddEnvLine(line, {shift + number, 1});
    }
  }

  void AddEnvLine(std::string_view line, Mark mark) {
    const size_t first = line.find_first_not_of(" \t\v\f\r");
    if (first == std::string_view::npos || line[first] == '#') return;
    line.remove_prefix(first);
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      session_->Error(mark,
                      "this line has no value: kustomize would take it from the environment "
                      "of whoever runs it, which is not read here; write KEY=value");
      return;
    }
    Add(std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)), mark);
  }

  Session* session_;
  const std::string& folder_;
  const GeneratorEntry& generator_;
  std::vector<Entry> entries_;
  size_t bytes_ = 0;
};

void SetPairs(Value* object, std::string_view field, const Value::Map& pairs, Mark mark) {
  if (pairs.empty()) return;
  Value* map = FindOrAddMember(FindMember(object, "metadata"), field, mark);
  *map = Value::MakeMap(pairs);
  map->mark = mark;
}

Value MapAt(Mark mark) {
  Value map = Value::MakeMap();
  map.mark = mark;
  return map;
}

Value Generate(const GeneratorEntry& generator, std::vector<Entry> entries) {
  const Mark mark = generator.mark;
  const auto text = [&](std::string_view value) { return StringAt(std::string(value), mark); };
  Value object = MapAt(mark);
  const auto set = [&](std::string_view key, Value value) {
    *FindOrAddMember(&object, key, mark) = std::move(value);
  };
  set("apiVersion", text("v1"));
  set("kind", text(generator.secret ? "Secret" : "ConfigMap"));
  Value metadata = MapAt(mark);
  *FindOrAddMember(&metadata, "name", mark) = text(generator.name);
  if (!generator.namespace_name.empty()) {
    *FindOrAddMember(&metadata, "namespace", mark) = text(generator.namespace_name);
  }
  set("metadata", std::move(metadata));
  SetPairs(&object, "labels", generator.options.labels, mark);
  SetPairs(&object, "annotations", generator.options.annotations, mark);
  if (generator.secret) set("type", text(generator.type.empty() ? "Opaque" : generator.type));
  if (generator.options.immutable) {
    Value immutable = Value::Bool(true);
    immutable.mark = mark;
    set("immutable", std::move(immutable));
  }
  for (Entry& entry : entries) {
    const bool is_text = FindInvalidUtf8(entry.bytes) == std::string_view::npos;
    const bool encoded = generator.secret || !is_text;
    const std::string_view field = !generator.secret && !is_text ? "binaryData" : "data";
    Value* data = FindOrAddMember(&object, field, mark);
    if (data->IsNull()) *data = MapAt(mark);
    data->AsMap().push_back(
        {std::move(entry.key),
         StringAt(encoded ? LinedBase64(entry.bytes) : std::move(entry.bytes), entry.mark),
         entry.mark});
  }
  return object;
}

// Members of `from` that `to` does not have.
void AddMissing(const Value* from, Value* to) {
  if (from == nullptr || !from->IsMap()) return;
  for (const Value::Member& member : from->AsMap()) {
    if (to->Find(member.key) == nullptr) to->AsMap().push_back(member);
  }
}

void AddMissingOf(const Value& old, std::string_view field, Value* object, Mark mark) {
  const Value* from = old.Find(field);
  if (from == nullptr || !from->IsMap() || from->AsMap().empty()) return;
  Value* to = FindOrAddMember(object, field, mark);
  if (!to->IsMap()) *to = MapAt(mark);
  AddMissing(from, to);
}

// What a generator with behaviour merge or replace keeps of the object that is there.
void Absorb(Resource* old, Resource made, const GeneratorEntry& generator) {
  Value* metadata = FindMember(&made.value, "metadata");
  if (const Value* before = old->value.Find("metadata"); before != nullptr) {
    AddMissingOf(*before, "labels", metadata, generator.mark);
    AddMissingOf(*before, "annotations", metadata, generator.mark);
    for (const std::string_view field : {"name", "namespace"}) {
      if (const Value* value = before->Find(field); value != nullptr) {
        *FindOrAddMember(metadata, field, generator.mark) = *value;
      }
    }
  }
  if (generator.behavior == Behavior::kMerge) {
    AddMissingOf(old->value, "data", &made.value, generator.mark);
    AddMissingOf(old->value, "binaryData", &made.value, generator.mark);
  }
  old->value = std::move(made.value);
  old->needs_hash = old->needs_hash && made.needs_hash;
  old->is_generated = true;
}

void RunGenerator(Session* session, const std::string& folder, const GeneratorEntry& generator,
                  Resources* resources) {
  Resource made;
  made.value = Generate(generator, Entries(session, folder, generator).Read());
  made.is_generated = true;
  made.needs_hash = !generator.options.disable_name_suffix_hash;
  const Id id = made.CurrentId();
  std::vector<Resource*> same;
  for (Resource& resource : *resources) {
    if (resource.Was(id)) same.push_back(&resource);
  }
  if (!session->Charge(resources->size(), generator.mark)) return;
  if (same.size() > 1) {
    session->Error(generator.mark, "there is more than one " + ToString(id) + " to merge into");
  } else if (same.empty() && generator.behavior == Behavior::kCreate) {
    resources->push_back(std::move(made));
  } else if (same.empty()) {
    session->ErrorOfMissing(
        generator.mark,
        "there is no " + ToString(id) + " to merge into or replace; leave out the behavior");
  } else if (generator.behavior == Behavior::kCreate) {
    session->Error(generator.mark,
                   "there is a " + ToString(id) + " already; say behavior: merge or replace");
  } else {
    Absorb(same.front(), std::move(made), generator);
  }
}

}  // namespace

void RunGenerators(Session* session, const Kustomization& kustomization, Resources* resources) {
  const std::string folder = FolderOf(kustomization.file);
  for (const GeneratorEntry& generator : kustomization.generators) {
    if (session->stopped()) return;
    if (!generator.name.empty()) RunGenerator(session, folder, generator, resources);
  }
}

}  // namespace reconcile::kustomize
