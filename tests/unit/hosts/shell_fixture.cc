// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/hosts/shell_fixture.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <arpa/inet.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace arcform {
namespace {

std::string fresh_folder() {
  static std::atomic<int> count{0};
  const std::string path = fmt::format("{}/{}-{}", ARCFORM_SCRATCH, ::getpid(), ++count);
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

}  // namespace

const std::vector<std::string>& shells_to_test() {
  static const std::vector<std::string> shells{"dash", "bash", "bash --posix", "busybox sh"};
  return shells;
}

std::vector<std::string> shell_command(const std::string& shell) {
  std::istringstream words(shell + " -s");
  std::vector<std::string> command;
  for (std::string word; words >> word;) {
    command.push_back(word);
  }
  return command;
}

void write_text(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

ShellFixture::ShellFixture(const std::string& shell)
    : command_(shell_command(shell)), folder_(fresh_folder()) {
  ScriptPlace place;
  place.directory = directory();
  place.shell = shell;
  host_ = std::make_unique<ScriptHost>("testhost", std::make_unique<BlockingTestShell>(command_),
                                       place, seeded_nonces(7));
}

ShellFixture::~ShellFixture() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void ShellFixture::run(Awaitable<void> work) {
  asio::io_context loop;
  asio::co_spawn(loop, std::move(work), asio::detached);
  loop.run();
}

std::vector<std::string> ShellFixture::argv(Program program, std::uint16_t port) {
  switch (program) {
    case Program::listens:
      return {ARCFORM_STAND_IN, "listen", std::to_string(port)};
    case Program::exits_at_once:
      return {ARCFORM_STAND_IN, "exit", "3"};
    case Program::ignores_term:
      return {ARCFORM_STAND_IN, "ignore-term", std::to_string(port)};
    case Program::waits:
      return {ARCFORM_STAND_IN, "wait"};
  }
  return {};
}

std::uint16_t ShellFixture::free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

void ShellFixture::pause() {
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

std::string ShellFixture::script(const std::string& body) {
  const auto output =
      expect(BlockingTestShell(command_).run(frame_script(body, "n1"), std::chrono::seconds{30}));
  return expect(parse_reply(output, "n1")).output;
}

}  // namespace arcform
