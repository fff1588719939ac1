// EventLoopTest: a loop over the real kernel with failures on order, and descriptors to feed it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "event/event_loop.h"
#include "faulty_process_ops.h"
#include "sys/linux_process_ops.h"

namespace reaperd::event {

/// A descriptor that is readable from Raise to Take.
class Flag {
 public:
  Flag() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  [[nodiscard]] int fd() const { return fd_.get(); }
  void Raise() const { EXPECT_EQ(eventfd_write(fd_.get(), 1), 0); }
  void Take() const {
    eventfd_t value = 0;
    static_cast<void>(eventfd_read(fd_.get(), &value));
  }

 private:
  UniqueFd fd_;
};

class EventLoopTest : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;
  using Failures = std::vector<std::pair<std::string, int>>;

  EventLoopTest() {
    auto loop = EventLoop::Create(ops_);
    EXPECT_TRUE(loop.ok());
    loop_ = std::move(loop).value();
    loop_->OnFailure([this](std::string_view what, int code) {
      failures_.emplace_back(std::string(what), code);
    });
  }

  /// A source that writes down its name, takes its flag, and says kWait.
  SourceId Watch(const Flag& flag, Priority priority, const std::string& name) {
    const auto id = loop_->AddIo(flag.fd(), EPOLLIN, priority, [&flag, name, this](auto, auto&) {
      served_.push_back(name);
      flag.Take();
      return After::kWait;
    });
    EXPECT_TRUE(id.ok());
    return *id;
  }

  SourceId Job(Priority priority, const std::string& name, After after = After::kWait) {
    return loop_->AddJob(priority, [this, name, after](Turn&) {
      served_.push_back(name);
      return after;
    });
  }

  DeadlineId Deadline(const std::string& name) {
    return loop_->AddDeadline([this, name] { served_.push_back(name); });
  }

  Words Served() { return std::exchange(served_, {}); }

  sys::LinuxProcessOps kernel_;
  test::FaultyProcessOps ops_{kernel_};
  std::unique_ptr<EventLoop> loop_;
  Words served_;
  Failures failures_;
};

}  // namespace reaperd::event
