#include "scribe/scribe.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace reaperd::scribe {
namespace {

constexpr char kName[] = "reaperd-scribe";
constexpr Micros kFirstReminder_us = 10 * kMillisecond;
constexpr Micros kLastReminder_us = 10 * kSecond;
/// In Finish: for the end of a worker that was killed when the time was over.
constexpr Micros kKillTime_us = 20 * kMillisecond;

bool PeerIsGone(ssize_t result) {
  return result == -EPIPE || result == -ECONNRESET || result == -ENOTCONN;
}

/// Waits for `fd` to be readable until `end_us`. True when it is.
bool AwaitReadable(const Clock& clock, int fd, Micros end_us) {
  pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
  for (;;) {
    const Micros left_us = std::max<Micros>(end_us - clock.Now(), 0);
    const int left_ms = static_cast<int>((left_us + kMillisecond - 1) / kMillisecond);
    const int count = poll(&readable, 1, left_ms);
    if (count > 0) return true;
    if (count == 0 || errno != EINTR) return false;
  }
}

}  // namespace

Scribe::Scribe(event::EventLoop& loop, sys::ProcessOps& ops, ScribeObserver& observer,
               ScribeSetup setup)
    : loop_(loop),
      ops_(ops),
      observer_(observer),
      setup_(std::move(setup)),
      reply_deadline_(loop.AddDeadline([this] { OnReplyDeadline(); })),
      reminder_(loop.AddDeadline([this] { RemindOfTheDead(); })),
      unanswered_job_(loop.AddJob(event::Priority::kJobs, [this](event::Turn& /*turn*/) {
        for (const TextHandler& handler : std::exchange(unanswered_, {}))
          handler(std::nullopt);
        return event::After::kWait;
      })) {}

Scribe::~Scribe() {
  if (worker_) loop_.RemoveIo(worker_->source);
  for (const Leaving& leaving : leaving_) {
    if (leaving.source) loop_.RemoveIo(*leaving.source);
  }
  loop_.ClearDeadline(reply_deadline_);
  loop_.ClearDeadline(reminder_);
  loop_.RemoveIo(unanswered_job_);
}

bool Scribe::IsWorker(pid_t pid) const {
  if (worker_ && worker_->pid == pid) return true;
  return std::any_of(leaving_.begin(), leaving_.end(),
                     [pid](const Leaving& leaving) { return leaving.pid == pid; });
}

void Scribe::Append(std::string_view line) {
  ++counters_.lines;
  const bool can_write = !finished_ && setup_.worker.log.kind != LogTarget::Kind::kNone &&
                         line.size() <= kMaxLineBytes;
  if (!can_write) return Drop();
  // A lost one is noticed here, and its drops join the others: at most one more try.
  for (int attempt = 0; attempt < 2 && HaveWorker(); ++attempt) {
    if (worker_->lines_on_their_way() == 0) SendWaiting();
    if (!worker_) continue;
    if (worker_->waiting.empty() && SendLine(untold_, line)) {
      untold_ = 0;
      return;
    }
    if (worker_) return LetWait(line);
  }
  Drop();
}

bool Scribe::SendLine(std::uint64_t dropped_before, std::string_view line) {
  if (!Send(AppendRequest{.dropped_before = dropped_before, .line = line})) return false;
  ++worker_->lines_sent;
  worker_->drops_passed += dropped_before;
  return true;
}

void Scribe::SendWaiting() {
  while (worker_ && !worker_->waiting.empty()) {
    const Waiting& first = worker_->waiting.front();
    const bool sent = SendLine(first.dropped_before, first.line);
    // No room: an acknowledgement will tell when there is. With nothing on its way none will come.
    if (!worker_ || (!sent && worker_->lines_on_their_way() > 0)) return;
    const std::uint64_t untold = sent ? 0 : first.dropped_before + 1;
    worker_->waiting_bytes -= first.line.size();
    worker_->waiting.pop_front();
    if (sent) continue;
    ++counters_.dropped;
    (worker_->waiting.empty() ? untold_ : worker_->waiting.front().dropped_before) += untold;
  }
}

void Scribe::LetWait(std::string_view line) {
  const bool room = worker_->waiting_bytes + line.size() <= kMaxWaitingBytes;
  if (!room || worker_->lines_on_their_way() == 0) return Drop();
  worker_->waiting.push_back(
      {.dropped_before = std::exchange(untold_, 0), .line = std::string(line)});
  worker_->waiting_bytes += line.size();
}

void Scribe::Drop() {
  ++counters_.dropped;
  ++untold_;
}

void Scribe::Read(TextKind kind, pid_t pid, std::uint64_t start_ticks, TextHandler handler) {
  ++counters_.reads;
  // A start time that was not read could be anybody's.
  const bool can_ask =
      !finished_ && pid > 0 && start_ticks > 0 && HaveWorker() && worker_->reads.size() < kMaxReads;
  if (!can_ask) return Unanswered(std::move(handler));
  for (int attempt = 0; attempt < 2 && HaveWorker(); ++attempt) {
    const ReadRequest request{
        .id = ++last_id_, .kind = kind, .pid = pid, .start_ticks = start_ticks};
    if (Send(request)) {
      worker_->reads.push_back({request.id, std::move(handler)});
      if (worker_->reads.size() == 1) ArmReplyDeadline();
      return;
    }
    if (worker_) break;  // no room
  }
  Unanswered(std::move(handler));
}

/// Later: a handler that is called while its request is being made would find everybody half done.
void Scribe::Unanswered(TextHandler handler) {
  ++counters_.reads_unanswered;
  unanswered_.push_back(std::move(handler));
  loop_.Wake(unanswered_job_);
}

bool Scribe::Send(const Request& request) {
  const Packet packet = Encode(request);
  ssize_t sent = 0;
  do {
    sent = ops_.Send(worker_->socket.get(), packet);
  } while (sent == -EINTR);
  if (PeerIsGone(sent)) Leave(LossReason::kEnded);
  return sent == static_cast<ssize_t>(packet.size());
}

// --- a worker's life

bool Scribe::HaveWorker() {
  if (worker_) return true;
  if (leaving_.size() >= kMaxUnreaped || !starts_.Allow(loop_.Now())) return false;
  sys::Helper helper =
      ops_.SpawnHelper({.name = kName, .keep = {setup_.worker.log.fd}, .run = [this](int socket) {
                          return setup_.worker_main(socket, setup_.worker);
                        }});
  if (helper.pid == 0) {
    observer_.OnScribeStartFailed(Error::FromErrno("cannot start the scribe", helper.error));
    return false;
  }
  if (std::exchange(started_before_, true)) ++counters_.restarts;
  const auto source = loop_.AddIo(helper.socket.get(), EPOLLIN, event::Priority::kJobs,
                                  [this](std::uint32_t, event::Turn& turn) {
                                    TakeReplies(turn);
                                    return event::After::kWait;  // epoll tells of what is left
                                  });
  if (!source) {
    KillWorker(helper.pid, helper.pidfd.get());
    WatchEnd({.pid = helper.pid, .pidfd = std::move(helper.pidfd), .source = std::nullopt});
    observer_.OnScribeStarted(helper.pid, leaving_.back().pidfd.get());
    observer_.OnScribeStartFailed(source.error());
    return false;
  }
  worker_.emplace(Worker{.pid = helper.pid,
                         .pidfd = std::move(helper.pidfd),
                         .socket = std::move(helper.socket),
                         .source = *source,
                         .done = {},
                         .reads = {},
                         .waiting = {}});
  observer_.OnScribeStarted(worker_->pid, worker_->pidfd.get());
  return true;
}

Scribe::Leaving Scribe::Detach(std::optional<LossReason> reason) {
  Worker worker = *std::move(worker_);
  worker_.reset();
  loop_.ClearDeadline(reply_deadline_);
  loop_.RemoveIo(worker.source);
  worker.socket.reset();
  const std::uint64_t lost = worker.lines_on_their_way() + worker.waiting.size();
  for (const Waiting& waiting : worker.waiting)
    untold_ += waiting.dropped_before;
  counters_.dropped += lost;
  // What it was told of, dropped itself and took to its grave; less what it could still tell.
  untold_ += worker.drops_passed + worker.done.dropped + lost - worker.done.told;
  const ScribeLoss loss{.pid = worker.pid,
                        .reason = reason.value_or(LossReason::kEnded),
                        .lines = lost,
                        .reads = worker.reads.size()};
  for (Outstanding& read : worker.reads)
    Unanswered(std::move(read.handler));
  if (reason) observer_.OnScribeLost(loss);
  return {.pid = worker.pid, .pidfd = std::move(worker.pidfd), .source = std::nullopt};
}

void Scribe::Leave(std::optional<LossReason> reason) {
  Leaving leaving = Detach(reason);
  // Also one whose socket is closed: it may be on its way only.
  if (reason) KillWorker(leaving.pid, leaving.pidfd.get());
  WatchEnd(std::move(leaving));
}

void Scribe::KillWorker(pid_t pid, int pidfd) {
  if (pidfd >= 0 && ops_.SignalPidfd(pidfd, SIGKILL) == 0) return;
  ops_.SignalChild(pid, SIGKILL);
}

void Scribe::WatchEnd(Leaving leaving) {
  if (leaving.pidfd && !finished_) {
    const pid_t pid = leaving.pid;
    const auto source = loop_.AddIo(leaving.pidfd.get(), EPOLLIN, event::Priority::kDeaths,
                                    [this, pid](std::uint32_t, event::Turn&) {
                                      OnEnd(pid);
                                      return event::After::kWait;
                                    });
    if (source) leaving.source = *source;
  }
  const bool unwatched = !leaving.source;
  leaving_.push_back(std::move(leaving));
  if (!unwatched || finished_) return;
  reminder_pause_us_ = kFirstReminder_us;
  loop_.SetDeadline(reminder_, loop_.Now() + reminder_pause_us_);
}

/// Its pidfd is readable, and stays so: it has told all it can.
void Scribe::OnEnd(pid_t pid) {
  for (Leaving& leaving : leaving_) {
    if (leaving.pid != pid || !leaving.source) continue;
    loop_.RemoveIo(*leaving.source);
    leaving.source.reset();
    // A zombie that somebody traces cannot be reaped yet, and nothing tells when it can.
    reminder_pause_us_ = kFirstReminder_us;
    loop_.SetDeadline(reminder_, loop_.Now() + reminder_pause_us_);
    return observer_.OnScribeEnded(pid);
  }
}

void Scribe::RemindOfTheDead() {
  std::vector<pid_t> dead;
  for (const Leaving& leaving : leaving_) {
    if (!leaving.source) dead.push_back(leaving.pid);
  }
  if (dead.empty()) return;
  reminder_pause_us_ = std::min(2 * reminder_pause_us_, kLastReminder_us);
  loop_.SetDeadline(reminder_, loop_.Now() + reminder_pause_us_);
  for (const pid_t pid : dead)
    observer_.OnScribeEnded(pid);
}

void Scribe::OnReaped(pid_t pid) {
  if (worker_ && worker_->pid == pid) {
    Detach(LossReason::kEnded);  // not killed: its number may be another's by now
    return;
  }
  const auto at = std::find_if(leaving_.begin(), leaving_.end(),
                               [pid](const Leaving& leaving) { return leaving.pid == pid; });
  if (at == leaving_.end()) return;
  if (at->source) loop_.RemoveIo(*at->source);
  leaving_.erase(at);
  if (leaving_.empty()) loop_.ClearDeadline(reminder_);
}

// --- replies

/// Until there is none, the turn is over, or the worker is lost.
void Scribe::TakeReplies(event::Turn& turn) {
  std::array<std::byte, kMaxReplyBytes + 1> buffer;
  while (worker_) {
    const ssize_t got = ops_.Read(worker_->socket.get(), buffer);
    if (got == -EINTR) continue;
    if (got == -EAGAIN) return;
    if (got <= 0) return Leave(LossReason::kEnded);
    const auto reply = DecodeReply({buffer.data(), static_cast<std::size_t>(got)});
    const bool good = reply && std::visit([this](const auto& what) { return Take(what); }, *reply);
    if (!good) return worker_ ? Leave(LossReason::kBroken) : void();
    if (turn.Over()) return;
  }
}

bool Scribe::Take(const Acknowledgement& done) {
  const Acknowledgement& before = worker_->done;
  const bool possible = done.handled >= before.handled && done.handled <= worker_->lines_sent &&
                        done.dropped >= before.dropped && done.told >= before.told &&
                        done.told <= worker_->drops_passed + done.dropped;
  if (!possible) return false;
  counters_.dropped += done.dropped - before.dropped;
  worker_->done = done;
  ArmReplyDeadline();
  SendWaiting();  // may lose the worker
  return true;
}

bool Scribe::Take(const ReadReply& reply) {
  if (worker_->reads.empty() || worker_->reads.front().id != reply.id) return false;
  const TextHandler handler = std::move(worker_->reads.front().handler);
  worker_->reads.pop_front();
  ArmReplyDeadline();
  if (reply.outcome == ReadReply::Outcome::kNotRead) {
    handler(std::nullopt);
  } else {
    handler(ProcessText{.parts = SplitParts(reply.text),
                        .truncated = reply.outcome == ReadReply::Outcome::kTruncated});
  }
  return true;
}

void Scribe::ArmReplyDeadline() {
  if (worker_->reads.empty()) return loop_.ClearDeadline(reply_deadline_);
  reply_due_us_ = loop_.Now() + setup_.reply_time_us;
  loop_.SetDeadline(reply_deadline_, reply_due_us_);
}

void Scribe::OnReplyDeadline() {
  if (!worker_) return;
  // Deadlines come before replies in a turn: what lies in the socket was in time.
  const Micros due_us = reply_due_us_;
  event::Turn turn(ops_);
  TakeReplies(turn);
  if (!worker_ || worker_->reads.empty() || reply_due_us_ != due_us) return;
  // That late we were stopped ourselves, and so perhaps was the worker: a paused container.
  if (loop_.Now() - due_us > setup_.reply_time_us) return ArmReplyDeadline();
  Leave(LossReason::kSilent);
}

// --- the end

void Scribe::LetGo() {
  if (worker_) Leave(std::nullopt);
}

void Scribe::Finish(Micros budget_us) {
  const Micros end_us = loop_.Now() + budget_us;
  finished_ = true;
  while (worker_ && !quiet() && AwaitReadable(ops_, worker_->socket.get(), end_us)) {
    event::Turn turn(ops_);
    TakeReplies(turn);
  }
  if (worker_) {
    Leave(quiet() ? std::nullopt : std::optional(LossReason::kSilent));
  }
  AwaitEnds(std::max(end_us, loop_.Now() + kKillTime_us));
  if (untold_ > 0) observer_.OnLogLacks(untold_);
  for (const TextHandler& handler : std::exchange(unanswered_, {}))
    handler(std::nullopt);
}

void Scribe::AwaitEnds(Micros end_us) {
  // A copy: whoever is told reaps, and tells us so.
  std::vector<std::pair<pid_t, int>> ends;
  for (const Leaving& leaving : leaving_)
    ends.emplace_back(leaving.pid, leaving.pidfd.get());
  for (const auto& [pid, pidfd] : ends) {
    if (pidfd >= 0 && !AwaitReadable(ops_, pidfd, end_us)) KillWorker(pid, pidfd);
    observer_.OnScribeEnded(pid);
  }
}

}  // namespace reaperd::scribe
