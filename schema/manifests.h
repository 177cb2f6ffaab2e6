#pragma once

#include <memory>
#include <string>
#include <vector>

#include "schema/codec.h"

namespace reconcile {

// A file of a repository at a commit, or of a working tree.
struct ManifestFile {
  std::string path;     // inside the source's folder, '/'-separated
  std::string blob_id;  // Git's id; equal ids have equal bytes
  std::shared_ptr<const std::string> bytes;
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

// All objects of a commit, and everything wrong with it, sorted by file, line, column.
struct ParsedManifests {
  std::vector<ObjectPtr> objects;  // origin.file and origin.line set, origin.source empty
  Problems problems;
};

// Reads *.yaml, *.yml and *.json; other files are passed over. Pure. The same object twice is an
// error that names both places. `default_namespace` is used for namespaced objects that name none.
ParsedManifests ParseManifests(const std::vector<ManifestFile>& files,
                               const std::string& default_namespace = "default",
                               const ManifestLimits& limits = {});

// A YAML text's documents as values with marks, typed as kubectl types them (yaml_scalar.h);
// comment-only and empty documents are left out, as are those with an error. After a document that
// is no YAML, reading goes on at the next `---`. Line and column count characters from 1.
struct YamlDocuments {
  std::vector<Value> documents;
  std::vector<Problem> errors;  // file empty
};
YamlDocuments ReadYaml(std::string_view text, const ManifestLimits& limits = {});

}  // namespace reconcile
