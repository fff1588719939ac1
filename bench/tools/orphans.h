// Makes orphans: live ones, zombies handed over all at once, and single deaths.
//
// What is made belongs to the reaper (our parent), never to us. All of it ends with the pid
// namespace of the run. A crowd is shared memory that the makers fill in; the workload owns it.

#pragma once

#include <sys/types.h>

#include <cstdint>

namespace reaperd::bench {

/// The machine has 32768 pids; nothing here makes more at once.
inline constexpr int kMaxCrowd = 30'000;

/// Memory shared between the workload and the processes that it forks.
struct Crowd {
  volatile int made = 0;           // pids[0 .. made) are valid
  volatile int error = 0;          // errno of the fork that failed, 0 if none did
  volatile std::int64_t start_ns;  // when the maker called exit, or the kill was sent
  pid_t pids[kMaxCrowd];
};

/// A crowd in shared memory, or nullptr. Made once, used for every phase.
Crowd* MakeCrowd();

/// `count` sleeping orphans of the reaper, in a process group of their own. Returns the group.
pid_t MakeSleepers(Crowd* crowd, int count);

/// A parent that has `count` zombies and does not wait. It dies when Release() is called and hands
/// all of them to the reaper at the same moment.
class NegligentParent {
 public:
  NegligentParent(Crowd* crowd, int count, int cpu);
  ~NegligentParent();
  NegligentParent(const NegligentParent&) = delete;
  NegligentParent& operator=(const NegligentParent&) = delete;

  /// True once all of its children are zombies.
  bool Ready() const { return ready_; }
  /// Lets it die; returns when it is dead, that is, when its children have been handed over.
  void Release();

 private:
  pid_t pid_ = -1;
  int go_fd_ = -1;
  bool ready_ = false;
};

/// How one whom the bench's hold rule takes ends (benchlib/holds.py); everybody else exits with 0.
inline constexpr int kHeldCode = 7;

/// `count` orphans of the reaper that end with kHeldCode. False: crowd->error tells why.
bool MakeHeld(Crowd* crowd, int count);

/// One child of the *reaper* that exits at once (CLONE_PARENT: the kernel lists it exactly as an
/// adopted orphan, and one fork per death lets 3000 deaths a second fit beside the measurement).
/// Puts the time of its exit call into *exit_ns. With `pidfd` not null, gives a pidfd as well.
pid_t MakeSingleDeath(volatile std::int64_t* exit_ns, int* pidfd, int code = 0);

void PinTo(int cpu);

}  // namespace reaperd::bench
