#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/parallel.h"
#include "schema/codec.h"

namespace reconcile {

class FieldPath;

// A file of a repository at a commit, or of a working tree.
struct ManifestFile {
  // Inside the source's folder, '/'-separated. Of a file beside or above that folder, which only
  // kustomizations may name, it begins with "../".
  std::string path;
  std::string blob_id;  // Git's id; equal ids have equal bytes
  std::shared_ptr<const std::string> bytes;
  bool symbolic_link = false;  // `bytes` are what it points to; never a manifest
};

// Named limits on what is read (FAULTS 3).
struct ManifestLimits {
  size_t max_file_bytes = 3 << 20;
  size_t max_documents_per_file = 1000;
  size_t max_objects = 20'000;
  int max_depth = 64;
  size_t max_nodes_per_file = 300'000;  // scalars, lists and maps
  // What the aliases of a file may expand to: a node for each scalar, list and map, and one more
  // for every 256 bytes of a scalar. Also how many anchors a document may have.
  size_t max_alias_nodes = 10'000;
  size_t max_problems = 1000;  // reported; the rest is counted
};

// What stands for an object where the object itself is not wanted.
struct ObjectDigest {
  ObjectKey key;
  Origin origin;           // file and line
  std::string_view bytes;  // what ManifestReading::digest gave
  // Who holds the bytes; null: KeptManifests does.
  std::shared_ptr<const std::string> held;
};

// All objects of a commit, and everything wrong with it, sorted by file, line, column.
struct ParsedManifests {
  std::vector<ObjectPtr> objects;     // origin.file and origin.line set, origin.source empty
  std::vector<ObjectDigest> digests;  // in their place, where ManifestReading::digest is set
  Problems problems;
};

// What the files of the last commit were read as: the next commit costs what it changes, not what
// it has. Knows files again by path and blob id, or by their bytes where there is no id, and keeps
// those of at most kMaxBytes together. For one default namespace and one set of limits. Copies are
// cheap: they share what was read.
class ManifestCache {
 public:
  static constexpr size_t kMaxBytes = 16 << 20;
  ManifestCache();
  ~ManifestCache();
  ManifestCache(const ManifestCache&);
  ManifestCache(ManifestCache&&) noexcept;
  ManifestCache& operator=(ManifestCache&&) noexcept;
  size_t files() const { return files_.size(); }
  // Whether ParseManifests, given this, can do without the file's bytes: then they may be null.
  bool Has(const ManifestFile& file) const;

 private:
  friend class ManifestReader;
  struct File;
  std::shared_ptr<const File> Find(const ManifestFile& file) const;
  std::map<std::string, std::shared_ptr<const File>> files_;  // by path
};

// What files were read as before this run of the program, digests in the place of their objects.
// Any thread, at the same time.
class KeptManifests {
 public:
  virtual ~KeptManifests() = default;
  // `key` says all that what a file is read as depends on, its path apart. Empty when nothing is
  // kept; what is given lives as long as this.
  virtual std::string_view Find(const std::string& key) = 0;
  virtual void Keep(const std::string& key, std::string packed) = 0;
};

// One document, or item of a List, that says what kind it is.
struct ManifestDocument {
  std::string file;
  Mark mark;
  std::string kind;            // as it is written
  std::string namespace_name;  // of an object that was read
  std::string name;
  bool is_read = false;  // false: there are errors in it
};

// Where a field stands: in a patch or a kustomization, for what these gave.
struct FieldPlace {
  std::string file;
  int line = 0;  // 0: not known, or not to be told
  int column = 0;
};
// Of a field of one object's manifest; of one that is absent, where it would stand. To be called
// only while the object is read.
using FieldPlaces = std::function<FieldPlace(const FieldPath&)>;

// How files are read. Nothing but time rests on the first two.
struct ManifestReading {
  Parallel* parallel = nullptr;  // null: in turn
  // Only together with `digest`: whole objects are never kept. Of files with a blob id, and of
  // nothing that is rendered; for one set of limits, one `check` and one `digest`.
  KeptManifests* kept = nullptr;
  // What is wrong with an object apart from what the schema says; called for each, on any thread.
  std::function<void(const Object&, Problems*)> check;
  // When set, objects are not wanted, but what this gives for each of them, in any form; called on
  // any thread, after `check`. Not together with a ManifestCache.
  std::function<std::string(const Object&, const FieldPlaces&)> digest;
  std::vector<ManifestDocument>* documents = nullptr;  // where they are listed, when not null
  // Where the files' paths begin, from the repository's root: "deploy"; "" is the root.
  std::string source_folder;
  std::vector<std::string> ignore_groups;  // of custom resources that are passed over
};

// Renders kustomizations (schema/kustomized_manifests.h says which), and reads *.yaml, *.yml and
// *.json that none has to do with; other files are passed over. Pure: `cache` changes the time that
// it takes, and is left with what these files were read as. The same object twice is an error that
// names both places. `default_namespace` is used for namespaced objects that name none. Documents
// of its `ignore_groups`, which are none of Kubernetes' own, bring a warning in place of an error,
// as do CustomResourceDefinitions for them.
ParsedManifests ParseManifests(const std::vector<ManifestFile>& files,
                               const std::string& default_namespace = "default",
                               const ManifestLimits& limits = {}, ManifestCache* cache = nullptr,
                               const ManifestReading& reading = {});

// A YAML text's documents as values with marks, typed as kubectl types them (yaml_scalar.h);
// comment-only and empty documents are left out, as are those with an error. After a document that
// is no YAML, reading goes on at the next `---`. Line and column count characters from 1.
struct YamlDocuments {
  std::vector<Value> documents;
  std::vector<Problem> errors;  // file empty
};
YamlDocuments ReadYaml(std::string_view text, const ManifestLimits& limits = {});

}  // namespace reconcile
