// FAULTS 23: what a string says is nobody's syntax on its way into the database and out to a
// client.
#include <gtest/gtest.h>

#include "tests/support/generated_objects.h"
#include "tests/support/store_testing.h"

namespace reconcile {
namespace {

using namespace store_testing;

constexpr std::string_view kNasty =
    "'; DROP TABLE objects; --\" \\ \n\r\t`$(x) %s {{}} </script>\x01\x7f é € \xf0\x9d\x84\x9e";

// Puts kNasty into every string inside `value` that the kind takes it for; how many those are.
// Names stay apart, and what a string stands for (numbers, times, words of a list) is refused here.
size_t PutNasty(Value* value, Value* root, const std::string& path) {
  size_t count = 0;
  if (value->IsList()) {
    for (Value& element : value->AsList()) count += PutNasty(&element, root, path);
  }
  if (value->IsMap()) {
    for (Value::Member& member : value->AsMap()) {
      const std::string inner = path + "." + member.key;
      const bool is_identity = inner == ".kind" || inner == ".apiVersion" ||
                               inner == ".metadata.name" || inner == ".metadata.namespace";
      if (!is_identity) count += PutNasty(&member.value, root, inner);
    }
  }
  if (!value->IsString()) return count;
  const Value old = *value;
  *value = Value::String(std::string(kNasty));
  const Result<ObjectPtr> taken = DecodeStored(*root);
  if (taken.ok() && EncodeObject(**taken, EncodeFor::kStore) == *root) return count + 1;
  *value = old;
  return count;
}

TEST(Faults, Line23_QuotesAndSqlInEveryStringFieldComeBackUnchanged) {
  const TempFolder folder;
  Transaction transaction;
  std::map<ObjectKey, std::string> shown;
  size_t strings = 0;
  for (Kind kind : kAllKinds) {
    Value value = GeneratedObjects(23).Object(kind);
    value = EncodeObject(**DecodeStored(value), EncodeFor::kStore);
    const size_t of_kind = PutNasty(&value, &value, "");
    EXPECT_GT(of_kind, 3U) << InfoOf(kind).name;
    strings += of_kind;
    const ObjectPtr object = *DecodeStored(value);
    std::shared_ptr<Object> unversioned = object->Clone();
    unversioned->metadata.resource_version = 0;
    shown[object->key()] = EncodeObjectJson(*unversioned, EncodeFor::kUser);
    transaction.writes.push_back({object->key(), object});
  }
  EXPECT_GT(strings, 500U);
  {
    const auto store = OpenSqliteStore(OptionsFor(folder.File("cluster.db")));
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    const Result<Revision> done = (*store)->Commit(transaction, 0);
    ASSERT_TRUE(done.ok()) << done.status().ToString();
  }
  const auto store = OpenSqliteStore(OptionsFor(folder.File("cluster.db")));
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  for (const auto& [key, text] : shown) {
    const ObjectPtr object = (*store)->Snapshot()->Find(key);
    ASSERT_NE(object, nullptr) << ToString(key);
    std::shared_ptr<Object> unversioned = object->Clone();
    unversioned->metadata.resource_version = 0;
    EXPECT_EQ(EncodeObjectJson(*unversioned, EncodeFor::kUser), text);
    const Result<Value> read = ParseJson(text);
    EXPECT_TRUE(read.ok() && *read == EncodeObject(*unversioned, EncodeFor::kUser));
  }
}

}  // namespace
}  // namespace reconcile
