#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reconcile {

// Writes a POSIX ustar archive in memory: owner root, time 0, so that equal input gives equal
// bytes.
class TarWriter {
 public:
  // `name` has at most 100 bytes.
  void AddFile(std::string_view name, std::string_view bytes, uint32_t mode);
  // A symbolic link; `target` has at most 100 bytes too.
  void AddLink(std::string_view name, std::string_view target);
  // Ends the archive and gives it away.
  std::string Finish();

 private:
  void AddHeader(std::string_view name, std::string_view target, char type, size_t size,
                 uint32_t mode);
  std::string bytes_;
};

// An image of one layer with one program, in the format that `docker load` takes (OCI image-spec,
// docker-save layout with manifest.json).
struct ImageArchive {
  std::string reference;  // "reconcile.dev/pause:<hash of the program>"
  std::string tar;
};
// `architecture` as Go names it: amd64, arm64.
ImageArchive BuildPauseArchive(std::string_view program, std::string_view architecture);

// The program compiled from runtime/programs/pause.c, an ELF file. Library runtime_io.
std::string_view PauseProgram();

}  // namespace reconcile
