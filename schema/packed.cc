#include "schema/packed.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace reconcile {
namespace {

constexpr unsigned kBitsPerByte = 7;
constexpr uint64_t kMore = 1U << kBitsPerByte;
constexpr size_t kMostReserved = 64;  // elements and members, before they are there

}  // namespace

void PackWriter::Number(uint64_t value) {
  while (value >= kMore) {
    bytes_.push_back(static_cast<char>(value % kMore | kMore));
    value >>= kBitsPerByte;
  }
  bytes_.push_back(static_cast<char>(value));
}

void PackWriter::Signed(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  Number(value < 0 ? ~(bits << 1) : bits << 1);
}

void PackWriter::Text(std::string_view text) {
  Number(text.size());
  bytes_.append(text);
}

void PackWriter::Tree(const Value& value) {
  Number(static_cast<uint64_t>(value.type()));
  switch (value.type()) {
    case Value::Type::kNull:
      return;
    case Value::Type::kBool:
      return Number(value.AsBool() ? 1 : 0);
    case Value::Type::kInt:
      return Signed(value.AsInt());
    case Value::Type::kDouble:
      return Number(std::bit_cast<uint64_t>(value.AsDouble()));
    case Value::Type::kString:
      return Text(value.AsString());
    case Value::Type::kList:
      Number(value.AsList().size());
      for (const Value& element : value.AsList()) Tree(element);
      return;
    case Value::Type::kMap:
      Number(value.AsMap().size());
      for (const Value::Member& member : value.AsMap()) {
        Text(member.key);
        Tree(member.value);
      }
  }
}

Value PackReader::TreeAt(int depth) {
  const uint64_t type = Number();
  if (depth > kMaxTreeDepth || type > static_cast<uint64_t>(Value::Type::kMap)) {
    Fail();
    return {};
  }
  switch (static_cast<Value::Type>(type)) {
    case Value::Type::kNull:
      return {};
    case Value::Type::kBool:
      return Value::Bool(Number() != 0);
    case Value::Type::kInt:
      return Value::Int(Signed());
    case Value::Type::kDouble:
      return Value::Double(std::bit_cast<double>(Number()));
    case Value::Type::kString:
      return Value::String(std::string(Text()));
    case Value::Type::kList: {
      const size_t count = Count();
      Value::List elements;
      elements.reserve(std::min(count, kMostReserved));
      for (size_t i = 0; i < count && ok_; ++i) elements.push_back(TreeAt(depth + 1));
      return Value::MakeList(std::move(elements));
    }
    case Value::Type::kMap: {
      const size_t count = Count();
      Value::Map members;
      members.reserve(std::min(count, kMostReserved));
      for (size_t i = 0; i < count && ok_; ++i) {
        Value::Member& member = members.emplace_back();
        member.key = Text();
        member.value = TreeAt(depth + 1);
      }
      return Value::MakeMap(std::move(members));
    }
  }
  return {};
}

uint64_t PackReader::Number() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += kBitsPerByte) {
    const auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    value |= (byte % kMore) << shift;
    if (byte < kMore) return value;
  }
  Fail();
  return 0;
}

int64_t PackReader::Signed() {
  const uint64_t bits = Number();
  return static_cast<int64_t>(bits % 2 == 1 ? ~(bits >> 1) : bits >> 1);
}

std::string_view PackReader::Text() {
  const size_t size = Count();
  const std::string_view text = left_.substr(0, size);
  left_.remove_prefix(size);
  return text;
}

size_t PackReader::Count() {
  const uint64_t count = Number();
  if (count > left_.size()) {
    Fail();
    return 0;
  }
  return static_cast<size_t>(count);
}

void PackReader::Fail() {
  ok_ = false;
  left_ = {};
}

}  // namespace reconcile
