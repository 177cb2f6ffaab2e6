#include "schema/kustomize/kustomization.h"

#include <array>
#include <utility>

#include "schema/kustomize/fields.h"
#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

struct RefusedField {
  std::string_view name;
  std::string_view advice;
};
constexpr std::array kRefused = {
    RefusedField{"generators", "generator plugins are not run; commit what they generate"},
    RefusedField{"transformers", "transformer plugins are not run; use patches or replacements"},
    RefusedField{"validators", "validator plugins are not run; validate in your CI"},
    RefusedField{"helmCharts", "Helm charts are not rendered; commit what `helm template` prints"},
    RefusedField{"helmGlobals", "Helm charts are not rendered; commit what `helm template` prints"},
    RefusedField{"helmChartInflationGenerator",
                 "Helm charts are not rendered; commit what `helm template` prints"},
    RefusedField{"openapi", "schemas of custom resources are not read; leave it out"},
    RefusedField{"crds", "definitions of custom resources are not read; leave it out"},
    RefusedField{"configurations",
                 "the fields that transformers change cannot be configured; use patches or "
                 "replacements"},
    RefusedField{"vars", "vars are deprecated in kustomize; use replacements"},
    RefusedField{"inventory", "it is no longer part of kustomize; leave it out"},
    RefusedField{"imageTags", "it is no longer part of kustomize; use images"},
    RefusedField{"buildMetadata",
                 "objects know the file and line that they come from without it; leave it out"},
};

Selector ReadSelector(Session* session, const Value& value, std::string_view where,
                      std::vector<std::string_view> others = {}) {
  Fields fields(session, value, where);
  Selector selector;
  selector.mark = value.mark;
  selector.group = fields.String("group").text;
  selector.version = fields.String("version").text;
  selector.kind = fields.String("kind").text;
  selector.name = fields.String("name").text;
  selector.namespace_name = fields.String("namespace").text;
  selector.label_selector = fields.String("labelSelector").text;
  selector.annotation_selector = fields.String("annotationSelector").text;
  for (const std::string_view other : others) fields.Find(other);
  fields.Finish();
  return selector;
}

PatchEntry ReadPatch(Session* session, const Value& value, bool json_only) {
  Fields fields(session, value, json_only ? "patchesJson6902" : "patches");
  PatchEntry patch;
  patch.mark = value.mark;
  patch.json_only = json_only;
  patch.path = fields.String("path");
  patch.inline_text = fields.String("patch");
  if (const Value* target = fields.Find("target"); target != nullptr) {
    patch.target = ReadSelector(session, *target, "target");
  }
  if (const Value* options = fields.Find("options"); options != nullptr) {
    Fields each(session, *options, "options");
    patch.allow_name_change = each.Bool("allowNameChange");
    patch.allow_kind_change = each.Bool("allowKindChange");
    each.Finish();
  }
  fields.Finish();
  if (fields.ok() && patch.path.text.empty() == patch.inline_text.text.empty()) {
    session->Error(value.mark, "a patch needs either path or patch");
  }
  return patch;
}

GeneratorOptions ReadGeneratorOptions(Session* session, const Value* value) {
  GeneratorOptions options;
  if (value == nullptr) return options;
  Fields fields(session, *value, "options of a generator");
  options.labels = fields.StringMap("labels");
  options.annotations = fields.StringMap("annotations");
  options.disable_name_suffix_hash = fields.Bool("disableNameSuffixHash");
  options.immutable = fields.Bool("immutable");
  fields.Finish();
  return options;
}

// The generator's own labels and annotations win.
void AddGlobalOptions(Session* session, const GeneratorOptions& global, Mark mark,
                      GeneratorOptions* options) {
  const auto add = [&](const Value::Map& from, Value::Map* to) {
    if (!session->Charge(StepsOf(from) + from.size() * (from.size() + to->size()), mark)) return;
    for (const Value::Member& member : from) {
      bool known = false;
      for (const Value::Member& each : *to) known = known || each.key == member.key;
      if (!known) to->push_back(member);
    }
  };
  add(global.labels, &options->labels);
  add(global.annotations, &options->annotations);
  options->disable_name_suffix_hash |= global.disable_name_suffix_hash;
  options->immutable |= global.immutable;
}

GeneratorEntry ReadGenerator(Session* session, const Value& value, bool secret,
                             const GeneratorOptions& global) {
  Fields fields(session, value, secret ? "secretGenerator" : "configMapGenerator");
  GeneratorEntry entry;
  entry.secret = secret;
  entry.mark = value.mark;
  entry.name = fields.String("name").text;
  entry.namespace_name = fields.String("namespace").text;
  if (secret) entry.type = fields.String("type").text;
  const Text behavior = fields.String("behavior");
  if (behavior.text == "merge") {
    entry.behavior = Behavior::kMerge;
  } else if (behavior.text == "replace") {
    entry.behavior = Behavior::kReplace;
  } else if (!behavior.text.empty() && behavior.text != "create") {
    session->Error(behavior.mark,
                   "behavior must be create, merge or replace, got " + Quoted(behavior.text));
  }
  entry.literals = fields.Strings("literals");
  entry.files = fields.Strings("files");
  entry.envs = fields.Strings("envs");
  if (const Text env = fields.String("env"); !env.text.empty()) entry.envs.push_back(env);
  entry.options = ReadGeneratorOptions(session, fields.Find("options"));
  AddGlobalOptions(session, global, value.mark, &entry.options);
  fields.Finish();
  if (fields.ok() && entry.name.empty()) {
    session->Error(value.mark, "a generator needs a name");
  }
  return entry;
}

FieldOptions ReadFieldOptions(Session* session, const Value* value) {
  FieldOptions options;
  if (value == nullptr) return options;
  Fields fields(session, *value, "options of a replacement");
  options.mark = value->mark;
  options.delimiter = fields.String("delimiter").text;
  options.index = fields.Int("index", 0);
  options.create = fields.Bool("create");
  if (const Value* encoding = fields.Find("encoding"); encoding != nullptr) {
    session->Error(encoding->mark, "encoding is not supported by kustomize itself; leave it out");
  }
  fields.Finish();
  return options;
}

ReplacementTarget ReadReplacementTarget(Session* session, const Value& value) {
  Fields fields(session, value, "targets");
  ReplacementTarget target;
  if (const Value* select = fields.Find("select"); select != nullptr) {
    target.select = ReadSelector(session, *select, "select");
  } else if (fields.ok()) {
    session->Error(value.mark, "a target of a replacement needs select");
  }
  for (const Value& reject : fields.List("reject")) {
    target.reject.push_back(ReadSelector(session, reject, "reject"));
  }
  target.field_paths = fields.Strings("fieldPaths");
  if (target.field_paths.empty()) target.field_paths.push_back({"metadata.name", value.mark});
  target.options = ReadFieldOptions(session, fields.Find("options"));
  fields.Finish();
  return target;
}

void ReadReplacement(Session* session, const Value& value, std::vector<Replacement>* replacements) {
  Fields fields(session, value, "replacements");
  Replacement replacement;
  replacement.mark = value.mark;
  const Value* source = fields.Find("source");
  const Value::List& targets = fields.List("targets");
  fields.Finish();
  if (!fields.ok()) return;
  if (source == nullptr || targets.empty()) {
    session->Error(value.mark, "a replacement needs a source and at least one target");
    return;
  }
  replacement.source = ReadSelector(session, *source, "source", {"fieldPath", "options"});
  if (source->IsMap()) {
    Fields more(session, *source, "source");
    replacement.field_path = more.String("fieldPath");
    if (replacement.field_path.text.empty())
      replacement.field_path = {"metadata.name", source->mark};
    replacement.options = ReadFieldOptions(session, more.Find("options"));
  }
  for (const Value& target : targets) {
    replacement.targets.push_back(ReadReplacementTarget(session, target));
  }
  replacements->push_back(std::move(replacement));
}

// Replacements stand in the kustomization or in files, one or a list of them.
void ReadReplacements(Session* session, Fields* fields, Kustomization* kustomization) {
  for (const Value& item : fields->List("replacements")) {
    const Value* path = item.Find("path");
    if (path == nullptr || !path->IsString()) {
      ReadReplacement(session, item, &kustomization->replacements);
      continue;
    }
    std::string canonical;
    const std::string* text =
        session->Read(FolderOf(kustomization->file), path->AsString(), path->mark, &canonical);
    if (text == nullptr) continue;
    for (const Value& document : session->ReadDocuments(canonical, *text)) {
      if (!document.IsList()) {
        ReadReplacement(session, document, &kustomization->replacements);
        continue;
      }
      for (const Value& each : document.AsList()) {
        ReadReplacement(session, each, &kustomization->replacements);
      }
    }
  }
}

void ReadImagesAndReplicas(Session* session, Fields* fields, Kustomization* kustomization) {
  for (const Value& item : fields->List("images")) {
    Fields each(session, item, "images");
    ImageEntry image{each.String("name").text,   each.String("newName").text,
                     each.String("newTag").text, each.String("tagSuffix").text,
                     each.String("digest").text, item.mark};
    each.Finish();
    if (each.ok() && image.name.empty()) session->Error(item.mark, "an image needs a name");
    kustomization->images.push_back(std::move(image));
  }
  for (const Value& item : fields->List("replicas")) {
    Fields each(session, item, "replicas");
    ReplicaEntry replica{each.String("name").text, each.Int("count", 0), item.mark};
    each.Finish();
    if (each.ok() && replica.name.empty()) session->Error(item.mark, "replicas need a name");
    kustomization->replicas.push_back(std::move(replica));
  }
}

void ReadLabels(Session* session, Fields* fields, Kustomization* kustomization) {
  kustomization->common_labels = fields->StringMap("commonLabels");
  kustomization->common_annotations = fields->StringMap("commonAnnotations");
  for (const Value& item : fields->List("labels")) {
    Fields each(session, item, "labels");
    LabelEntry entry{each.StringMap("pairs"), each.Bool("includeSelectors"),
                     each.Bool("includeTemplates")};
    if (const Value* specs = each.Find("fields"); specs != nullptr) {
      session->Error(specs->mark,
                     "the fields that labels go to cannot be configured; use includeSelectors, "
                     "includeTemplates or patches");
    }
    each.Finish();
    kustomization->labels.push_back(std::move(entry));
  }
}

void ReadPatches(Session* session, Fields* fields, Kustomization* kustomization) {
  for (const Value& item : fields->List("patches")) {
    kustomization->patches.push_back(ReadPatch(session, item, false));
  }
  for (const Value& item : fields->List("patchesJson6902")) {
    kustomization->json_patches.push_back(ReadPatch(session, item, true));
  }
  kustomization->strategic_patches = fields->Strings("patchesStrategicMerge");
}

void ReadHead(Session* session, Fields* fields, Kustomization* kustomization) {
  const Text kind = fields->String("kind");
  const Text api_version = fields->String("apiVersion");
  kustomization->component = kind.text == "Component";
  if (!kind.text.empty() && kind.text != "Kustomization" && kind.text != "Component") {
    session->Error(kind.mark, "kind must be Kustomization or Component, got " + Quoted(kind.text));
  }
  if (!api_version.text.empty() && !api_version.text.starts_with("kustomize.config.k8s.io/")) {
    session->Error(api_version.mark,
                   "apiVersion must be kustomize.config.k8s.io/v1beta1 (of a "
                   "Component v1alpha1), got " +
                       Quoted(api_version.text));
  }
  fields->Find("metadata");
  fields->Find("sortOptions");  // the order of objects does not matter here
}

void ReadFields(Session* session, const Value& document, Kustomization* kustomization) {
  Fields fields(session, document, "a kustomization");
  if (!fields.ok()) return;
  ReadHead(session, &fields, kustomization);
  kustomization->resources = fields.Strings("resources");
  for (Text& base : fields.Strings("bases")) kustomization->resources.push_back(std::move(base));
  kustomization->components = fields.Strings("components");
  const auto read = [&](std::string_view name, std::optional<Text>* text) {
    Text found = fields.String(name);
    if (!found.text.empty()) *text = std::move(found);
  };
  read("namespace", &kustomization->namespace_name);
  read("namePrefix", &kustomization->name_prefix);
  read("nameSuffix", &kustomization->name_suffix);
  ReadLabels(session, &fields, kustomization);
  ReadImagesAndReplicas(session, &fields, kustomization);
  ReadPatches(session, &fields, kustomization);
  const GeneratorOptions global = ReadGeneratorOptions(session, fields.Find("generatorOptions"));
  for (const bool secret : {false, true}) {
    for (const Value& item : fields.List(secret ? "secretGenerator" : "configMapGenerator")) {
      kustomization->generators.push_back(ReadGenerator(session, item, secret, global));
    }
  }
  ReadReplacements(session, &fields, kustomization);
  for (const RefusedField& refused : kRefused) {
    const Value* found = fields.Find(refused.name);
    if (found == nullptr) continue;
    session->Error(found->mark,
                   "the field " + Quoted(refused.name) +
                       " of kustomizations is not supported here: " + std::string(refused.advice));
  }
  fields.Finish();
}

}  // namespace

std::optional<Kustomization> ReadKustomization(Session* session, const std::string& file,
                                               const std::string& text) {
  const size_t errors = session->errors();
  const Value::List documents = session->ReadDocuments(file, text);
  Kustomization kustomization;
  kustomization.file = file;
  if (documents.size() > 1) {
    session->Error(documents[1].mark, "a kustomization file has one document");
    return std::nullopt;
  }
  if (documents.empty()) {
    if (session->errors() == errors) {
      session->Error({session->lines().Add(file, text) + 1, 1},
                     "this kustomization is empty; it needs resources or another field");
    }
    return std::nullopt;
  }
  ReadFields(session, documents.front(), &kustomization);
  return kustomization;
}

}  // namespace reconcile::kustomize
