#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace reconcile {

// A terse form for caches: numbers of seven bits a byte, texts after their length. It holds no
// types and no names, so that only the program that wrote it can read it.
class PackWriter {
 public:
  void Number(uint64_t value);
  void Signed(int64_t value);  // small ones, of either sign, are short
  void Text(std::string_view text);
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what a PackWriter wrote. Past the end, or where a number is none, everything is 0 or empty
// and ok() is false: ask before what was read is used. Borrows the bytes.
class PackReader {
 public:
  explicit PackReader(std::string_view bytes) : left_(bytes) {}
  uint64_t Number();
  int64_t Signed();
  std::string_view Text();
  // A number of things that follow, each of a byte at least: never more than bytes are left.
  size_t Count();
  void Fail();
  bool ok() const { return ok_; }
  bool AtEnd() const { return left_.empty(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace reconcile
