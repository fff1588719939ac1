#include "event/signal_source.h"

#include <sys/signalfd.h>

#include <array>
#include <cerrno>

namespace reaperd::event {
namespace {

// Standard signals coalesce, so more than this at once takes queued real-time signals.
constexpr std::size_t kRecordsPerRead = 16;

SignalRecord FromKernel(const signalfd_siginfo& info) {
  return {.signal = static_cast<int>(info.ssi_signo),
          .code = info.ssi_code,
          .sender = static_cast<pid_t>(info.ssi_pid),
          .uid = info.ssi_uid};
}

}  // namespace

SignalSource::SignalSource(EventLoop& loop, sys::ProcessOps& ops, UniqueFd signal_fd,
                           Handler handler)
    : loop_(loop), ops_(ops), fd_(std::move(signal_fd)), handler_(std::move(handler)) {}

SignalSource::~SignalSource() {
  loop_.RemoveIo(source_);
}

Result<std::unique_ptr<SignalSource>> SignalSource::Create(EventLoop& loop, sys::ProcessOps& ops,
                                                           UniqueFd signal_fd, Handler handler) {
  std::unique_ptr<SignalSource> source(
      new SignalSource(loop, ops, std::move(signal_fd), std::move(handler)));
  const auto id =
      loop.AddIo(source->fd_.get(), EPOLLIN, Priority::kSignals,
                 [raw = source.get()](std::uint32_t, Turn& turn) { return raw->Read(turn); });
  if (!id) return id.error();
  source->source_ = *id;
  return source;
}

After SignalSource::Read(Turn& turn) {
  std::array<signalfd_siginfo, kRecordsPerRead> records;
  const ssize_t got = ops_.Read(fd_.get(), std::as_writable_bytes(std::span(records)));
  if (got < 0) {
    if (got != -EAGAIN && got != -EINTR && on_failure_) {
      on_failure_("read of the signalfd", static_cast<int>(-got));
    }
    return After::kWait;  // level-triggered: what is there is told again
  }
  const std::size_t count = static_cast<std::size_t>(got) / sizeof(signalfd_siginfo);
  for (const signalfd_siginfo& info : std::span(records).first(count)) {
    handler_(FromKernel(info));
    static_cast<void>(turn.Over());  // counted, but a record that was read must be handled
  }
  return After::kWait;
}

}  // namespace reaperd::event
