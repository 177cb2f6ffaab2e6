#pragma once

#include <string_view>

namespace reconcile {

// A file of api/web/, as it is in the program (cmake/web_assets.cmake).
struct PageAsset {
  std::string_view name;  // "app.js"
  std::string_view content_type;
  std::string_view bytes;
  std::string_view gzip;  // the same, compressed
};
// nullptr when there is none of this name.
const PageAsset* FindPageAsset(std::string_view name);
// Changes when any of them does: part of their paths, so that browsers may keep them.
std::string_view PageAssetsVersion();

}  // namespace reconcile
