#include "source/git_reader.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schema/kustomize/files.h"
#include "schema/kustomize/reach.h"
#include "schema/text.h"
#include "source/git_records.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

constexpr NamedLimit kMaxCommitBytes = {"kMaxCommitBytes", 1 << 20};
constexpr NamedLimit kMaxTreeBytes = {"kMaxTreeBytes", 16 << 20};
constexpr size_t kRecordBatchBytes = 256 << 10;
constexpr std::string_view kConfirmTrailer = "Reconcile-Confirm";
constexpr int kGroupWritable = 0100664;  // what early Git wrote for some files
// The stamps that RFC 3339 can write: years 0 to 9999.
constexpr int64_t kMinStampSeconds = -62'167'219'200;
constexpr int64_t kMaxStampSeconds = 253'402'300'799;

Status PassedLimit(const std::string& what, NamedLimit limit) {
  return InvalidError(what + " passes the limit " + std::string(limit.name) + " = " +
                      std::to_string(limit.value));
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string> ReadConfirmations(const char* message) {
  std::vector<std::string> confirmations;
  git_message_trailer_array trailers = {};
  if (git_message_trailers(&trailers, message) != 0) return confirmations;
  for (size_t i = 0; i < trailers.count; ++i) {
    if (EqualsIgnoringCase(trailers.trailers[i].key, kConfirmTrailer)) {
      confirmations.emplace_back(trailers.trailers[i].value);
    }
  }
  git_message_trailer_array_free(&trailers);
  return confirmations;
}

std::string_view BytesOf(const GitOdbObject& blob) {
  return {static_cast<const char*>(git_odb_object_data(blob.get())),
          git_odb_object_size(blob.get())};
}

FetchedCommit DescribeCommit(const git_commit* commit) {
  FetchedCommit described;
  described.id = FormatGitId(*git_commit_id(commit));
  if (const git_signature* author = git_commit_author(commit)) {
    described.author = std::string(author->name) + " <" + author->email + ">";
  }
  const std::string_view message = git_commit_message(commit);
  described.subject = message.substr(0, message.find('\n'));
  described.confirmations = ReadConfirmations(git_commit_message(commit));
  const int64_t seconds =
      std::clamp<int64_t>(git_commit_time(commit), kMinStampSeconds, kMaxStampSeconds);
  described.committed_at.ms = seconds * 1000;
  return described;
}

bool IsFileMode(git_filemode_t mode) {
  return mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE ||
         static_cast<int>(mode) == kGroupWritable;
}

// Walks the folders of one commit below a source's folder, manifests to the sink; then hands on
// what kustomizations name beside them.
class TreeWalk final : public kustomize::Reach {
 public:
  // `root` is the tree of the commit.
  TreeWalk(git_repository* repository, git_odb* odb, const git_oid& root,
           const GitReadRequest& request, const GitRecordSink& sink)
      : repository_(repository), odb_(odb), root_(root), request_(request), sink_(sink) {}

  // The tree of the source's folder.
  Result<git_oid> FindFolder();
  // `prefix` is "" or ends in a slash.
  Status Walk(const git_oid& tree, const std::string& prefix, size_t depth);
  Status Finish();
  void Begin(const FetchedCommit& commit) {
    AppendGitCommit(commit, &pending_);
    if (!request_.warning.empty()) Warn("", request_.warning);
  }

 private:
  Result<GitTree> ReadTree(const git_oid& id, const std::string& what);
  struct Found {
    git_filemode_t mode = GIT_FILEMODE_UNREADABLE;  // there is nothing
    git_oid id = {};
  };
  Result<Found> FindEntry(const std::string& path);
  Result<Type> Look(const std::string& path) override;
  Result<std::shared_ptr<const std::string>> Take(const std::string& path) override;
  Status TakeEntry(const git_tree_entry* entry, const std::string& prefix, size_t depth);
  Status TakeBlob(const git_oid& id, const std::string& path);
  Result<GitOdbObject> ReadBlob(const git_oid& id, const std::string& path) const;
  Status CountFile();
  // Whether the parent has the blob or will have it by now; else it is to be sent.
  bool IsSent(const std::string& hex);
  void NoteSent(const std::string& hex, size_t size);
  Status CheckAndFlush();
  void Warn(const std::string& path, const std::string& message);
  Status Flush();

  git_repository* const repository_;
  git_odb* const odb_;
  const git_oid root_;
  const GitReadRequest& request_;
  const GitRecordSink& sink_;
  std::string pending_;                                 // records for the sink
  std::unordered_map<std::string, size_t> sent_bytes_;  // by blob id
  std::set<std::string> paths_;                         // of what is handed on
  std::vector<ManifestFile> kustomizations_;            // of the source's folder
  std::vector<std::string> links_;                      // that kustomization files are
  std::map<std::string, std::string> warned_;           // by path, for Finish
  std::string last_path_;
  size_t entries_ = 0;
  size_t files_ = 0;
  size_t total_bytes_ = 0;
  size_t warnings_ = 0;
};

Result<GitTree> TreeWalk::ReadTree(const git_oid& id, const std::string& what) {
  size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  int code = git_odb_read_header(&size, &type, odb_, &id);
  if (code == 0 && type != GIT_OBJECT_TREE) {
    return InvalidError(what + " is corrupt: object " + FormatGitId(id) + " is no tree");
  }
  if (code == 0 && size > kMaxTreeBytes.value) return PassedLimit(what, kMaxTreeBytes);
  GitTree tree;
  if (code == 0) tree = MakeGitHandle<GitTree>(&code, git_tree_lookup, repository_, &id);
  if (code == GIT_ENOTFOUND) {
    return InvalidError("the commit is incomplete: " + what + " (tree " + FormatGitId(id) +
                        ") is missing from the repository");
  }
  if (code != 0) return GitFailure(code, what + " (tree " + FormatGitId(id) + ") is corrupt");
  return tree;
}

Result<git_oid> TreeWalk::FindFolder() {
  const std::string& folder = request_.folder;
  git_oid root = root_;
  std::string walked;
  for (size_t start = 0; start < folder.size();) {
    const size_t slash = std::min(folder.find('/', start), folder.size());
    const std::string name = folder.substr(start, slash - start);
    const auto tree = ReadTree(root, "folder " + Quoted(walked));
    if (!tree.ok()) return tree.status();
    walked = folder.substr(0, slash);
    const git_tree_entry* entry = git_tree_entry_byname(tree->get(), name.c_str());
    if (entry == nullptr) return InvalidError("there is no folder " + Quoted(walked));
    const git_filemode_t mode = git_tree_entry_filemode_raw(entry);
    if (mode != GIT_FILEMODE_TREE) {
      const char* what = mode == GIT_FILEMODE_LINK     ? "a symbolic link, which is not followed"
                         : mode == GIT_FILEMODE_COMMIT ? "a submodule, which is not followed"
                                                       : "a file; name its folder";
      return InvalidError(Quoted(walked) + " is " + what);
    }
    root = *git_tree_entry_id(entry);
    start = slash + 1;
  }
  return root;
}

Status TreeWalk::Walk(const git_oid& id, const std::string& prefix, size_t depth) {
  const std::string what = prefix.empty() ? "the root folder" : "folder " + Quoted(prefix);
  if (depth > request_.limits.max_tree_depth) {
    return PassedLimit(what, {"max_tree_depth", request_.limits.max_tree_depth});
  }
  const auto tree = ReadTree(id, what);
  if (!tree.ok()) return tree.status();
  const size_t count = git_tree_entrycount(tree->get());
  entries_ += count;
  if (entries_ > request_.limits.max_tree_entries) {
    return PassedLimit("the number of files and folders",
                       {"max_tree_entries", request_.limits.max_tree_entries});
  }
  for (size_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(TakeEntry(git_tree_entry_byindex(tree->get(), i), prefix, depth));
  }
  return OkStatus();
}

Status TreeWalk::TakeEntry(const git_tree_entry* entry, const std::string& prefix, size_t depth) {
  const std::string name = git_tree_entry_name(entry);
  const std::string path = prefix + name;
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    return InvalidError("folder " + Quoted(prefix) + " is hostile or corrupt: it has an entry " +
                        Quoted(name));
  }
  const git_filemode_t mode = git_tree_entry_filemode_raw(entry);
  if (mode == GIT_FILEMODE_TREE) {
    if (IsHiddenName(name)) return OkStatus();
    return Walk(*git_tree_entry_id(entry), path + "/", depth + 1);
  }
  if (mode == GIT_FILEMODE_LINK || mode == GIT_FILEMODE_COMMIT) {
    Warn(path,
         mode == GIT_FILEMODE_LINK ? "symbolic link, not followed" : "submodule, not followed");
    const bool is_kustomization =
        mode == GIT_FILEMODE_LINK && kustomize::IsKustomizationName(name) && IsSourcePath(path);
    if (is_kustomization) links_.push_back(path);
    return OkStatus();
  }
  if (!IsFileMode(mode)) {
    return InvalidError("the commit is corrupt: " + Quoted(path) + " has an unknown file mode");
  }
  if (name == ".gitmodules") Warn(path, "submodules are not followed");
  if (IsHiddenName(name) || !IsSourceName(name)) return OkStatus();
  return TakeBlob(*git_tree_entry_id(entry), path);
}

Status TreeWalk::TakeBlob(const git_oid& id, const std::string& path) {
  if (!IsSourcePath(path)) {
    return InvalidError("file name " + Quoted(path) +
                        " has control characters, is not UTF-8 or is "
                        "longer than " +
                        std::to_string(kMaxManifestPathBytes) + " bytes");
  }
  if (path <= last_path_) {
    return InvalidError("the commit is corrupt: " + Quoted(path) + " is not in Git's order");
  }
  last_path_ = path;
  paths_.insert(path);
  RETURN_IF_ERROR(CountFile());
  const std::string hex = FormatGitId(id);
  const bool is_kustomization = kustomize::IsKustomizationName(path.substr(path.rfind('/') + 1));
  const bool sent = IsSent(hex);
  if (sent) AppendGitKnownFile(path, hex, &pending_);
  if (!sent || is_kustomization) {
    const auto blob = ReadBlob(id, path);
    if (!blob.ok()) return blob.status();
    const std::string_view bytes = BytesOf(*blob);
    if (!sent) {
      AppendGitFile(path, hex, bytes, &pending_);
      NoteSent(hex, bytes.size());
    }
    if (is_kustomization) {
      kustomizations_.push_back({path, hex, std::make_shared<const std::string>(bytes)});
    }
  }
  return CheckAndFlush();
}

Result<GitOdbObject> TreeWalk::ReadBlob(const git_oid& id, const std::string& path) const {
  return ReadGitObject(odb_, id, GIT_OBJECT_BLOB,
                       {"max_blob_bytes", request_.limits.max_blob_bytes}, "file " + Quoted(path));
}

Status TreeWalk::CountFile() {
  if (++files_ <= request_.limits.max_files) return OkStatus();
  return PassedLimit("the number of manifests", {"max_files", request_.limits.max_files});
}

bool TreeWalk::IsSent(const std::string& hex) {
  if (request_.known_blobs.contains(hex)) return true;  // the parent knows its size and counts it
  const auto sent = sent_bytes_.find(hex);
  if (sent == sent_bytes_.end()) return false;
  total_bytes_ += sent->second;
  return true;
}

void TreeWalk::NoteSent(const std::string& hex, size_t size) {
  sent_bytes_[hex] = size;
  total_bytes_ += size;
}

Status TreeWalk::CheckAndFlush() {
  if (total_bytes_ > request_.limits.max_total_bytes) {
    return PassedLimit("the size of all manifests",
                       {"max_total_bytes", request_.limits.max_total_bytes});
  }
  return pending_.size() < kRecordBatchBytes ? OkStatus() : Flush();
}

Result<TreeWalk::Found> TreeWalk::FindEntry(const std::string& path) {
  const auto parts = PartsFromRoot(request_.folder, path);
  const bool too_long = path.size() > kMaxManifestPathBytes;
  if (!parts || too_long) return Found{};
  Found found{GIT_FILEMODE_TREE, root_};
  for (const std::string& part : *parts) {
    if (found.mode != GIT_FILEMODE_TREE) return Found{};
    const auto tree = ReadTree(found.id, "the folder that has " + Quoted(path));
    if (!tree.ok()) return tree.status();
    const git_tree_entry* entry = git_tree_entry_byname(tree->get(), part.c_str());
    if (entry == nullptr) return Found{};
    found = {git_tree_entry_filemode_raw(entry), *git_tree_entry_id(entry)};
  }
  return found;
}

Result<TreeWalk::Type> TreeWalk::Look(const std::string& path) {
  const Result<Found> found = FindEntry(path);
  if (!found.ok()) return found.status();
  if (found->mode == GIT_FILEMODE_TREE) return Type::kFolder;
  if (!IsReachedPath(path)) return Type::kNothing;
  if (found->mode == GIT_FILEMODE_LINK) return Type::kLink;
  return IsFileMode(found->mode) ? Type::kFile : Type::kNothing;
}

Result<std::shared_ptr<const std::string>> TreeWalk::Take(const std::string& path) {
  const Result<Found> found = FindEntry(path);
  if (!found.ok()) return found.status();
  const auto blob = ReadBlob(found->id, path);
  if (!blob.ok()) return blob.status();
  const std::string_view bytes = BytesOf(*blob);
  if (paths_.insert(path).second) {
    RETURN_IF_ERROR(CountFile());
    const std::string hex = FormatGitId(found->id);
    const bool sent = IsSent(hex);
    const bool is_link = found->mode == GIT_FILEMODE_LINK;
    AppendGitNamedFile(path, is_link, hex, sent ? nullptr : &bytes, &pending_);
    if (!sent) NoteSent(hex, bytes.size());
    if (is_link) warnings_ -= warned_.erase(path);
    RETURN_IF_ERROR(CheckAndFlush());
  }
  return std::make_shared<const std::string>(bytes);
}

void TreeWalk::Warn(const std::string& path, const std::string& message) {
  ++warnings_;
  if (warned_.size() < kMaxGitWarnings) warned_.emplace(path, message);
}

Status TreeWalk::Flush() {
  const bool taken = sink_(pending_);
  pending_.clear();
  return taken ? OkStatus() : UnavailableError("nobody takes what is read");
}

Status TreeWalk::Finish() {
  for (const std::string& link : links_) {
    const auto taken = Take(link);
    if (!taken.ok()) return taken.status();
  }
  RETURN_IF_ERROR(kustomize::FollowKustomizations(kustomizations_, request_.folder, this));
  for (const auto& [path, message] : warned_) AppendGitWarning(path, message, &pending_);
  if (warnings_ > kMaxGitWarnings) {
    AppendGitWarning("", std::to_string(warnings_ - kMaxGitWarnings) + " more warnings like these",
                     &pending_);
  }
  AppendGitEnd(files_, &pending_);
  return Flush();
}

}  // namespace

Result<GitOdbObject> ReadGitObject(git_odb* odb, const git_oid& id, git_object_t type,
                                   NamedLimit max_bytes, const std::string& what) {
  size_t size = 0;
  git_object_t found = GIT_OBJECT_INVALID;
  int code = git_odb_read_header(&size, &found, odb, &id);
  if (code == 0 && found != type) {
    return InvalidError(what + " is corrupt: object " + FormatGitId(id) + " is a " +
                        git_object_type2string(found));
  }
  if (code == 0 && size > max_bytes.value) {
    return PassedLimit(what + " (" + std::to_string(size) + " bytes)", max_bytes);
  }
  GitOdbObject object;
  if (code == 0) object = MakeGitHandle<GitOdbObject>(&code, git_odb_read, odb, &id);
  if (code == GIT_ENOTFOUND) {
    return InvalidError("the commit is incomplete: " + what + " (object " + FormatGitId(id) +
                        ") is missing from the repository");
  }
  if (code != 0) return GitFailure(code, what + " (object " + FormatGitId(id) + ") is corrupt");
  return object;
}

Status ReadGitCommit(git_repository* repository, const git_oid& id, const GitReadRequest& request,
                     const GitRecordSink& sink) {
  int code = 0;
  const auto odb = MakeGitHandle<GitOdb>(&code, git_repository_odb, repository);
  if (odb == nullptr) return GitFailure(code, "its object database");
  // For the limit on its size and the words of its errors.
  const auto checked =
      ReadGitObject(odb.get(), id, GIT_OBJECT_COMMIT, kMaxCommitBytes, "the commit itself");
  if (!checked.ok()) return checked.status();
  const auto commit = MakeGitHandle<GitCommit>(&code, git_commit_lookup, repository, &id);
  if (commit == nullptr) return GitFailure(code, "the commit is corrupt");
  TreeWalk walk(repository, odb.get(), *git_commit_tree_id(commit.get()), request, sink);
  walk.Begin(DescribeCommit(commit.get()));
  const auto folder = walk.FindFolder();
  if (!folder.ok()) return folder.status();
  RETURN_IF_ERROR(walk.Walk(*folder, "", 0));
  return walk.Finish();
}

}  // namespace reconcile
