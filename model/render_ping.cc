// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/ping.h"
#include "model/render_text.h"

namespace arcform {
namespace {

using State = PingAnswer::State;

Cell state_cell(const PingAnswer& answer) {
  switch (answer.state) {
    case State::skipped:
      return {"stopped", Ink::dim};
    case State::unasked:
      return {"? not asked", Ink::yellow};
    case State::silent:
      return {"x silent", Ink::red};
    case State::answered:
      return {"answers", Ink::green};
  }
  return {};
}

Cell milliseconds(const std::optional<double>& ms) {
  return {ms ? fmt::format("{:>7.1f}", *ms) : "      -"};
}

Cell dim(const char* text) {
  return {text, Ink::dim};
}

std::string table(const std::string& heading, const std::vector<Row>& rows,
                  const RenderOptions& options) {
  if (rows.size() < 2) {
    return "";
  }
  const std::size_t count = rows.size() - 1;
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(shown_of(count, options) + 1);
  return fmt::format("\n{}\n{}{}", painted(heading, Ink::bold, options.colour),
                     aligned({rows.begin(), end}, options.colour, options.width),
                     rest_of(count, options));
}

std::string host_table(const DesiredState& desired, const PingReport& report,
                       const RenderOptions& options) {
  std::vector<Row> rows{
      {dim("host"), dim("address"), dim("login ms"), dim("exec ms"), dim(""), {}}};
  for (std::size_t i = 0; i < desired.hosts.size(); ++i) {
    const DesiredHost& host = desired.hosts[i];
    const PingAnswer& answer = report.hosts[i];
    const bool local = host.transport == Transport::local;
    rows.push_back({{printable(host.name)},
                    {local ? "(this machine)" : printable(host.address)},
                    milliseconds(answer.first_ms),
                    milliseconds(answer.ms),
                    state_cell(answer),
                    {printable(answer.says)}});
  }
  return table("hosts", rows, options);
}

std::string server_table(const DesiredState& desired, const PingReport& report,
                         const RenderOptions& options) {
  std::vector<Row> rows{{dim("server"), dim("address"), dim("srvr ms"), dim(""), {}}};
  for (std::size_t i = 0; i < desired.ensemble.servers.size(); ++i) {
    const DesiredServer& server = desired.ensemble.servers[i];
    const DesiredHost* const host = desired.host(server.host);
    rows.push_back({{fmt::format("{} on {}", server.id, printable(server.host))},
                    {fmt::format("{}:{}", host != nullptr ? printable(host->address) : "?",
                                 desired.ensemble.client_port)},
                    milliseconds(report.servers[i].ms),
                    state_cell(report.servers[i]),
                    {printable(report.servers[i].says)}});
  }
  rows.push_back({{"session"},
                  {printable(desired.ensemble.external)},
                  milliseconds(report.session.ms),
                  state_cell(report.session),
                  {printable(report.session.says)}});
  return table("ensemble", rows, options);
}

/// The address stands in the line already.
std::string without_address(const std::string& says, Endpoint node) {
  const std::string asked = "ask " + node.text() + ": ";
  return says.starts_with(asked) ? says.substr(asked.size()) : says;
}

std::string cloud_table(const DesiredState& desired, std::size_t index, const PingReport& report,
                        const RenderOptions& options) {
  const DesiredCloud& cloud = desired.clouds[index];
  std::vector<Row> rows{{dim("node"), dim("host"), dim("version ms"), dim(""), {}}};
  for (std::size_t i = 0; i < cloud.nodes.size(); ++i) {
    const PingAnswer& answer = report.nodes[index][i];
    rows.push_back({{cloud.nodes[i].endpoint.text()},
                    {printable(desired.hosts[cloud.nodes[i].host].name)},
                    milliseconds(answer.ms),
                    state_cell(answer),
                    {printable(without_address(answer.says, cloud.nodes[i].endpoint))}});
  }
  return table("cloud " + printable(cloud.service_code), rows, options);
}

/// "2 of 3 hosts"
std::string share(const std::vector<PingAnswer>& answers, std::string_view one,
                  std::string_view many) {
  const auto asked = std::count_if(answers.begin(), answers.end(),
                                   [](const auto& a) { return a.state != State::skipped; });
  const auto good = std::count_if(answers.begin(), answers.end(),
                                  [](const auto& a) { return a.state == State::answered; });
  return fmt::format("{} of {}", good, counted(static_cast<std::size_t>(asked), one, many));
}

}  // namespace

bool PingReport::has(PingAnswer::State state) const {
  const auto in = [state](const std::vector<PingAnswer>& answers) {
    return std::any_of(answers.begin(), answers.end(),
                       [state](const PingAnswer& answer) { return answer.state == state; });
  };
  return in(hosts) || in(servers) || session.state == state ||
         std::any_of(nodes.begin(), nodes.end(), in);
}

std::string render_ping(const DesiredState& desired, const PingReport& report,
                        const RenderOptions& options) {
  std::string out = host_table(desired, report, options) + server_table(desired, report, options);
  std::vector<PingAnswer> nodes;
  for (std::size_t i = 0; i < desired.clouds.size(); ++i) {
    out += cloud_table(desired, i, report, options);
    nodes.insert(nodes.end(), report.nodes[i].begin(), report.nodes[i].end());
  }
  const bool good = !report.has(State::silent) && !report.has(State::unasked);
  const std::string verdict =
      fmt::format("{}: {}{}, {}, {} answered{}", printable(desired.deployment),
                  good ? "everything answers: " : "", share(report.hosts, "host", "hosts"),
                  share(report.servers, "server", "servers"), share(nodes, "node", "nodes"),
                  options.elapsed.empty() ? "" : " in " + printable(options.elapsed));
  return painted(wrapped(verdict, options.width), Ink::bold, options.colour) + "\n" + out;
}

}  // namespace arcform
