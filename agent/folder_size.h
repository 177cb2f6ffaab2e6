#pragma once

#include <cstdint>
#include <string>

namespace reconcile {

// Bytes of disk that what is in the folder takes, each file once, without what is mounted in it; as
// far as it can be read. 0 when it is not there. INT64_MAX when it has folders in folders more than
// 200 deep, as only somebody who hides something makes them: no limit holds that.
int64_t FolderBytes(const std::string& path);

}  // namespace reconcile
