// The signals of a run: those that reach us and what becomes of them, and those that we send.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "daemon/daemon.h"
#include "sys/procfs.h"

namespace reaperd::daemon {
namespace {

using model::SignalSender;

/// Not PID 1: a descendant that was made between our walk and its KILL is found by another walk.
constexpr Micros kKillAgain_us = 50 * kMillisecond;
/// PID 1: its KILL waits for the death log, and asks so often.
constexpr Micros kKillPutOff_us = 2 * kMillisecond;

/// EPIPE sends us SIGPIPE, and kill(0) reaches us, too: our own signals are nobody's wish.
bool FromOurselves(const event::SignalRecord& record) {
  return record.signal != SIGCHLD && record.sender == getpid();
}

SignalSender SenderOf(const event::SignalRecord& record) {
  return {.kernel = record.code == SI_KERNEL, .pid = record.sender, .uid = record.uid, .comm = {}};
}

bool SentByTerminal(const event::SignalRecord& record) {
  return record.code == SI_KERNEL &&
         (record.signal == SIGINT || record.signal == SIGQUIT || record.signal == SIGTSTP ||
          record.signal == SIGHUP || record.signal == SIGWINCH || record.signal == SIGCONT);
}

}  // namespace

SignalSender Daemon::Named(SignalSender sender) {
  if (sender.pid == 0 || !sys::ProcIsOurs("/proc")) return sender;
  if (auto stat = sys::ReadStat("/proc", sender.pid)) sender.comm = std::move(stat->comm);
  return sender;
}

void Daemon::TellSignal(const SignalNews& news) {
  observer_.OnSignal(news);
  events_.Tell([&] {
    return model::SignalEvent{.received = news.received,
                              .sent = news.sent,
                              .sender = news.sender,
                              .outcome = news.outcome};
  });
}

void Daemon::OnSignal(const event::SignalRecord& record) {
  if (record.signal == SIGCHLD) {
    reaper_.OnSigchld(record.sender);
    loop_->Wake(reap_job_);
    return;
  }
  SignalNews news{.received = record.signal, .sender = SenderOf(record)};
  // Before FromOurselves: the kernel sends these in our name.
  if (job_control_->IsOwnHangup(record.signal)) {
    news.outcome = model::SignalOutcome::kIgnored;
    TellSignal(news);
    return;
  }
  if (FromOurselves(record)) return;
  SignalPlan plan = PlanSignal(record.signal, spec_, standing_.pid1);
  if (SentByTerminal(record) && job_control_->TerminalSignalsMain()) plan.sent = 0;
  news.sent = plan.sent;
  if (plan.action == SignalAction::kStop) {
    OnStopSignal(record, plan);
    return;
  }
  if (plan.action == SignalAction::kContinue) {
    news.error_code = job_control_->OnContinued(main_, record.signal);
  } else if (plan.sent == 0 || !main_.pid()) {
    news.outcome = model::SignalOutcome::kDropped;
  } else {
    news.error_code = Forward(plan.sent, &news.sender);
  }
  if (news.error_code == ESRCH) {
    news.outcome = model::SignalOutcome::kNobodyLeft;
  } else if (news.error_code != 0) {
    news.outcome = model::SignalOutcome::kFailed;
  }
  TellSignal(news);
  const bool job_signal =
      record.signal == SIGTSTP || record.signal == SIGTTIN || record.signal == SIGTTOU;
  if (job_signal && spec_.signals.job_signals_stop_us) job_control_->StopSelf();
}

void Daemon::OnStopSignal(const event::SignalRecord& record, const SignalPlan& plan) {
  SignalNews news{.received = record.signal, .sent = plan.sent, .sender = SenderOf(record)};
  // Who stops wants an end: nobody is kept for inspection any longer.
  if (desk_) desk_->Close();
  const service::StopActions actions = stop_->OnStopSignal(plan.sent, ops_.Now());
  if (main_.pid() == 0) {
    // No command to wait for: the stop signal is all that was waited for.
    news.outcome = model::SignalOutcome::kNobodyLeft;
    TellSignal(news);
    Finish();
    return;
  }
  using Kind = service::StopAction::Kind;
  news.outcome =
      plan.sent == 0 ? model::SignalOutcome::kDropped : model::SignalOutcome::kNobodyLeft;
  for (const service::StopAction& action : actions) {
    if (action.kind == Kind::kStartDrain) news.outcome = model::SignalOutcome::kDrainStarted;
    if (action.kind == Kind::kKillAll) news.outcome = model::SignalOutcome::kKilledAll;
    if (action.kind == Kind::kEndDrain) news.outcome = model::SignalOutcome::kDrainEnded;
    if (action.kind == Kind::kForward) {
      news.error_code = Forward(action.signal, &news.sender);
      if (news.error_code != 0) news.outcome = model::SignalOutcome::kFailed;
      if (news.error_code == ESRCH) news.outcome = model::SignalOutcome::kNobodyLeft;
      if (news.error_code == 0 && news.outcome != model::SignalOutcome::kDrainEnded) {
        news.outcome = model::SignalOutcome::kForwarded;
      }
    }
    if (action.kind == Kind::kForwardAll || action.kind == Kind::kTerminateAll) {
      news.outcome = model::SignalOutcome::kForwarded;
    }
  }
  TellSignal(news);
  for (const service::StopAction& action : actions) {
    if (action.kind != Kind::kForward) Act(action);
  }
  SetStopDeadline();
}

int Daemon::Forward(int signal, const model::SignalSender* sender) {
  if (!main_.running()) return ESRCH;
  NoteSent(signal, model::SentSignal::Purpose::kForwarded, sender);
  if (stop_->stop_requested()) asked_to_end_ = true;
  switch (spec_.signals.target) {
    case model::SignalTarget::kMain:
      return main_.Signal(signal);
    case model::SignalTarget::kGroup:
      return main_.SignalGroup(signal);
    case model::SignalTarget::kSession:
      if (const pid_t session = MainsSession(); session >= 0) {
        tree_->Send({.kind = service::TreeTarget::Kind::kSession, .session = session}, {signal});
        return 0;
      }
      return ESRCH;
    case model::SignalTarget::kAll:
      tree_->Send({}, {signal});
      return 0;
  }
  return EINVAL;
}

void Daemon::NoteSent(int signal, model::SentSignal::Purpose purpose,
                      const model::SignalSender* sender) {
  if (!desk_) return;
  using Reach = model::SentSignal::Reach;
  model::SentSignal sent{.reach = Reach::kAll,
                         .signal = signal,
                         .purpose = purpose,
                         .sender = std::nullopt,
                         .sent_us = ops_.Now()};
  if (purpose == model::SentSignal::Purpose::kForwarded && main_.running()) {
    switch (spec_.signals.target) {
      case model::SignalTarget::kMain:
        sent.reach = Reach::kProcess;
        sent.target = main_.pid();
        break;
      case model::SignalTarget::kGroup:
        sent.reach = Reach::kGroup;
        sent.target = main_.group();
        break;
      case model::SignalTarget::kSession:
        sent.reach = Reach::kSession;
        sent.target = MainsSession();
        break;
      case model::SignalTarget::kAll:
        break;
    }
  }
  if (sender != nullptr) sent.sender = Named(*sender);
  desk_->OnSent(std::move(sent));
}

void Daemon::SignalAll(std::vector<int> signals, model::SentSignal::Purpose purpose) {
  asked_to_end_ = true;
  NoteSent(signals.front(), purpose, nullptr);
  tree_->Send({}, std::move(signals));
}

void Daemon::KillAll() {
  using Purpose = model::SentSignal::Purpose;
  if (standing_.pid1 && desk_ && !desk_->ReadyForKill()) {
    loop_->SetDeadline(kill_again_, ops_.Now() + kKillPutOff_us);
    return;
  }
  SignalAll({SIGKILL}, asked_to_end_ ? Purpose::kEscalation : Purpose::kStop);
}

void Daemon::OnTreeSignalled(const service::TreeOutcome& outcome) {
  if (outcome.error == ENOENT) {
    observer_.OnWarning(Error(ENOENT,
                              "without a /proc of our pid namespace nobody but main can be "
                              "found to get " +
                                  model::SignalName(outcome.signal)));
  } else if (outcome.error != 0 && outcome.error != ESRCH) {
    WarnOfFailure("sending " + model::SignalName(outcome.signal) + " to descendants",
                  outcome.error);
  }
  // Without /proc, or for whoever escaped every walk: main at least is known.
  if (outcome.reached == 0 && main_.running()) static_cast<void>(main_.SignalGroup(outcome.signal));
  const bool killing = outcome.signal == SIGKILL && outcome.error != ENOENT && !standing_.pid1 &&
                       stop_->phase() == service::StopSequence::Phase::kKilled;
  if (killing) loop_->SetDeadline(kill_again_, ops_.Now() + kKillAgain_us);
}

}  // namespace reaperd::daemon
