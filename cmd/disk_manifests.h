#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "schema/manifests.h"

namespace reconcile {

// Where caches of this user go by the XDG base directory specification, from the values of
// XDG_CACHE_HOME and HOME (null: not set): ".../reconcile". Empty when there is no such place.
std::string CacheFolder(const char* xdg_cache_home, const char* home);

// What tells this build of the program from any other: the linker's build id. Empty when there is
// none.
std::string BuildId();

// What manifests were read as, kept in one file for each place (a repository, a folder) from one
// run of the command to the next. What is kept:
//   - is for one build of the program: another's files are passed over and written anew;
//   - has a checksum, entry by entry: a broken one is as good as none;
//   - never comes from a file that holds a Secret (PackItems sees to it);
//   - is readable by its user alone: folders 0700, files 0600; a folder of somebody else is not
//   used.
// Several runs may go on at once: files are written under another name and then renamed, the last
// one stays. Errors of the disk are no errors of the command: then nothing is kept.
class DiskManifests final : public KeptManifests {
 public:
  // The most that a place may take, and that all places may; the ones longest unused go first.
  static constexpr size_t kMaxPlaceBytes = 64 << 20;
  static constexpr size_t kMaxAllBytes = 256 << 20;
  static constexpr size_t kMaxPlaces = 64;

  // `folder` (CacheFolder) empty: nothing is kept. Reads what is there for `place`.
  DiskManifests(const std::string& folder, const std::string& place, const std::string& build_id);
  ~DiskManifests() override;
  std::string_view Find(const std::string& key) override;
  void Keep(const std::string& key, std::string packed) override;

  // Writes what was found and kept, where there is anything new; of the rest, what was kept in
  // earlier runs, at most as much again. Call it once, when all files are read.
  void Save();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reconcile
