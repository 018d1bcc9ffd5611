// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace arcform {

/// What kind of thing went wrong; decides what a caller may do next (see `advice`).
enum class ErrorCode {
  unavailable,          ///< not reached, or the connection was lost; a write may have happened
  deadline_exceeded,    ///< no answer in time; a write may have happened
  aborted,              ///< somebody else changed it in between
  not_found,            ///< it is not there
  already_exists,       ///< it is there already
  failed_precondition,  ///< a guard refuses; says what must be true first
  invalid_argument,     ///< the spec or the command line is wrong
  permission_denied,    ///< the other side refuses us this
  unauthenticated,      ///< the other side does not believe who we are, or we do not believe it
  resource_exhausted,   ///< disk full, too many descriptors, too many connections
  unsupported,          ///< understood, and not built yet
  internal,             ///< our own bug
};

/// What to do after an error: a read may be retried; a write of unknown fate must be re-observed
/// first; the rest needs a person.
enum class Advice { retry, replan, stop };

/// A failure: a kind and one line for people ("what: where: why; what to do", lower case, no full
/// stop, the host or znode always in it).
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;

  /// The same error with an outer subject in front: "start cache node 10.0.0.1:11211: ...".
  [[nodiscard]] Error with(const std::string& subject) const {
    return Error{code, subject + ": " + message};
  }
  bool operator==(const Error&) const = default;
};

/// The total table of what an error of this kind asks for.
Advice advice(ErrorCode code);
/// "unavailable", "deadline exceeded", ...
const char* name_of(ErrorCode code);

/// A value or an Error. Dropping one is a compile-time warning. Names follow std::expected, which
/// g++ 12 does not have in C++20.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

  const Error& error() const {
    const Error* const error = std::get_if<1>(&state_);
    if (error == nullptr) {
      std::abort();  // A bug of ours; also tells the optimiser that it is no null pointer.
    }
    return *error;
  }
  Result with(const std::string& subject) && {
    if (has_value()) {
      return std::move(*this);
    }
    return error().with(subject);
  }

 private:
  T& checked() {
    T* const value = std::get_if<0>(&state_);
    if (value == nullptr) {
      std::abort();
    }
    return *value;
  }
  std::variant<T, Error> state_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const {
    if (!error_) {
      std::abort();
    }
    return *error_;
  }
  Result with(const std::string& subject) && {
    if (has_value()) {
      return {};
    }
    return error_->with(subject);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace arcform
