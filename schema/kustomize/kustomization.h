#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "schema/kustomize/session.h"

namespace reconcile::kustomize {

// A kustomization file, read and checked. Marks are lines of the session.

struct Text {
  std::string text;
  Mark mark;
};

// Whom a patch or a replacement means. Name, namespace, group, version and kind are regular
// expressions (RE2's syntax, which is Go's) for the whole word; empty is any.
struct Selector {
  std::string group;
  std::string version;
  std::string kind;
  std::string name;
  std::string namespace_name;
  std::string label_selector;
  std::string annotation_selector;
  Mark mark;
};

struct PatchEntry {
  Text path;  // of a file; or
  Text inline_text;
  std::optional<Selector> target;
  bool allow_name_change = false;
  bool allow_kind_change = false;
  bool json_only = false;  // of patchesJson6902: one target, named exactly
  Mark mark;
};

struct LabelEntry {
  Value::Map pairs;  // strings
  bool include_selectors = false;
  bool include_templates = false;
};

struct ImageEntry {
  std::string name;
  std::string new_name;
  std::string new_tag;
  std::string tag_suffix;
  std::string digest;
  Mark mark;
};

struct ReplicaEntry {
  std::string name;
  int64_t count = 0;
  Mark mark;
};

struct GeneratorOptions {
  Value::Map labels;
  Value::Map annotations;
  bool disable_name_suffix_hash = false;
  bool immutable = false;
};

enum class Behavior { kCreate, kMerge, kReplace };

struct GeneratorEntry {
  bool secret = false;
  std::string name;
  std::string namespace_name;
  std::string type;  // of a Secret
  Behavior behavior = Behavior::kCreate;
  std::vector<Text> literals;
  std::vector<Text> files;
  std::vector<Text> envs;
  GeneratorOptions options;  // with those of generatorOptions
  Mark mark;
};

struct FieldOptions {
  std::string delimiter;
  int64_t index = 0;
  bool create = false;
  Mark mark;
};

struct ReplacementTarget {
  Selector select;
  std::vector<Selector> reject;
  std::vector<Text> field_paths;
  FieldOptions options;
};

struct Replacement {
  Selector source;  // names are exact here
  Text field_path;
  FieldOptions options;
  std::vector<ReplacementTarget> targets;
  Mark mark;
};

struct Kustomization {
  std::string file;
  bool component = false;
  std::vector<Text> resources;  // with what stands under `bases`
  std::vector<Text> components;
  std::optional<Text> namespace_name;
  std::optional<Text> name_prefix;
  std::optional<Text> name_suffix;
  std::vector<LabelEntry> labels;
  Value::Map common_labels;
  Value::Map common_annotations;
  std::vector<ImageEntry> images;
  std::vector<ReplicaEntry> replicas;
  std::vector<PatchEntry> patches;
  std::vector<Text> strategic_patches;  // paths or texts, of patchesStrategicMerge
  std::vector<PatchEntry> json_patches;
  std::vector<GeneratorEntry> generators;  // ConfigMaps first
  std::vector<Replacement> replacements;
};

// Reads the kustomization file at a canonical path. nullopt when there is nothing to go on with;
// every error is the session's. A field that kustomize has and this does not is refused by name,
// with what to do instead.
std::optional<Kustomization> ReadKustomization(Session* session, const std::string& file,
                                               const std::string& text);

}  // namespace reconcile::kustomize
