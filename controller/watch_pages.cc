// SPDX-License-Identifier: Apache-2.0
#include "controller/watch_pages.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "controller/watch_log.h"
#include "specs/report_file.h"

namespace arcform {
namespace {

constexpr const char* kJson = "application/json";

HttpAnswer document_answer(std::string text) {
  HttpAnswer answer;
  answer.type = kJson;
  answer.body = std::make_shared<const std::string>(std::move(text));
  return answer;
}

}  // namespace

/// The events that its client has not seen, then the state, each time that there is something new.
class WatchPages::Feed final : public HttpStream {
 public:
  Feed(WatchPages& pages, const std::string& last_event) : pages_(pages) {
    const std::string own = pages.run_ + "-";
    if (last_event.starts_with(own)) {
      std::from_chars(last_event.data() + own.size(), last_event.data() + last_event.size(),
                      event_);
    }
  }

  std::string next(bool idle) override {
    std::string out;
    if (!std::exchange(greeted_, true)) {
      out = fmt::format("retry: 1000\nevent: hello\ndata: {{\"run\":\"{}\"}}\n\n", pages_.run_);
    }
    for (const WatchEvent& event : pages_.state_.events) {
      if (event.id > event_) {
        out += fmt::format("id: {}-{}\nevent: event\ndata: {}\n", pages_.run_, event.id,
                           event_json(event));
        event_ = event.id;
      }
    }
    if (version_ != pages_.version_) {
      version_ = pages_.version_;
      out += "event: state\ndata: " + *pages_.document() + "\n";
    }
    if (out.empty() && idle) {
      out = "event: beat\ndata: {}\n\n";
    }
    pages_.touch();
    return out;
  }

 private:
  WatchPages& pages_;
  bool greeted_ = false;
  std::uint64_t event_ = 0;
  std::uint64_t version_ = 0;
};

WatchPages::WatchPages(const WatchState& state, const Clock& clock, const NodeLoads& loads,
                       std::string name, Time period, std::function<void()> changed)
    : state_(state),
      clock_(clock),
      loads_(loads),
      name_(std::move(name)),
      period_(period),
      changed_(std::move(changed)),
      run_(fmt::format("{:x}", seconds_of(clock.timestamp()))) {}

void WatchPages::on_state(const WatchState& state) {
  ++version_;
  if (state.last != nullptr && state.last->round != look_) {
    look_ = state.last->round;
    looks_.add(state.last->took);
  }
  changed_();
}

void WatchPages::on_event(const WatchEvent& /*event*/) {
  ++version_;
  changed_();
}

void WatchPages::on_loads() {
  ++version_;
  changed_();
}

void WatchPages::touch() {
  interest_ = clock_.now();
  changed_();
}

std::shared_ptr<const std::string> WatchPages::document() {
  if (document_ == nullptr || document_version_ != version_) {
    const ShownAt at{clock_.now(), clock_.timestamp()};
    document_ = std::make_shared<const std::string>(write_watched(
        status_in(state_, name_), watch_in(state_, at, loads_.latest()), JsonLayout::one_line));
    document_version_ = version_;
  }
  return document_;
}

HttpAnswer WatchPages::ready() const {
  const std::string why = unready(state_, clock_.now(), period_);
  return why.empty() ? plain_answer(200, fmt::format("ready: {}", name_of(state_.mode)))
                     : plain_answer(503, "not ready: " + printable(why, 1000));
}

HttpAnswer WatchPages::answer(const HttpRequest& request) {
  if (const PageFile* const file = page_file(request.path)) {
    HttpAnswer answer;
    answer.type = file->type;
    answer.body = std::make_shared<const std::string>(file->text);
    return answer;
  }
  if (request.path == "/healthz") {  // The loop itself answers: it turns.
    return plain_answer(200, "ok");
  }
  if (request.path == "/readyz") {
    return ready();
  }
  if (request.path == "/metrics") {
    touch();
    HttpAnswer answer =
        document_answer(metrics_of(state_, status_in(state_, name_), looks_, loads_.latest()));
    answer.type = "text/plain; version=0.0.4; charset=utf-8";
    return answer;
  }
  if (request.path == "/api/v1/state") {
    touch();
    return document_answer(
        write_watched(status_in(state_, name_),
                      watch_in(state_, {clock_.now(), clock_.timestamp()}, loads_.latest())));
  }
  if (request.path == "/api/v1/history") {
    return document_answer(write_history(loads_.history()));
  }
  if (request.path == "/api/v1/events") {
    HttpAnswer answer;
    answer.type = "text/event-stream";
    answer.stream = std::make_unique<Feed>(*this, request.last_event);
    return answer;
  }
  return plain_answer(404,
                      "nothing is here; see /, /metrics, /healthz, /readyz, /api/v1/state, "
                      "/api/v1/history and /api/v1/events");
}

}  // namespace arcform
