#include "link/node_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/unique_fd.h"

namespace reconcile {
namespace {

namespace fs = std::filesystem;

constexpr char kIdentityFile[] = "/node.pem";
constexpr char kJoinFile[] = "/joining.pem";
constexpr std::string_view kBegin = "-----BEGIN ";

// The PEM blocks of a text, each from its BEGIN to the next one.
std::vector<std::string> SplitPem(const std::string& text) {
  std::vector<std::string> blocks;
  size_t at = text.find(kBegin);
  while (at != std::string::npos) {
    const size_t next = text.find(kBegin, at + 1);
    blocks.push_back(text.substr(at, next == std::string::npos ? next : next - at));
    at = next;
  }
  return blocks;
}

// Empty when there is no such file.
Result<std::string> ReadKeyFile(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::string();
  if (fs::file_size(path, error) > kMaxBundleBytes) return InvalidError(path + " is too large");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return ErrnoError("read", path);
  return text.str();
}

Status WriteAll(int fd, const std::string& text, const std::string& path) {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = ::write(fd, text.data() + written, text.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return ErrnoError("write", path);
    written += static_cast<size_t>(size);
  }
  return ::fsync(fd) == 0 ? OkStatus() : ErrnoError("write", path);
}

Status WriteKeyFile(const std::string& folder, const std::string& name, const std::string& text) {
  const std::string path = folder + name;
  const std::string temporary = path + ".new";
  {
    const UniqueFd file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.ok() || ::fchmod(file.get(), 0600) != 0) return ErrnoError("write", temporary);
    RETURN_IF_ERROR(WriteAll(file.get(), text, temporary));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return ErrnoError("write", path);
  const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok() || ::fsync(directory.get()) != 0) return ErrnoError("sync", folder);
  return OkStatus();
}

Status MakeKeyFolder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return UnavailableError("cannot make " + folder + ": " + error.message());
  if (::chmod(folder.c_str(), 0700) != 0) return ErrnoError("protect", folder);
  return OkStatus();
}

}  // namespace

Result<NodeIdentity> MakeNodeIdentity(const KeyPair& pair) {
  const Result<std::vector<std::string>> chain = SplitBundle(pair.certificate_pem);
  if (!chain.ok()) return chain.status();
  if (chain->size() < 2) return InvalidError("the certificate comes without its CA");
  Result<PeerCertificate> leaf = ReadPeerCertificate(pair.certificate_pem);
  if (!leaf.ok()) return leaf.status();
  NodeIdentity identity{pair, std::move(leaf).value(), ""};
  for (size_t i = 1; i < chain->size(); ++i) identity.trusted_pem += (*chain)[i];
  return identity;
}

bool HoldsAuthority(const std::string& trusted_pem, const std::string& ca_fingerprint) {
  const Result<std::vector<std::string>> trusted = SplitBundle(trusted_pem);
  return trusted.ok() && std::any_of(trusted->begin(), trusted->end(), [&](const auto& pem) {
           const Result<std::string> fingerprint = CertificateFingerprint(pem);
           return fingerprint.ok() && *fingerprint == ca_fingerprint;
         });
}

Result<std::optional<NodeIdentity>> LoadNodeIdentity(const std::string& folder) {
  RETURN_IF_ERROR(MakeKeyFolder(folder));
  const std::string path = folder + kIdentityFile;
  const Result<std::string> text = ReadKeyFile(path);
  if (!text.ok()) return text.status();
  if (text->empty()) return std::optional<NodeIdentity>();
  const std::vector<std::string> blocks = SplitPem(*text);
  KeyPair pair;
  if (!blocks.empty()) pair.private_key_pem = blocks.front();
  for (size_t i = 1; i < blocks.size(); ++i) pair.certificate_pem += blocks[i];
  Result<NodeIdentity> identity = MakeNodeIdentity(pair);
  if (!identity.ok()) {
    return InvalidError(path + " is damaged (" + identity.status().message() +
                        "); move it away and join again with a new token");
  }
  return std::optional<NodeIdentity>(std::move(identity).value());
}

Status SaveNodeIdentity(const std::string& folder, const KeyPair& pair) {
  return WriteKeyFile(folder, kIdentityFile, pair.private_key_pem + pair.certificate_pem);
}

Result<KeyAndRequest> LoadOrMakeJoinRequest(const std::string& folder, const std::string& node) {
  const Result<std::string> text = ReadKeyFile(folder + kJoinFile);
  if (!text.ok()) return text.status();
  // The node's name stands before the blocks.
  const std::vector<std::string> blocks = SplitPem(*text);
  if (blocks.size() == 2 && text->starts_with(node + "\n")) {
    return KeyAndRequest{blocks[0], blocks[1]};
  }
  Result<KeyAndRequest> made = MakeNodeRequest(node);
  if (!made.ok()) return made;
  RETURN_IF_ERROR(
      WriteKeyFile(folder, kJoinFile, node + "\n" + made->private_key_pem + made->request_pem));
  return made;
}

void ForgetJoinRequest(const std::string& folder) { ::unlink((folder + kJoinFile).c_str()); }

}  // namespace reconcile
