// SPDX-License-Identifier: Apache-2.0
#include "model/result.h"

namespace arcform {

Advice advice(ErrorCode code) {
  switch (code) {
    case ErrorCode::unavailable:
    case ErrorCode::deadline_exceeded:
      return Advice::retry;
    case ErrorCode::aborted:
    case ErrorCode::not_found:
    case ErrorCode::already_exists:
      return Advice::replan;
    case ErrorCode::failed_precondition:
    case ErrorCode::invalid_argument:
    case ErrorCode::permission_denied:
    case ErrorCode::unauthenticated:
    case ErrorCode::resource_exhausted:
    case ErrorCode::unsupported:
    case ErrorCode::internal:
      return Advice::stop;
  }
  return Advice::stop;
}

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::deadline_exceeded:
      return "deadline exceeded";
    case ErrorCode::aborted:
      return "aborted";
    case ErrorCode::not_found:
      return "not found";
    case ErrorCode::already_exists:
      return "already exists";
    case ErrorCode::failed_precondition:
      return "failed precondition";
    case ErrorCode::invalid_argument:
      return "invalid argument";
    case ErrorCode::permission_denied:
      return "permission denied";
    case ErrorCode::unauthenticated:
      return "unauthenticated";
    case ErrorCode::resource_exhausted:
      return "resource exhausted";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace arcform
