// SPDX-License-Identifier: Apache-2.0
#include "examples/stock-node/engine.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace arcform::stock {
namespace {

constexpr const char* kEngineName = "stock-node-engine";
constexpr const char* kPortFile = "port";
constexpr auto kStartLimit = std::chrono::seconds(30);

/// A directory of our own for the engine's link and its port file; gone at the end of the start.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    // TMPDIR may belong to the user who called, not to the one the node runs as.
    const char* preferred = std::getenv("TMPDIR");
    for (const char* base : {preferred != nullptr ? preferred : "/tmp", "/tmp"}) {
      std::string name = fmt::format("{}/stock-node-XXXXXX", base);
      if (path_.empty() && mkdtemp(name.data()) != nullptr) {
        path_ = name;
      }
    }
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ScratchDirectory(ScratchDirectory&&) = delete;
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory() {
    if (path_.empty()) {
      return;
    }
    unlink(file(kEngineName).c_str());
    unlink(file(kPortFile).c_str());
    unlink((file(kPortFile) + ".lck").c_str());
    rmdir(path_.c_str());
  }
  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

 private:
  std::string path_;
};

// Stock memcached starts as long as one of IPv4 and IPv6 can be bound; the Arcus server gives up
// at the first address that is taken (memcached.c, server_socket). So look before it starts.
std::optional<Failure> check_port(const Options& options) {
  if (options.unix_socket || options.port == 0) {
    return std::nullopt;
  }
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* addresses = nullptr;
  const char* interface = options.listen ? options.listen->c_str() : nullptr;
  const std::string port = std::to_string(options.port);
  if (const int error = getaddrinfo(interface, port.c_str(), &hints, &addresses); error != 0) {
    return Failure{kExitSystem, fmt::format("getaddrinfo(): {}: {}", options.listen.value_or("*"),
                                            gai_strerror(error))};
  }
  std::optional<Failure> failure;
  for (const addrinfo* next = addresses; next != nullptr && !failure; next = next->ai_next) {
    const Fd fd(socket(next->ai_family, next->ai_socktype | SOCK_CLOEXEC, next->ai_protocol));
    if (!fd.valid()) {
      continue;
    }
    const int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (next->ai_family == AF_INET6) {
      setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd.get(), next->ai_addr, next->ai_addrlen) != 0) {
      const int error = errno;
      std::array<char, NI_MAXHOST> host{};
      getnameinfo(next->ai_addr, next->ai_addrlen, host.data(), host.size(), nullptr, 0,
                  NI_NUMERICHOST);
      failure = Failure{kExitSystem, fmt::format("bind() error({}:{}): {}", host.data(),
                                                 options.port, std::strerror(error))};
    }
  }
  freeaddrinfo(addresses);
  return failure;
}

std::vector<char*> c_strings(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) {
    result.push_back(word.data());
  }
  result.push_back(nullptr);
  return result;
}

// Everything is prepared by the parent: between fork and exec only async-signal-safe calls.
[[noreturn]] void become_engine(pid_t parent, const char* path, char* const* argv,
                                char* const* envp) {
  // Asked for before looking at the parent: whichever happens first, the child dies with it.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
    _exit(kExitSystem);
  }
  // A Ctrl-C at the terminal is the node's to handle: it leaves the cloud before the engine stops.
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(path, argv, envp);
  _exit(kExitBadOption);
}

std::vector<std::string> engine_environment(const std::string& port_file) {
  std::vector<std::string> result;
  constexpr std::string_view kVariable = "MEMCACHED_PORT_FILENAME=";
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with(kVariable)) {
      result.emplace_back(*variable);
    }
  }
  result.push_back(std::string(kVariable) + port_file);
  return result;
}

// Stock memcached renames its port file into place once it listens.
bool port_file_appeared(int watch) {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  const ssize_t size = read(watch, buffer.data(), buffer.size());
  for (ssize_t at = 0; at < size;) {
    inotify_event event{};
    std::memcpy(&event, buffer.data() + at, sizeof(event));
    if (std::strcmp(buffer.data() + at + sizeof(event), kPortFile) == 0) {
      return true;
    }
    at += static_cast<ssize_t>(sizeof(event) + event.len);
  }
  return false;
}

enum class Start { listening, ended, too_slow };

Start await_start(int watch, int exit_fd) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + kStartLimit;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      return Start::too_slow;
    }
    std::array<pollfd, 2> fds{{{watch, POLLIN, 0}, {exit_fd, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), static_cast<int>(left.count())) <= 0) {
      continue;
    }
    if (fds[0].revents != 0 && port_file_appeared(watch)) {
      return Start::listening;
    }
    if (fds[1].revents != 0) {
      return Start::ended;
    }
  }
}

}  // namespace

std::string stock_memcached_path() {
  const char* path = std::getenv("ARCFORM_STOCK_MEMCACHED");
  return path != nullptr && *path != '\0' ? path : "/usr/bin/memcached";
}

std::string stock_memcached_version() {
  const std::string path = stock_memcached_path();
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return "unknown memcached";
  }
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(write_end.get(), STDOUT_FILENO);
    execl(path.c_str(), path.c_str(), "--version", nullptr);
    _exit(kExitBadOption);
  }
  write_end.reset();
  std::array<char, 256> buffer{};
  const ssize_t size = read(read_end.get(), buffer.data(), buffer.size());
  waitpid(pid, nullptr, 0);
  if (size <= 0) {
    return fmt::format("none ({} does not run)", path);
  }
  const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  return std::string(text.substr(0, text.find('\n')));
}

Outcome<Engine> Engine::start(const Options& options, const Log& log) {
  if (std::optional<Failure> taken = check_port(options)) {
    return *taken;
  }
  const std::string binary = stock_memcached_path();
  if (access(binary.c_str(), X_OK) != 0) {
    return Failure{kExitBadOption,
                   fmt::format("run stock memcached: {}: {}; install memcached or set "
                               "ARCFORM_STOCK_MEMCACHED",
                               binary, std::strerror(errno))};
  }
  const ScratchDirectory scratch;
  const Fd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (scratch.path().empty() ||
      inotify_add_watch(watch.get(), scratch.path().c_str(), IN_MOVED_TO) < 0 ||
      symlink(binary.c_str(), scratch.file(kEngineName).c_str()) != 0) {
    return Failure{kExitSystem, fmt::format("prepare the engine's directory: {}: {}",
                                            scratch.path(), std::strerror(errno))};
  }
  std::vector<std::string> words = engine_arguments(options);
  if (geteuid() == 0) {
    words.insert(words.end(), {"-u", "root"});  // The node was told to run as root: so does this.
  }
  words.insert(words.begin(), kEngineName);
  log.debug("starting {} as {}", binary, fmt::join(words, " "));
  // The kernel names a process after the path it was started by: the link, not its target.
  Outcome<Engine> engine =
      spawn(scratch.file(kEngineName), words, engine_environment(scratch.file(kPortFile)));
  // A unix socket has no port file; and no cloud to join, so nobody waits for it.
  if (auto* started = std::get_if<Engine>(&engine); started != nullptr && !options.unix_socket) {
    if (std::optional<Failure> failure = started->await_listening(watch.get(), options.port)) {
      return *failure;
    }
  }
  return engine;
}

Outcome<Engine> Engine::spawn(const std::string& path, std::vector<std::string> words,
                              std::vector<std::string> variables) {
  const std::vector<char*> argv = c_strings(words);
  const std::vector<char*> envp = c_strings(variables);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    return Failure{kExitSystem, fmt::format("fork() failed: {}", std::strerror(errno))};
  }
  if (pid == 0) {
    become_engine(parent, path.c_str(), argv.data(), envp.data());
  }
  // glibc 2.36 declares pidfd_open without C linkage, hence the bare call.
  Engine engine(pid, Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))));
  if (!engine.exit_.valid()) {
    return Failure{kExitSystem, fmt::format("pidfd_open() failed: {}", std::strerror(errno))};
  }
  return engine;
}

std::optional<Failure> Engine::await_listening(int watch, int port) {
  switch (await_start(watch, exit_fd())) {
    case Start::listening:
      return std::nullopt;
    case Start::ended: {
      const int status = collect();
      return Failure{status == 0 ? kExitBadOption : status,
                     fmt::format("stock memcached ended at its start: exit status {}", status)};
    }
    case Start::too_slow:
      break;
  }
  return Failure{kExitSystem, fmt::format("stock memcached does not listen on port {} after {} s",
                                          port, kStartLimit.count())};
}

Engine::Engine(Engine&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_(std::move(other.exit_)) {}

Engine::~Engine() {
  stop();
}

int Engine::collect() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Engine::hold() const {
  kill(pid_, SIGSTOP);
}

void Engine::resume() const {
  kill(pid_, SIGCONT);
}

void Engine::stop() {
  if (pid_ < 0) {
    return;
  }
  // Not SIGTERM: stock memcached notices that only at its next one-second tick, and it has nothing
  // to save. The Arcus server's port too closes some 10 ms after its znode has vanished.
  kill(pid_, SIGKILL);
  collect();
}

}  // namespace arcform::stock
