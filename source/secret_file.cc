#include "source/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "schema/text.h"

namespace reconcile {

Result<std::string> ReadSecretFile(const std::string& path) {
  // O_NONBLOCK: opening a pipe somebody put there must not wait.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat found = {};
  if (!fd.ok() || fstat(fd.get(), &found) != 0) {
    return InvalidError("file " + Quoted(path) + " cannot be read: " + strerror(errno));
  }
  if (!S_ISREG(found.st_mode)) return InvalidError("file " + Quoted(path) + " is no regular file");
  std::string text(kMaxSecretFileBytes + 1, '\0');
  size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t size = read(fd.get(), text.data() + filled, text.size() - filled);
    if (size < 0 && errno != EINTR) {
      return InvalidError("file " + Quoted(path) + " cannot be read: " + strerror(errno));
    }
    if (size == 0) break;
    if (size > 0) filled += static_cast<size_t>(size);
  }
  if (filled == 0) return InvalidError("file " + Quoted(path) + " is empty");
  if (filled > kMaxSecretFileBytes) {
    return InvalidError("file " + Quoted(path) + " passes the limit kMaxSecretFileBytes = " +
                        std::to_string(kMaxSecretFileBytes));
  }
  text.resize(filled);
  return text;
}

Result<std::string> ReadSecretLine(const std::string& path) {
  const Result<std::string> text = ReadSecretFile(path);
  if (!text.ok()) return text;
  std::string line = text->substr(0, text->find('\n'));
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return InvalidError("the first line of file " + Quoted(path) + " is empty");
  return line;
}

}  // namespace reconcile
