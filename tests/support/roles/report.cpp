// What a process was given by whoever started it, told without /proc so that it works everywhere.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "common.h"
#include "roles.h"

extern char** environ;  // NOLINT: POSIX names it so

namespace reaperd::roles {
namespace {

constexpr int kHighestSignal = 64;
constexpr int kHighestDescriptor = 256;

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (byte < 0x20 || byte >= 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += letter;
    }
  }
  return out + "\"";
}

class JsonObject {
 public:
  void Add(std::string_view key, std::string_view raw_value) {
    text_ += text_.empty() ? "{" : ",";
    text_ += Quoted(key);
    text_ += ':';
    text_ += raw_value;
  }
  void AddNumber(std::string_view key, long long value) { Add(key, std::to_string(value)); }
  void AddText(std::string_view key, std::string_view value) { Add(key, Quoted(value)); }
  void AddNumbers(std::string_view key, const std::vector<long>& values) {
    std::string list = "[";
    for (const long value : values) {
      list += (list.size() > 1 ? "," : "") + std::to_string(value);
    }
    Add(key, list + "]");
  }
  std::string Done() const { return text_ + "}"; }

 private:
  std::string text_;
};

// The kernel's struct, by the raw call: the C library hides signals 32 and 33 from sigaction.
struct KernelAction {
  void* handler;
  unsigned long flags;
  void* restorer;
  std::uint64_t mask;
};

std::vector<long> IgnoredSignals() {
  std::vector<long> ignored;
  for (int signal = 1; signal <= kHighestSignal; ++signal) {
    KernelAction action{};
    if (syscall(SYS_rt_sigaction, signal, nullptr, &action, sizeof action.mask) == 0 &&
        reinterpret_cast<std::intptr_t>(action.handler) == 1) {
      ignored.push_back(signal);
    }
  }
  return ignored;
}

std::vector<long> SignalsOfMask(std::uint64_t mask) {
  std::vector<long> numbers;
  for (int signal = 1; signal <= kHighestSignal; ++signal) {
    if ((mask >> (signal - 1) & 1U) != 0) {
      numbers.push_back(signal);
    }
  }
  return numbers;
}

std::vector<long> BlockedSignals() {
  std::uint64_t mask = 0;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &mask, sizeof mask);
  return SignalsOfMask(mask);
}

std::vector<long> PendingSignals() {
  std::uint64_t mask = 0;
  syscall(SYS_rt_sigpending, &mask, sizeof mask);
  return SignalsOfMask(mask);
}

std::vector<long> OpenDescriptors() {
  std::vector<long> open_ones;
  for (int descriptor = 0; descriptor < kHighestDescriptor; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0) {
      open_ones.push_back(descriptor);
    }
  }
  return open_ones;
}

std::vector<long> Groups() {
  std::vector<gid_t> groups(static_cast<std::size_t>(getgroups(0, nullptr)));
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(count < 0 ? 0 : count));
  return {groups.begin(), groups.end()};
}

std::string Environment() {
  JsonObject object;
  object.AddText("", "");
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      object.AddText(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return object.Done();
}

void AddIdentity(JsonObject& object) {
  object.AddNumber("pid", getpid());
  object.AddNumber("ppid", getppid());
  object.AddNumber("pgrp", getpgrp());
  object.AddNumber("sid", getsid(0));
  uid_t real_user = 0;
  uid_t user = 0;
  uid_t saved_user = 0;
  getresuid(&real_user, &user, &saved_user);
  object.AddNumbers("uids", {real_user, user, saved_user});
  gid_t real_group = 0;
  gid_t group = 0;
  gid_t saved_group = 0;
  getresgid(&real_group, &group, &saved_group);
  object.AddNumbers("gids", {real_group, group, saved_group});
  object.AddNumbers("groups", Groups());
}

void AddTerminal(JsonObject& object) {
  const int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  object.AddNumber("terminal", terminal >= 0 ? 1 : 0);
  object.AddNumber("foreground", terminal >= 0 ? tcgetpgrp(terminal) : -1);
  if (terminal >= 0) {
    close(terminal);
  }
}

void AddAttributes(JsonObject& object) {
  const mode_t mask = umask(0);
  umask(mask);
  object.AddNumber("umask", mask);
  char folder[PATH_MAX];
  object.AddText("cwd", getcwd(folder, sizeof folder) != nullptr ? folder : "?");
  rlimit core{};
  getrlimit(RLIMIT_CORE, &core);
  object.AddNumber("core_soft", static_cast<long long>(core.rlim_cur));
  object.AddNumber("core_hard", static_cast<long long>(core.rlim_max));
  object.AddNumber("dumpable", prctl(PR_GET_DUMPABLE));
  object.AddNumber("no_new_privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  int flag = 0;
  prctl(PR_GET_CHILD_SUBREAPER, &flag);
  object.AddNumber("subreaper", flag);
  prctl(PR_GET_PDEATHSIG, &flag);
  object.AddNumber("parent_death_signal", flag);
  object.AddNumber("timer_slack_ns", prctl(PR_GET_TIMERSLACK));
}

// Descriptor 1 may be closed: the line goes where `--out` said, then. It may be longer than what
// Say() takes.
void Emit(const std::string& line, const Arguments& arguments) {
  const std::string path(arguments.Option("out", "/dev/stdout"));
  std::FILE* file = arguments.Has("out") ? std::fopen(path.c_str(), "ae") : stdout;
  if (file == nullptr) {
    DieOfErrno(path.c_str());
  }
  std::fputs((line + "\n").c_str(), file);
  std::fflush(file);
}

}  // namespace

int Report(Arguments& arguments) {
  arguments.Allow({"out", "end"});
  JsonObject object;
  // First, before this role opens anything itself.
  object.AddNumbers("descriptors", OpenDescriptors());
  object.AddNumbers("ignored", IgnoredSignals());
  object.AddNumbers("blocked", BlockedSignals());
  object.AddNumbers("pending", PendingSignals());
  AddIdentity(object);
  AddTerminal(object);
  AddAttributes(object);
  object.Add("environment", Environment());
  Emit(object.Done(), arguments);
  Continue(arguments, "exit:0");
}

int CheckArguments(Arguments& arguments) {
  // FNV-1a over every word and the zero byte that ends it: a lost, cut or moved word shows.
  std::uint64_t hash = 14695981039346656037ULL;
  std::size_t bytes = 0;
  for (std::size_t index = 0; index < arguments.WordCount(); ++index) {
    const std::string_view word = arguments.Word(index);
    for (const char letter : std::string(word) + '\0') {
      hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
    }
    bytes += word.size() + 1;
  }
  Say("words=%zu bytes=%zu fnv=%016llx", arguments.WordCount(), bytes,
      static_cast<unsigned long long>(hash));
  return 0;
}

}  // namespace reaperd::roles
