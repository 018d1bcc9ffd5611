// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/async.h"
#include "model/desired.h"
#include "model/moment.h"
#include "model/observed.h"

/// Everything outside the process, as small abstract classes, each split into a half that only
/// reads and a half that writes: what is handed a reader cannot change the world. The real ones are
/// in drivers/, the simulated ones in tests/sim/; the same contract tests run on both.
namespace arcform {

/// Monotonic time since an arbitrary start; for waiting and measuring only.
using Time = Moment;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  /// Resumes on the loop when `now() >= when`. Virtual clocks jump.
  virtual Awaitable<void> wait_until(Time when) = 0;
  /// Wall-clock time as "2026-01-31T10:00:00Z", for records that people read.
  virtual std::string timestamp() const = 0;
  /// The same as arcus.sh writes it: local time "2026-01-31 19:00:00.123456".
  virtual std::string arcus_timestamp() const = 0;
};

/// ---- ZooKeeper ----

struct Znode {
  std::string data;
  std::int32_t version = 0;
  std::int64_t czxid = 0;
  std::int64_t ctime_ms = 0;         ///< when it was made, by the leader's clock, since 1970
  std::int64_t ephemeral_owner = 0;  ///< 0: persistent
  std::int32_t children = 0;
};

/// One operation of a transaction. Paths must satisfy znodes::is_valid_path.
struct ZnodeChange {
  enum class Kind { create, create_ephemeral, set, remove, check };
  Kind kind = Kind::check;
  std::string path;
  std::string data;           ///< create, create_ephemeral, set
  std::int32_t version = -1;  ///< set, remove, check: must match; -1: any
};

/// Reads over one session. Errors: unavailable (connection lost or session over),
/// deadline_exceeded, permission_denied. A read may be repeated.
class ZnodeReader {
 public:
  virtual ~ZnodeReader() = default;
  /// nullopt: there is no such znode.
  virtual Awaitable<Result<std::optional<Znode>>> read(std::string path) = 0;
  /// Names, sorted; nullopt: there is no such znode.
  virtual Awaitable<Result<std::optional<std::vector<std::string>>>> children(std::string path) = 0;
  /// Makes later reads see everything that was committed before now.
  virtual Awaitable<Result<void>> sync() = 0;
  /// As negotiated with the server.
  virtual std::chrono::milliseconds session_timeout() const = 0;
  /// False once the session is over or must be assumed so (no proof of life for a session
  /// timeout); never true again.
  virtual bool alive() const = 0;
};

/// What a transaction did not do: the first operation that failed, and why.
struct CommitFailure {
  std::size_t operation = 0;
  ErrorCode code = ErrorCode::internal;
};

/// Writes over the same session.
class ZnodeWriter {
 public:
  virtual ~ZnodeWriter() = default;
  /// All of the changes or none, in one transaction of at most 128 operations and 256 kB. Errors:
  /// aborted (version moved), already_exists, not_found, failed_precondition (has children), each
  /// with the path of the operation that failed; unavailable / deadline_exceeded: it may have
  /// happened, so read before doing anything else. Never retried inside.
  virtual Awaitable<Result<void>> commit(std::vector<ZnodeChange> changes) = 0;
  /// Changes the ensemble's list of members while its servers run, if it still has `version` (the
  /// number behind "version=" in /zookeeper/config). `joining`: "server.4=10.0.0.4:2888:3888:
  /// participant;10.0.0.4:2181" or empty; `leaving`: "3" or empty. Errors: aborted (another version
  /// stands), failed_precondition (no majority of the new list is there and in sync, or another
  /// change is under way), unsupported (the servers do not have dynamic reconfiguration enabled),
  /// permission_denied; unavailable / deadline_exceeded: it may have happened (always so when the
  /// leader leaves), so read before doing anything else.
  virtual Awaitable<Result<void>> reconfigure(std::string joining, std::string leaving,
                                              std::uint64_t version) = 0;
};

/// A session with an ensemble. Destroying it closes it (ephemerals vanish at once).
class ZnodeSession : public ZnodeReader, public ZnodeWriter {
 public:
  ~ZnodeSession() override = default;
  virtual std::int64_t session_id() const = 0;
  /// Asks to be told, once, when `path` comes, goes or has other data; `children`: when it has
  /// other children. What on_change() was given is called then. A watch may be told late, twice or
  /// not at all (the session ends): it only says where to look again. At most some thousand at a
  /// time.
  virtual Awaitable<Result<void>> watch(std::string path, bool children) = 0;
  /// `told` is called on the loop with the path; it replaces the one before.
  virtual void on_change(std::function<void(const std::string&)> told) = 0;
  /// Closes the session and waits for it; ephemerals are gone afterwards if the server was there.
  virtual Awaitable<void> close() = 0;
};

/// Opens sessions.
class Zookeeper {
 public:
  virtual ~Zookeeper() = default;
  /// `connect_string`: numeric "ip:port,ip:port". Errors: unavailable (nobody there, no quorum)
  /// after at most `patience`.
  virtual Awaitable<Result<std::unique_ptr<ZnodeSession>>> connect(
      std::string connect_string, std::chrono::milliseconds patience) = 0;
};

/// ---- hosts ----

/// Where the releases of a package lie on a host, and which one is wanted.
struct ReleasePlace {
  std::string package;
  std::string folder;   ///< absolute; empty: "packages" in our folder
  std::string release;  ///< "arcus-0123456789ab"
};

/// What one probe should look for besides processes and ports.
struct ProbeRequest {
  std::vector<std::string> prefixes;        ///< packages: installed prefixes to look into
  std::string data_directory;               ///< of a ZooKeeper server, or empty
  std::vector<ReleasePlace> releases = {};  ///< of packages out of archives
};

/// A process to start, detached, in a slot.
struct StartRequest {
  std::string slot;               ///< "node-11211"
  std::vector<std::string> argv;  ///< argv[0] is looked up on the PATH unless it has a '/'
  std::string digest;             ///< written into the identity file
  std::uint64_t open_files = 0;   ///< raise the soft limit to at least this; 0: leave it
  std::uint16_t port = 0;         ///< refuse when something listens there already; 0: do not look
};

struct StopRequest {
  std::string slot;
  ProcessIdentity process;
  std::chrono::milliseconds patience{10'000};  ///< between SIGTERM and SIGKILL
  /// It has been told to end already: how long to wait for that before SIGTERM.
  std::chrono::milliseconds drain{0};
};

enum class StopOutcome {
  gone,    ///< it ended by itself after SIGTERM, or was gone already
  killed,  ///< it needed SIGKILL
};

/// A process that runs already and is to be ours, in a slot.
struct AdoptRequest {
  std::string slot;
  ProcessIdentity process;
  std::vector<std::string> argv;  ///< must be what it runs with
  std::string digest;             ///< written into the identity file; empty: it says nothing
  std::uint32_t answering = 0;    ///< who serves its port: itself or a child of it; 0: not asked
};

/// A whole file that must be there afterwards with exactly this content.
struct FileWrite {
  std::string path;  ///< absolute; or relative to our folder on the host
  std::string content;
  std::uint32_t mode = 0644;
};

/// An archive to be sent to a host and unpacked there.
struct InstallRequest {
  std::string package;
  std::string folder;      ///< absolute, on the host; made when it is missing
  std::string release;     ///< "arcus-0123456789ab"
  std::string archive;     ///< path here
  std::string sha256;      ///< of the archive
  std::string compressor;  ///< "gzip", "xz", "zstd"; empty: a plain tar
  std::uint64_t size = 0;  ///< of the archive, in bytes
  std::uint64_t room = 0;  ///< bytes that must be free there
  /// Told of every piece as it is handed over, in bytes; may be empty.
  std::function<void(std::uint64_t)> sent;
};

struct RemoveRequest {
  std::string package;
  std::string folder;
  std::string release;
};

/// What a host reports by itself while it is followed.
struct HostNews {
  std::string slot;       ///< empty: nothing happened, the connection stands
  std::uint32_t pid = 0;  ///< of the slot's process, which is gone
};

/// Which leadership a change belongs to. A host refuses those of one that it knows to be over.
struct Fence {
  std::int64_t tree = 0;    ///< czxid of the epoch znode: tells ensembles apart; 0: not fenced
  std::int32_t epoch = -1;  ///< its version
};

/// Reads from a host. Errors: unavailable, deadline_exceeded, unauthenticated (key refused, host
/// key unknown or changed), permission_denied; each names the host.
class HostReader {
 public:
  virtual ~HostReader() = default;
  /// One remote command, whatever the host runs.
  virtual Awaitable<Result<HostFacts>> probe(ProbeRequest request) = 0;
  /// Sends `question` to `at`, from the host itself, and reads until `end` was read (or, when `end`
  /// is empty, until the other side closes); at most 1 MB. Error not_found: the connection was
  /// refused (proof that nobody listens there); deadline_exceeded: no answer within `patience`.
  virtual Awaitable<Result<std::string>> ask_at(Endpoint at, std::string question, std::string end,
                                                std::chrono::milliseconds patience) = 0;
  /// The same to 127.0.0.1:`port`.
  Awaitable<Result<std::string>> ask(std::uint16_t port, std::string question, std::string end,
                                     std::chrono::milliseconds patience) {
    return ask_at(on_loopback(port), std::move(question), std::move(end), patience);
  }
  /// The last lines (at most 2 kB) of the slot's log; empty when there is none.
  virtual Awaitable<Result<std::string>> last_words(std::string slot) = 0;
  /// Whether exactly this process lives.
  virtual Awaitable<Result<bool>> is_alive(ProcessIdentity process) = 0;
  /// Runs the smallest command there is: nothing but whether the host takes one.
  virtual Awaitable<Result<void>> answers() = 0;
  /// Stays connected and tells of every node process of ours that ends, within half a second; at
  /// least every 5 s it tells that nothing happened. Ends when `tell` returns false, or with
  /// unavailable / deadline_exceeded when the connection is over or silent for 15 s.
  virtual Awaitable<Result<void>> follow(std::function<bool(const HostNews&)> tell) = 0;
  /// The content of a file, by absolute path; nullopt: there is none. Error resource_exhausted: it
  /// is larger than 64 kB; permission_denied.
  virtual Awaitable<Result<std::optional<std::string>>> read_file(std::string path) = 0;
};

/// Changes a host.
class HostWriter {
 public:
  virtual ~HostWriter() = default;
  /// Every later change carries this fence. Error failed_precondition of any of them: the host has
  /// obeyed a later epoch of the same tree already. tell() asks for that just before it speaks, all
  /// others in the same breath as the change.
  virtual void fence(Fence fence) = 0;
  /// Makes the host know the fence, and changes nothing else: earlier ones are over from then on.
  virtual Awaitable<Result<void>> obey() = 0;
  /// Writes each file beside and renames it, in order; creates parent folders. A file that has the
  /// content already is left. Error resource_exhausted: disk full, nothing half-written remains.
  virtual Awaitable<Result<void>> write_files(std::vector<FileWrite> files) = 0;
  /// Starts the process in a new session with a clean environment, stdin closed, output to the
  /// slot's log; returns as soon as its identity file is written (it says nothing about health).
  /// A live process of the slot is left alone and its identity returned. Errors: already_exists
  /// (something else listens on the port), not_found (no such program), resource_exhausted.
  virtual Awaitable<Result<ProcessIdentity>> start(StartRequest request) = 0;
  /// Waits for `drain`, then SIGTERM, then SIGKILL after `patience`, each only if pid, boot and
  /// start time match at that moment. Returns when the process is gone.
  virtual Awaitable<Result<StopOutcome>> stop(StopRequest request) = 0;
  /// Says a command that changes something to 127.0.0.1:`port` of the host; otherwise as ask().
  /// After deadline_exceeded and unavailable it may have been obeyed.
  virtual Awaitable<Result<std::string>> tell(std::uint16_t port, std::string command,
                                              std::string end,
                                              std::chrono::milliseconds patience) = 0;
  /// Raises the soft limit of open files of exactly this process to at least `files`. Errors:
  /// aborted (that process is gone), resource_exhausted (its hard limit is lower), unsupported (no
  /// `prlimit` there).
  virtual Awaitable<Result<void>> raise_open_files(ProcessIdentity process,
                                                   std::uint64_t files) = 0;
  /// Writes the identity file of a process that somebody else started. Errors: aborted (it is gone,
  /// runs with another argv, or is not who answers), permission_denied (we could not signal it),
  /// already_exists (the slot has another live process). Twice is as once.
  virtual Awaitable<Result<void>> adopt(AdoptRequest request) = 0;
  /// Removes a slot's folder; refused (failed_precondition) while its process lives.
  virtual Awaitable<Result<void>> forget(std::string slot) = 0;
  /// Moves what a ZooKeeper server keeps in these absolute folders (myid, version-2) into a new
  /// folder in each, "removed-1" or the next that is free. The slot is what makes the data ours:
  /// without one nothing is done; refused (failed_precondition) while its process lives.
  virtual Awaitable<Result<void>> set_aside(std::string slot,
                                            std::vector<std::string> directories) = 0;
  /// Puts folder/release there, whole or not at all; what an earlier one that was cut off left is
  /// removed. A whole release of that name is left alone, and nothing is sent. Errors: not_found,
  /// permission_denied (the archive here, or the folder there), aborted (another number of bytes or
  /// another checksum arrived, or the archive here is not of that size), already_exists (something
  /// that is not ours has the name), resource_exhausted (disk full), unsupported (no tar or
  /// decompressor there), failed_precondition (it cannot be unpacked).
  virtual Awaitable<Result<void>> install(InstallRequest request) = 0;
  /// Removes a release of ours. Gone already is fine. Refused (failed_precondition): it is not
  /// ours, or a process has it in its command line or memory.
  virtual Awaitable<Result<void>> remove_release(RemoveRequest request) = 0;
};

class Host : public HostReader, public HostWriter {
 public:
  ~Host() override = default;
};

/// Hands out the reading halves of hosts.
class HostReaders {
 public:
  virtual ~HostReaders() = default;
  virtual HostReader& reader(const DesiredHost& access, const std::string& deployment) = 0;
};

/// Hands out hosts; connections are made on first use and kept.
class Hosts : public HostReaders {
 public:
  /// Lives as long as this object. `deployment` decides the folder on the host.
  virtual Host& host(const DesiredHost& access, const std::string& deployment) = 0;
  HostReader& reader(const DesiredHost& access, const std::string& deployment) final {
    return host(access, deployment);
  }
};

}  // namespace arcform
