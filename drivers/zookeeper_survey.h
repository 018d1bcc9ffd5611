// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <asio/io_context.hpp>

#include "drivers/async.h"
#include "model/names.h"

/// Asking ZooKeeper servers how they are before a session is opened. The C client tries one server
/// after the other and gives a silent one two thirds of the session timeout (3.8.0,
/// zookeeper.c:zookeeper_interest); it also cannot tell a missing quorum from a missing server.
namespace arcform::zookeeper {

enum class ServerState {
  serving,      ///< answers the four-letter word srvr, or says that it may not
  not_serving,  ///< runs, but has no quorum
  closed,       ///< takes the connection and closes it: too many connections, or not ZooKeeper
  refused,      ///< nobody listens, or no route
  silent,       ///< no answer in time
};

/// What a server's answer to srvr means; "" is a connection that was closed without an answer.
ServerState state_of(const std::string& answer);
/// A few words for people.
const char* text_of(ServerState state);

struct SurveyedServer {
  Endpoint server;
  ServerState state = ServerState::silent;
};

/// Asks one after the other, the next one as soon as one has answered that it does not serve or is
/// slow to answer. Returns, in the same order, as soon as one is serving, all have answered, or
/// `patience` is over. Who has not answered by then, or was not asked, is silent.
Awaitable<std::vector<SurveyedServer>> survey(asio::io_context& loop, std::vector<Endpoint> servers,
                                              std::chrono::milliseconds patience);

/// What is known after a later survey that was cut short: who was silent in it may just have had no
/// time.
std::vector<SurveyedServer> merge(const std::vector<SurveyedServer>& earlier,
                                  std::vector<SurveyedServer> later);
/// Serving servers first; the order is kept otherwise.
std::vector<Endpoint> best_first(const std::vector<SurveyedServer>& found);
/// "no quorum (10.0.0.1:2181 has no quorum, 10.0.0.2:2181 refuses connections)"
std::string diagnosis(const std::vector<SurveyedServer>& found);

}  // namespace arcform::zookeeper
