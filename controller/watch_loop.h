// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "controller/coordination.h"
#include "controller/reconcile.h"
#include "controller/watch_journal.h"
#include "model/damping.h"

namespace arcform {

struct WatchOptions {
  /// A look at least so often, also while the steps of a round wait for their turn. Only for steps
  /// that are under way, and for nodes that are being added to a cloud, is it put off.
  std::chrono::milliseconds period{30'000};
  /// Between what says "look again" and the look: what comes together is looked at once.
  std::chrono::milliseconds gather{20};
  std::chrono::milliseconds retry_most{30'000};  ///< between looks while something fails
  DampingLimits limits;
  std::size_t parallel = 32;
  bool follow_hosts = true;
  std::uint64_t seed = 1;  ///< of the jitter
};

/// The continuous loop. Everything that happens only says "look again"; a round then observes,
/// plans, asks the rules of damping.h what may be done now, and does that through reconcile(). One
/// round at a time. Without a session with the ensemble, or while another controller leads, it
/// only looks. Everything is called on the loop's thread.
class Watch : private WatchProgress::Listener, public std::enable_shared_from_this<Watch> {
 public:
  /// `world` and `zookeeper` must outlive this object.
  Watch(World world, Zookeeper& zookeeper, DesiredState desired, std::string me,
        WatchOptions options);
  ~Watch() override;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  WatchJournal& journal() { return journal_; }
  /// Runs until stop(): then at the next safe point, without lock and session.
  Awaitable<void> run();
  /// Gives up whatever still runs: ends the session, and with it the lock. For when run() does not
  /// end in time after stop().
  Awaitable<void> abandon();

  void stop();
  /// `urgent`: at once, also while looks are spaced out because something fails.
  void look_again(const std::string& why, bool urgent);
  /// From the next round on; a round that runs ends at its next safe point. False: it is another
  /// deployment's, and refused: everything here, from the place in the election to what the hosts
  /// are told, is this one's.
  bool follow_spec(DesiredState desired);
  /// The spec file as it is cannot be followed; empty: it can.
  void refuse_spec(const std::string& why);

 private:
  /// One spec and what is made for it.
  struct Followed;
  struct Following;

  void on_step_started(const Step& step) override;
  void on_step_ended(const Step& step, bool done) override;

  Awaitable<void> tick();
  Awaitable<void> follow_host(std::shared_ptr<Following> following, DesiredHost host);
  bool on_news(const std::shared_ptr<Following>& following, const DesiredHost& host,
               const HostNews& news);
  void follow_hosts(bool on);
  Awaitable<void> announce();
  Awaitable<void> announce_to(DesiredHost access, Fence fence);

  Awaitable<void> adopt_spec();
  Awaitable<void> agree();
  void heed(const Agreement& agreement, std::int64_t session);
  Awaitable<void> act();
  Awaitable<void> only_look();
  Awaitable<void> pause_until_called();
  Plan decide(const Round& round, Plan plan);
  void note_silent(const std::string& host, const std::string& why);
  void note_silent(const ObservedState& observed);
  void show(const Round& round);
  void heed_record(const ObservedState& observed);
  void tell_pauses(const WatchSnapshot& seen);
  void withhold(const Plan& plan, const Permission& permission);
  void propose(const Plan& plan, const Permission& permission);
  Awaitable<void> record_decisions();
  void conclude(const ReconcileResult& result);
  void space_out(bool progress);
  void forget_calls_before(Time when);
  void forget_expected(const ObservedState& observed);
  void znode_changed(const std::string& path);
  /// A round that runs ends at its next safe point.
  void interrupt();
  /// Steps of a round that wait for their turn do so no longer: something is to be looked at.
  void cut_waits();

  World world_;
  Zookeeper& zookeeper_;
  WatchOptions options_;
  WatchJournal journal_;
  WatchProgress progress_;
  Coordination coordination_;
  std::unique_ptr<Followed> followed_;
  std::unique_ptr<DesiredState> next_spec_;
  std::shared_ptr<Following> following_;  ///< nullptr: hosts are not followed
  SilentHosts silent_;                    ///< of those that are followed

  Damping memory_;
  Sighting sighting_;
  RevisionMemory recorded_;  ///< of all looks, whoever led: the next leader knows too
  Agreement agreement_;
  bool tried_ = false;            ///< to agree, in this round
  bool agreed_ = false;           ///< agreement_ is of this round
  std::int64_t led_session_ = 0;  ///< in which this leadership began
  bool announced_ = false;        ///< this leadership, to ZooKeeper and the hosts
  std::int32_t resumed_version_ = -2;
  std::vector<Pause> freezes_;  ///< that hold, as last observed
  std::vector<Pause> pauses_;   ///< of people, likewise
  std::set<std::string> frozen_recorded_;
  std::optional<Proposal> proposal_;
  std::set<std::pair<std::string, std::uint32_t>> expected_gone_;  ///< host, pid: ended by us

  Signal called_;
  std::map<std::string, std::pair<Time, bool>> calls_;  ///< why: when first, urgent
  Time news_{-1};                                       ///< when cut_waits() was last called
  Time next_look_{};
  Time not_before_{};  ///< for calls that are not urgent
  Time retry_{};
  bool in_round_ = false;
  bool stopping_ = false;
  bool ended_ = false;
};

}  // namespace arcform
