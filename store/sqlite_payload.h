#pragma once

#include <string>

#include "schema/object.h"
#include "store/sealed_payload.h"
#include "store/sqlite_rows.h"

namespace reconcile {

// What a sealed payload is bound to: put under another key or revision, it does not open.
std::string SealContext(const ObjectKey& key, Revision revision);

// What the payload column holds for an object: its JSON, sealed when it is a Secret.
Result<std::string> PayloadFor(const PayloadSealer& sealer, const ObjectKey& key, Revision revision,
                               const std::string& json);

// The object that `payload` holds, which must be `key` as of `revision`. Invalid when it is not.
Result<ObjectPtr> ObjectFrom(const PayloadSealer& sealer, const ObjectKey& key, Revision revision,
                             const std::string& payload);

// The key in a row's columns; Invalid when the kind is none.
Result<ObjectKey> KeyFrom(const std::string& kind, const std::string& namespace_name,
                          const std::string& name);

}  // namespace reconcile
