// SPDX-License-Identifier: Apache-2.0
// A small ZooKeeper client for tests that must run elsewhere, as in a network namespace:
//   zk_tool SERVERS get|ls|tree|ephemerals|rm PATH
//   zk_tool SERVERS create PATH DATA
// Exit status: 0 done, 1 there is no such znode (or already one), 2 anything else.
#include <cstdio>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <fmt/format.h>

#include "drivers/clock.h"
#include "drivers/zookeeper.h"
#include "tests/support/on_loop.h"

namespace arcform {
namespace {

struct Request {
  std::string servers;
  std::string command;
  std::string path;
  std::string data;
};

struct Reply {
  int status = 0;
  std::string text;
};

Reply failed(const Error& error) {
  const bool expected =
      error.code == ErrorCode::not_found || error.code == ErrorCode::already_exists;
  return {expected ? 1 : 2, error.message + "\n"};
}

Awaitable<Reply> get(ZnodeSession& session, std::string path) {
  const auto znode = co_await session.read(path);
  if (!znode) {
    co_return failed(znode.error());
  }
  co_return *znode ? Reply{0, (*znode)->data + "\n"} : Reply{1, "no such znode\n"};
}

/// Children by name; of ephemerals also the owning session.
Awaitable<Reply> list(ZnodeSession& session, std::string path, bool ephemerals) {
  const auto names = co_await session.children(path);
  if (!names) {
    co_return failed(names.error());
  }
  if (!*names) {
    co_return Reply{1, "no such znode\n"};
  }
  Reply reply;
  for (const std::string& name : **names) {
    if (!ephemerals) {
      reply.text += name + "\n";
      continue;
    }
    const auto child = co_await session.read(path + "/" + name);
    if (child && *child && (*child)->ephemeral_owner != 0) {
      reply.text += fmt::format("{} {:#x}\n", name, (*child)->ephemeral_owner);
    }
  }
  co_return reply;
}

/// Every path from `root` on, parents first.
Awaitable<Reply> tree(ZnodeSession& session, std::string root) {
  Reply reply;
  std::vector<std::string> open{root};
  while (!open.empty()) {
    const std::string path = open.back();
    open.pop_back();
    const auto names = co_await session.children(path);
    if (!names) {
      co_return failed(names.error());
    }
    if (!*names) {
      continue;
    }
    reply.text += path + "\n";
    for (const std::string& name : **names) {
      open.push_back(path + "/" + name);
    }
  }
  co_return reply;
}

Awaitable<Reply> change(ZnodeSession& session, ZnodeChange wanted) {
  std::vector<ZnodeChange> changes{std::move(wanted)};
  const auto done = co_await session.commit(std::move(changes));
  co_return done ? Reply{} : failed(done.error());
}

Awaitable<Reply> run_in(ZnodeSession& session, Request request) {
  const std::string& command = request.command;
  const auto synced = co_await session.sync();
  if (!synced) {
    co_return failed(synced.error());
  }
  if (command == "get") {
    co_return co_await get(session, request.path);
  }
  if (command == "ls" || command == "ephemerals") {
    co_return co_await list(session, request.path, command == "ephemerals");
  }
  if (command == "tree") {
    co_return co_await tree(session, request.path);
  }
  ZnodeChange wanted{ZnodeChange::Kind::remove, request.path, "", -1};
  if (command == "create") {
    wanted.kind = ZnodeChange::Kind::create;
    wanted.data = request.data;
  } else if (command != "rm") {
    co_return Reply{2, "unknown command " + command + "\n"};
  }
  co_return co_await change(session, std::move(wanted));
}

Awaitable<Reply> run(Zookeeper& zookeeper, Request request) {
  auto connected = co_await zookeeper.connect(request.servers, std::chrono::seconds(10));
  if (!connected) {
    co_return Reply{2, connected.error().message + "\n"};
  }
  const std::unique_ptr<ZnodeSession> session = std::move(*connected);
  Reply reply = co_await run_in(*session, std::move(request));
  co_await session->close();
  co_return reply;
}

}  // namespace
}  // namespace arcform

int main(int argc, char** argv) {
  using namespace arcform;
  if (argc < 4) {
    std::fputs("usage: zk_tool SERVERS get|ls|tree|ephemerals|rm|create PATH [DATA]\n", stderr);
    return 2;
  }
  asio::io_context loop;
  SystemClock clock(loop);
  ZookeeperClient zookeeper(loop, clock);
  const Reply reply =
      on_loop(loop, run(zookeeper, {argv[1], argv[2], argv[3], argc > 4 ? argv[4] : ""}));
  std::fputs(reply.text.c_str(), reply.status == 0 ? stdout : stderr);
  return reply.status;
}
