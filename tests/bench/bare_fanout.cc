// SPDX-License-Identifier: Apache-2.0
// bare_fanout USER KEY ADDRESS=SCRIPT...: logs in everywhere at once and runs each file SCRIPT by
// `sh -s`; the least that anybody could do with libssh2: one thread, poll(), no host key looked at,
// answers only counted. Fails unless each host has answered something.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

struct Job {
  enum class State { handshake, login, open, execute, write, end_input, read, done };
  State state = State::handshake;
  std::string script;
  int fd = -1;
  LIBSSH2_SESSION* session = nullptr;
  LIBSSH2_CHANNEL* channel = nullptr;
  std::size_t written = 0;
  std::size_t answered = 0;
};

std::string user;
std::string key;

void set_option(int fd, int name) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, name, &on, sizeof on);
}

bool begin(Job& job, const std::string& address) {
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(22);
  if (::inet_pton(AF_INET, address.c_str(), &there.sin_addr) != 1) {
    return false;
  }
  job.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  set_option(job.fd, TCP_NODELAY);
  const int connected = ::connect(job.fd, reinterpret_cast<const sockaddr*>(&there), sizeof there);
  job.session = libssh2_session_init();
  libssh2_session_set_blocking(job.session, 0);
  return connected == 0 || errno == EINPROGRESS;
}

long read_answer(Job& job) {
  char buffer[16384];
  for (const int stream : {0, SSH_EXTENDED_DATA_STDERR}) {
    ssize_t n = 0;
    while ((n = libssh2_channel_read_ex(job.channel, stream, buffer, sizeof buffer)) > 0) {
      job.answered += static_cast<std::size_t>(n);
    }
    if (n < 0 && n != LIBSSH2_ERROR_EAGAIN) {
      return n;
    }
  }
  return libssh2_channel_eof(job.channel) != 0 ? 0 : LIBSSH2_ERROR_EAGAIN;
}

/// One call of libssh2; 0: the state is over.
long attempt(Job& job) {
  switch (job.state) {
    case Job::State::handshake:
      return libssh2_session_handshake(job.session, job.fd);
    case Job::State::login:
      return libssh2_userauth_publickey_frommemory(job.session, user.c_str(), user.size(), nullptr,
                                                   0, key.c_str(), key.size(), nullptr);
    case Job::State::open:
      job.channel = libssh2_channel_open_session(job.session);
      return job.channel != nullptr ? 0 : libssh2_session_last_errno(job.session);
    case Job::State::execute:
      return libssh2_channel_exec(job.channel, "exec /bin/sh -s");
    case Job::State::write: {
      const ssize_t n = libssh2_channel_write(job.channel, job.script.data() + job.written,
                                              job.script.size() - job.written);
      job.written += n > 0 ? static_cast<std::size_t>(n) : 0;
      return n < 0 ? n : job.written == job.script.size() ? 0 : LIBSSH2_ERROR_EAGAIN;
    }
    case Job::State::end_input:
      return libssh2_channel_send_eof(job.channel);
    case Job::State::read:
      return read_answer(job);
    case Job::State::done:
      break;
  }
  return LIBSSH2_ERROR_EAGAIN;
}

/// As far as it goes; false when it failed.
bool advance(Job& job) {
  while (job.state != Job::State::done) {
    const long result = attempt(job);
    set_option(job.fd, TCP_QUICKACK);
    if (result == LIBSSH2_ERROR_EAGAIN) {
      return true;
    }
    if (result != 0) {
      std::fprintf(stderr, "bare_fanout: libssh2 %ld in state %d\n", result,
                   static_cast<int>(job.state));
      return false;
    }
    job.state = static_cast<Job::State>(static_cast<int>(job.state) + 1);
  }
  return job.answered > 0;
}

bool run(std::deque<Job>& jobs) {
  std::size_t open = jobs.size();
  std::vector<pollfd> waits;
  std::vector<Job*> who;
  while (open > 0) {
    waits.clear();
    who.clear();
    for (Job& job : jobs) {
      if (job.state != Job::State::done) {
        const int wants = libssh2_session_block_directions(job.session);
        const bool out =
            (wants & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0 || wants == 0;  // 0: it connects
        waits.push_back({job.fd, static_cast<short>(POLLIN | (out ? POLLOUT : 0)), 0});
        who.push_back(&job);
      }
    }
    if (::poll(waits.data(), waits.size(), 30'000) <= 0) {
      std::fputs("bare_fanout: nothing for 30 s\n", stderr);
      return false;
    }
    for (std::size_t i = 0; i < who.size(); ++i) {
      if (waits[i].revents != 0 && !advance(*who[i])) {
        return false;
      }
      if (waits[i].revents != 0 && who[i]->state == Job::State::done) {
        --open;
      }
    }
  }
  return true;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || libssh2_init(0) != 0) {
    std::fputs("usage: bare_fanout USER KEY ADDRESS=SCRIPT...\n", stderr);
    return 2;
  }
  user = argv[1];
  key = content(argv[2]);
  std::deque<Job> jobs;
  for (int i = 3; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t cut = std::min(text.find('='), text.size());
    Job& job = jobs.emplace_back();
    job.script = content(text.substr(std::min(cut + 1, text.size())));
    if (job.script.empty() || !begin(job, text.substr(0, cut))) {
      std::fprintf(stderr, "bare_fanout: %s: no script, or no address\n", text.c_str());
      return 2;
    }
  }
  return run(jobs) ? 0 : 1;  // Connections end with us.
}
