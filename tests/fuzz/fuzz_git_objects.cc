// What a repository may hold, and what its reader may answer: loose objects, trees, commits and the
// records between the two processes. The first byte says which; make_git_corpus.py writes the
// seeds.
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/check.h"
#include "source/git_reader.h"
#include "source/git_records.h"
#include "source/loose_objects.h"

namespace reconcile {
namespace {

constexpr std::string_view kKnownBlob = "known: 1\n";  // what the parent has
constexpr std::string_view kBlob = "a: 1\n";
constexpr std::string_view kLongBlob = "a: a line that is longer than a small limit allows\n";
constexpr std::string_view kLooseId = "0123456789abcdef0123456789abcdef01234567";

GitLimits SmallLimits() {
  GitLimits limits;
  limits.max_blob_bytes = 40;
  limits.max_files = 6;
  limits.max_total_bytes = 60;
  limits.max_tree_depth = 3;
  limits.max_tree_entries = 12;
  return limits;
}

// A repository in memory with a few blobs that trees can name.
class MemoryRepository {
 public:
  MemoryRepository() {
    int code = 0;
    odb_ = MakeGitHandle<GitOdb>(&code, git_odb_new);
    git_odb_backend* memory = nullptr;
    CHECK(git_mempack_new(&memory) == 0);
    CHECK(git_odb_add_backend(odb_.get(), memory, 1) == 0);
    repository_ = MakeGitHandle<GitRepository>(&code, git_repository_wrap_odb, odb_.get());
    CHECK(repository_ != nullptr);
    for (const std::string_view blob : {kKnownBlob, kBlob, kLongBlob}) Write(blob, GIT_OBJECT_BLOB);
    // The tree {"a.yaml": kBlob}, for trees to have below them.
    const git_oid blob = Write(kBlob, GIT_OBJECT_BLOB);
    Write(Entry("100644 a.yaml", blob), GIT_OBJECT_TREE);
  }

  git_oid Write(std::string_view bytes, git_object_t type) {
    git_oid id = {};
    CHECK(git_odb_write(&id, odb_.get(), bytes.data(), bytes.size(), type) == 0);
    return id;
  }
  git_oid WriteCommit(const git_oid& tree) {
    return Write("tree " + FormatGitId(tree) +
                     "\nauthor A <a@b> 1700000000 +0000\ncommitter A <a@b> 1700000000 +0000\n\n"
                     "Subject\n\nReconcile-Confirm: prune=1\n",
                 GIT_OBJECT_COMMIT);
  }
  static std::string Entry(std::string_view mode_and_name, const git_oid& id) {
    return std::string(mode_and_name) + std::string(1, '\0') +
           std::string(reinterpret_cast<const char*>(id.id), GIT_OID_RAWSZ);
  }
  git_repository* get() const { return repository_.get(); }

 private:
  GitOdb odb_;
  GitRepository repository_;
};

// What the reader writes, its reader takes.
void ReadCommit(const MemoryRepository& repository, const git_oid& commit,
                const std::string& folder) {
  GitReadRequest request;
  request.folder = folder;
  request.limits = SmallLimits();
  request.warning = "a warning";
  git_oid known = {};
  CHECK(git_odb_hash(&known, kKnownBlob.data(), kKnownBlob.size(), GIT_OBJECT_BLOB) == 0);
  request.known_blobs = {FormatGitId(known)};
  std::string records;
  AppendGitHeader(&records);
  const Status status =
      ReadGitCommit(repository.get(), commit, request, [&](const std::string& more) {
        records += more;
        return true;
      });
  if (!status.ok()) AppendGitError(status, &records);
  const BlobMap blobs = {{FormatGitId(known), std::make_shared<const std::string>(kKnownBlob)}};
  const auto decoded = DecodeGitRecords(records, request.limits, blobs);
  CHECK(decoded.status().code() != StatusCode::kInternal);
  CHECK(!status.ok() || decoded.ok() || decoded.status().code() == StatusCode::kInvalid);
}

void ReadTree(std::string_view bytes, bool below) {
  MemoryRepository repository;
  git_oid tree = repository.Write(bytes, GIT_OBJECT_TREE);
  if (below)
    tree = repository.Write(MemoryRepository::Entry("40000 deploy", tree), GIT_OBJECT_TREE);
  ReadCommit(repository, repository.WriteCommit(tree), below ? "deploy/shop" : "");
}

void ReadCommitBytes(std::string_view bytes) {
  MemoryRepository repository;
  ReadCommit(repository, repository.Write(bytes, GIT_OBJECT_COMMIT), "");
}

// An object database on disk whose only object has the file's bytes, whatever they are.
void ReadThroughDatabase(std::string_view file, const std::string& objects) {
  const std::string path =
      objects + "/" + std::string(kLooseId.substr(0, 2)) + "/" + std::string(kLooseId.substr(2));
  std::ofstream(path, std::ios::binary) << file;
  int code = 0;
  const GitOdb odb = OpenObjects(objects, &code);
  CHECK(odb != nullptr);
  git_oid id = {};
  CHECK(git_oid_fromstr(&id, std::string(kLooseId).c_str()) == 0);
  CHECK(git_odb_exists(odb.get(), &id) == 1);
  git_oid full = {};
  CHECK(git_odb_exists_prefix(&full, odb.get(), &id, 8) == 0);
  size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  const int header = git_odb_read_header(&size, &type, odb.get(), &id);
  const GitOdbObject object = MakeGitHandle<GitOdbObject>(&code, git_odb_read, odb.get(), &id);
  CHECK(object == nullptr || header == 0);
}

// An object database's folder on disk, gone at the end.
class ObjectsFolder {
 public:
  ObjectsFolder() {
    CHECK(mkdtemp(path_.data()) != nullptr);
    std::filesystem::create_directories(path_ + "/" + std::string(kLooseId.substr(0, 2)));
    std::filesystem::create_directories(path_ + "/pack");
  }
  ~ObjectsFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  ObjectsFolder(const ObjectsFolder&) = delete;
  ObjectsFolder& operator=(const ObjectsFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/rc-fuzz-XXXXXX";
};

void ReadLoose(std::string_view file) {
  static const ObjectsFolder objects;
  const auto header = ReadLooseHeader(file);
  const auto object = InflateLooseObject(file);
  if (object.ok()) {
    CHECK(header.ok() && header->size == object->size && header->type == object->type);
    CHECK(object->data.size() == object->size);
  }
  ReadThroughDatabase(file, objects.path());
}

void ReadRecords(std::string_view bytes) {
  const BlobMap known = {{std::string(kLooseId), std::make_shared<const std::string>(kKnownBlob)}};
  const auto commit = DecodeGitRecords(bytes, SmallLimits(), known);
  if (!commit.ok()) return;
  CHECK(!commit->id.empty() && commit->files.size() <= SmallLimits().max_files);
  for (size_t i = 1; i < commit->files.size(); ++i) {
    CHECK(commit->files[i - 1].path < commit->files[i].path);
  }
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const reconcile::GitLibrary library;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'l':
      reconcile::ReadLoose(bytes);
      break;
    case 't':
      reconcile::ReadTree(bytes, false);
      break;
    case 'f':
      reconcile::ReadTree(bytes, true);
      break;
    case 'c':
      reconcile::ReadCommitBytes(bytes);
      break;
    default:
      reconcile::ReadRecords(bytes);
  }
  return 0;
}
