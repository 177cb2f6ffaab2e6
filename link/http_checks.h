#pragma once

#include <string>
#include <string_view>

namespace reconcile {

struct HttpProblem {
  int code = 0;  // 0: none
  std::string why;
};

// PURE: what a request's header fields say of its size, and whether two readers could disagree
// about it (RFC 9112 section 6.3; request smuggling), or it is made to cost us much.
class HttpFraming {
 public:
  // Each field, with its name in lower case.
  void Add(std::string_view name, std::string_view value);
  // `version` is 10 or 11.
  HttpProblem Check(unsigned version) const;

 private:
  int lengths_ = 0;
  bool bad_length_ = false;
  int encodings_ = 0;
  bool unknown_encoding_ = false;
  bool compressed_ = false;
  bool many_ranges_ = false;
};

// Header names are ASCII.
std::string LowerCase(std::string_view text);

}  // namespace reconcile
