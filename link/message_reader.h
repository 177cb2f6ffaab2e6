#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "link/messages.h"

namespace reconcile {

// Reads the members of a message: an absent or null one is what it was by default, one of a wrong
// type is an error. The first error wins and names the member; everything after it reads nothing.
class MessageReader {
 public:
  // `value` must outlive it. `path` names it in errors: "report.fence".
  MessageReader(const Value& value, std::string path);

  std::string String(std::string_view key);
  std::string RequiredString(std::string_view key);  // an error when it is empty
  int64_t Count(std::string_view key);               // an int that is not negative
  bool Bool(std::string_view key);
  StringMap Strings(std::string_view key);
  std::vector<std::string> StringList(std::string_view key);
  // nullptr when absent or of another type.
  const Value* Map(std::string_view key);
  // At most kMaxMessageItems items.
  const Value::List& List(std::string_view key);

  // "report.pods[3]".
  std::string ItemPath(std::string_view key, size_t index) const;
  void Fail(std::string_view key, const std::string& why);
  const Status& status() const { return status_; }

 private:
  const Value* Find(std::string_view key, Value::Type type);

  const Value& value_;
  std::string path_;
  Status status_;
};

}  // namespace reconcile
