// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_message.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <http_parser.h>

namespace arcform {
namespace {

/// `default-src 'none'` with what the page itself needs: nothing is loaded from elsewhere, and
/// nothing that is written into the page can run.
constexpr const char* kSecurity =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n";

const char* phrase_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

/// "ops1" of "Ops1:9464", "::1" of "[::1]:9464".
std::string name_in(std::string_view host) {
  if (host.starts_with('[')) {
    return lowered(host.substr(1, std::min(host.find(']'), host.size()) - 1));
  }
  return lowered(host.substr(0, host.find(':')));
}

/// Numbers and dots, or with the colons of IPv6: not a name that a resolver is asked for.
bool is_address(const std::string& name) {
  const bool v6 = name.find(':') != std::string::npos;
  const char* const allowed = v6 ? "0123456789abcdef:." : "0123456789.";
  return !name.empty() && name.find_first_not_of(allowed) == std::string::npos;
}

}  // namespace

struct HttpRequestReader::Parts {
  http_parser parser{};
  http_parser_settings settings{};
  HttpRequest request;
  std::string url;
  std::string field;
  std::string value;
  bool in_value = false;
  std::size_t hosts = 0;
  std::size_t read = 0;
  bool done = false;
  int status = 0;

  void end_header() {
    const std::string name = lowered(field);
    if (name == "host") {
      request.host = value;
      ++hosts;
    } else if (name == "origin") {
      request.origin = value;
    } else if (name == "last-event-id") {
      request.last_event = value;
    }
    field.clear();
    value.clear();
    in_value = false;
  }

  static Parts& of(http_parser* parser) { return *static_cast<Parts*>(parser->data); }

  static int on_url(http_parser* parser, const char* at, std::size_t size) {
    of(parser).url.append(at, size);
    return 0;
  }
  static int on_field(http_parser* parser, const char* at, std::size_t size) {
    Parts& self = of(parser);
    if (self.in_value) {
      self.end_header();
    }
    self.field.append(at, size);
    return 0;
  }
  static int on_value(http_parser* parser, const char* at, std::size_t size) {
    Parts& self = of(parser);
    self.in_value = true;
    self.value.append(at, size);
    return 0;
  }
  static int on_end(http_parser* parser) {
    Parts& self = of(parser);
    if (self.in_value) {
      self.end_header();
    }
    self.request.method = http_method_str(static_cast<http_method>(parser->method));
    self.request.path = self.url.substr(0, self.url.find('?'));
    self.done = true;
    http_parser_pause(parser, 1);
    return 0;
  }
};

HttpRequestReader::HttpRequestReader() : parts_(std::make_unique<Parts>()) {
  http_parser_init(&parts_->parser, HTTP_REQUEST);
  http_parser_settings_init(&parts_->settings);
  parts_->parser.data = parts_.get();
  parts_->settings.on_url = &Parts::on_url;
  parts_->settings.on_header_field = &Parts::on_field;
  parts_->settings.on_header_value = &Parts::on_value;
  parts_->settings.on_headers_complete = &Parts::on_end;
}

HttpRequestReader::~HttpRequestReader() = default;

HttpRequestReader::State HttpRequestReader::feed(std::string_view bytes) {
  Parts& parts = *parts_;
  if (parts.done || parts.status != 0) {
    return parts.done ? State::done : State::refused;
  }
  const std::size_t taken =
      http_parser_execute(&parts.parser, &parts.settings, bytes.data(), bytes.size());
  parts.read += taken;
  if (parts.read > kHeadMax) {
    parts.status = 431;
  } else if (!parts.done && HTTP_PARSER_ERRNO(&parts.parser) != HPE_OK) {
    parts.status = 400;
  } else if (parts.done && (parts.hosts > 1 || !parts.request.path.starts_with('/'))) {
    parts.status = 400;
  }
  parts.done = parts.done && parts.status == 0;
  return parts.done ? State::done : parts.status != 0 ? State::refused : State::more;
}

const HttpRequest& HttpRequestReader::request() const {
  return parts_->request;
}

int HttpRequestReader::status() const {
  return parts_->status;
}

HttpAnswer plain_answer(int status, std::string text) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = std::make_shared<const std::string>(std::move(text) + "\n");
  return answer;
}

std::optional<HttpAnswer> refusal(const HttpRequest& request, std::string_view own_name) {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpAnswer answer = plain_answer(405, "this is read-only: GET and HEAD");
    answer.header = "Allow: GET, HEAD";
    return answer;
  }
  const std::string name = name_in(request.host);
  if (name != "localhost" && name != lowered(own_name) && !is_address(name)) {
    return plain_answer(421,
                        "the header Host names another place; ask by address, as localhost, or by "
                        "the name given to --listen");
  }
  if (request.origin) {
    const std::string origin = lowered(*request.origin);
    const std::string host = lowered(request.host);
    if (origin != "http://" + host && origin != "https://" + host) {
      return plain_answer(403, "pages of other origins get no answer");
    }
  }
  return std::nullopt;
}

std::string head_of(const HttpAnswer& answer) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n", answer.status,
                                 phrase_of(answer.status), answer.type);
  if (answer.stream == nullptr) {
    head += fmt::format("Content-Length: {}\r\n", answer.body == nullptr ? 0 : answer.body->size());
  }
  if (!answer.header.empty()) {
    head += answer.header + "\r\n";
  }
  head += kSecurity;
  head += "Cache-Control: no-store\r\nConnection: close\r\n\r\n";
  return head;
}

}  // namespace arcform
