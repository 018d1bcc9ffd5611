// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/observed.h"
#include "tests/sim/sim_admin.h"
#include "tests/sim/sim_core.h"
#include "tests/sim/sim_ensemble.h"

namespace arcform::sim {

class Machine;

/// How one process behaves. Lives as long as its process, or a little longer: what it has planned
/// with later() does not happen once the process is gone.
class Program : public std::enable_shared_from_this<Program> {
 public:
  Program(SimCore& core, Machine& machine) : core_(core), machine_(machine) {}
  virtual ~Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// The process exists; `pid` is its own.
  void begin(std::uint32_t pid) { pid_ = pid; }
  virtual void launch() = 0;
  /// SIGTERM.
  virtual void terminate() { end(143, ""); }
  /// The process is gone, by whatever cause: let go of what others hold for it.
  virtual void gone() {}
  /// Whether a port that it listens on is open at this address too.
  virtual bool listens_on(Endpoint /*at*/) const { return true; }
  /// SIGSTOP, SIGCONT.
  virtual void freeze(bool /*frozen*/) {}
  /// The reply on a port that it listens on; nothing: it says nothing.
  virtual std::optional<std::string> answer(std::uint16_t /*port*/,
                                            const std::string& /*question*/) {
    return std::nullopt;
  }

 protected:
  void later(Time delay, const std::string& what, std::function<void()> then);
  /// Ends the own process with this status; `words` go to its log.
  void end(int status, const std::string& words);

  SimCore& core_;
  Machine& machine_;
  std::uint32_t pid_ = 0;
};

/// A process.
struct Process {
  std::uint32_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string comm;
  std::vector<std::string> argv;
  std::string folder;             ///< its slot's, for the log; empty: none of ours
  std::uint64_t open_files = 0;   ///< its soft limit
  std::set<std::uint16_t> ports;  ///< that it listens on
  std::shared_ptr<Program> program;
};

struct File {
  std::string content;
  std::uint32_t mode = 0644;
};

/// A slot of ours: what its folder holds besides plain files.
struct Slot {
  std::optional<ProcessIdentity> identity;
  std::string digest;
  std::string log;
  std::optional<int> last_exit;
};

/// A whole release of a package.
struct Release {
  std::string sha256;
  std::uint64_t installed_at = 0;
};

/// All that any package could have, below `prefix`.
ObservedPackage everything_at(const std::string& prefix);

/// One computer: processes, ports, files and what is installed.
class Machine {
 public:
  Machine(SimCore& core, Ensemble& ensemble, std::string name, std::string address);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  const std::string& name() const { return name_; }
  const std::string& address() const { return address_; }
  const std::string& boot_id() const { return boot_id_; }
  std::uint64_t uptime_ticks() const;
  const std::map<std::uint32_t, Process>& processes() const { return processes_; }
  const Process* process(std::uint32_t pid) const;
  /// The live process that the identity names; nullptr: none.
  const Process* process(const ProcessIdentity& identity) const;
  const Process* listener(std::uint16_t port) const;

  /// Starts `argv`; what it does follows from argv (see make_program).
  std::uint32_t spawn(std::vector<std::string> argv, std::string folder, Time slow = Time{0});
  /// A process that listens on `port` and is nobody's we know.
  std::uint32_t spawn_foreign(std::uint16_t port, std::vector<std::string> argv);
  /// SIGTERM, SIGKILL, SIGSTOP/SIGCONT; nothing happens when the process is gone.
  void terminate(std::uint32_t pid);
  void kill(std::uint32_t pid, const std::string& why);
  void freeze(std::uint32_t pid, bool frozen);
  /// The process ends with this status.
  void exit(std::uint32_t pid, int status, const std::string& words);
  /// The soft limit of open files of a process.
  void set_open_files(std::uint32_t pid, std::uint64_t limit);
  /// False: taken.
  bool listen(std::uint32_t pid, std::uint16_t port);
  /// It gets another address; what joins from now on goes by that one.
  void move_to(std::string address) { address_ = std::move(address); }
  /// Every process is gone at once; a new boot id. Files stay.
  void reboot();
  /// Whether argv[0] can be run: an absolute path of a package, or a name on the PATH.
  bool has_program(const std::string& name) const;
  ObservedDataDirectory data_directory(const std::string& path) const;
  /// Everything below an absolute path, and it; false: nothing was there. Data of running servers
  /// is not affected until they stop.
  bool remove_folder(const std::string& path);
  /// A server's data directory gets this path: its files, its myid, its tree.
  void move_data(const std::string& from, const std::string& to);
  /// myid and the data of a server below this path get another place; false: nothing was there.
  bool set_aside(const std::string& path);
  /// Appends a line to a slot's log.
  void log(const std::string& folder, const std::string& line);

  std::string home = "/home/arcus";
  std::map<std::string, File> files;                          ///< by absolute path
  std::map<std::string, Slot> slots;                          ///< by absolute path of the folder
  std::map<std::string, std::shared_ptr<ZnodeStore>> stores;  ///< data directories of servers
  std::map<std::string, ObservedPackage> packages;            ///< by prefix
  std::map<std::string, Release> releases;                    ///< by absolute path
  std::set<std::string> tools{"gzip", "sha256sum", "tar", "xz", "zstd"};
  std::uint64_t free_kb = 100ULL << 20U;
  /// The checksum of whatever archive arrives, when it is not the one that was sent.
  std::optional<std::string> arrived_sum;
  std::set<std::string> programs{"stand-in"};  ///< that can be run besides
  /// By folder and tree: the latest epoch that was obeyed here.
  std::map<std::pair<std::string, std::int64_t>, std::int32_t> fences;
  bool java = true;
  bool writable = true;
  bool disk_full = false;
  bool ssh = true;  ///< the controller can run commands here
  std::uint64_t memory_total_kb = 16ULL << 20U;
  std::uint64_t memory_available_kb = 12ULL << 20U;
  std::uint64_t open_files_hard = 1ULL << 20U;
  std::uint32_t next_pid = 1000;                   ///< wraps at 4194304, as pid_max does
  std::map<std::uint16_t, Traffic> traffic;        ///< of its cache nodes, by port
  std::map<std::uint16_t, std::uint32_t> held_mb;  ///< memory in use, likewise

 private:
  std::string new_boot_id();

  SimCore& core_;
  Ensemble& ensemble_;
  std::string name_;
  std::string address_;
  std::string boot_id_;
  Time booted_{0};
  std::map<std::uint32_t, Process> processes_;
};

/// The behaviour that argv asks for: a cache node (argv[0] ends in /memcached), a ZooKeeper server
/// (QuorumPeerMain); anything else is a stand-in that does what its first argument says.
std::shared_ptr<Program> make_program(SimCore& core, Ensemble& ensemble, Machine& machine,
                                      const std::vector<std::string>& argv);

}  // namespace arcform::sim
