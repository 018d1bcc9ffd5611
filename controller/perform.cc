// SPDX-License-Identifier: Apache-2.0
#include "controller/perform.h"

#include <fmt/format.h>

#include "model/znodes.h"

namespace arcform {

Awaitable<Result<void>> perform(ApplyContext& context, const Action& action) {
  return std::visit(
      [&context](const auto& kind) -> Awaitable<Result<void>> {
        return perform_action(context, kind);
      },
      action);
}

Awaitable<Result<bool>> exists(ZnodeReader& reader, std::string path) {
  const auto found = co_await reader.read(std::move(path));
  if (!found) {
    co_return found.error();
  }
  co_return found->has_value();
}

Awaitable<std::string> last_words_of(ApplyContext& context, std::string host, std::string slot) {
  const std::string log = fmt::format("{}:{}/{}/log", host, context.directory_on(host), slot);
  const Result<std::string> words = co_await context.host(host).last_words(slot);
  if (!words) {
    co_return "; its log " + log + " cannot be read: " + words.error().message;
  }
  if (words->empty()) {
    co_return "; its log " + log + " is empty";
  }
  std::string text = *words;
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  constexpr std::size_t kShown = 400;
  if (text.size() > kShown) {
    text = text.substr(text.size() - kShown);
    text = text.substr(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  for (char& c : text) {
    c = c == '\n' ? '|' : c;
  }
  co_return "; its last words in " + log + ": " + printable(text);
}

}  // namespace arcform
