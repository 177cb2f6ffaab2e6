#include "schema/manifest_pack.h"

#include <algorithm>

#include "schema/field_table.h"
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

// What stands before the packed form of what a document brings.
enum class Brings : uint8_t { kNothing, kObject, kDigest };

void PackBrought(const ReadItem& item, PackWriter* out) {
  const auto begin = [&](Brings brings, Kind kind) {
    out->Number(static_cast<uint64_t>(brings));
    out->Number(static_cast<uint64_t>(kind));
  };
  if (item.digest) {
    begin(Brings::kDigest, item.digest->key.kind);
    out->Text(item.digest->key.namespace_name);
    out->Text(item.digest->key.name);
    out->Signed(item.digest->origin.line);
    out->Text(item.digest->bytes);
  } else if (item.object != nullptr) {
    begin(Brings::kObject, item.object->kind);
    TableOf(item.object->kind).Pack(StructOf(*item.object), out);
  } else {
    out->Number(static_cast<uint64_t>(Brings::kNothing));
  }
}

ObjectPtr UnpackObject(Kind kind, const std::string& path, PackReader* in) {
  std::unique_ptr<Object> object = NewObject(kind);
  TableOf(kind).Unpack(in, StructOf(object.get()));
  object->metadata.origin.file = path;
  return object;
}

void UnpackDigest(Kind kind, const std::string& path, PackReader* in, ObjectDigest* digest) {
  digest->key.kind = kind;
  digest->key.namespace_name = in->Text();
  digest->key.name = in->Text();
  digest->origin.file = path;
  digest->origin.line = static_cast<int>(in->Signed());
  digest->bytes = in->Text();
}

void UnpackBrought(const std::string& path, PackReader* in, ReadItem* item) {
  const uint64_t brings = in->Number();
  if (brings == static_cast<uint64_t>(Brings::kNothing)) return;
  const uint64_t kind = in->Number();
  if (brings > static_cast<uint64_t>(Brings::kDigest) || kind >= kAllKinds.size()) {
    return in->Fail();
  }
  if (brings == static_cast<uint64_t>(Brings::kObject)) {
    item->object = UnpackObject(static_cast<Kind>(kind), path, in);
  } else {
    UnpackDigest(static_cast<Kind>(kind), path, in, &item->digest.emplace());
  }
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
    PackMark(item.mark, &out);
    PackBrought(item, &out);
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
    UnpackBrought(path, &in, &item);
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
