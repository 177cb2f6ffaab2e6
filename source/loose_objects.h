#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/git_handles.h"

namespace reconcile {

// Loose objects are read by our own code, with zlib: libgit2 1.5 loops without end on a truncated
// one and writes beyond its buffer on one that holds more than it says.

struct LooseObject {
  git_object_t type = GIT_OBJECT_INVALID;
  size_t size = 0;   // as its header says
  std::string data;  // empty when only the header was asked for
};

// The header of a loose object, from the first kLooseHeaderFileBytes of its file or all of it.
inline constexpr size_t kLooseHeaderFileBytes = 4096;
Result<LooseObject> ReadLooseHeader(std::string_view file);
// The whole object. Invalid when it is truncated, goes on after its end or has another size than
// its header says; allocates little more than that size.
Result<LooseObject> InflateLooseObject(std::string_view file);

// The object database of the folder `objects`: packs by libgit2, loose objects by us, no
// alternates. Null on failure, `code` says which.
GitOdb OpenObjects(const std::string& objects, int* code);

}  // namespace reconcile
