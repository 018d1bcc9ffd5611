// SPDX-License-Identifier: Apache-2.0
#include "controller/terminal.h"

#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
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

/// One line without its newline; nullopt at the end of the input.
std::optional<std::string> read_line(int fd) {
  std::string line;
  char c = 0;
  while (true) {
    const ssize_t count = ::read(fd, &c, 1);
    if (count == 1 && c != '\n') {
      line += c;
    } else if (count == 1) {
      return line;
    } else if (count == 0 || errno != EINTR) {
      return line.empty() ? std::nullopt : std::optional(line);
    }
  }
}

std::string seconds(Time time) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(time).count());
}

}  // namespace

std::string render_upload(const UploadProgress& progress) {
  const double took = std::chrono::duration<double>(progress.took).count();
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

std::optional<std::string> StandardConsole::ask(const std::string& question) {
  if (::isatty(STDIN_FILENO) != 1) {
    return std::nullopt;
  }
  out(question);
  return read_line(STDIN_FILENO);
}

Result<std::string> ask_secret(const std::string& question) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) {
    return Error{ErrorCode::failed_precondition,
                 question +
                     ": there is no terminal to ask on; name a file or an environment "
                     "variable in the spec"};
  }
  write_all(terminal, question + ": ");
  termios before{};
  ::tcgetattr(terminal, &before);
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(terminal, TCSAFLUSH, &silent);
  const std::optional<std::string> answer = read_line(terminal);
  ::tcsetattr(terminal, TCSAFLUSH, &before);
  write_all(terminal, "\n");
  ::close(terminal);
  if (!answer) {
    return Error{ErrorCode::failed_precondition, question + ": no answer"};
  }
  return *answer;
}

ConsoleProgress::ConsoleProgress(Console& console, const Clock& clock)
    : console_(console), clock_(clock), begun_(clock.now()) {}

void ConsoleProgress::say(const std::string& text) {
  if (text != last_) {
    console_.out(fmt::format("{:>7}  {}\n", seconds(clock_.now() - begun_), text));
    last_ = text;
  }
}

void ConsoleProgress::step_started(const Plan& plan, StepId step) {
  say(render_step_line(plan.steps[step]) + " ...");
}

void ConsoleProgress::step_done(const Plan& plan, StepId step, Time took) {
  say(fmt::format("{}: done in {}", render_step_line(plan.steps[step]), seconds(took)));
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
