// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "controller/progress.h"

namespace arcform {

/// Of the terminal at the output; nothing when it is none.
struct TerminalSize {
  std::size_t columns = 0;
  std::size_t rows = 0;
};

/// What came of a question.
struct Reply {
  std::optional<std::string> line;  ///< nullopt: nobody is there to ask, or a signal came
  int signal = 0;                   ///< Ctrl-C or SIGTERM, which nobody else has heard of; 0: none
};

/// Where text for people goes, and where their answers come from.
class Console {
 public:
  virtual ~Console() = default;
  virtual void out(const std::string& text) = 0;  ///< results
  virtual void err(const std::string& text) = 0;  ///< errors, warnings and progress
  virtual bool colour() const = 0;                ///< on `out`
  virtual TerminalSize size() const { return {}; }
  /// One line of input after `question`.
  virtual Reply ask(const std::string& question) = 0;
};

/// The standard streams. Colour only on a terminal and without NO_COLOR.
class StandardConsole : public Console {
 public:
  explicit StandardConsole(bool no_color) : no_color_(no_color) {}
  void out(const std::string& text) override;
  void err(const std::string& text) override;
  bool colour() const override;
  TerminalSize size() const override;
  Reply ask(const std::string& question) override;

 private:
  bool no_color_;
};

/// Asks for a secret on the controlling terminal without showing it. Errors: failed_precondition
/// (there is no terminal), aborted (Ctrl-C or SIGTERM, which is then handled as at any other time).
Result<std::string> ask_secret(const std::string& question);

/// "uploading: 12.3 MB of 200.0 MB to 10 hosts, 61.2 MB/s, 3 done"
std::string render_upload(const UploadProgress& progress);

/// One line per event of an apply, with the time since its start.
class ConsoleProgress : public Progress {
 public:
  ConsoleProgress(Console& console, const Clock& clock);
  void step_started(const Plan& plan, StepId step) override;
  void step_done(const Plan& plan, StepId step, Time took) override;
  void step_failed(const Plan& plan, StepId step, const Error& error) override;
  void step_skipped(const Plan& plan, StepId step, const std::string& why) override;
  void waiting(const std::string& what) override;
  void uploading(const UploadProgress& progress) override;

 private:
  void say(const std::string& text);
  Console& console_;
  const Clock& clock_;
  Time begun_;
  std::string last_;  ///< a line said twice in a row says nothing new
};

}  // namespace arcform
