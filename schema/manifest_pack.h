#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/codec.h"
#include "schema/manifests.h"

namespace reconcile {

// What one document brings: an object, if it is one, and what is wrong with it.
struct ReadItem {
  // Its namespace and origin set. Null when there is none, or its digest stands for it.
  ObjectPtr object;
  std::optional<ObjectDigest> digest;
  Mark mark;  // of the object's document
  Problems problems;
  std::string kind;  // of a document that is no object, what it says; may be empty
  std::string name;
  std::string group;  // of a custom resource, or that its definition is for; else empty
  // It is a Secret, or what could not be read may be one: nothing of it is kept on disk.
  bool may_hold_secret = false;
};

// What a file was read as, for a cache on disk; UnpackItems is its inverse, whatever the file's
// path is then. Digests stand for all its objects: CHECKs that none is there itself. Nothing when
// one of the items may hold a secret: what stands in the file beside it is not kept either. Both
// are for one and the same build of this program.
std::optional<std::string> PackItems(const std::vector<ReadItem>& items);
// Nothing when `packed` is nothing that PackItems gave. Digests borrow its bytes.
std::optional<std::vector<ReadItem>> UnpackItems(std::string_view packed, const std::string& path);

}  // namespace reconcile
