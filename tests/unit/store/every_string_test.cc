// FAULTS 23: what a string says is nobody's syntax on its way into the database and out to a
// client.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/generated_objects.h"
#include "tests/support/store_testing.h"

namespace reconcile {
namespace {

using namespace store_testing;

constexpr std::string_view kNasty =
    "'; DROP TABLE objects; --\" \\ \n\r\t`$(x) %s {{}} </script>\x01\x7f é € \xf0\x9d\x84\x9e";

struct FoundString {
  Value* value;
  std::string field;  // "containers.image"
};

// The strings inside `value` but those that say which object it is.
void FindStrings(Value* value, const std::string& path, std::vector<FoundString>* strings) {
  if (value->IsString()) {
    const size_t last = path.rfind('.');
    const size_t before = last == 0 ? 0 : path.rfind('.', last - 1);
    strings->push_back({value, path.substr(before + 1)});
  }
  if (value->IsList()) {
    for (Value& element : value->AsList()) FindStrings(&element, path, strings);
  }
  if (!value->IsMap()) return;
  for (Value::Member& member : value->AsMap()) {
    const std::string inner = path + "." + member.key;
    const bool is_identity = inner == ".kind" || inner == ".apiVersion" ||
                             inner == ".metadata.name" || inner == ".metadata.namespace";
    if (!is_identity) FindStrings(&member.value, inner, strings);
  }
}

// Puts kNasty into the strings of objects, as many of them as their kind takes it for. What a
// string stands for (numbers, times, words of a list) is refused. An object has up to 1,500 of
// them, and to try is to read it whole: so they are tried together, and halves where that is
// refused.
class NastyWriter {
 public:
  // How many of those inside `root` those are.
  size_t Put(Value* root) {
    std::vector<FoundString> strings;
    FindStrings(root, "", &strings);
    // What is likely to be refused is at the end, and side by side.
    std::stable_sort(strings.begin(), strings.end(), [&](const auto& a, const auto& b) {
      return std::pair(refused_.count(a.field), a.field) <
             std::pair(refused_.count(b.field), b.field);
    });
    const auto known = std::find_if(strings.begin(), strings.end(), [&](const auto& found) {
      return refused_.count(found.field) > 0;
    });
    size_t count = Try({strings.begin(), known}, *root);
    for (auto one = known; one != strings.end(); ++one) count += Try({one, one + 1}, *root);
    return count;
  }

 private:
  size_t Try(std::span<const FoundString> strings, const Value& root) {
    if (strings.empty()) return 0;
    std::vector<Value> before;
    for (const FoundString& found : strings) {
      before.push_back(std::exchange(*found.value, Value::String(std::string(kNasty))));
    }
    const Result<ObjectPtr> taken = DecodeStored(root);
    if (taken.ok() && EncodeObject(**taken, EncodeFor::kStore) == root) return strings.size();
    for (size_t i = 0; i < strings.size(); ++i) *strings[i].value = std::move(before[i]);
    if (strings.size() == 1) {
      refused_.insert(strings[0].field);
      return 0;
    }
    const size_t half = strings.size() / 2;
    return Try(strings.first(half), root) + Try(strings.subspan(half), root);
  }

  std::set<std::string> refused_;  // fields of which one was
};

TEST(Faults, Line23_QuotesAndSqlInEveryStringFieldComeBackUnchanged) {
  const TempFolder folder;
  Transaction transaction;
  std::map<ObjectKey, std::string> shown;
  NastyWriter writer;
  size_t strings = 0;
  for (Kind kind : kAllKinds) {
    Value value = GeneratedObjects(23).Object(kind);
    value = EncodeObject(**DecodeStored(value), EncodeFor::kStore);
    const size_t of_kind = writer.Put(&value);
    EXPECT_GT(of_kind, 3U) << InfoOf(kind).name;
    strings += of_kind;
    const ObjectPtr object = *DecodeStored(value);
    std::shared_ptr<Object> unversioned = object->Clone();
    unversioned->metadata.resource_version = 0;
    shown[object->key()] = EncodeObjectJson(*unversioned, EncodeFor::kUser);
    transaction.writes.push_back({object->key(), object});
  }
  EXPECT_GT(strings, 12'000U);
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
