// SPDX-License-Identifier: Apache-2.0
#include "controller/terminal.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "model/packages.h"
#include "model/render.h"

namespace arcform {
namespace {

/// Everything, whatever signals come; a reader that went away is not our trouble.
void write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(fd, text.data() + done, text.size() - done);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      return;
    }
  }
}

/// While it lives, Ctrl-C and SIGTERM end the waiting for input. Whoever handles them at other
/// times is on the loop, which stands still while somebody is asked; and as a signal may be
/// delivered to any thread, no read can be relied on to be broken off by it.
class BreakableInput {
 public:
  BreakableInput() {
    if (::pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK) == 0) {
      note_to_ = pipe_[1];
      struct sigaction ours {};
      ours.sa_handler = note;
      for (std::size_t i = 0; i < kSignals.size(); ++i) {
        ::sigaction(kSignals[i], &ours, &before_[i]);
      }
    }
  }
  ~BreakableInput() {
    if (note_to_ < 0) {
      return;
    }
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &before_[i], nullptr);
    }
    note_to_ = -1;
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }
  BreakableInput(const BreakableInput&) = delete;
  BreakableInput& operator=(const BreakableInput&) = delete;

  /// Waits until `fd` can be read: 0; or the signal that came first.
  int wait(int fd) const {
    std::array<pollfd, 2> watched{{{pipe_[0], POLLIN, 0}, {fd, POLLIN, 0}}};
    while (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
    }
    char signal = 0;
    return ::read(pipe_[0], &signal, 1) == 1 ? signal : 0;
  }

 private:
  static constexpr std::array<int, 2> kSignals{SIGINT, SIGTERM};
  static void note(int number) {
    const int kept = errno;
    const char signal = static_cast<char>(number);
    static_cast<void>(::write(note_to_, &signal, 1) == 1);
    errno = kept;
  }
  static inline volatile std::sig_atomic_t note_to_ = -1;
  std::array<int, 2> pipe_{-1, -1};
  std::array<struct sigaction, 2> before_{};
};

/// Asks on `to`, reads one line from `from`, without its newline; nullopt at the end of the input.
/// Whoever sees the question can break it off.
Reply ask_line(const std::string& question, int to, int from) {
  const BreakableInput input;
  write_all(to, question);
  std::string line;
  char c = 0;
  while (true) {
    if (const int signal = input.wait(from); signal != 0) {
      return {std::nullopt, signal};
    }
    const ssize_t count = ::read(from, &c, 1);
    if (count == 1 && c != '\n') {
      line += c;
    } else if (count == 1) {
      return {line, 0};
    } else if (count == 0 || errno != EINTR) {
      return {line.empty() ? std::nullopt : std::optional(line), 0};
    }
  }
}

std::string seconds_text(Time time) {
  return fmt::format("{:.1f} s", in_seconds(time));
}

}  // namespace

std::string render_upload(const UploadProgress& progress) {
  const double took = in_seconds(progress.took);
  const double rate = took > 0 ? static_cast<double>(progress.sent) / took : 0;
  std::string text =
      fmt::format("uploading: {} of {} to {} host{}, {}/s, {} done", megabytes(progress.sent),
                  megabytes(progress.bytes), progress.hosts, progress.hosts == 1 ? "" : "s",
                  megabytes(static_cast<std::uint64_t>(rate)), progress.hosts_done);
  if (progress.hosts_failed > 0) {
    text += fmt::format(", {} failed", progress.hosts_failed);
  }
  return text;
}

void StandardConsole::out(const std::string& text) {
  write_all(STDOUT_FILENO, text);
}
void StandardConsole::err(const std::string& text) {
  write_all(STDERR_FILENO, text);
}

bool StandardConsole::colour() const {
  return !no_color_ && ::isatty(STDOUT_FILENO) == 1;
}

TerminalSize StandardConsole::size() const {
  winsize size{};
  if (::isatty(STDOUT_FILENO) != 1 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
    return {};
  }
  constexpr unsigned short kRows = 24;  // Of a terminal that does not say how large it is.
  return {size.ws_col, size.ws_row == 0 ? kRows : size.ws_row};
}

Reply StandardConsole::ask(const std::string& question) {
  if (::isatty(STDIN_FILENO) != 1) {
    return {};
  }
  Reply reply = ask_line(question, STDOUT_FILENO, STDIN_FILENO);
  if (!reply.line) {
    out("\n");
  }
  return reply;
}

Result<std::string> ask_secret(const std::string& question) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) {
    return Error{ErrorCode::failed_precondition,
                 question +
                     ": there is no terminal to ask on; name a file or an environment "
                     "variable in the spec"};
  }
  termios before{};
  ::tcgetattr(terminal, &before);
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(terminal, TCSAFLUSH, &silent);
  const Reply reply = ask_line(question + ": ", terminal, terminal);
  ::tcsetattr(terminal, TCSAFLUSH, &before);
  write_all(terminal, "\n");
  ::close(terminal);
  if (reply.signal != 0) {
    ::raise(reply.signal);
    return Error{ErrorCode::aborted, question + ": interrupted"};
  }
  if (!reply.line) {
    return Error{ErrorCode::failed_precondition, question + ": no answer"};
  }
  return *reply.line;
}

ConsoleProgress::ConsoleProgress(Console& console, const Clock& clock)
    : console_(console), clock_(clock), begun_(clock.now()) {}

void ConsoleProgress::say(const std::string& text) {
  if (text != last_) {
    console_.out(fmt::format("{:>7}  {}\n", seconds_text(clock_.now() - begun_), text));
    last_ = text;
  }
}

void ConsoleProgress::step_started(const Plan& plan, StepId step) {
  say(render_step_line(plan.steps[step]) + " ...");
}

void ConsoleProgress::step_done(const Plan& plan, StepId step, Time took) {
  say(fmt::format("{}: done in {}", render_step_line(plan.steps[step]), seconds_text(took)));
}

void ConsoleProgress::step_failed(const Plan& plan, StepId step, const Error& error) {
  say(fmt::format("{}: FAILED: {}", render_step_line(plan.steps[step]), error.message));
}

void ConsoleProgress::step_skipped(const Plan& plan, StepId step, const std::string& why) {
  say(fmt::format("{}: not tried, {}", render_step_line(plan.steps[step]), why));
}

void ConsoleProgress::uploading(const UploadProgress& progress) {
  say(render_upload(progress));
}

void ConsoleProgress::waiting(const std::string& what) {
  say("waiting: " + what);
}

}  // namespace arcform
