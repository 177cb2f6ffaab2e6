#include "schema/manifest_pack.h"

#include <algorithm>

#include "base/check.h"
#include "schema/packed.h"

namespace reconcile {
namespace {

constexpr size_t kMostReservedItems = 1000;

void PackMark(Mark mark, PackWriter* out) {
  out->Signed(mark.line);
  out->Signed(mark.column);
}

Mark UnpackMark(PackReader* in) {
  const auto line = static_cast<int>(in->Signed());
  return {line, static_cast<int>(in->Signed())};
}

void PackProblems(const std::vector<Problem>& problems, PackWriter* out) {
  out->Number(problems.size());
  for (const Problem& problem : problems) {
    PackMark({problem.line, problem.column}, out);
    out->Text(problem.message);
    out->Number(static_cast<uint64_t>(problem.rule));
  }
}

void UnpackProblems(const std::string& path, PackReader* in, std::vector<Problem>* problems) {
  for (size_t left = in->Count(); left > 0 && in->ok(); --left) {
    const Mark mark = UnpackMark(in);
    Problem& problem = problems->emplace_back();
    problem.file = path;
    problem.line = mark.line;
    problem.column = mark.column;
    problem.message = in->Text();
    const uint64_t rule = in->Number();
    if (rule >= kAllRules.size()) return in->Fail();
    problem.rule = static_cast<Rule>(rule);
  }
}

// Its kind, counted from 1, then the rest of the digest; 0 where a document brings none.
void PackDigest(const std::optional<ObjectDigest>& digest, PackWriter* out) {
  if (!digest) return out->Number(0);
  out->Number(static_cast<uint64_t>(digest->key.kind) + 1);
  out->Text(digest->key.namespace_name);
  out->Text(digest->key.name);
  out->Signed(digest->origin.line);
  out->Text(digest->bytes);
}

std::optional<ObjectDigest> UnpackDigest(const std::string& path, PackReader* in) {
  const uint64_t number = in->Number();
  if (number > kAllKinds.size()) in->Fail();
  if (number == 0 || !in->ok()) return std::nullopt;
  ObjectDigest digest;
  digest.key.kind = static_cast<Kind>(number - 1);
  digest.key.namespace_name = in->Text();
  digest.key.name = in->Text();
  digest.origin.file = path;
  digest.origin.line = static_cast<int>(in->Signed());
  digest.bytes = in->Text();
  return digest;
}

}  // namespace

std::optional<std::string> PackItems(const std::vector<ReadItem>& items) {
  if (std::any_of(items.begin(), items.end(),
                  [](const ReadItem& item) { return item.may_hold_secret; })) {
    return std::nullopt;
  }
  PackWriter out;
  out.Number(items.size());
  for (const ReadItem& item : items) {
    CHECK(item.object == nullptr);
    PackMark(item.mark, &out);
    PackDigest(item.digest, &out);
    out.Text(item.kind);
    out.Text(item.name);
    out.Text(item.group);
    PackProblems(item.problems.errors, &out);
    PackProblems(item.problems.warnings, &out);
  }
  return out.Take();
}

std::optional<std::vector<ReadItem>> UnpackItems(std::string_view packed, const std::string& path) {
  PackReader in(packed);
  const size_t count = in.Count();
  std::vector<ReadItem> items;
  items.reserve(std::min(count, kMostReservedItems));
  for (size_t i = 0; i < count && in.ok(); ++i) {
    ReadItem& item = items.emplace_back();
    item.mark = UnpackMark(&in);
    item.digest = UnpackDigest(path, &in);
    item.kind = in.Text();
    item.name = in.Text();
    item.group = in.Text();
    UnpackProblems(path, &in, &item.problems.errors);
    UnpackProblems(path, &in, &item.problems.warnings);
  }
  if (!in.ok() || !in.AtEnd()) return std::nullopt;
  return items;
}

}  // namespace reconcile
