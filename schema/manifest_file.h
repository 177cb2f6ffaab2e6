#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/manifest_pack.h"
#include "schema/manifests.h"

namespace reconcile {

enum class ManifestFormat { kYaml, kJson, kOther };  // kOther: not read

// By the ending of its name.
ManifestFormat FormatOf(std::string_view path);

// Reads a map that is to be one object: decoded, with its namespace and its origin, which is `path`
// and the line of the document's mark. Problems have the lines of the marks. PURE.
ReadItem ReadManifestObject(const Value& document, const std::string& path,
                            const std::string& default_namespace);

// What is done with an object that was read and is whole: it is checked, and its digest takes its
// place, as `reading` says. `places` is of its manifest.
void FinishObject(const ManifestReading& reading, const FieldPlaces& places, ReadItem* item);

// What one file brings, in the order of its documents; each object is finished.
// Rests on nothing but the file's bytes, path and these arguments. Any thread.
std::vector<ReadItem> ReadManifestFile(const ManifestFile& file,
                                       const std::string& default_namespace,
                                       const ManifestLimits& limits,
                                       const ManifestReading& reading);

}  // namespace reconcile
