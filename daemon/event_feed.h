// EventFeed: brings what happens to those who follow the status socket. Owned by Daemon; the desks
// refer to it. Until somebody follows an event costs a comparison, and its value is not made.
#pragma once

#include <utility>

#include "base/clock.h"
#include "model/event.h"
#include "status/control_plane.h"

namespace reaperd::daemon {

class EventFeed {
 public:
  /// `clock` must outlive it.
  explicit EventFeed(const Clock& clock) : clock_(clock) {}

  /// nullptr: nobody any more. Must outlive its use.
  void Attach(status::EventSink* sink) { sink_ = sink; }

  /// `make` returns a body of model::EventBody.
  template <typename Make>
  void Tell(Make make) {
    if (sink_ == nullptr) return;
    if (sink_->Wanted()) {
      sink_->OnEvent(clock_.Now(), make());
    } else {
      sink_->Skip();
    }
  }

 private:
  const Clock& clock_;
  status::EventSink* sink_ = nullptr;
};

}  // namespace reaperd::daemon
