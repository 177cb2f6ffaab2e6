#include "source/loose_objects.h"

#include <dirent.h>
#include <fcntl.h>
#include <git2/sys/odb_backend.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <new>

#include "base/unique_fd.h"

namespace reconcile {
namespace {

constexpr size_t kMaxHeaderBytes = 32;  // "commit", a space, 20 digits and a NUL
// Deflate makes incompressible bytes a little longer; a file that is much longer is not honest.
constexpr size_t kFileSlackBytes = 64 << 10;
constexpr size_t kMaxObjectBytes = 1 << 30;  // zlib counts in 32 bits
constexpr int kPackPriority = 2;
constexpr int kLoosePriority = 1;

Status Corrupt(const std::string& why) { return InvalidError("loose object " + why); }

class Inflater {
 public:
  explicit Inflater(std::string_view file) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(file.data()));
    stream_.avail_in = static_cast<uInt>(file.size());
    ok_ = inflateInit(&stream_) == Z_OK;
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Fills `size` bytes at `into`, fewer at the end of the stream; the number, or -1 when the stream
  // is broken or its bytes run out before.
  int64_t Read(char* into, size_t size) {
    if (!ok_) return -1;
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0 && !ended_) {
      const int code = inflate(&stream_, Z_NO_FLUSH);
      ended_ = code == Z_STREAM_END;
      if (code != Z_OK && !ended_) return -1;
    }
    return static_cast<int64_t>(size - stream_.avail_out);
  }
  // Like Read, but content with what the bytes at hand give.
  size_t Peek(char* into, size_t size) {
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(size);
    while (ok_ && stream_.avail_out > 0 && !ended_) {
      const int code = inflate(&stream_, Z_NO_FLUSH);
      ended_ = code == Z_STREAM_END;
      if (code == Z_BUF_ERROR) break;
      if (code != Z_OK && !ended_) ok_ = false;
    }
    return size - stream_.avail_out;
  }
  // Whether the stream has ended where its bytes do.
  bool AtEnd() const { return ended_ && stream_.avail_in == 0; }

 private:
  z_stream stream_ = {};
  bool ok_ = false;
  bool ended_ = false;
};

// "<type> <size>\0"; the number of bytes it takes, or 0.
size_t ParseHeader(std::string_view bytes, LooseObject* object) {
  const size_t end = bytes.find('\0');
  const size_t space = bytes.find(' ');
  if (end == std::string_view::npos || space == std::string_view::npos || space >= end) return 0;
  object->type = git_object_string2type(std::string(bytes.substr(0, space)).c_str());
  if (git_object_typeisloose(object->type) == 0) return 0;
  const char* const last = bytes.data() + end;
  const auto parsed = std::from_chars(bytes.data() + space + 1, last, object->size);
  return parsed.ec == std::errc() && parsed.ptr == last ? end + 1 : 0;
}

// A file up to `max_bytes`, or its first bytes; GIT_ENOTFOUND when it is not there.
int ReadFile(const std::string& path, size_t max_bytes, bool all, std::string* bytes) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat found = {};
  if (!fd.ok() && (errno == ENOENT || errno == ENOTDIR)) return GIT_ENOTFOUND;
  if (!fd.ok() || fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode)) {
    git_error_set_str(GIT_ERROR_ODB, "a loose object cannot be opened");
    return GIT_ERROR;
  }
  const size_t size = static_cast<size_t>(found.st_size);
  if (all && size > max_bytes) {
    git_error_set_str(GIT_ERROR_ODB, "a loose object's file is larger than what it holds");
    return GIT_ERROR;
  }
  bytes->resize(std::min(size, max_bytes));
  size_t filled = 0;
  while (filled < bytes->size()) {
    const ssize_t count = read(fd.get(), bytes->data() + filled, bytes->size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    filled += static_cast<size_t>(count);
  }
  bytes->resize(filled);
  return 0;
}

// The first member is what libgit2 knows of it.
struct LooseBackend {
  git_odb_backend base;
  std::string objects;

  static const LooseBackend& From(git_odb_backend* backend) {
    return *reinterpret_cast<LooseBackend*>(backend);
  }
  std::string PathOf(const git_oid& id) const {
    const std::string hex = FormatGitId(id);
    return objects + "/" + hex.substr(0, 2) + "/" + hex.substr(2);
  }
};

int Fail(const Status& status) {
  git_error_set_str(GIT_ERROR_ODB, status.message().c_str());
  return GIT_ERROR;
}

// No exception may pass through libgit2.
template <typename Call>
int WithoutExceptions(Call call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    git_error_set_str(GIT_ERROR_NOMEMORY, "out of memory");
    return GIT_ERROR;
  }
}

int ReadHeader(size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* id) {
  return WithoutExceptions([&] {
    std::string file;
    const std::string path = LooseBackend::From(backend).PathOf(*id);
    if (const int code = ReadFile(path, kLooseHeaderFileBytes, false, &file)) return code;
    const auto header = ReadLooseHeader(file);
    if (!header.ok()) return Fail(header.status());
    *size = header->size;
    *type = header->type;
    return 0;
  });
}

int Read(void** data, size_t* size, git_object_t* type, git_odb_backend* backend,
         const git_oid* id) {
  return WithoutExceptions([&] {
    if (const int code = ReadHeader(size, type, backend, id)) return code;
    std::string file;
    const std::string path = LooseBackend::From(backend).PathOf(*id);
    const size_t max_bytes = *size + *size / 8 + kFileSlackBytes;
    if (const int code = ReadFile(path, max_bytes, true, &file)) return code;
    const auto object = InflateLooseObject(file);
    if (!object.ok()) return Fail(object.status());
    // Its parsers are happier with a NUL behind the end.
    char* const copy =
        static_cast<char*>(git_odb_backend_data_alloc(backend, object->data.size() + 1));
    if (copy == nullptr) return static_cast<int>(GIT_ERROR);
    std::memcpy(copy, object->data.c_str(), object->data.size() + 1);
    *data = copy;
    *size = object->data.size();
    *type = object->type;
    return 0;
  });
}

int Exists(git_odb_backend* backend, const git_oid* id) {
  return WithoutExceptions([&] {
    struct stat found = {};
    return stat(LooseBackend::From(backend).PathOf(*id).c_str(), &found) == 0 ? 1 : 0;
  });
}

int ExistsPrefix(git_oid* out, git_odb_backend* backend, const git_oid* prefix, size_t length) {
  return WithoutExceptions([&] {
    const std::string hex = FormatGitId(*prefix).substr(0, length);
    const std::string fan = hex.substr(0, 2);
    const std::string path = LooseBackend::From(backend).objects + "/" + fan;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
    int found = 0;
    while (const dirent* entry = folder == nullptr ? nullptr : readdir(folder.get())) {
      const std::string id = fan + entry->d_name;
      if (id.starts_with(hex) && id.size() == GIT_OID_HEXSZ &&
          git_oid_fromstr(out, id.c_str()) == 0) {
        ++found;
      }
    }
    if (found == 1) return 0;
    return static_cast<int>(found == 0 ? GIT_ENOTFOUND : GIT_EAMBIGUOUS);
  });
}

void Free(git_odb_backend* backend) { delete reinterpret_cast<LooseBackend*>(backend); }

}  // namespace

Result<LooseObject> ReadLooseHeader(std::string_view file) {
  std::string head(kMaxHeaderBytes, '\0');
  Inflater inflater(file);
  head.resize(inflater.Peek(head.data(), head.size()));
  LooseObject object;
  if (ParseHeader(head, &object) == 0) return Corrupt("has no header");
  return object;
}

Result<LooseObject> InflateLooseObject(std::string_view file) {
  Result<LooseObject> object = ReadLooseHeader(file);
  if (!object.ok()) return object;
  const std::string header = std::string(git_object_type2string(object->type)) + " " +
                             std::to_string(object->size) + std::string(1, '\0');
  // One byte more than there should be, to see when there is more. An honest file cannot hold more
  // than deflate's 1:1032 of its size, so that the header alone allocates nothing.
  if (object->size > kMaxObjectBytes || file.size() > kMaxObjectBytes)
    return Corrupt("is too large");
  if (object->size / 1032 > file.size()) return Corrupt("is truncated");
  std::string bytes(header.size() + object->size + 1, '\0');
  Inflater inflater(file);
  const int64_t size = inflater.Read(bytes.data(), bytes.size());
  if (size < 0) return Corrupt("is truncated or damaged");
  bytes.resize(static_cast<size_t>(size));
  if (!bytes.starts_with(header) || bytes.size() != header.size() + object->size ||
      !inflater.AtEnd()) {
    return Corrupt("has another size than its header says");
  }
  object->data = bytes.substr(header.size());
  return object;
}

GitOdb OpenObjects(const std::string& objects, int* code) {
  GitOdb odb = MakeGitHandle<GitOdb>(code, git_odb_new);
  git_odb_backend* packs = nullptr;
  if (odb != nullptr) *code = git_odb_backend_pack(&packs, objects.c_str());
  if (packs == nullptr) return nullptr;
  *code = git_odb_add_backend(odb.get(), packs, kPackPriority);
  if (*code != 0) {
    packs->free(packs);
    return nullptr;
  }
  auto loose = std::make_unique<LooseBackend>();
  *code = git_odb_init_backend(&loose->base, GIT_ODB_BACKEND_VERSION);
  if (*code != 0) return nullptr;
  loose->objects = objects;
  loose->base.read = Read;
  loose->base.read_header = ReadHeader;
  loose->base.exists = Exists;
  loose->base.exists_prefix = ExistsPrefix;
  loose->base.free = Free;
  *code = git_odb_add_backend(odb.get(), &loose->base, kLoosePriority);
  if (*code != 0) return nullptr;
  loose.release();  // the database's now
  return odb;
}

}  // namespace reconcile
