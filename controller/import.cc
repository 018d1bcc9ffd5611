// SPDX-License-Identifier: Apache-2.0
#include "controller/import.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "controller/command_parts.h"
#include "controller/import_live.h"
#include "model/render_text.h"
#include "specs/import_draft.h"
#include "specs/reader.h"

namespace arcform {
namespace {

constexpr std::chrono::milliseconds kConnectPatience{14'000};

ImportTerms terms_of(const ImportOptions& options) {
  ImportTerms terms;
  terms.deployment = options.deployment;
  terms.ssh.user = options.user;
  terms.ssh.port = options.port;
  terms.ssh.identity_files = options.identity_files;
  if (!options.known_hosts.empty()) {
    terms.ssh.known_hosts = options.known_hosts;
  }
  return terms;
}

ExitStatus fail(Console& console, const std::string& message, ExitStatus status) {
  console.err("arcform: " + message + "\n");
  return status;
}

/// The draft as text, when our own reader takes it: what is no spec is not handed out.
ExitStatus put_out(const SpecDraft& draft, const ImportOptions& options, Console& console) {
  const std::string text = write_spec(draft);
  const SpecResult read = read_spec(text, options.output.empty() ? "spec" : options.output);
  if (!read.desired) {
    for (const Diagnostic& diagnostic : read.diagnostics) {
      console.err(fmt::format("arcform: what was found is no valid spec: {}: {}{}{}\n",
                              printable(diagnostic.path), printable(diagnostic.what),
                              diagnostic.advice.empty() ? "" : "; ", printable(diagnostic.advice)));
    }
    return ExitStatus::invalid;
  }
  if (options.output.empty()) {
    console.out(text);
    return ExitStatus::done;
  }
  const Result<void> written = write_whole_file(options.output, text, options.force);
  if (!written) {
    const bool there = written.error().code == ErrorCode::already_exists;
    return fail(console, written.error().message, there ? ExitStatus::refused : ExitStatus::error);
  }
  std::size_t nodes = 0;
  for (const DesiredCloud& cloud : read.desired->clouds) {
    nodes += cloud.nodes.size();
  }
  console.err(fmt::format("{}: {}, {}, {}\n", printable(options.output),
                          counted(read.desired->hosts.size(), "host", "hosts"),
                          counted(read.desired->clouds.size(), "cloud", "clouds"),
                          counted(nodes, "cache node", "cache nodes")));
  return ExitStatus::done;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      return false;
    }
    text.remove_prefix(count < 0 ? 0 : static_cast<std::size_t>(count));
  }
  return true;
}

/// Numeric addresses, as the client must not wait for a resolver.
Result<std::vector<Endpoint>> endpoints_of(const std::string& zookeeper) {
  const auto list = parse_zookeeper_list(zookeeper);
  if (!list) {
    return list.error();
  }
  std::vector<Endpoint> endpoints;
  for (const ZookeeperAddress& server : *list) {
    const auto ip = parse_ipv4(server.host);
    if (!ip) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("-z: \"{}\" is no IPv4 address; write ip:port,ip:port",
                               printable(server.host, 64))};
    }
    endpoints.push_back({*ip, server.port});
  }
  return endpoints;
}

}  // namespace

Result<void> write_whole_file(const std::string& path, const std::string& text, bool force) {
  const std::string beside = fmt::format("{}.arcform-{}", path, ::getpid());
  const auto failed = [&](const char* what) {
    const int why = errno;
    ::unlink(beside.c_str());
    return Error{ErrorCode::unavailable,
                 fmt::format("{}: {}: {}", printable(path), what, std::strerror(why))};
  };
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) {
    return failed("cannot be written");
  }
  const bool whole = write_all(file, text) && ::fsync(file) == 0;
  if (::close(file) != 0 || !whole) {
    return failed("cannot be written");
  }
  // A link, unlike a rename, never takes the place of another file.
  const int placed =
      force ? std::rename(beside.c_str(), path.c_str()) : ::link(beside.c_str(), path.c_str());
  if (placed != 0 && errno == EEXIST) {
    ::unlink(beside.c_str());
    return Error{
        ErrorCode::already_exists,
        fmt::format("{}: is there already; choose another name, or replace it with --force",
                    printable(path))};
  }
  if (placed != 0) {
    return failed("cannot be put in place");
  }
  if (!force) {
    ::unlink(beside.c_str());
  }
  return {};
}

ExitStatus run_import_conf(const Options& options, Console& console) {
  const ImportOptions& import = options.import;
  const Result<std::string> text = read_file(import.file, "name the file that arcus.sh is given");
  if (!text) {
    return fail(console, text.error().message, ExitStatus::invalid);
  }
  const ArcusResult arcus = read_arcus_file(*text);
  for (const Diagnostic& problem : arcus.problems) {
    console.err(format(problem, import.file) + "\n");
  }
  if (!arcus.file) {
    return ExitStatus::invalid;
  }
  const auto zookeeper = parse_zookeeper_list(import.zookeeper);
  if (!zookeeper) {
    return fail(console, zookeeper.error().message, ExitStatus::invalid);
  }
  const Result<SpecDraft> draft = draft_of_file(*arcus.file, *zookeeper, terms_of(import));
  if (!draft) {
    return fail(console, draft.error().message, ExitStatus::invalid);
  }
  return put_out(*draft, import, console);
}

Awaitable<ExitStatus> run_import_live(Machine& machine, const Options& options) {
  const ImportOptions& import = options.import;
  const auto zookeeper = endpoints_of(import.zookeeper);
  if (!zookeeper) {
    co_return fail(machine.console, zookeeper.error().message, ExitStatus::invalid);
  }
  std::string connect;
  for (const Endpoint server : *zookeeper) {
    connect += (connect.empty() ? "" : ",") + server.text();
  }
  EnsembleSession session(machine.world.loop, machine.zookeeper, connect);
  const auto reader = co_await session.session(kConnectPatience);
  if (!reader) {
    co_return fail(machine.console, "ensemble " + connect + ": " + reader.error().message,
                   ExitStatus::incomplete);
  }
  ImportTerms terms = terms_of(import);
  const Result<LiveFacts> facts =
      co_await read_live(machine.world.reading(), **reader, *zookeeper, terms, import.log_in);
  co_await session.close();
  if (!facts) {
    co_return fail(machine.console, facts.error().message, ExitStatus::incomplete);
  }
  const ExitStatus status = put_out(draft_of_live(*facts, terms), import, machine.console);
  bool unseen = false;
  for (const auto& [address, host] : facts->hosts) {
    if (!host.why.empty()) {
      machine.console.err(fmt::format("arcform: {}\n", printable(host.why, 400)));
      unseen = true;
    }
  }
  co_return status == ExitStatus::done&& unseen ? ExitStatus::incomplete : status;
}

}  // namespace arcform
