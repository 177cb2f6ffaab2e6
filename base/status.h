#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace reconcile {

// What a caller can do about a failure; the message says the rest.
enum class StatusCode {
  kOk,
  kInvalid,      // the input is wrong; the same call will fail again
  kNotFound,     // the named thing does not exist
  kConflict,     // the world moved since the caller looked: look again
  kUnavailable,  // the other side did not answer; worth a retry
  kInternal,     // a defect here or in a component below
};

std::string_view ToString(StatusCode code);

// Outcome of an operation without a value. A message says what failed, on which object and why.
// Value type, thread-compatible.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  // "Invalid: message", or "OK".
  std::string ToString() const;
  // The same failure with "context: " put before its message. OK stays OK.
  Status WithContext(std::string_view context) const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status OkStatus() { return Status(); }
Status InvalidError(std::string message);
Status NotFoundError(std::string message);
Status ConflictError(std::string message);
Status UnavailableError(std::string message);
Status InternalError(std::string message);
// Unavailable: "cannot WHAT PATH: " and what errno says.
Status ErrnoError(const std::string& what, const std::string& path);

// A value or the status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::move(value)) {}
  Result(Status status) : content_(std::move(status)) { CHECK(!std::get<Status>(content_).ok()); }

  bool ok() const { return std::holds_alternative<T>(content_); }
  Status status() const { return ok() ? Status() : std::get<Status>(content_); }
  const T& value() const& {
    CHECK(ok());
    return std::get<T>(content_);
  }
  T& value() & {
    CHECK(ok());
    return std::get<T>(content_);
  }
  T&& value() && {
    CHECK(ok());
    return std::get<T>(std::move(content_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<Status, T> content_;
};

// Returns from the enclosing function when `expression` (a Status) is not OK.
#define RETURN_IF_ERROR(expression)                          \
  do {                                                       \
    ::reconcile::Status status_macro_value = (expression);   \
    if (!status_macro_value.ok()) return status_macro_value; \
  } while (false)

}  // namespace reconcile
